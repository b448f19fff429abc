"""The configuration changes while the exporter runs: SIGHUP and `POST /-/reload`, against a real Kafka."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually

UP = "streamgauge_source_up"
LAG = "kafka_consumergroup_lag"
SENT = "streamgauge_kafka_requests_total"
SUCCESSFUL = "streamgauge_config_last_reload_successful"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def pair(kafka: Kafka) -> tuple[str, str]:
    """A topic with five records, and a group that has read two of them."""
    topic, group = kafka.create_topic(kafka.unique("orders")), kafka.unique("billing")
    kafka.produce(topic, count=5)
    kafka.commit(group, {(topic, 0): 2})
    return topic, group


@pytest.mark.fault("clusters added and removed by a reload")
def test_clusters_are_added_and_removed_without_touching_the_others(
    kafka: Kafka, pair: tuple[str, str], tmp_path: Path
) -> None:
    """A new cluster is read at once and a removed one leaves no series; the others keep connections and counts."""
    _, group = pair
    east, west = _cluster(kafka.bootstrap, "east"), _cluster(kafka.bootstrap, "west")
    with Exporter(tmp_path, config=_config(east)) as exporter:
        before = exporter.eventually(LAG, 3, cluster="east", consumergroup=group)
        page = exporter.reload(_config(east, west))
        _assert_untouched(before, page, "east", group)
        page = exporter.eventually(LAG, 3, cluster="west", consumergroup=group)
        assert exporter.get("-/ready").status_code == 200
        page = exporter.reload(_config(east))
        _assert_untouched(before, page, "east", group)
        assert 'cluster="west"' not in page.text
        assert "added=west" in exporter.log
        assert "removed=west" in exporter.log


@pytest.mark.fault("a cluster changed by a reload")
def test_a_changed_cluster_goes_on_and_does_not_touch_the_others(
    kafka: Kafka, pair: tuple[str, str], tmp_path: Path
) -> None:
    """Its last numbers stay served and its counters go on; its neighbour keeps its connections."""
    topic, group = pair
    east, west = _cluster(kafka.bootstrap, "east"), _cluster(kafka.bootstrap, "west")
    appended = "kafka_topic_records_appended_total"
    with Exporter(tmp_path, config=_config(east, west)) as exporter:
        for name in ("east", "west"):
            exporter.eventually(LAG, 3, cluster=name, consumergroup=group)
        kafka.commit(group, {(topic, 0): 5})
        kafka.produce(topic, count=4)
        exporter.eventually(LAG, 4, cluster="east", consumergroup=group)
        before = exporter.eventually(LAG, 4, cluster="west", consumergroup=group)
        assert before.value(appended, cluster="west", topic=topic) == 4
        page = exporter.reload(_config(east, west | {"interval": "400ms", "client": {"client.id": "other"}}))
        _assert_untouched(before, page, "east", group)
        assert page.value(LAG, cluster="west", consumergroup=group) == 4
        assert page.value(UP, cluster="west") == 1
        handshakes = before.value(SENT, cluster="west", api="ApiVersions") or 0
        page = eventually(lambda: _has_connected_anew(exporter.scrape(), "west", handshakes))
        assert page.value(appended, cluster="west", topic=topic) == 4
        assert page.value("kafka_consumergroup_lag_seconds", cluster="west", consumergroup=group) is not None
        assert (page.value(SENT, cluster="west", api="Metadata") or 0) > (
            before.value(SENT, cluster="west", api="Metadata") or 0
        )


@pytest.mark.fault("SIGHUP during a cycle")
def test_sighup_in_the_middle_of_cycles(kafka: Kafka, pair: tuple[str, str], tmp_path: Path, silent: str) -> None:
    """However many come, no number is lost, no counter falls, and a cycle that hangs holds nothing up."""
    _, group = pair
    clusters = [_cluster(kafka.bootstrap, "east", interval=f"{100 + number}ms") for number in range(10)]
    hanging = _cluster(silent, "west", deadline="60s")
    with Exporter(tmp_path, config=_config(clusters[0], hanging)) as exporter:
        page = exporter.eventually(LAG, 3, cluster="east", consumergroup=group)
        sent = 0.0
        for cluster in clusters:
            page = exporter.reload(_config(cluster, hanging))
            assert page.value(LAG, cluster="east", consumergroup=group) == 3
            assert page.value(UP, cluster="east") == 1
            assert sent <= (page.value(SENT, cluster="east", api="Metadata") or 0)
            sent = page.value(SENT, cluster="east", api="Metadata") or 0
        page = exporter.reload(_config(clusters[0], _cluster(kafka.bootstrap, "west")))
        assert page.value(LAG, cluster="east", consumergroup=group) == 3
        exporter.eventually(LAG, 3, cluster="west", consumergroup=group)
        for _ in range(20):
            exporter.hang_up()
        page = exporter.reload()
        assert page.value(LAG, cluster="east", consumergroup=group) == 3
        assert "Traceback" not in exporter.log
        assert "cannot read" not in exporter.log
        exporter.terminate()
        eventually(lambda: not exporter.running, deadline=5, every=0.02)
        assert exporter.exit_code == 0


@pytest.mark.fault("reload of a configuration that is wrong")
def test_a_bad_file_keeps_the_old_configuration(kafka: Kafka, pair: tuple[str, str], tmp_path: Path) -> None:
    """Everything is served as before; log, answer and metric say that it was refused, until a good file comes."""
    _, group = pair
    good = _config(_cluster(kafka.bootstrap, "east"))
    bad = _config(_cluster(kafka.bootstrap, "east") | {"intervall": "1s"})
    message = "clusters[0].intervall: unknown key; did you mean 'interval'?"
    with Exporter(tmp_path, ["--web.enable-lifecycle"], config=good) as exporter:
        before = exporter.eventually(LAG, 3, consumergroup=group)
        assert before.value(SUCCESSFUL) == 1
        exporter.configure(bad)
        exporter.hang_up()
        page = exporter.eventually(SUCCESSFUL, 0)
        _assert_untouched(before, page, "east", group)
        assert message in exporter.log
        answer = requests.post(f"{exporter.url}-/reload", timeout=10)
        assert answer.status_code == 500
        assert message in answer.json()["detail"]
        exporter.configure(good | {"log": {"format": "json"}, "web": {"config_file": "streamgauge.yml"}})
        answer = requests.post(f"{exporter.url}-/reload", timeout=10)
        assert answer.status_code == 200
        page = exporter.scrape()
        assert page.value(SUCCESSFUL) == 1
        _assert_untouched(before, page, "east", group)
        assert '"msg": "configuration reloaded"' in exporter.log, "the log's format applies at once"
        assert '"keys": "web.config_file"' in exporter.log


def test_without_a_file_there_is_nothing_to_change(kafka: Kafka, pair: tuple[str, str], tmp_path: Path) -> None:
    """SIGHUP does no harm, and the log says that there is no file; by HTTP it is off unless it is turned on."""
    _, group = pair
    with Exporter(tmp_path, ["--kafka", kafka.bootstrap, "--interval", "200ms"]) as exporter:
        before = exporter.eventually(LAG, 3, consumergroup=group)
        page = exporter.reload()
        _assert_untouched(before, page, "default", group)
        assert page.value(SUCCESSFUL) == 1
        assert "there is no configuration file" in exporter.log
        assert requests.post(f"{exporter.url}-/reload", timeout=10).status_code == 403


@pytest.mark.fault("password changed and reloaded")
def test_a_password_that_was_changed_is_read_anew(kafka_secured: KafkaCluster, tmp_path: Path) -> None:
    """Down while the brokers refuse the old one; the reload reads its file again, and the cluster is served."""
    password = tmp_path / "password"
    password.write_text("wrong-secret\n")
    client = kafka_secured.sasl_config("exporter") | {"sasl.password_file": str(password)}
    right = client.pop("sasl.password")
    bootstrap = client.pop("bootstrap.servers")
    with Exporter(tmp_path, config=_config(_cluster(bootstrap, "east", client=client))) as exporter:
        page = exporter.eventually(UP, 0)
        failed = page.value("streamgauge_source_errors_total", code="SASL_AUTHENTICATION_FAILED") or 0
        assert failed > 0
        password.write_text(f"{right}\n")
        exporter.reload()
        page = exporter.eventually(UP, 1)
        assert (page.value("streamgauge_source_errors_total", code="SASL_AUTHENTICATION_FAILED") or 0) >= failed
        assert "changed=east" in exporter.log
        assert right not in exporter.log


def _cluster(bootstrap: str, name: str, **settings: Any) -> dict[str, Any]:
    return {"name": name, "bootstrap_servers": bootstrap, "interval": "200ms", "stale_after": "1m", **settings}


def _config(*clusters: dict[str, Any]) -> dict[str, Any]:
    return {"clusters": list(clusters)}


def _has_connected_anew(page: Page, cluster: str, handshakes: float) -> Page:
    assert (page.value(SENT, cluster=cluster, api="ApiVersions") or 0) > handshakes
    return page


def _assert_untouched(before: Page, after: Page, cluster: str, group: str) -> None:
    """The same connections (no handshake more), counts that went on, numbers that are there."""
    assert after.value(SENT, cluster=cluster, api="ApiVersions") == before.value(
        SENT, cluster=cluster, api="ApiVersions"
    )
    assert (after.value(SENT, cluster=cluster, api="Metadata") or 0) >= (
        before.value(SENT, cluster=cluster, api="Metadata") or 0
    )
    assert after.value(LAG, cluster=cluster, consumergroup=group) == before.value(
        LAG, cluster=cluster, consumergroup=group
    )
    assert after.value(UP, cluster=cluster) == 1
