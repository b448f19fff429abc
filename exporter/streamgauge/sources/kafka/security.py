"""Client properties, in librdkafka's names, as options of kafka-python's connection manager."""

from typing import Any, Final

from pydantic import SecretStr

from streamgauge.config import ClientProperties, EndpointIdentification

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
    options = {
        "sasl_mechanism": str(properties.sasl_mechanism),
        "sasl_plain_username": properties.sasl_username,
        "sasl_plain_password": _reveal(properties.password),
        "sasl_kerberos_service_name": properties.sasl_kerberos_service_name,
    }
    return {name: value for name, value in options.items() if value is not None}


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
