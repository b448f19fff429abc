"""Topics and groups that change under the exporter's eyes: deleted, made anew, grown, reset, cut by retention."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions

from tests.services.exporter import Exporter
from tests.services.kafka import CALL_DEADLINE, Kafka, KafkaCluster
from tests.services.kafka_moves import delete_offsets
from tests.services.polling import eventually
from tests.services.waiting import DEAD_AFTER, config, let_wait, names, read_again
from tests.services.watch import LAG, LAG_SECONDS, LAG_SUM, Wait, Watch

UNCOMMITTED = "kafka_consumergroup_uncommitted_partitions"
CONSUMED = "kafka_consumergroup_records_consumed_total"
STATUS = "kafka_consumergroup_status"


@pytest.fixture(scope="module")
def exporter(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter for all of these faults: it must outlive each of them."""
    with Exporter(tmp_path_factory.mktemp("exporter"), config=config(kafka.bootstrap)) as exporter:
        yield exporter


@pytest.fixture(scope="module")
def neighbour(kafka: Kafka, exporter: Exporter) -> Wait:
    """A group on a topic that no fault touches: it is on every page, whole."""
    group, topic = names(kafka, "neighbour", "untouched")
    return let_wait(kafka, exporter, group, topic, unread=7, always=True)


@pytest.mark.fault("topic deleted")
def test_a_deleted_topic_takes_its_series_and_nothing_else(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """The topic's series, and its groups' on it, are gone with the next readings; the groups' other topics stay."""
    group, gone, stays = names(kafka, "billing", "gone", "stays")
    doomed = let_wait(kafka, exporter, group, gone)
    kept = let_wait(kafka, exporter, group, stays, unread=4, always=True)
    with Watch(exporter, doomed, kept, neighbour) as watch:
        kafka.delete_topic(gone)
        watch.gone(gone, within=DEAD_AFTER)


@pytest.mark.fault("topic made anew with fewer offsets and fewer partitions")
def test_a_topic_made_anew_starts_from_its_own_numbers(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """Nothing is computed across the two: lag is the old topic's, then absent, then the new one's; counters go on."""
    group, topic = names(kafka, "billing", "anew")
    old = let_wait(kafka, exporter, group, topic, partitions=3)
    both = replace(old, lags={3, 4}, sums={9, 4}, since=None)
    with Watch(exporter, both, neighbour):
        kafka.delete_topic(topic)
        kafka.create_topic(topic, partitions=1)
        kafka.produce(topic, count=5)
        kafka.commit(group, {(topic, 0): 1})
        page = exporter.eventually(LAG_SUM, 4, **both.labels)
        assert page.values(LAG, **both.labels) == [4]
        assert page.value("kafka_topic_partitions", topic=topic) == 1
        assert page.value("kafka_topic_records_appended_total", topic=topic) == 65


@pytest.mark.fault("partitions added")
def test_added_partitions_are_uncommitted_until_the_group_commits(
    kafka: Kafka, exporter: Exporter, neighbour: Wait
) -> None:
    """The old partitions' lag stays as it is; the new ones count as uncommitted, without a lag, until a commit."""
    group, topic = names(kafka, "billing", "grown")
    wait = replace(let_wait(kafka, exporter, group, topic), always=True)
    grown = replace(wait, lags={3, 5}, sums={3, 8}, since=None)
    with Watch(exporter, grown, neighbour):
        kafka.admin.create_partitions([NewPartitions(topic, 3)])[topic].result(CALL_DEADLINE)
        page = exporter.eventually(UNCOMMITTED, 2, **wait.labels)
        assert page.values(LAG, **wait.labels) == [3]
        kafka.produce(topic, 2, 9)
        kafka.commit(group, {(topic, 2): 4})
        page = exporter.eventually(LAG_SUM, 8, **wait.labels)
        assert page.value(UNCOMMITTED, **wait.labels) == 1


@pytest.mark.fault("group deleted")
def test_a_deleted_group_takes_its_series_and_nothing_else(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """Every series of the group is gone with the next reading; other groups on the same topic keep theirs."""
    gone, stays, topic = names(kafka, "gone", "stays", "orders")
    doomed = let_wait(kafka, exporter, gone, topic)
    kafka.commit(stays, {(topic, 0): 15})
    kept = replace(doomed, group=stays, lags={5}, sums={5}, always=True)
    exporter.eventually(LAG_SUM, 5, **kept.labels)
    with Watch(exporter, doomed, kept, neighbour) as watch:
        kafka.delete_group(gone)
        watch.gone(gone, within=DEAD_AFTER)


@pytest.mark.fault("offsets deleted")
def test_deleted_offsets_are_uncommitted_not_caught_up(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """A partition whose commit is deleted has no lag and counts as uncommitted; with the last one the topic is gone."""
    group, topic, other = names(kafka, "billing", "orders", "other")
    wait = let_wait(kafka, exporter, group, topic, partitions=2)
    kept = let_wait(kafka, exporter, group, other, unread=4, always=True)
    with Watch(exporter, replace(wait, sums={6, 3}), kept, neighbour):
        delete_offsets(kafka, group, topic, 0)
        page = exporter.eventually(UNCOMMITTED, 1, **wait.labels)
        assert page.value(LAG, **wait.labels, partition="0") is None
        assert page.value(LAG, **wait.labels, partition="1") == 3
        delete_offsets(kafka, group, topic, 1)
        page = exporter.eventually(LAG_SUM, None, **wait.labels, deadline=DEAD_AFTER)
        assert page.values(LAG, **wait.labels) == []


@pytest.mark.fault("group reset backwards")
def test_a_reset_backwards_is_more_lag_at_once(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """The next reading has the larger lag and the status `rewound`; what was counted as consumed does not fall."""
    group, topic = names(kafka, "billing", "orders")
    wait = let_wait(kafka, exporter, group, topic)
    with Watch(exporter, replace(wait, lags={3, 20}, sums={3, 20}, always=True), neighbour):
        kafka.commit(group, {(topic, 0): 0})
        page = exporter.eventually(LAG_SUM, 20, **wait.labels)
        assert page.value(STATUS, **wait.labels, status="rewound") == 1


@pytest.mark.fault("group reset forwards")
def test_a_reset_forwards_is_less_lag_and_no_consumption(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """The next reading has the smaller lag; records that were skipped are not counted as consumed."""
    group, topic = names(kafka, "billing", "orders")
    wait = let_wait(kafka, exporter, group, topic, unread=15)
    with kafka.consumer(group, topic) as consumer:
        eventually(lambda: consumer.poll(0.1))
        consumer.commit(offsets=[TopicPartition(topic, 0, 6)], asynchronous=False)
        exporter.eventually("kafka_consumergroup_members", 1, consumergroup=group)
    exporter.eventually("kafka_consumergroup_members", 0, consumergroup=group)
    before = read_again(exporter).value(CONSUMED, **wait.labels)  # two readings without a member: a jump is a reset
    with Watch(exporter, replace(wait, lags={14, 2}, sums={14, 2}, always=True), neighbour):
        kafka.commit(group, {(topic, 0): 18})
        page = exporter.eventually(LAG_SUM, 2, **wait.labels)
        assert page.value(CONSUMED, **wait.labels) == before


@pytest.mark.fault("retention passes a commit")
def test_records_deleted_unread_are_lost_not_read(kafka: Kafka, exporter: Exporter, neighbour: Wait) -> None:
    """Lag stays the difference of offsets, the status is `lost`, the lost are counted; nothing left: no seconds."""
    group, topic = names(kafka, "billing", "orders")
    wait = let_wait(kafka, exporter, group, topic, unread=15)
    with Watch(exporter, replace(wait, always=True), neighbour):
        _delete_records(kafka, topic, 12)
        page = exporter.eventually(STATUS, 1, **wait.labels, status="lost")
        assert page.value("kafka_consumergroup_records_lost_total", **wait.labels) == 7
        assert page.value(LAG, **wait.labels) == 15
        assert page.value("kafka_topic_partition_oldest_offset", topic=topic) == 12
        _delete_records(kafka, topic, 20)
        page = exporter.eventually("kafka_consumergroup_records_lost_total", 15, **wait.labels)
        assert page.value(LAG, **wait.labels) == 15
        assert page.value(LAG_SECONDS, **wait.labels) is None


@pytest.mark.fault("a group with 5,000 partitions")
def test_a_group_of_5000_partitions_is_read_whole(tmp_path: Path) -> None:
    """Every partition has its lag, the sum is over all of them, and no scrape waits for the reading."""
    group, topic, first = "faults-giant", "faults-wide", "faults-first"
    many = 5_000
    with _quick_folder(tmp_path) as folder, KafkaCluster(folder, heap="512m") as kafka:
        kafka.commit(group, {(kafka.create_topic(first), 0): 0})  # else the offsets' own topic queues behind the many
        kafka.create_topic(topic, partitions=many)
        kafka.commit(group, {(topic, partition): 0 for partition in range(many)})
        kafka.produce(topic, 4_321, 6)
        with Exporter(tmp_path / "exporter", config=config(kafka.bootstrap, interval=1)) as exporter:
            wait = Wait(group, topic, {0, 6, 9}, {6, 9})
            with Watch(exporter, wait, every=1):  # from when most partitions are without a log still
                eventually(lambda: _serves_sum(exporter, topic, 6), deadline=60, every=0.5)
            with Watch(exporter, replace(wait, always=True), every=1):
                kafka.produce(topic, 4_321, 3)
                eventually(lambda: _serves_sum(exporter, topic, 9), every=0.5)
                page = exporter.scrape()
                assert len(page.values(LAG, **wait.labels)) == many
                assert page.value("kafka_consumergroup_max_lag", **wait.labels) == 9
                assert page.value("kafka_consumergroup_unknown_partitions", **wait.labels) == 0
                assert page.value("streamgauge_source_up") == 1


def _serves_sum(exporter: Exporter, topic: str, lag: int) -> bool:
    """Looked up in the text: to parse so long a page again and again takes longer than to read the cluster."""
    pattern = rf'^{LAG_SUM}{{.*topic="{topic}".*}} {lag}$'
    return re.search(pattern, exporter.get("metrics").text, re.MULTILINE) is not None


@contextmanager
def _quick_folder(slow: Path) -> Iterator[Path]:
    """A folder in memory where the machine has one: on a disk a broker makes some dozens of partitions a second."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else slow) as folder:
        yield Path(folder)


def _delete_records(kafka: Kafka, topic: str, before: int) -> None:
    (deleted,) = kafka.admin.delete_records([TopicPartition(topic, 0, before)]).values()
    deleted.result(CALL_DEADLINE)
