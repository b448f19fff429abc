"""What a group is doing, and how a cluster is, told from a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka
from tests.services.polling import eventually

STATUS = "kafka_consumergroup_status"


@pytest.fixture(scope="module")
def exporter(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter that reads the shared broker twice a second and tells trends over three seconds."""
    config = {
        "lag": {"window": "3s", "slo": "2m", "slo_overrides": [{"groups": "payments-.*", "slo": "30s"}]},
        "clusters": [{"bootstrap_servers": kafka.bootstrap, "interval": "500ms"}],
    }
    with Exporter(tmp_path_factory.mktemp("exporter"), config=config) as exporter:
        yield exporter


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """A topic of one partition with 20 records."""
    name = kafka.create_topic(kafka.unique("orders"))
    kafka.produce(name, count=20)
    return name


def _has_status(exporter: Exporter, group: str, status: str) -> Page:
    return exporter.eventually(STATUS, 1, consumergroup=group, status=status, deadline=20)


def test_a_consumer_that_stalls_stops_and_comes_back(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """ok, then stalled with its member, then stopped without, then ok again; one status is served at a time."""
    group = kafka.unique("payments")
    with kafka.consumer(group, topic) as consumer:
        for _ in range(4):
            eventually(lambda: consumer.poll(0.5))
            consumer.commit(asynchronous=False)
            exporter.eventually("kafka_consumergroup_members", 1, consumergroup=group)
        page = _has_status(exporter, group, "stalled")
        assert page.values(STATUS, consumergroup=group) == [1]
        assert page.value("kafka_consumergroup_slo_lag_seconds", consumergroup=group) == 30
        assert page.value("kafka_consumergroup_unassigned_partitions", consumergroup=group) == 0
    _has_status(exporter, group, "stopped")
    kafka.commit(group, {(topic, 0): 20})
    page = _has_status(exporter, group, "ok")
    assert page.value("kafka_consumergroup_time_to_catch_up_seconds", consumergroup=group) == 0


def test_a_rewind_is_a_status_for_a_window(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """A commit that is set back and read again at once."""
    group = kafka.unique("billing")
    kafka.commit(group, {(topic, 0): 20})
    _has_status(exporter, group, "ok")
    kafka.commit(group, {(topic, 0): 5})
    _has_status(exporter, group, "rewound")
    kafka.commit(group, {(topic, 0): 20})
    page = _has_status(exporter, group, "ok")
    assert (page.value("kafka_consumergroup_commits_total", consumergroup=group) or 0) >= 2


def test_a_second_member_is_a_change_and_a_rebalance(kafka: Kafka, exporter: Exporter) -> None:
    """Members that come and go, and the rebalances that follow, are counted."""
    topic, group = kafka.create_topic(kafka.unique("orders"), partitions=2), kafka.unique("billing")
    with kafka.consumer(group, topic) as first:
        eventually(lambda: first.poll(0.1) or first.assignment())
        before = exporter.eventually("kafka_consumergroup_members", 1, consumergroup=group)
        with kafka.consumer(group, topic) as second:

            def both() -> bool:
                first.poll(0.1)
                second.poll(0.1)
                return bool(second.assignment())

            eventually(both, deadline=30)
            eventually(
                lambda: both() and exporter.scrape().value("kafka_consumergroup_members", consumergroup=group) == 2
            )
            page = exporter.scrape()
        for name in ("kafka_consumergroup_rebalances_total", "kafka_consumergroup_member_changes_total"):
            assert (page.value(name, consumergroup=group) or 0) > (before.value(name, consumergroup=group) or 0), name


def test_what_a_topics_configuration_says(kafka: Kafka, exporter: Exporter) -> None:
    """Retention, policy, minimum of replicas in sync; a topic that is compacted only has no retention."""
    settings = {"retention.ms": "3600000", "retention.bytes": "1048576", "message.timestamp.type": "LogAppendTime"}
    kept = kafka.create_topic(kafka.unique("kept"), config=settings)
    compacted = kafka.create_topic(kafka.unique("compacted"), config={"cleanup.policy": "compact"})
    page = exporter.eventually("kafka_topic_retention_seconds", 3600, topic=kept)
    assert page.value("kafka_topic_retention_bytes", topic=kept) == 1048576
    assert page.value("kafka_topic_info", topic=kept, cleanup_policy="delete", timestamp_type="LogAppendTime") == 1
    assert page.value("kafka_topic_min_insync_replicas", topic=kept) == 1
    assert page.value("kafka_topic_under_min_isr_partitions", topic=kept) == 0
    assert page.value("kafka_topic_offline_partitions", topic=kept) == 0
    page = exporter.eventually("kafka_topic_info", 1, topic=compacted, cleanup_policy="compact")
    assert page.value("kafka_topic_retention_seconds", topic=compacted) is None


def test_disks_quorum_and_balance(kafka: Kafka, tmp_path: Path) -> None:
    """Sizes of logs and volumes, the quorum's voters, and what each broker leads."""
    topic = kafka.create_topic(kafka.unique("orders"), partitions=2)
    kafka.produce(topic, count=50)
    with Exporter(tmp_path, ["--kafka", kafka.bootstrap, "--interval", "500ms"]) as exporter:
        page = exporter.eventually("kafka_broker_info", 1, id="1")
        total = page.value("kafka_broker_log_dir_total_bytes", id="1")
        usable = page.value("kafka_broker_log_dir_usable_bytes", id="1")
        assert total is not None
        assert usable is not None
        assert 0 < usable <= total
        assert (page.value("kafka_topic_partition_size_bytes", topic=topic, partition="0") or 0) > 0
        assert page.value("kafka_topic_size_bytes", topic=topic) == sum(
            page.values("kafka_topic_partition_size_bytes", topic=topic)
        )
        assert page.value("kafka_quorum_voter_lag_records", id="1") == 0
        assert page.value("kafka_topic_reassigning_partitions", topic=topic) == 0
        assert (page.value("kafka_broker_leaders", id="1") or 0) >= 2
        assert page.value("streamgauge_lag_estimates", method="unknown") is not None
