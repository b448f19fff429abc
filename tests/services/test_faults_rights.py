"""Rights that are taken back while the exporter runs: Kafka says nothing, it only stops to tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from tests.services.exporter import Exporter
from tests.services.kafka import CALL_DEADLINE, KafkaCluster
from tests.services.waiting import DEAD_AFTER, config, let_wait, names, read_again
from tests.services.watch import LAG_SUM, Wait, Watch

USER = "exporter"


@pytest.fixture
def exporter(kafka_secured: KafkaCluster, tmp_path: Path) -> Iterator[Exporter]:
    """An exporter that may do nothing yet."""
    client = kafka_secured.sasl_config(USER)
    addresses = client.pop("bootstrap.servers")
    try:
        with Exporter(tmp_path, config=config(addresses, client)) as exporter:
            yield exporter
    finally:
        kafka_secured.forbid_all(USER)


@pytest.fixture
def waits(kafka_secured: KafkaCluster, exporter: Exporter) -> tuple[Wait, Wait]:
    """Two groups, each on a topic of its own, all of which the exporter may describe; the second is the neighbour."""
    group, neighbour, topic, other = names(kafka_secured, "group", "neighbour", "topic", "other")
    kafka_secured.allow(USER, AclOperation.DESCRIBE, topic=topic, group=group)
    kafka_secured.allow(USER, AclOperation.DESCRIBE, topic=other, group=neighbour)
    return (
        let_wait(kafka_secured, exporter, group, topic),
        let_wait(kafka_secured, exporter, neighbour, other, unread=5, always=True),
    )


@pytest.mark.fault("no right on one group")
def test_a_group_that_may_not_be_described_is_absent(
    kafka_secured: KafkaCluster, exporter: Exporter, waits: tuple[Wait, Wait]
) -> None:
    """Its series are gone, as if it were deleted: Kafka does not list it. With the right they are back, whole."""
    wait, neighbour = waits
    with Watch(exporter, wait, neighbour) as watch:
        _take_back(kafka_secured, ResourceType.GROUP, wait.group)
        watch.gone(wait.group, within=DEAD_AFTER)
        assert wait.topic in exporter.scrape().text
    with Watch(exporter, wait, neighbour):
        kafka_secured.allow(USER, AclOperation.DESCRIBE, group=wait.group)
        exporter.eventually(LAG_SUM, 3, **wait.labels)


@pytest.mark.fault("no right on one topic")
def test_a_topic_that_may_not_be_described_is_absent(
    kafka_secured: KafkaCluster, exporter: Exporter, waits: tuple[Wait, Wait]
) -> None:
    """Its series are gone, and its groups' series on it: Kafka leaves it out of every answer. They come back whole."""
    wait, neighbour = waits
    with Watch(exporter, wait, neighbour) as watch:
        _take_back(kafka_secured, ResourceType.TOPIC, wait.topic)
        watch.gone(wait.topic, within=DEAD_AFTER)
    with Watch(exporter, wait, neighbour):
        kafka_secured.allow(USER, AclOperation.DESCRIBE, topic=wait.topic)
        exporter.eventually(LAG_SUM, 3, **wait.labels)


@pytest.mark.fault("no right on the cluster")
def test_without_a_right_on_the_cluster_lag_is_served_all_the_same(
    kafka_secured: KafkaCluster, exporter: Exporter, waits: tuple[Wait, Wait]
) -> None:
    """Disks and the quorum are absent, the log says once which right they need, lag and throughput are whole."""
    wait, neighbour = waits
    with Watch(exporter, wait, neighbour):
        page = read_again(exporter)
        assert page.value("streamgauge_source_up") == 1
        assert page.value(LAG_SUM, **wait.labels) == 3
        for name in ("kafka_broker_log_dir_total_bytes", "kafka_quorum_voter_lag_records", "kafka_topic_info"):
            assert page.values(name) == [], name
        assert exporter.log.count("the sizes of logs and disks need DESCRIBE on the cluster") == 1


def _take_back(kafka: KafkaCluster, kind: ResourceType, name: str) -> None:
    """Delete what the exporter may do with one topic or group."""
    rights = AclBindingFilter(
        kind,
        name,
        ResourcePatternType.LITERAL,
        f"User:{USER}",
        None,  # type: ignore[arg-type]  # any host; the annotation is wrong
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    assert kafka.admin.delete_acls([rights])[rights].result(CALL_DEADLINE), f"there was no right on {name}"
