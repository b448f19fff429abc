"""How the exporter connects where a cluster is secured, and what is served when it may not or cannot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation

from tests.services.exporter import Exporter, Page
from tests.services.identity_provider import IdentityProvider
from tests.services.kafka import KafkaCluster
from tests.services.polling import eventually
from tests.services.tls import Authority

UP = "streamgauge_source_up"
ERRORS = "streamgauge_source_errors_total"
DURATION = "streamgauge_source_duration_seconds"
PARTITIONS = "kafka_topic_partitions"
DEADLINE = 3
CLIENT_SECRET = "correct-horse-battery"

Client = dict[str, str]


@pytest.fixture
def topic(kafka_secured: KafkaCluster) -> Iterator[str]:
    """A topic that the user `exporter` may describe, and nothing else."""
    name = kafka_secured.create_topic(kafka_secured.unique("orders"))
    kafka_secured.allow("exporter", AclOperation.DESCRIBE, topic=name)
    yield name
    kafka_secured.forbid_all("exporter")


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    """An identity provider whose tokens are for the user `exporter`."""
    with IdentityProvider("exporter") as running:
        yield running


@pytest.mark.fault("TLS, mutual TLS, SASL PLAIN and SCRAM, over plain connections and over TLS")
def test_every_way_of_connecting_reads_the_cluster(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """Seven clusters of one exporter, each connected in another way, are all served; no secret is shown anywhere."""
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        kafka_secured.add_scram_user("exporter", "scram-secret", mechanism=mechanism)
    ways = {
        "plain": kafka_secured.sasl_config("exporter"),
        "plain over TLS": kafka_secured.sasl_config("exporter", tls=True),
        "SCRAM-SHA-256": kafka_secured.sasl_config("exporter", "scram-secret", mechanism="SCRAM-SHA-256"),
        "SCRAM-SHA-512": kafka_secured.sasl_config("exporter", "scram-secret", mechanism="SCRAM-SHA-512"),
        "SCRAM over TLS": kafka_secured.sasl_config("exporter", "scram-secret", mechanism="SCRAM-SHA-512", tls=True),
        "TLS": kafka_secured.ssl_config(),
        "mutual TLS": kafka_secured.ssl_config(kafka_secured.authority.issue("exporter")),
    }
    with Exporter(tmp_path, config=_config(ways)) as exporter:
        for way in ways:
            page = exporter.eventually(PARTITIONS, 1, cluster=way, topic=topic)
            assert page.value(UP, cluster=way) == 1
        assert page.values(ERRORS, code="SASL_AUTHENTICATION_FAILED") == []
        _shows_none_of(exporter, page, "scram-secret", "exporter-secret")


@pytest.mark.fault("wrong password")
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_called_authentication(
    kafka_secured: KafkaCluster, topic: str, tmp_path: Path, mechanism: str
) -> None:
    """The cluster is down at once with `SASL_AUTHENTICATION_FAILED`, not a time-out; its neighbour is served on."""
    kafka_secured.add_scram_user("exporter", "scram-secret")
    bad = kafka_secured.sasl_config("exporter", "wrong-secret", mechanism=mechanism)
    with Exporter(tmp_path, config=_beside(kafka_secured, bad)) as exporter:
        page = _refused(exporter, topic, "SASL_AUTHENTICATION_FAILED")
        _shows_none_of(exporter, page, "wrong-secret")


@pytest.mark.fault("mechanism that the listener does not know")
def test_a_mechanism_that_the_listener_does_not_know(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """The cluster is down at once with `UNSUPPORTED_SASL_MECHANISM`; its neighbour is served on."""
    bad = {**kafka_secured.sasl_config("exporter"), "bootstrap.servers": kafka_secured.address(1, "OAUTH")}
    with Exporter(tmp_path, config=_beside(kafka_secured, bad)) as exporter:
        _refused(exporter, topic, "UNSUPPORTED_SASL_MECHANISM")


@pytest.mark.fault("expired certificate")
def test_an_expired_certificate_is_called_tls(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """The cluster is down at once with `SSL_HANDSHAKE_FAILED`, the log says 'expired'; its neighbour is served on."""
    bad = {**kafka_secured.ssl_config(), "bootstrap.servers": kafka_secured.address(1, "EXPIRED")}
    with Exporter(tmp_path, config=_beside(kafka_secured, bad)) as exporter:
        _refused(exporter, topic, "SSL_HANDSHAKE_FAILED")
        assert "certificate has expired" in exporter.log


@pytest.mark.fault("untrusted certificate")
def test_an_untrusted_certificate_is_called_tls(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """The cluster is down at once with `SSL_HANDSHAKE_FAILED`, the log says why; its neighbour is served on."""
    others = Authority(tmp_path / "others", "Others")
    bad = {**kafka_secured.ssl_config(), "ssl.ca.location": str(others.certificate)}
    with Exporter(tmp_path, config=_beside(kafka_secured, bad)) as exporter:
        _refused(exporter, topic, "SSL_HANDSHAKE_FAILED")
        assert "certificate verify failed" in exporter.log


@pytest.mark.fault("certificate of another host")
def test_a_certificate_of_another_host_is_called_tls(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """The cluster is down at once with `SSL_HANDSHAKE_FAILED`, the log names the mismatch; its neighbour is served on.

    With `ssl.endpoint.identification.algorithm: none` it is read.
    """
    bad = {**kafka_secured.ssl_config(), "bootstrap.servers": kafka_secured.address(1, "ELSEWHERE")}
    with Exporter(tmp_path / "checked", config=_beside(kafka_secured, bad)) as exporter:
        _refused(exporter, topic, "SSL_HANDSHAKE_FAILED")
        assert "certificate is not valid for '127.0.0.1'" in exporter.log
    unchecked = {**bad, "ssl.endpoint.identification.algorithm": "none"}
    with Exporter(tmp_path / "unchecked", config=_config({"unchecked": unchecked})) as exporter:
        exporter.eventually(PARTITIONS, 1, topic=topic)


@pytest.mark.fault("TLS at a listener without TLS, and the other way round")
@pytest.mark.parametrize("listener", ["PLAINTEXT", "SSL"])
def test_a_protocol_that_the_listener_does_not_speak(
    kafka_secured: KafkaCluster, topic: str, tmp_path: Path, listener: str
) -> None:
    """The cluster is down with `SSL_HANDSHAKE_FAILED`, or `NETWORK_EXCEPTION` without TLS; its neighbour is served."""
    bad = kafka_secured.ssl_config() if listener == "PLAINTEXT" else {"security.protocol": "plaintext"}
    bad["bootstrap.servers"] = kafka_secured.address(1, listener)
    with Exporter(tmp_path, config=_beside(kafka_secured, bad)) as exporter:
        _refused(exporter, topic, "SSL_HANDSHAKE_FAILED" if listener == "PLAINTEXT" else "NETWORK_EXCEPTION")


@pytest.mark.fault("OAUTHBEARER")
def test_tokens_are_renewed_before_they_expire(
    kafka_secured: KafkaCluster, provider: IdentityProvider, topic: str, tmp_path: Path
) -> None:
    """The cluster is served all the while that its tokens, good for 4 s each, are renewed; nothing secret is shown."""
    provider.lifetime = 4.0
    client = {**_oauth(kafka_secured, provider), "sasl.oauthbearer.scope": "kafka.read"}
    with Exporter(tmp_path, config=_config({"tokens": client})) as exporter:
        exporter.eventually(PARTITIONS, 1, topic=topic)

        pages: list[Page] = []

        def renewed_often() -> bool:
            pages.append(exporter.scrape())
            return len(provider.asked) > 3

        eventually(renewed_often, deadline=30)
        assert {page.value(UP) for page in pages} == {page.value(PARTITIONS, topic=topic) for page in pages} == {1}
        page = pages[-1]
        assert page.values(ERRORS, code="SASL_AUTHENTICATION_FAILED") == []
        assert provider.asked[0].form == {"grant_type": ["client_credentials"], "scope": ["kafka.read"]}
        _shows_none_of(exporter, page, CLIENT_SECRET, provider.asked[0].authorization.split()[1])


@pytest.mark.fault("token endpoint refuses")
def test_a_token_endpoint_that_refuses(
    kafka_secured: KafkaCluster, provider: IdentityProvider, topic: str, tmp_path: Path
) -> None:
    """The cluster is down with `SASL_AUTHENTICATION_FAILED`, the endpoint's status is logged; it recovers by itself."""
    provider.says(401, {"error": "invalid_client", "error_description": f"no {CLIENT_SECRET} here"})
    with Exporter(tmp_path, config=_beside(kafka_secured, _oauth(kafka_secured, provider))) as exporter:
        page = _refused(exporter, topic, "SASL_AUTHENTICATION_FAILED")
        assert "the token endpoint answered 401 (invalid_client)" in exporter.log
        _shows_none_of(exporter, page, CLIENT_SECRET)
        provider.answer = None
        exporter.eventually(UP, 1, cluster="bad")


@pytest.mark.fault("token endpoint hangs")
def test_a_token_endpoint_that_hangs(
    kafka_secured: KafkaCluster, provider: IdentityProvider, topic: str, tmp_path: Path
) -> None:
    """The cluster is down with `SASL_AUTHENTICATION_FAILED` within its deadline, until the endpoint answers again."""
    provider.hangs = True
    with Exporter(tmp_path, config=_beside(kafka_secured, _oauth(kafka_secured, provider))) as exporter:
        _refused(exporter, topic, "SASL_AUTHENTICATION_FAILED")
        provider.hangs = False
        exporter.eventually(UP, 1, cluster="bad", deadline=30)


@pytest.mark.fault("token endpoint hangs when the token is due for renewal")
def test_the_last_token_serves_while_the_endpoint_hangs(
    kafka_secured: KafkaCluster, provider: IdentityProvider, topic: str, tmp_path: Path
) -> None:
    """The cluster is served on with the last token, down when that has expired, and served again with the endpoint."""
    provider.lifetime = 12.0
    with Exporter(tmp_path, config=_config({"tokens": _oauth(kafka_secured, provider)})) as exporter:
        exporter.eventually(PARTITIONS, 1, topic=topic)
        provider.hangs = True
        eventually(lambda: len(provider.asked) > 1, deadline=20)  # the renewal hangs; the token is good for 2 s more
        page = exporter.scrape()
        assert page.value(UP) == 1
        assert page.values(ERRORS, code="SASL_AUTHENTICATION_FAILED") == []
        exporter.eventually(UP, 0, deadline=30)
        provider.hangs = False
        exporter.eventually(UP, 1, deadline=30)


def test_sigterm_while_a_token_is_awaited(
    kafka_secured: KafkaCluster, provider: IdentityProvider, tmp_path: Path
) -> None:
    """The process ends within 2 seconds with code 0 while a token endpoint hangs."""
    provider.hangs = True
    config = _config({"hanging": _oauth(kafka_secured, provider)}, deadline=30)
    with Exporter(tmp_path, config=config) as exporter:
        eventually(lambda: provider.asked)
        exporter.terminate()
        eventually(lambda: not exporter.running, deadline=2, every=0.02)
        assert exporter.exit_code == 0
        assert "Traceback" not in exporter.log


@pytest.mark.fault("token of somebody without rights")
def test_a_token_of_somebody_else(kafka_secured: KafkaCluster, topic: str, tmp_path: Path) -> None:
    """The cluster is up, for the brokers accept the token; what its owner may not describe is absent."""
    with IdentityProvider("stranger") as provider:
        config = _beside(kafka_secured, _oauth(kafka_secured, provider))
        with Exporter(tmp_path, config=config) as exporter:
            page = exporter.eventually(UP, 1, cluster="bad")
            assert page.values(PARTITIONS, cluster="bad") == []
            exporter.eventually(PARTITIONS, 1, cluster="good", topic=topic)


def _refused(exporter: Exporter, topic: str, code: str) -> Page:
    """Wait until the bad cluster is down for just this reason, within its deadline, and the good one is served."""
    exporter.eventually(PARTITIONS, 1, cluster="good", topic=topic)
    page = exporter.eventually(UP, 0, cluster="bad")
    assert (page.value(ERRORS, cluster="bad", code=code, stage="connect") or 0) > 0
    assert {dict(labels)["code"] for labels in page.series(ERRORS) if ("cluster", "bad") in labels} == {code}
    assert code in exporter.log
    assert (page.value(DURATION, cluster="bad") or 9) <= DEADLINE + 0.5
    assert page.values(PARTITIONS, cluster="bad") == []
    assert page.value(UP, cluster="good") == 1
    return page


def _shows_none_of(exporter: Exporter, page: Page, *secrets: str) -> None:
    pages = [exporter.get(path).text for path in ("", "api/v1/clusters")]
    shown = "\n".join([exporter.log, page.text, *pages])
    assert [secret for secret in secrets if secret in shown] == []


def _oauth(kafka: KafkaCluster, provider: IdentityProvider) -> Client:
    return {
        "bootstrap.servers": kafka.address(1, "OAUTH"),
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "streamgauge",
        "sasl.oauthbearer.client.secret": CLIENT_SECRET,
        "sasl.oauthbearer.token.endpoint.url": provider.url,
    }


def _beside(kafka: KafkaCluster, bad: Client) -> dict[str, Any]:
    """A cluster that cannot be read, beside one that can."""
    return _config({"good": {"bootstrap.servers": kafka.bootstrap}, "bad": bad})


def _config(clients: Mapping[str, Client], deadline: int = DEADLINE) -> dict[str, Any]:
    """A cluster for each way of connecting, in librdkafka's names."""
    return {"clusters": [_cluster(name, dict(client), deadline) for name, client in clients.items()]}


def _cluster(name: str, client: Client, deadline: int) -> dict[str, Any]:
    return {
        "name": name,
        "bootstrap_servers": client.pop("bootstrap.servers"),
        "interval": "500ms",
        "deadline": f"{deadline}s",
        "client": client,
    }
