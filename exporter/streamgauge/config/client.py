"""A cluster's client properties, in librdkafka's names, and how they depend on each other."""

import importlib.util
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from streamgauge.config.addresses import SecureUrl
from streamgauge.config.secrets import ReadableFile, Secret, SecretFile, SecretText
from streamgauge.config.values import AlwaysTrue, Choice, ExtensionList, Extensions, Integer, PlainText, Size

STRICT: Final = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
"""How every model of the configuration behaves: nobody changes it, and unknown keys are refused."""


class SecurityProtocol(StrEnum):
    """How the connection is protected."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def uses_sasl(self) -> bool:
        """Tell whether the client authenticates itself by SASL."""
        return self in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}

    @property
    def uses_tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        return self in {SecurityProtocol.SSL, SecurityProtocol.SASL_SSL}


class SaslMechanism(StrEnum):
    """How SASL authenticates."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    GSSAPI = "GSSAPI"
    OAUTHBEARER = "OAUTHBEARER"
    AWS_MSK_IAM = "AWS_MSK_IAM"

    @property
    def uses_password(self) -> bool:
        """Tell whether the client shows that it knows a user's password."""
        return self in {SaslMechanism.PLAIN, SaslMechanism.SCRAM_SHA_256, SaslMechanism.SCRAM_SHA_512}


class OauthMethod(StrEnum):
    """Where `OAUTHBEARER` has its tokens from."""

    OIDC = "oidc"


class EndpointIdentification(StrEnum):
    """Whether the broker's certificate must carry the broker's host name."""

    HTTPS = "https"
    NONE = "none"


_OAUTH_METHOD = Choice(OauthMethod, {"default": "it needs a program that provides tokens, which no property can name"})
_LONGEST_MILLISECONDS = 2**31 - 1
_DEFAULT_RECEIVE_BYTES = 100_000_000


class Conflict(NamedTuple):
    """Properties that are right alone and wrong together: the key to change, and what is wrong."""

    key: str
    fault: str


def conflicting(conflicts: Sequence[Conflict]) -> PydanticCustomError:
    """Refuse a model as a whole; `streamgauge.config.problems` writes a line for each conflict."""
    text = "; ".join(f"{conflict.key}: {conflict.fault}" for conflict in conflicts)
    return PydanticCustomError("conflicts", "{text}", {"text": text, "conflicts": list(conflicts)})


class ClientProperties(BaseModel):
    """The properties of the connection to a cluster's brokers, in librdkafka's names."""

    model_config = STRICT

    security_protocol: Annotated[SecurityProtocol, Choice(SecurityProtocol)] = Field(
        default=SecurityProtocol.PLAINTEXT,
        alias="security.protocol",
        description="How the connection is protected.",
    )
    sasl_mechanism: Annotated[SaslMechanism, Choice(SaslMechanism)] | None = Field(
        default=None,
        alias="sasl.mechanism",
        validation_alias=AliasChoices("sasl.mechanism", "sasl.mechanisms"),
        description="How the client authenticates; needed by `sasl_plaintext` and `sasl_ssl`. `GSSAPI` needs the "
        "Python package `gssapi` beside Streamgauge, `AWS_MSK_IAM` the extra `streamgauge[aws]`. `sasl.mechanisms` is "
        "the same.",
    )
    sasl_username: Annotated[str, PlainText()] | None = Field(
        default=None, alias="sasl.username", description="The user, for `PLAIN` and `SCRAM-*`."
    )
    sasl_password: Annotated[SecretStr, Secret()] | None = Field(
        default=None, alias="sasl.password", description="The user's password, for `PLAIN` and `SCRAM-*`."
    )
    sasl_password_file: Annotated[SecretText, SecretFile()] | None = Field(
        default=None, alias="sasl.password_file", description="The file that holds the user's password."
    )
    sasl_kerberos_service_name: Annotated[str, PlainText()] | None = Field(
        default=None,
        alias="sasl.kerberos.service.name",
        description="The brokers' Kerberos service, for `GSSAPI`: `kafka`.",
    )
    sasl_oauthbearer_method: Annotated[OauthMethod, _OAUTH_METHOD] | None = Field(
        default=None,
        alias="sasl.oauthbearer.method",
        description="Where `OAUTHBEARER` has its tokens from: `oidc` is a token endpoint, asked with the client's own "
        "credentials.",
    )
    sasl_oauthbearer_client_id: Annotated[str, PlainText()] | None = Field(
        default=None, alias="sasl.oauthbearer.client.id", description="Who the client is at the token endpoint."
    )
    sasl_oauthbearer_client_secret: Annotated[SecretStr, Secret()] | None = Field(
        default=None,
        alias="sasl.oauthbearer.client.secret",
        description="The client's secret at the token endpoint.",
    )
    sasl_oauthbearer_client_secret_file: Annotated[SecretText, SecretFile()] | None = Field(
        default=None,
        alias="sasl.oauthbearer.client.secret_file",
        description="The file that holds the client's secret at the token endpoint.",
    )
    sasl_oauthbearer_token_endpoint_url: Annotated[str, SecureUrl()] | None = Field(
        default=None,
        alias="sasl.oauthbearer.token.endpoint.url",
        description="The token endpoint: `https`, or `http` on this machine alone.",
    )
    sasl_oauthbearer_scope: Annotated[str, PlainText()] | None = Field(
        default=None,
        alias="sasl.oauthbearer.scope",
        description="What the token shall be good for, in the identity provider's words, with spaces between.",
    )
    sasl_oauthbearer_extensions: Annotated[Extensions, ExtensionList()] | None = Field(
        default=None,
        alias="sasl.oauthbearer.extensions",
        description="What the brokers are told beside the token: `name=value,name=value`, with letters alone in a "
        "name.",
    )
    https_ca_location: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        alias="https.ca.location",
        description="The certificates (PEM) of the authorities that may have signed the token endpoint's certificate. "
        "Without it, those of the operating system.",
    )
    ssl_ca_location: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        alias="ssl.ca.location",
        description="The certificates (PEM) of the authorities that may have signed the brokers' certificates. "
        "Without it, those of the operating system.",
    )
    ssl_certificate_location: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        alias="ssl.certificate.location",
        description="The client's own certificate (PEM), for mutual TLS.",
    )
    ssl_key_location: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        alias="ssl.key.location",
        description="The private key (PEM) of the client's certificate, where the certificate's file does not hold it.",
    )
    ssl_key_password: Annotated[SecretStr, Secret()] | None = Field(
        default=None, alias="ssl.key.password", description="The passphrase of the private key."
    )
    ssl_key_password_file: Annotated[SecretText, SecretFile()] | None = Field(
        default=None,
        alias="ssl.key.password_file",
        description="The file that holds the passphrase of the private key.",
    )
    ssl_crl_location: Annotated[Path, ReadableFile()] | None = Field(
        default=None,
        alias="ssl.crl.location",
        description="Revoked certificates (PEM); a broker's own certificate is looked up in it.",
    )
    ssl_endpoint_identification_algorithm: Annotated[EndpointIdentification, Choice(EndpointIdentification)] = Field(
        default=EndpointIdentification.HTTPS,
        alias="ssl.endpoint.identification.algorithm",
        description="Whether a broker's certificate must carry the broker's host name (`https`) or not (`none`).",
    )
    enable_ssl_certificate_verification: Annotated[
        bool, AlwaysTrue("Streamgauge always verifies; name your own authority by ssl.ca.location")
    ] = Field(
        default=True,
        alias="enable.ssl.certificate.verification",
        description="Accepted so that a client's properties can be copied; it cannot be turned off.",
    )
    client_id: Annotated[str, PlainText()] = Field(
        default="streamgauge",
        alias="client.id",
        description="The name that the brokers' logs and quotas know the client by.",
    )
    socket_connection_setup_timeout_ms: Annotated[int, Integer(1000, _LONGEST_MILLISECONDS)] = Field(
        default=10_000,
        alias="socket.connection.setup.timeout.ms",
        description="How long a connection to a broker may take, TLS and SASL included; it doubles with each failure, "
        "up to 30 seconds or this value.",
    )
    connections_max_idle_ms: Annotated[int, Integer(1000, _LONGEST_MILLISECONDS)] = Field(
        default=540_000, alias="connections.max.idle.ms", description="When a connection without requests is closed."
    )
    reconnect_backoff_ms: Annotated[int, Integer(1, 3_600_000)] = Field(
        default=100,
        alias="reconnect.backoff.ms",
        description="How long to wait before connecting to a broker again, at first.",
    )
    reconnect_backoff_max_ms: Annotated[int, Integer(1, 3_600_000)] = Field(
        default=10_000, alias="reconnect.backoff.max.ms", description="How long that wait may become."
    )
    receive_message_max_bytes: Annotated[int, Size(1024, 1 << 30)] = Field(
        default=_DEFAULT_RECEIVE_BYTES,
        alias="receive.message.max.bytes",
        description="The largest answer of a broker that is read.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, data: Any) -> Any:
        """Refuse both of librdkafka's names of one property."""
        if isinstance(data, dict) and {"sasl.mechanism", "sasl.mechanisms"} <= data.keys():
            raise conflicting([Conflict("sasl.mechanisms", "means the same as sasl.mechanism; give one of them")])
        return data

    @model_validator(mode="after")
    def _work_together(self) -> Self:
        conflicts = [*self._secret_conflicts(), *self._sasl_conflicts(), *self._tls_conflicts()]
        if self.reconnect_backoff_max_ms < self.reconnect_backoff_ms:
            conflicts.append(Conflict("reconnect.backoff.max.ms", "is below reconnect.backoff.ms; raise it"))
        if conflicts:
            raise conflicting(conflicts)
        return self

    @property
    def password(self) -> SecretStr | None:
        """The SASL password, wherever it was given."""
        return self.sasl_password_file.value if self.sasl_password_file else self.sasl_password

    @property
    def key_password(self) -> SecretStr | None:
        """The private key's passphrase, wherever it was given."""
        return self.ssl_key_password_file.value if self.ssl_key_password_file else self.ssl_key_password

    @property
    def client_secret(self) -> SecretStr | None:
        """The secret for the token endpoint, wherever it was given."""
        given = self.sasl_oauthbearer_client_secret_file
        return given.value if given else self.sasl_oauthbearer_client_secret

    def _secret_conflicts(self) -> Iterator[Conflict]:
        if self.sasl_password and self.sasl_password_file:
            yield Conflict("sasl.password_file", "is given beside sasl.password; give one of them")
        if self.ssl_key_password and self.ssl_key_password_file:
            yield Conflict("ssl.key.password_file", "is given beside ssl.key.password; give one of them")
        if self.sasl_oauthbearer_client_secret and self.sasl_oauthbearer_client_secret_file:
            yield Conflict(
                "sasl.oauthbearer.client.secret_file",
                "is given beside sasl.oauthbearer.client.secret; give one of them",
            )

    def _sasl_conflicts(self) -> Iterator[Conflict]:
        if not self.security_protocol.uses_sasl:
            for key in (*self._given("sasl."), *self._given("https.")):
                yield Conflict(key, f"has no effect with security.protocol {self.security_protocol}; {_USE_SASL}")
            return
        if self.sasl_mechanism is None:
            yield Conflict("sasl.mechanism", f"is needed with {self.security_protocol}; allowed: {_MECHANISMS}")
            return
        if self.sasl_mechanism is SaslMechanism.GSSAPI:
            if importlib.util.find_spec("gssapi") is None:
                yield Conflict("sasl.mechanism", "GSSAPI needs the Python package 'gssapi'; install it")
        elif self.sasl_mechanism is SaslMechanism.AWS_MSK_IAM:
            yield from self._aws_conflicts()
        elif self.sasl_mechanism.uses_password:
            if self.sasl_username is None:
                yield Conflict("sasl.username", f"is needed with {self.sasl_mechanism}")
            if self.password is None:
                yield Conflict("sasl.password", f"is needed with {self.sasl_mechanism}, or sasl.password_file")
        yield from self._oauth_conflicts()

    def _aws_conflicts(self) -> Iterator[Conflict]:
        if self.security_protocol is not SecurityProtocol.SASL_SSL:
            yield Conflict("security.protocol", "is to be sasl_ssl with AWS_MSK_IAM")
        if importlib.util.find_spec("botocore") is None:
            yield Conflict(
                "sasl.mechanism",
                "AWS_MSK_IAM needs the Python package 'botocore'; install 'streamgauge[aws]'",
            )

    def _oauth_conflicts(self) -> Iterator[Conflict]:
        if self.sasl_mechanism is not SaslMechanism.OAUTHBEARER:
            for key in (*self._given("sasl.oauthbearer."), *self._given("https.")):
                yield Conflict(key, f"has no effect with sasl.mechanism {self.sasl_mechanism}; {_USE_OAUTH}")
            return
        needed = {
            "sasl.oauthbearer.method": self.sasl_oauthbearer_method,
            "sasl.oauthbearer.token.endpoint.url": self.sasl_oauthbearer_token_endpoint_url,
            "sasl.oauthbearer.client.id": self.sasl_oauthbearer_client_id,
            "sasl.oauthbearer.client.secret": self.client_secret,
        }
        hints = {
            "sasl.oauthbearer.method": "; allowed: oidc",
            "sasl.oauthbearer.client.secret": ", or sasl.oauthbearer.client.secret_file",
        }
        for key, value in needed.items():
            if value is None:
                yield Conflict(key, f"is needed with OAUTHBEARER{hints.get(key, '')}")

    def _tls_conflicts(self) -> Iterator[Conflict]:
        if not self.security_protocol.uses_tls:
            for key in self._given("ssl."):
                yield Conflict(key, f"has no effect with security.protocol {self.security_protocol}; {_USE_TLS}")
        elif self.ssl_certificate_location is None:
            for key in self._given("ssl.key."):
                yield Conflict(key, "has no effect without ssl.certificate.location; give that too")

    def _given(self, prefix: str) -> list[str]:
        """List the keys that start with `prefix` and say something else than the default, in the schema's order."""
        fields = type(self).model_fields.items()
        changed = [str(field.alias) for name, field in fields if getattr(self, name) != field.default]
        return [alias for alias in changed if alias.startswith(prefix)]


_MECHANISMS = ", ".join(SaslMechanism)
_USE_SASL = "use sasl_plaintext or sasl_ssl, or leave it out"
_USE_OAUTH = "use OAUTHBEARER, or leave it out"
_USE_TLS = "use ssl or sasl_ssl, or leave it out"
