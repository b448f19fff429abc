"""Client properties, in librdkafka's names, become options of kafka-python's connection manager."""

from pathlib import Path
from typing import Any

import pytest

from streamgauge.config import ClientProperties
from streamgauge.sources.kafka.security import client_options
from streamgauge.sources.kafka.tokens import Tokens

SECRET = "hunter2"


def options(**properties: Any) -> dict[str, Any]:
    """Translate properties that are given with underscores for dots."""
    named = {name.replace("_", "."): value for name, value in properties.items()}
    return client_options(ClientProperties.model_validate(named))


@pytest.fixture
def pem(tmp_path: Path) -> str:
    """Make a file that stands for any PEM file."""
    path = tmp_path / "any.pem"
    path.touch()
    return str(path)


def test_defaults() -> None:
    """Without properties, the connection is plain, and the limits are librdkafka's."""
    assert options() == {
        "client_id": "streamgauge",
        "socket_connection_setup_timeout_ms": 10_000,
        "socket_connection_setup_timeout_max_ms": 30_000,
        "connections_max_idle_ms": 540_000,
        "reconnect_backoff_ms": 100,
        "reconnect_backoff_max_ms": 10_000,
        "receive_message_max_bytes": 100_000_000,
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl(mechanism: str) -> None:
    """User and password go with the mechanism."""
    given = options(
        security_protocol="sasl_plaintext", sasl_mechanism=mechanism, sasl_username="reader", sasl_password=SECRET
    )
    assert {name: value for name, value in given.items() if name.startswith(("sasl", "security"))} == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "reader",
        "sasl_plain_password": SECRET,
    }


def test_kerberos(monkeypatch: pytest.MonkeyPatch) -> None:
    """GSSAPI takes the name of the brokers' service."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    given = options(security_protocol="sasl_ssl", sasl_mechanism="GSSAPI", sasl_kerberos_service_name="brokers")
    assert (given["sasl_mechanism"], given["sasl_kerberos_service_name"]) == ("GSSAPI", "brokers")


def oauth(pem: str) -> dict[str, Any]:
    """Translate properties that name a token endpoint."""
    return options(
        security_protocol="sasl_ssl",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauthbearer_method="oidc",
        sasl_oauthbearer_client_id="gauge",
        sasl_oauthbearer_client_secret=SECRET,
        sasl_oauthbearer_token_endpoint_url="https://login.example.org/token",
        sasl_oauthbearer_extensions="logicalCluster=lkc-1",
        https_ca_location=pem,
    )


def test_oauthbearer(pem: str) -> None:
    """OAUTHBEARER takes what provides tokens, with the extensions; no option shows the secret."""
    given = oauth(pem)
    assert given["sasl_mechanism"] == "OAUTHBEARER"
    assert given["sasl_oauth_token_provider"].extensions() == {"logicalCluster": "lkc-1"}
    assert "sasl_plain_password" not in given
    assert SECRET not in repr(given)


def test_aws_goes_by_tokens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """MSK's brokers take IAM's tokens by OAUTHBEARER."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    given = options(security_protocol="sasl_ssl", sasl_mechanism="AWS_MSK_IAM")
    assert given["sasl_mechanism"] == "OAUTHBEARER"
    assert isinstance(given["sasl_oauth_token_provider"], Tokens)


def test_tls(pem: str) -> None:
    """Files, passphrase and the check of the host's name go along."""
    given = options(
        security_protocol="ssl",
        ssl_ca_location=pem,
        ssl_certificate_location=pem,
        ssl_key_location=pem,
        ssl_key_password=SECRET,
        ssl_crl_location=pem,
        ssl_endpoint_identification_algorithm="none",
    )
    assert {name: value for name, value in given.items() if name.startswith(("ssl", "security"))} == {
        "security_protocol": "SSL",
        "ssl_cafile": pem,
        "ssl_certfile": pem,
        "ssl_keyfile": pem,
        "ssl_password": SECRET,
        "ssl_crlfile": pem,
        "ssl_check_hostname": False,
    }


def test_tls_by_default_checks_the_host() -> None:
    """Without any file the system's authorities count, and the broker's name is checked."""
    given = options(security_protocol="ssl")
    assert given["ssl_check_hostname"] is True
    assert "ssl_cafile" not in given


def test_encrypted_key_without_passphrase_does_not_ask(pem: str) -> None:
    """An encrypted key without its passphrase is an error, rather than a question on the terminal."""
    given = options(security_protocol="ssl", ssl_certificate_location=pem)
    assert given["ssl_password"] == ""


def test_secrets_are_not_shown_by_repr() -> None:
    """Kafka-python may log its options as a dict; the secrets in it are masked there and plain in use."""
    given = options(security_protocol="sasl_ssl", sasl_mechanism="PLAIN", sasl_username="reader", sasl_password=SECRET)
    assert SECRET not in repr(given)
    assert SECRET not in f"{given}"
    assert "\0".join(["reader", given["sasl_plain_password"]]).encode() == b"reader\0hunter2"


@pytest.mark.filterwarnings("ignore:.*_text is deprecated:DeprecationWarning")
def test_kafka_python_knows_every_option(pem: str) -> None:
    """Contract: each option exists in kafka-python under that name."""
    from kafka.net.manager import KafkaConnectionManager

    tls = options(security_protocol="ssl", ssl_ca_location=pem, ssl_certificate_location=pem, ssl_crl_location=pem)
    sasl = options(security_protocol="sasl_ssl", sasl_mechanism="PLAIN", sasl_username="a", sasl_password=SECRET)
    assert (tls.keys() | sasl.keys() | oauth(pem).keys()) - {*KafkaConnectionManager.DEFAULT_CONFIG} == set()
