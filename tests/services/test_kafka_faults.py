"""What is served while a cluster fails, and after: last good, then absent; never a false 0, never a lost neighbour."""

import time
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually
from tests.services.process import free_ports

LAG = "kafka_consumergroup_lag"
UP = "streamgauge_source_up"
STALE = "streamgauge_source_stale"
ERRORS = "streamgauge_source_errors_total"


def test_kafka_down_at_the_start_is_said_and_recovered_from(tmp_path: Path) -> None:
    """The exporter starts while Kafka is down, is ready, says that it cannot read, and reads when Kafka is there."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        kafka.stop(1)
        with Exporter(tmp_path / "exporter", ["--kafka", kafka.bootstrap, "--interval", "500ms"]) as exporter:
            page = exporter.eventually(UP, 0)
            assert exporter.get("-/ready").status_code == 200
            assert not [name for name in page.names() if name.startswith("kafka_")]
            assert (page.value(ERRORS, stage="connect", code="NETWORK_EXCEPTION") or 0) > 0
            assert "cannot read" in exporter.log
            kafka.restart(1)
            page = exporter.eventually(UP, 1, deadline=30)
            assert page.value("kafka_brokers") == 1
            assert page.value(STALE) == 0


def test_kafka_down_later_is_served_as_last_good_then_not_at_all(tmp_path: Path) -> None:
    """The last good numbers stay, marked stale, for `stale_after`; then they are absent, and come back with Kafka."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        topic, group = kafka.create_topic("orders"), "billing"
        kafka.produce(topic, count=5)
        kafka.commit(group, {(topic, 0): 2})
        config = _config(kafka.bootstrap, interval="500ms", stale_after="4s")
        with Exporter(tmp_path / "exporter", config=config) as exporter:
            exporter.eventually(LAG, 3, consumergroup=group)
            kafka.kill(1)
            page = exporter.eventually(STALE, 1)
            assert page.value(UP) == 0
            assert page.value(LAG, consumergroup=group) == 3
            page = exporter.eventually(LAG, None, consumergroup=group)
            assert page.value(UP) == 0
            assert page.value(STALE) == 0
            assert not [name for name in page.names() if name.startswith("kafka_")]
            kafka.restart(1)
            exporter.eventually(LAG, 3, consumergroup=group, deadline=30)
            assert exporter.log.count("cannot read") < 10, "a failure is logged when it begins, not every cycle"


def test_a_hanging_broker_does_not_delay_a_scrape(tmp_path: Path) -> None:
    """While a broker accepts and never answers, scrapes take milliseconds, and a cycle ends at its deadline."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        kafka.create_topic("orders")
        config = _config(kafka.bootstrap, interval="500ms", deadline="2s", stale_after="3s")
        with Exporter(tmp_path / "exporter", config=config) as exporter:
            exporter.eventually(UP, 1)
            kafka.pause(1)
            scrapes = []

            def timed() -> Page:
                started = time.monotonic()
                page = exporter.scrape()
                scrapes.append(time.monotonic() - started)
                return page

            eventually(lambda: timed().value(UP) == 0)
            page = timed()
            assert (page.value(ERRORS, code="REQUEST_TIMED_OUT") or 0) >= 1
            assert (page.value("streamgauge_source_duration_seconds") or 9) <= 2.5
            eventually(lambda: timed().value("kafka_brokers") is None)
            assert sorted(scrapes)[len(scrapes) // 2] < 0.1
            kafka.resume(1)
            exporter.eventually(UP, 1, deadline=30)


def test_a_broker_of_three_that_is_killed_is_shown_and_the_rest_goes_on(
    kafka_three: KafkaCluster, tmp_path: Path
) -> None:
    """Under-replicated partitions show, groups keep their lag once coordinator and leader have moved."""
    topic = kafka_three.create_topic(kafka_three.unique("orders"), partitions=3, replication=3)
    groups = [kafka_three.unique("billing") for _ in range(5)]
    for partition in range(3):
        kafka_three.produce(topic, partition, 4)
    for group in groups:
        kafka_three.commit(group, {(topic, partition): 1 for partition in range(3)})
    under = "kafka_topic_partition_under_replicated_partition"
    config = _config(kafka_three.bootstrap, interval="500ms", deadline="3s")
    with Exporter(tmp_path, config=config) as exporter:
        for group in groups:
            exporter.eventually("kafka_consumergroup_lag_sum", 9, consumergroup=group)
        assert exporter.scrape().values(under, topic=topic) == [0, 0, 0]
        kafka_three.kill(2)
        seen: list[Page] = []

        def moved() -> bool:
            seen.append(exporter.scrape())
            page = seen[-1]
            assert page.values(under, topic=topic) == [1, 1, 1]
            return all(page.value("kafka_consumergroup_lag_sum", consumergroup=group) == 9 for group in groups)

        eventually(moved, deadline=30)
        sums = {page.value("kafka_consumergroup_lag_sum", consumergroup=one) for page in seen for one in groups}
        assert sums <= {9, None}, "a sum is whole or absent, never what is left of it"
        assert exporter.scrape().value("kafka_brokers") == 2
        assert all(page.value(UP) == 1 for page in seen)


def test_a_paused_broker_of_three_costs_its_own_partitions_alone(kafka_three: KafkaCluster, tmp_path: Path) -> None:
    """Partitions that it leads are unknown, counted, and the others are served on time."""
    topic = kafka_three.create_topic(kafka_three.unique("orders"), partitions=3, replication=1)
    hanging = kafka_three.leader(topic, 0)
    group = next(name for _ in range(50) if kafka_three.coordinator(name := kafka_three.unique("billing")) != hanging)
    for partition in range(3):
        kafka_three.produce(topic, partition, 4)
    kafka_three.commit(group, {(topic, partition): 1 for partition in range(3)})
    config = _config(kafka_three.bootstrap, interval="500ms", deadline="3s")
    with Exporter(tmp_path, config=config) as exporter:
        exporter.eventually("kafka_consumergroup_lag_sum", 9, consumergroup=group)
        kafka_three.pause(hanging)
        page = exporter.eventually("kafka_consumergroup_unknown_partitions", 1, consumergroup=group, deadline=30)
        assert page.value("kafka_consumergroup_lag_sum", consumergroup=group) is None
        assert page.value("kafka_consumergroup_max_lag", consumergroup=group) == 3
        assert len(page.values(LAG, consumergroup=group)) == 2
        assert page.value(UP) == 1
        kafka_three.resume(hanging)
        exporter.eventually("kafka_consumergroup_lag_sum", 9, consumergroup=group, deadline=40)


def test_a_wrong_password_is_called_authentication(kafka_secured: KafkaCluster, tmp_path: Path) -> None:
    """Log and metric name the authentication, not a time-out; the password stands nowhere."""
    client = _client(kafka_secured, "exporter", "wrong-secret")
    with Exporter(tmp_path, config=_config(kafka_secured.bootstrap_sasl, client=client)) as exporter:
        page = exporter.eventually(UP, 0)
        assert (page.value(ERRORS, code="SASL_AUTHENTICATION_FAILED") or 0) > 0
        assert page.values(ERRORS, code="REQUEST_TIMED_OUT") == []
        assert "SASL_AUTHENTICATION_FAILED" in exporter.log
        assert "wrong-secret" not in exporter.log + page.text + exporter.get("").text


def test_without_permission_on_some_the_rest_is_served(kafka_secured: KafkaCluster, tmp_path: Path) -> None:
    """Topics and groups that may not be described are absent; the others are whole."""
    seen, hidden = (kafka_secured.create_topic(kafka_secured.unique(name)) for name in ("seen", "hidden"))
    allowed, forbidden = (kafka_secured.unique(name) for name in ("allowed", "forbidden"))
    for group in (allowed, forbidden):
        kafka_secured.commit(group, {(seen, 0): 0, (hidden, 0): 0})
    kafka_secured.allow("exporter", AclOperation.DESCRIBE, topic=seen, group=allowed)
    try:
        client = _client(kafka_secured, "exporter")
        with Exporter(tmp_path, config=_config(kafka_secured.bootstrap_sasl, client=client)) as exporter:
            page = exporter.eventually(LAG, 0, consumergroup=allowed, topic=seen)
            assert page.value(UP) == 1
            assert hidden not in page.text
            assert forbidden not in page.text
    finally:
        kafka_secured.forbid_all("exporter")


@pytest.mark.parametrize("way", ["sasl-plain-over-tls", "scram", "mutual-tls"])
def test_secured_connections(kafka_secured: KafkaCluster, tmp_path: Path, way: str) -> None:
    """SASL PLAIN over TLS, SCRAM and mutual TLS read the cluster, in librdkafka's property names."""
    topic = kafka_secured.create_topic(kafka_secured.unique("orders"))
    if way == "sasl-plain-over-tls":
        client = kafka_secured.sasl_config("exporter", tls=True)
    elif way == "scram":
        kafka_secured.add_scram_user("exporter", "scram-secret")
        client = kafka_secured.sasl_config("exporter", "scram-secret", mechanism="SCRAM-SHA-512")
    else:
        client = kafka_secured.ssl_config(kafka_secured.authority.issue("exporter"))
    bootstrap = client.pop("bootstrap.servers")
    kafka_secured.allow("exporter", AclOperation.DESCRIBE, topic=topic)
    try:
        with Exporter(tmp_path, config=_config(bootstrap, client=client)) as exporter:
            exporter.eventually("kafka_topic_partitions", 1, topic=topic)
    finally:
        kafka_secured.forbid_all("exporter")


def test_a_bootstrap_address_that_is_dead_does_not_matter(kafka: Kafka, tmp_path: Path) -> None:
    """One address that answers is enough."""
    dead = [f"127.0.0.1:{port}" for port in free_ports(2)]
    with Exporter(tmp_path, ["--kafka", ",".join([*dead, kafka.bootstrap]), "--interval", "500ms"]) as exporter:
        page = exporter.eventually("kafka_brokers", 1)
        assert page.value(UP) == 1


def test_sigterm_in_the_middle_of_a_cycle_ends_cleanly(tmp_path: Path) -> None:
    """The process ends within 2 seconds with code 0 while a broker hangs, and logs no traceback."""
    with KafkaCluster(tmp_path / "kafka") as kafka:
        config = _config(kafka.bootstrap, interval="500ms", deadline="30s")
        with Exporter(tmp_path / "exporter", config=config) as exporter:
            exporter.eventually(UP, 1)
            kafka.pause(1)
            requests_sent = exporter.scrape().values("streamgauge_kafka_requests_total")
            assert requests_sent
            overdue = time.monotonic() + 1
            eventually(lambda: time.monotonic() > overdue)  # a cycle is now waiting for the broker
            started = time.monotonic()
            exporter.terminate()
            eventually(lambda: not exporter.running, deadline=5, every=0.02)
            assert time.monotonic() - started < 2
            assert exporter.exit_code == 0
            assert "Traceback" not in exporter.log
            assert exporter.log.rstrip().endswith("msg=stopped")


def _config(bootstrap: str, client: dict[str, str] | None = None, **cluster: str) -> dict[str, object]:
    defaults = {"interval": "500ms"}
    return {"clusters": [{"bootstrap_servers": bootstrap, **defaults, **cluster, "client": client or {}}]}


def _client(kafka: KafkaCluster, user: str, password: str | None = None) -> dict[str, str]:
    client = kafka.sasl_config(user, password)
    del client["bootstrap.servers"]
    return client
