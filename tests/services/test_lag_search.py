"""How long records have been waiting that were there before the exporter, found by timestamps on a real broker."""

import random
import time
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka
from tests.services.polling import eventually

LAG = "kafka_consumergroup_lag"
LAG_SECONDS = "kafka_consumergroup_lag_seconds"
BOUND = "kafka_consumergroup_lag_error_bound_seconds"
ESTIMATES = "streamgauge_lag_estimates"
READ_AT = "streamgauge_source_last_success_timestamp_seconds"
INTERVAL = 0.5
HOUR = 3600.0
CLOSE = 0.1
"""Seconds by which two clocks of one machine, read one after the other, are apart in a test."""


def _watch(kafka: Kafka, folder: Path, *groups: str, **lag: object) -> Exporter:
    """An exporter that begins to watch only now, and only these groups."""
    config = {
        "clusters": [
            {
                "name": "main",
                "bootstrap_servers": kafka.bootstrap,
                "interval": f"{INTERVAL * 1000:.0f}ms",
                "groups": {"include": "|".join(groups)},
            }
        ],
        "lag": lag,
    }
    return Exporter(folder, config=config)


def _whole(exporter: Exporter, group: str) -> Page:
    """A scrape in which every partition of the group has its seconds."""

    def scraped() -> Page:
        page = exporter.scrape()
        known = page.values(LAG_SECONDS, consumergroup=group)
        assert known
        assert len(known) == len(page.values(LAG, consumergroup=group)), "some are not known yet"
        return page

    return eventually(scraped)


def _later(exporter: Exporter, moment: float) -> Page:
    """A scrape of a reading later than a moment."""

    def scraped() -> Page:
        page = exporter.scrape()
        assert (page.value(READ_AT) or 0) > moment
        return page

    return eventually(scraped)


def test_records_of_before_the_start_are_known_by_the_brokers_clock(kafka: Kafka, tmp_path: Path) -> None:
    """LogAppendTime: right after a start, lag seconds are the truth within a bound of the clocks' skew."""
    topic = kafka.create_topic(kafka.unique("orders"), config={"message.timestamp.type": "LogAppendTime"})
    group = kafka.unique("billing")
    kafka.produce(topic, 0, 40)
    before = time.time()
    kafka.produce(topic, 0, 60, value=b"waits")
    after = time.time()
    kafka.commit(group, {(topic, 0): 40})
    with _watch(kafka, tmp_path, group, clock_skew="200ms") as exporter:
        page = _whole(exporter, group)
        read_at = page.value(READ_AT)
        seconds, bound = page.value(LAG_SECONDS, consumergroup=group), page.value(BOUND, consumergroup=group)
        assert read_at is not None
        assert seconds is not None
        assert bound is not None
        assert 0 < bound <= 0.2
        assert read_at - after - bound - CLOSE <= seconds <= read_at - before + bound + CLOSE
        assert page.value(ESTIMATES, method="search") == 1
        assert page.value(ESTIMATES, method="unknown") == 0


def test_many_records_are_found_in_few_requests(kafka: Kafka, tmp_path: Path) -> None:
    """CreateTime: each of 20 partitions' seconds are the producer's to the record, without a bound, in a few rounds."""
    partitions, records = 20, 1000
    topic = kafka.create_topic(kafka.unique("history"), partitions=partitions)
    group, start = kafka.unique("reporting"), time.time() - HOUR
    step = HOUR / records
    for partition in range(partitions):
        kafka.produce(topic, partition, records, at=lambda number: start + number * step)
    chosen = random.Random(4)
    commits = {(topic, partition): chosen.randrange(records) for partition in range(partitions)}
    kafka.commit(group, commits)
    with _watch(kafka, tmp_path, group) as exporter:
        page = _whole(exporter, group)
        read_at = page.value(READ_AT)
        assert read_at is not None
        for (_, partition), offset in commits.items():
            labels = {"consumergroup": group, "partition": str(partition)}
            waited = read_at - (start + offset * step)
            assert page.value(LAG_SECONDS, **labels) == pytest.approx(waited, abs=step / 2 + CLOSE)
            assert page.value(BOUND, **labels) is None
        assert page.value(ESTIMATES, method="timestamp") == partitions
        assert (page.value("streamgauge_kafka_requests_total", api="ListOffsets") or 0) < 60
        known = page.values(LAG_SECONDS, consumergroup=group)
        page = _later(exporter, read_at)
        passed = (page.value(READ_AT) or 0) - read_at
        grown = page.values(LAG_SECONDS, consumergroup=group)
        assert grown == pytest.approx([seconds + passed for seconds in known], abs=CLOSE), "kept, not searched anew"


def test_a_record_from_the_future_leaves_those_behind_it_unknown(kafka: Kafka, tmp_path: Path) -> None:
    """A timestamp of tomorrow hides the ones after it: their seconds are absent and counted, never 0 or negative."""
    topic = kafka.create_topic(kafka.unique("orders"))
    group = kafka.unique("billing")
    kafka.produce(topic, 0, 5)
    kafka.produce(topic, 0, 1, at=lambda _: time.time() + HOUR)
    kafka.produce(topic, 0, 5)
    kafka.commit(group, {(topic, 0): 8})
    with _watch(kafka, tmp_path, group) as exporter:
        page = exporter.eventually("streamgauge_lag_searches_waiting", 0)
        page = exporter.eventually(LAG, 3, consumergroup=group)
        asked = page.value(READ_AT) or 0
        page = _later(exporter, asked + 3 * INTERVAL)
        assert page.value(LAG_SECONDS, consumergroup=group) is None
        assert page.value(ESTIMATES, method="unknown") == 1
        assert page.value("streamgauge_lag_searches_waiting") == 0


def test_of_deleted_records_the_first_that_is_left_waits(kafka: Kafka, tmp_path: Path) -> None:
    """A commit below the log start: the seconds are those of the first record that is left; the loss is the status."""
    topic = kafka.create_topic(kafka.unique("orders"))
    group, start = kafka.unique("billing"), time.time() - HOUR
    kafka.produce(topic, 0, 100, at=lambda number: start + number)
    kafka.commit(group, {(topic, 0): 10})
    (deleted,) = kafka.admin.delete_records([TopicPartition(topic, 0, 50)]).values()
    deleted.result(10)
    with _watch(kafka, tmp_path, group) as exporter:
        page = _whole(exporter, group)
        assert page.value(LAG_SECONDS, consumergroup=group) == pytest.approx(
            (page.value(READ_AT) or 0) - (start + 50), abs=CLOSE
        )
        assert page.value("kafka_consumergroup_status", consumergroup=group, status="lost") == 1


def test_a_marker_at_the_end_of_an_idle_topic_is_nothing_that_waits(kafka: Kafka, tmp_path: Path) -> None:
    """After a transaction whose consumer committed 'last record + 1', lag stays 1, and seconds are 0 with status ok."""
    topic = kafka.create_topic(kafka.unique("payments"))
    group = kafka.unique("flink")
    with kafka.producer(**{"transactional.id": kafka.unique("transaction")}) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce(topic, b"paid", partition=0)
        producer.commit_transaction()
        kafka.commit(group, {(topic, 0): 1})
        with _watch(kafka, tmp_path, group, window="2s") as exporter:
            page = exporter.eventually(LAG_SECONDS, 0, consumergroup=group)
            assert page.value(LAG, consumergroup=group) == 1
            exporter.eventually("kafka_consumergroup_status", 1, consumergroup=group, status="ok")
            kafka.produce(topic, 0, 1)
            page = exporter.eventually(LAG, 2, consumergroup=group)
            assert (page.value(LAG_SECONDS, consumergroup=group) or 0) > 0, "a record waits now"


def test_those_who_read_committed_data_wait_for_nothing_in_an_open_transaction(kafka: Kafka, tmp_path: Path) -> None:
    """Their lag ends at the last stable offset, the others' at the high watermark; the transaction's age is served."""
    topic = kafka.create_topic(kafka.unique("payments"))
    careful, other = kafka.unique("careful"), kafka.unique("other")
    kafka.produce(topic, 0, 3)
    for group in (careful, other):
        kafka.commit(group, {(topic, 0): 3})
    with (
        _watch(kafka, tmp_path, careful, other, read_committed="careful-.*") as exporter,
        kafka.producer(**{"transactional.id": kafka.unique("transaction")}) as producer,
    ):
        producer.init_transactions()
        exporter.eventually(LAG, 0, consumergroup=careful)
        producer.begin_transaction()
        for _ in range(4):
            producer.produce(topic, b"paid", partition=0)
        producer.flush()
        page = exporter.eventually(LAG, 4, consumergroup=other)
        assert page.value(LAG, consumergroup=careful) == 0
        assert page.value(LAG_SECONDS, consumergroup=careful) == 0

        def open_for_a_second() -> bool:
            return (exporter.scrape().value("kafka_topic_open_transaction_seconds", topic=topic) or 0) >= 1

        eventually(open_for_a_second)
        producer.commit_transaction()
        exporter.eventually(LAG, 5, consumergroup=careful)  # four records and the marker
        exporter.eventually("kafka_topic_open_transaction_seconds", None, topic=topic)
