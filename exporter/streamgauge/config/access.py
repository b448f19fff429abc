"""Who may write over HTTP, from where, and how much: tokens, origins and limits.

A token's hash is masked like a secret. That of a token which ``streamgauge token create`` made tells nothing, but the
hash of one that a person thought up can be guessed from, and no one can see which it is.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, SecretStr
from pydantic_core import PydanticCustomError

from streamgauge.config.client import STRICT
from streamgauge.config.secrets import MASK, Secret
from streamgauge.config.values import Choice, Duration, Integer, Size, Value, refused, text_of
from streamgauge.errors import ConfigError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN: Final = re.compile(r"sg_[A-Za-z0-9_-]{43}")
_ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[1-9][0-9]{0,4}))?")
_USUAL_PORTS: Final = {"http": "80", "https": "443"}
_LARGEST_PORT: Final = 65535
_MEGABYTE: Final = 1024 * 1024


class TokenScope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class TokenName(Value[str]):
    """What a token is called in logs."""

    kind = "text"

    def read(self, value: object) -> str:
        """The name, as it may stand in a file."""
        return self._read(value)

    def _read(self, value: object) -> str:
        allowed = "write 1 to 64 letters, digits, dots, underscores or hyphens, for example ci"
        text = text_of(value, allowed)
        if _TOKEN.fullmatch(text):
            raise refused("is a token itself", "names are logged; make a new token", subject=SecretStr(text), safe=True)
        if not _TOKEN_NAME.fullmatch(text):
            raise refused("is no name of a token", allowed, safe=True)
        return text

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_TOKEN_NAME.pattern}$"}


@dataclass(frozen=True)
class TokenHash(Secret):
    """The SHA-256 of a token, in hexadecimal."""

    kind = "SHA-256"

    def _read(self, value: object) -> SecretStr:
        allowed = "write the 64 hexadecimal digits that streamgauge token create prints, in quotes"
        if isinstance(value, SecretStr):
            return value
        text = text_of(value, allowed).lower()
        if text == MASK:
            raise refused("is the mask that config show prints", allowed, safe=True)
        if not _SHA256.fullmatch(text):
            raise refused("is no SHA-256", allowed, safe=True)
        return SecretStr(text)

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}


@dataclass(frozen=True)
class Origin(Value[str]):
    """An origin as browsers send it: scheme, host, and the port where it is not the scheme's usual one."""

    kind = "list of origins"

    def _read(self, value: object) -> str:
        allowed = "write scheme, host and port alone, for example https://grafana.example.org or http://localhost:3000"
        text = text_of(value, allowed)
        if text in {"*", "null"}:
            raise refused("is no single origin", f"name each one; {allowed}")
        if "@" in text:
            raise refused("holds an '@'", allowed, subject=SecretStr(text), safe=True)
        lowered = text.lower()
        found = _ORIGIN.fullmatch(lowered)
        if found is None or int(found["port"] or 1) > _LARGEST_PORT:
            raise refused("is no origin", allowed, safe=True)
        usual = f":{_USUAL_PORTS[lowered.partition(':')[0]]}"
        return lowered.removesuffix(usual) if found["port"] else lowered

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^https?://[^/]+$"}


def checked_token_name(name: str, source: str) -> str:
    """Check a token's name that does not come from a file.

    Args:
        name: the name.
        source: where it was given, for the message.

    Returns:
        The name.

    Raises:
        ConfigError: it cannot be a token's name.
    """
    try:
        return TokenName().read(name)
    except PydanticCustomError as error:
        raise ConfigError(f"{source}: {error.message()}") from None


class TokenConfig(BaseModel):
    """A token that programs show as `Authorization: Bearer TOKEN`."""

    model_config = STRICT

    name: Annotated[str, TokenName()] = Field(description="What it is called in the log; each token has its own.")
    sha256: Annotated[SecretStr, TokenHash()] = Field(
        description="The SHA-256 of the token, which `streamgauge token create` prints; the token stands nowhere."
    )
    scopes: Annotated[tuple[Annotated[TokenScope, Choice(TokenScope)], ...], Field(min_length=1)] = Field(
        description="What it is good for: a list of one or both. `read` matters where basic authentication is on."
    )


class WebLimitsConfig(BaseModel):
    """How much one client may write."""

    model_config = STRICT

    body_size: Annotated[int, Size(1024, 64 * _MEGABYTE)] = Field(
        default=_MEGABYTE, description="The largest body of a write, as it is sent and unpacked; above, 413."
    )
    body_timeout: Annotated[float, Duration("100ms", "50s")] = Field(
        default=10.0, description="How long a body may take to arrive; above, 408."
    )
    writes_per_second: Annotated[int, Integer(1, 100_000)] = Field(
        default=50,
        description="Writes a second of one client, in the long run; above, 429 with `Retry-After`. A client is a "
        "token, else a user, else an address (of IPv6 its /64).",
    )
    write_burst: Annotated[int, Integer(1, 1_000_000)] = Field(
        default=200, description="Writes of one client at once, after a pause."
    )
