"""The Alertmanager whose alerts the API shows and silences: where it is, and how it knows us."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from streamgauge.config.addresses import ServiceUrl, sends_in_the_clear
from streamgauge.config.client import STRICT, Conflict, conflicting
from streamgauge.config.secrets import ReadableFile, Secret, SecretFile, SecretText
from streamgauge.config.values import Duration, PlainText


class AlertmanagerConfig(BaseModel):
    """The Alertmanager that `/api/v1/alerts` asks; without `url` there is none."""

    model_config = STRICT

    url: Annotated[str, ServiceUrl()] | None = Field(
        default=None,
        description="Its address, with the path in front of `/api/v2` if it has one: `http://alertmanager:9093`. "
        "Without it the API answers 503 where alerts are asked for.",
    )
    timeout: Annotated[float, Duration("100ms", "1m")] = Field(
        default=5.0, description="How long it may take to answer, repeated attempts included."
    )
    username: Annotated[str, PlainText()] | None = Field(
        default=None, description="The user, where it asks for basic authentication."
    )
    password: Annotated[SecretStr, Secret()] | None = Field(default=None, description="The user's password.")
    password_file: Annotated[SecretText, SecretFile()] | None = Field(
        default=None, description="The file that holds the user's password."
    )
    bearer_token_file: Annotated[SecretText, SecretFile()] | None = Field(
        default=None, description="The file that holds a bearer token, in place of a user."
    )
    ca_file: Annotated[Path, ReadableFile()] | None = Field(
        default=None, description="Who signs its certificate (PEM); by default, whom the Python package certifi trusts."
    )

    @model_validator(mode="after")
    def _work_together(self) -> Self:
        conflicts = [*self._without_effect(), *self._credential_conflicts()]
        if conflicts:
            raise conflicting(conflicts)
        return self

    @property
    def credentials(self) -> tuple[str, SecretStr] | None:
        """User and password; None where it asks for none."""
        password = self.password_file.value if self.password_file else self.password
        return None if self.username is None or password is None else (self.username, password)

    @property
    def bearer_token(self) -> SecretStr | None:
        """The bearer token; None where it asks for none."""
        return None if self.bearer_token_file is None else self.bearer_token_file.value

    def _without_effect(self) -> Iterator[Conflict]:
        if self.url is None:
            for key in ("username", "password", "password_file", "bearer_token_file", "ca_file"):
                if getattr(self, key) is not None:
                    yield Conflict(key, "has no effect without url; give that too")
        elif self.ca_file is not None and not self.url.lower().startswith("https:"):
            yield Conflict("ca_file", "has no effect without https; write https in url, or leave it out")

    def _credential_conflicts(self) -> Iterator[Conflict]:
        if self.password and self.password_file:
            yield Conflict("password_file", "is given beside password; give one of them")
        if self.username is not None and ":" in self.username:
            yield Conflict("username", "holds a ':', which no user of basic authentication can")
        given = self.password or self.password_file
        if self.username is not None and not given:
            yield Conflict("password", "is needed with username, or password_file")
        if given and self.username is None:
            yield Conflict("username", "is needed with a password")
        if self.username is not None and self.bearer_token_file:
            yield Conflict("bearer_token_file", "is given beside username; give one of them")
        token = self.bearer_token.get_secret_value() if self.bearer_token else "-"
        if not token.isascii() or not token.isprintable() or " " in token:
            yield Conflict("bearer_token_file", "holds something else than a token: one word of printable ASCII")
        secret = self.username is not None or self.bearer_token_file is not None
        if secret and self.url is not None and sends_in_the_clear(self.url):
            yield Conflict("url", "would send secrets in the clear; write https, http is for this machine alone")
