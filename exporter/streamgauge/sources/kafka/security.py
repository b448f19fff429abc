"""Client properties, in librdkafka's names, as options of kafka-python's connection manager."""

from typing import Any, Final

from pydantic import SecretStr

from streamgauge.config import ClientProperties, EndpointIdentification, SaslMechanism
from streamgauge.sources.kafka.msk import AwsTokens
from streamgauge.sources.kafka.oidc import TokenEndpoint
from streamgauge.sources.kafka.tokens import Tokens, TokenSource

_LONGEST_SETUP_MS: Final = 30_000


def client_options(properties: ClientProperties) -> dict[str, Any]:
    """Translate a cluster's client properties.

    Args:
        properties: what the configuration says.

    Returns:
        Options of kafka-python's ``KafkaConnectionManager``. Secrets in it are text whose `repr` is masked, because
        kafka-python may log its options.
    """
    return {
        "client_id": properties.client_id,
        "socket_connection_setup_timeout_ms": properties.socket_connection_setup_timeout_ms,
        "socket_connection_setup_timeout_max_ms": max(properties.socket_connection_setup_timeout_ms, _LONGEST_SETUP_MS),
        "connections_max_idle_ms": properties.connections_max_idle_ms,
        "reconnect_backoff_ms": properties.reconnect_backoff_ms,
        "reconnect_backoff_max_ms": properties.reconnect_backoff_max_ms,
        "receive_message_max_bytes": properties.receive_message_max_bytes,
        "security_protocol": properties.security_protocol.upper(),
        **(_sasl_options(properties) if properties.security_protocol.uses_sasl else {}),
        **(_tls_options(properties) if properties.security_protocol.uses_tls else {}),
    }


class _MaskedText(str):
    """Text that can be used, but is not shown by `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'<secret>'"


def _sasl_options(properties: ClientProperties) -> dict[str, Any]:
    tokens = _token_source(properties)
    if tokens is not None:
        # MSK's brokers take their tokens as any others. kafka-python's own way for them looks for credentials in the
        # middle of its event loop, anew for each connection.
        provider = Tokens(tokens, dict(properties.sasl_oauthbearer_extensions or ()))
        return {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": provider}
    options = {
        "sasl_mechanism": str(properties.sasl_mechanism),
        "sasl_plain_username": properties.sasl_username,
        "sasl_plain_password": _reveal(properties.password),
        "sasl_kerberos_service_name": properties.sasl_kerberos_service_name,
    }
    return {name: value for name, value in options.items() if value is not None}


def _token_source(properties: ClientProperties) -> TokenSource | None:
    """Where tokens come from, for the mechanisms that use some."""
    if properties.sasl_mechanism is SaslMechanism.AWS_MSK_IAM:
        return AwsTokens()
    if properties.sasl_mechanism is SaslMechanism.OAUTHBEARER:
        return TokenEndpoint(
            url=properties.sasl_oauthbearer_token_endpoint_url or "",
            client_id=properties.sasl_oauthbearer_client_id or "",
            client_secret=_reveal(properties.client_secret) or "",
            scope=properties.sasl_oauthbearer_scope,
            ca_location=properties.https_ca_location,
        )
    return None


def _tls_options(properties: ClientProperties) -> dict[str, Any]:
    files = {
        "ssl_cafile": properties.ssl_ca_location,
        "ssl_certfile": properties.ssl_certificate_location,
        "ssl_keyfile": properties.ssl_key_location,
        "ssl_crlfile": properties.ssl_crl_location,
    }
    options: dict[str, Any] = {name: str(path) for name, path in files.items() if path is not None}
    options["ssl_check_hostname"] = properties.ssl_endpoint_identification_algorithm is EndpointIdentification.HTTPS
    if properties.ssl_certificate_location is not None:
        # With None, OpenSSL asks for the passphrase of an encrypted key on the terminal, and waits.
        options["ssl_password"] = _reveal(properties.key_password) or ""
    return options


def _reveal(secret: SecretStr | None) -> str | None:
    return None if secret is None else _MaskedText(secret.get_secret_value())
