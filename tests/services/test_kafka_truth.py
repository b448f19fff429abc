"""What `/metrics` serves, against what was really produced and committed on a real broker."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka
from tests.services.polling import eventually

INTERVAL = 0.5
LAG = "kafka_consumergroup_lag"
LAG_SECONDS = "kafka_consumergroup_lag_seconds"
BOUND = "kafka_consumergroup_lag_error_bound_seconds"


@pytest.fixture(scope="module")
def exporter(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter that reads the shared broker twice a second, with no configuration file."""
    arguments = ["--kafka", kafka.bootstrap, "--interval", f"{INTERVAL * 1000:.0f}ms"]
    with Exporter(tmp_path_factory.mktemp("exporter"), arguments) as exporter:
        eventually(lambda: exporter.get("-/ready").ok)
        yield exporter


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """A topic of two partitions."""
    return kafka.create_topic(kafka.unique("orders"), partitions=2)


@pytest.fixture
def group(kafka: Kafka) -> str:
    """A group's name."""
    return kafka.unique("billing")


def test_a_steady_consumer_has_the_offsets_that_it_committed(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """Ends, commits, lag and both throughput counters are the numbers that were produced and committed."""
    group = kafka.unique("billing")
    exporter.eventually("kafka_topic_partition_current_offset", 0, topic=topic, partition="1")
    kafka.produce(topic, 0, 30)
    kafka.produce(topic, 1, 12)
    kafka.commit(group, {(topic, 0): 10, (topic, 1): 12})
    exporter.eventually("kafka_consumergroup_current_offset_sum", 22, consumergroup=group)
    kafka.commit(group, {(topic, 0): 25})
    page = exporter.eventually("kafka_consumergroup_current_offset_sum", 37, consumergroup=group, topic=topic)
    assert page.value("kafka_topic_partition_current_offset", topic=topic, partition="0") == 30
    assert page.value("kafka_topic_partition_oldest_offset", topic=topic, partition="0") == 0
    assert page.value(LAG, consumergroup=group, partition="0") == 5
    assert page.value(LAG, consumergroup=group, partition="1") == 0
    assert page.value("kafka_consumergroup_lag_sum", consumergroup=group) == 5
    assert page.value("kafka_consumergroup_max_lag", consumergroup=group) == 5
    assert page.value("kafka_topic_records_appended_total", topic=topic) == 42
    assert page.value("kafka_consumergroup_records_consumed_total", consumergroup=group) == 15
    assert page.value("kafka_topic_partitions", topic=topic) == 2


def test_a_caught_up_group_waits_exactly_0_seconds(kafka: Kafka, exporter: Exporter, topic: str, group: str) -> None:
    """Lag, lag seconds and the error bound are 0 where the commit is the end."""
    end = kafka.produce(topic, 0, 7)
    kafka.commit(group, {(topic, 0): end})
    page = exporter.eventually(LAG, 0, consumergroup=group)
    assert page.value(LAG_SECONDS, consumergroup=group) == 0
    assert page.value(BOUND, consumergroup=group) == 0
    assert page.value("kafka_consumergroup_max_lag_seconds", consumergroup=group) == 0


def test_a_stalled_consumers_lag_seconds_are_the_truth_within_their_bound(
    kafka: Kafka, exporter: Exporter, topic: str, group: str
) -> None:
    """From the moment a record waits, lag seconds are its true age within the bound, at every reading."""
    kafka.commit(group, {(topic, 0): 0})
    exporter.eventually(LAG, 0, consumergroup=group)
    before = time.time()
    kafka.produce(topic, 0, 3)
    after = time.time()
    first = exporter.eventually(LAG, 3, consumergroup=group)
    last = eventually(lambda: _read_later(exporter, _read_at(first) + 3))
    for page in (first, last):
        seconds, bound = page.value(LAG_SECONDS, consumergroup=group), page.value(BOUND, consumergroup=group)
        assert seconds is not None
        assert bound is not None
        read_at = _read_at(page)
        slack = 0.25  # the page's time of reading is the end of the cycle, lag seconds are as of the end offsets
        assert read_at - after - slack <= seconds + bound
        assert seconds - bound <= read_at - before + slack
        assert bound <= INTERVAL + slack
    grown = _known(last, LAG_SECONDS, group) - _known(first, LAG_SECONDS, group)
    assert grown == pytest.approx(_read_at(last) - _read_at(first), abs=0.2)


def test_what_the_exporter_did_not_see_is_unknown(kafka: Kafka, exporter: Exporter, topic: str, group: str) -> None:
    """Records from before the first reading have a lag, but no lag seconds: absent, not 0."""
    kafka.produce(topic, 0, 9)
    exporter.eventually("kafka_topic_partition_current_offset", 9, topic=topic, partition="0")
    with Exporter(Path(exporter._log).parent / "late", ["--kafka", kafka.bootstrap, "--interval", "500ms"]) as late:
        kafka.commit(group, {(topic, 0): 4})
        page = late.eventually(LAG, 5, consumergroup=group)
        assert page.value(LAG_SECONDS, consumergroup=group) is None
        assert page.value("kafka_consumergroup_max_lag_seconds", consumergroup=group) is None


def test_a_rewind_is_lag_again_and_no_counter_falls(kafka: Kafka, exporter: Exporter, topic: str, group: str) -> None:
    """A commit set back shows the larger lag; what was counted as consumed stays."""
    kafka.commit(group, {(topic, 0): 0})
    exporter.eventually(LAG, 0, consumergroup=group)
    end = kafka.produce(topic, 0, 50)
    kafka.commit(group, {(topic, 0): end})
    page = exporter.eventually("kafka_consumergroup_current_offset", 50, consumergroup=group)
    assert page.value("kafka_consumergroup_records_consumed_total", consumergroup=group) == 50
    kafka.commit(group, {(topic, 0): 20})
    page = exporter.eventually(LAG, 30, consumergroup=group)
    assert page.value("kafka_consumergroup_records_consumed_total", consumergroup=group) == 50


def test_never_committed_partitions_are_counted_and_absent(
    kafka: Kafka, exporter: Exporter, topic: str, group: str
) -> None:
    """A partition without a commit has no series, never -1; the group-topic says how many there are."""
    kafka.commit(group, {(topic, 0): 0})
    page = exporter.eventually("kafka_consumergroup_uncommitted_partitions", 1, consumergroup=group, topic=topic)
    assert page.value("kafka_consumergroup_current_offset", consumergroup=group, partition="1") is None
    assert page.value(LAG, consumergroup=group, partition="1") is None
    assert page.value("kafka_consumergroup_unknown_partitions", consumergroup=group) == 0
    assert not [line for line in page.text.splitlines() if line.startswith("kafka_") and line.endswith(" -1")]


def test_a_member_that_has_not_committed_shows_its_topic(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """A new consumer is seen with its member and every partition uncommitted, before its first commit."""
    group = kafka.unique("newcomer")
    with kafka.consumer(group, topic) as consumer:
        eventually(lambda: consumer.poll(0.1) or consumer.assignment())
        page = exporter.eventually("kafka_consumergroup_uncommitted_partitions", 2, consumergroup=group, topic=topic)
        assert page.value("kafka_consumergroup_members", consumergroup=group) == 1
        assert page.value("kafka_consumergroup_lag_sum", consumergroup=group) is None


def test_a_group_without_members_that_has_commits_is_shown(
    kafka: Kafka, exporter: Exporter, topic: str, group: str
) -> None:
    """Flink's groups and paused connectors have no members; their lag is there all the same."""
    kafka.produce(topic, 0, 4)
    kafka.commit(group, {(topic, 0): 1})
    page = exporter.eventually(LAG, 3, consumergroup=group)
    assert page.value("kafka_consumergroup_members", consumergroup=group) == 0
    assert page.value("kafka_consumergroup_state", consumergroup=group, state="Empty") == 1


@pytest.mark.parametrize(("protocol", "assignor"), [("classic", "range"), ("consumer", "uniform")])
def test_members_and_state_of_a_live_group(
    kafka: Kafka, exporter: Exporter, topic: str, protocol: str, assignor: str
) -> None:
    """Both kinds of group protocol (KIP-848 is `consumer`) show their state, members, type and assignor."""
    group = kafka.unique(protocol)
    kafka.produce(topic, 0, 5)
    with kafka.consumer(group, topic, **_protocol(protocol)) as consumer:
        _consume(consumer, 5)
        consumer.commit(asynchronous=False)
        page = exporter.eventually("kafka_consumergroup_members", 1, consumergroup=group)
        assert page.value("kafka_consumergroup_state", consumergroup=group, state="Stable") == 1
        assert page.value("kafka_consumergroup_info", consumergroup=group, type=protocol, assignor=assignor) == 1
        exporter.eventually(LAG, 0, consumergroup=group, partition="0")
    exporter.eventually("kafka_consumergroup_members", 0, consumergroup=group)


def test_an_open_transaction_shows_both_ends(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """The last stable offset is served beside the end while they differ, and only then."""
    with kafka.producer(**{"transactional.id": kafka.unique("transaction")}) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for _ in range(5):
            producer.produce(topic, b"paid", partition=0)
        producer.flush()
        stable = "kafka_topic_partition_last_stable_offset"
        page = exporter.eventually(stable, 0, topic=topic, partition="0")
        assert page.value("kafka_topic_partition_current_offset", topic=topic, partition="0") == 5
        assert page.value(stable, topic=topic, partition="1") is None
        producer.commit_transaction()
        page = exporter.eventually(stable, None, topic=topic, partition="0")
        # The commit's marker takes an offset too.
        assert page.value("kafka_topic_partition_current_offset", topic=topic, partition="0") == 6


def test_a_group_may_have_any_name(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """Quotes, backslashes, newlines and letters of any alphabet: the page stays parseable and the name is whole."""
    group = kafka.unique('we "quote"\\ and\nbreak, größer 数')
    kafka.commit(group, {(topic, 0): 0})
    exporter.eventually(LAG, 0, consumergroup=group)
    (found,) = exporter.get("api/v1/groups", params={"topic": topic}).json()["items"]
    assert found["group"] == group


def test_brokers_and_controller(kafka: Kafka, exporter: Exporter) -> None:
    """The one broker is there with its address, and is the controller."""
    page = exporter.scrape()
    assert page.value("kafka_brokers", cluster="default") == 1
    assert page.value("kafka_broker_info", id="1", address=kafka.bootstrap) == 1
    assert page.value("kafka_cluster_controller_id") == 1


def test_every_request_is_counted_and_a_cycle_takes_few(kafka: Kafka, exporter: Exporter, topic: str) -> None:
    """A cycle takes one request of each kind (three for the offsets of partitions), however many groups there are."""
    for number in range(20):
        kafka.commit(kafka.unique(f"group-{number}"), {(topic, 0): 0})
    before = exporter.scrape()
    after = eventually(lambda: _read_later(exporter, _read_at(before) + 5 * INTERVAL))
    cycles = round((_read_at(after) - _read_at(before)) / INTERVAL)
    total = "streamgauge_kafka_requests_total"
    for api, each in {"Metadata": 1, "ListGroups": 1, "OffsetFetch": 1, "ListOffsets": 3}.items():
        took = (after.value(total, api=api) or 0) - (before.value(total, api=api) or 0)
        assert took <= each * (cycles + 1), api


def _protocol(name: str) -> dict[str, str]:
    return {"group.protocol": "consumer"} if name == "consumer" else {"partition.assignment.strategy": "range"}


def _consume(consumer: Consumer, count: int) -> None:
    read: list[object] = []

    def all_read() -> bool:
        read.extend(message for message in consumer.consume(count, timeout=0.5) if message.error() is None)
        return len(read) >= count

    eventually(all_read)


def _read_at(page: Page) -> float:
    read_at = page.value("streamgauge_source_last_success_timestamp_seconds")
    assert read_at is not None
    return read_at


def _read_later(exporter: Exporter, after: float) -> Page:
    page = exporter.scrape()
    assert _read_at(page) >= after
    return page


def _known(page: Page, name: str, group: str) -> float:
    value = page.value(name, consumergroup=group)
    assert value is not None
    return value
