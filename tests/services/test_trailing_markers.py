"""What lies between a commit and the end, told by a real broker; a consumer of committed records is the truth."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, IsolationLevel, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AclOperation, OffsetSpec

from streamgauge.config import ClientProperties
from streamgauge.model.snapshot import Tail
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.metadata import read_metadata
from streamgauge.sources.kafka.security import client_options
from streamgauge.sources.kafka.trailing_markers import Tails, read_tails
from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually

StartKafka = Callable[[Mapping[str, str]], KafkaCluster]

LARGE = b"x" * 700_000
"""Two of these in one partition are more than is sent of it at once."""


class Reader:
    """Asks one cluster as the Kafka source does.

    Args:
        connection: the cluster.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.failed: list[str] = []

    def tails(self, *tails: Tail) -> Tails:
        """Ask for tails, and keep what failed."""
        failures = Failures()

        async def read() -> Tails:
            metadata = await read_metadata(self._connection, lambda _: True, failures)
            return await read_tails(self._connection, tails, metadata.topics, failures)

        found = self._connection.run(read, deadline=20)
        self.failed = [failure.code for failure in failures.noted() if failure.stage == "tails"]
        return found

    def tail(self, topic: str, committed: int, end: int) -> bool | None:
        """What is told of one tail of partition 0; None where nothing is."""
        tail = Tail(topic, 0, committed, end)
        return self.tails(tail).results.get(tail)


@pytest.fixture
def reader(kafka: Kafka) -> Iterator[Reader]:
    """Asks the shared broker."""
    connection = Connection(kafka.bootstrap.split(","), {})
    yield Reader(connection)
    connection.close()


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """A topic of the test's own with one partition."""
    return kafka.create_topic(kafka.unique("orders"))


@contextmanager
def transactional(kafka: Kafka) -> Iterator[Producer]:
    """A producer that may begin transactions."""
    with kafka.producer(**{"transactional.id": kafka.unique("transactional")}) as producer:
        producer.init_transactions(20)
        yield producer


def write(producer: Producer, topic: str, count: int = 1, value: bytes = b"record") -> None:
    """Write records into a transaction, in one batch, and wait until they are in the log."""
    for _ in range(count):
        producer.produce(topic, value, partition=0)
    assert producer.flush(20) == 0


def transaction(producer: Producer, topic: str, count: int = 1, *, commit: bool = True, value: bytes = b"r") -> None:
    """One whole transaction: so many records, and a marker."""
    producer.begin_transaction()
    write(producer, topic, count, value)
    if commit:
        producer.commit_transaction(20)
    else:
        producer.abort_transaction(20)


def offset_of(kafka: Kafka, topic: str, isolation: IsolationLevel) -> int:
    """The end of partition 0 for readers of an isolation level."""
    asked = TopicPartition(topic, 0)
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    found = kafka.admin.list_offsets({asked: latest}, isolation_level=isolation)[asked].result(20)
    return int(found.offset)


def decided_end(kafka: Kafka, topic: str) -> int:
    """The end of partition 0 once the markers of all transactions are written, which happens after the commit."""

    def decided() -> int:
        end = offset_of(kafka, topic, IsolationLevel.READ_UNCOMMITTED)
        return end if offset_of(kafka, topic, IsolationLevel.READ_COMMITTED) == end else 0

    return eventually(decided)


def offsets_consumed(kafka: Kafka, topic: str) -> list[int]:
    """The offset of each record of partition 0 that a consumer of committed records is given."""
    config = {"enable.partition.eof": True, "isolation.level": "read_committed"}
    with kafka.consumer(kafka.unique("truth"), **config) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return list(_up_to_the_end(consumer))


def _up_to_the_end(consumer: Consumer) -> Iterator[int]:
    while True:
        message = eventually(lambda: [found] if (found := consumer.poll(1)) is not None else [])[0]
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            return
        offset = message.offset()
        assert offset is not None
        yield offset


def test_only_the_marker_of_a_committed_transaction_is_silent(reader: Reader, kafka: Kafka, topic: str) -> None:
    """A consumer that committed 'last record + 1' has nothing left to read, though the marker lies before the end."""
    with transactional(kafka) as producer:
        transaction(producer, topic, 3)
    assert decided_end(kafka, topic) == 4

    assert reader.tail(topic, 3, 4) is True
    assert reader.tail(topic, 2, 4) is False
    assert reader.failed == []


def test_one_record_after_the_marker_is_not_silent(reader: Reader, kafka: Kafka, topic: str) -> None:
    """A record that nobody has read yet is told, behind however many markers."""
    with transactional(kafka) as producer:
        transaction(producer, topic, 3)
        decided_end(kafka, topic)
        assert kafka.produce(topic) == 5

    assert reader.tail(topic, 3, 5) is False
    assert reader.tail(topic, 3, 4) is True  # up to the end that was asked for, and no further


def test_an_aborted_transaction_is_silent(reader: Reader, kafka: Kafka, topic: str) -> None:
    """Nobody gets the records of a transaction that was aborted; a commit in the middle of it is silent as well."""
    with transactional(kafka) as producer:
        transaction(producer, topic, 2)
        transaction(producer, topic, 3, commit=False)
    assert decided_end(kafka, topic) == 7

    assert reader.tail(topic, 2, 7) is True
    assert reader.tail(topic, 4, 7) is True
    assert reader.tail(topic, 1, 7) is False


def test_an_open_transaction_is_not_told(reader: Reader, kafka: Kafka, topic: str) -> None:
    """Whether its records will be given to anybody is not decided; nor is anything that follows them."""
    with transactional(kafka) as producer:
        transaction(producer, topic)
        decided_end(kafka, topic)
        producer.begin_transaction()
        write(producer, topic, 2)
        assert offset_of(kafka, topic, IsolationLevel.READ_UNCOMMITTED) == 4

        assert reader.tail(topic, 1, 4) is None
        assert reader.tail(topic, 0, 4) is False  # the first transaction's record is decided
        assert reader.failed == []
        producer.abort_transaction(20)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_are_seen_in_any_compression(reader: Reader, kafka: Kafka, topic: str, codec: str) -> None:
    """A commit before, in the middle and at the last record of a batch: the header tells, unpacked or not."""
    config: dict[str, Any] = {"compression.type": codec, "linger.ms": 500}
    assert kafka.produce(topic, count=8, value=b"the same again and again" * 20, **config) == 8

    assert [reader.tail(topic, committed, 8) for committed in (0, 4, 7)] == [False, False, False]


def test_every_commit_is_told_as_a_consumer_sees_it(reader: Reader, kafka: Kafka, topic: str) -> None:
    """For a log of plain, committed and aborted records of two producers: each offset, all in one request."""
    with transactional(kafka) as one, transactional(kafka) as two:
        kafka.produce(topic, count=2)
        transaction(one, topic, 2)
        one.begin_transaction()
        two.begin_transaction()
        write(one, topic, 3)
        write(two, topic, 2)
        kafka.produce(topic)
        write(one, topic)
        one.abort_transaction(20)
        write(two, topic)
        two.commit_transaction(20)
        transaction(two, topic, 2, commit=False)
        transaction(one, topic, commit=False)
    end = decided_end(kafka, topic)
    last_consumed = max(offsets_consumed(kafka, topic))
    assert 0 < last_consumed < end - 3

    found = reader.tails(*(Tail(topic, 0, committed, end) for committed in range(end)))

    assert {tail.committed: silent for tail, silent in found.results.items()} == {
        committed: committed > last_consumed for committed in range(end)
    }
    assert reader.failed == []


def test_what_compaction_left_of_a_batch_is_told(start_kafka: StartKafka) -> None:
    """A batch keeps its last offset when the record there is gone: the records decide, or nothing is told."""
    kafka = start_kafka({"log.cleaner.backoff.ms": "100"})
    connection = Connection(kafka.bootstrap.split(","), {})
    plain, compressed = (_compacted(kafka, codec) for codec in ("none", "zstd"))
    reader = Reader(connection)
    try:
        # Of the first seven records, the one at offset 1 is left.
        assert [reader.tail(plain, each, 7) for each in range(7)] == [False, False, True, True, True, True, True]
        assert [reader.tail(compressed, each, 7) for each in range(7)] == [False, None, None, None, None, None, None]
    finally:
        connection.close()
    assert reader.failed == []


def _compacted(kafka: Kafka, codec: str) -> str:
    config = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000"}
    topic = kafka.create_topic(kafka.unique("compacted"), config=config)
    with kafka.producer(**{"compression.type": codec, "linger.ms": 500}) as producer:
        # The last segment is never compacted, and a record of a later time begins the next one.
        for at, keys in ((1_000_000, "abcadda"), (2_000_000, "acd"), (3_000_000, "x")):
            for key in keys:
                producer.produce(topic, b"value" * 100, key, partition=0, timestamp=at)
            assert producer.flush(20) == 0
    eventually(lambda: offsets_consumed(kafka, topic) == [1, 7, 8, 9, 10], deadline=60)
    return topic


def test_partitions_of_several_topics_are_told_in_one_request(reader: Reader, kafka: Kafka) -> None:
    """Each has its own answer."""
    markers, records = (kafka.create_topic(kafka.unique(name), partitions=2) for name in ("markers", "records"))
    with transactional(kafka) as producer:
        transaction(producer, markers)
    kafka.produce(records, partition=1)
    decided_end(kafka, markers)
    reader.tails()
    before = reader._connection.requests["Fetch"]

    found = reader.tails(Tail(markers, 0, 1, 2), Tail(records, 1, 0, 1))

    assert found == Tails({Tail(markers, 0, 1, 2): True, Tail(records, 1, 0, 1): False}, frozenset())
    assert reader._connection.requests["Fetch"] == before + 1


def test_more_than_is_sent_at_once_is_not_told(reader: Reader, kafka: Kafka, topic: str) -> None:
    """Where the answer ends before the end, it says nothing about the rest; what is small is told as ever."""
    with transactional(kafka) as producer:
        transaction(producer, topic)
        for _ in range(2):
            transaction(producer, topic, value=LARGE, commit=False)
    end = decided_end(kafka, topic)

    assert reader.tail(topic, 1, end) is None
    assert reader.tail(topic, 1, end - 2) is True
    assert reader.failed == []


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        pytest.param(lambda topic: Tail(topic, 0, 5, 9), "OFFSET_OUT_OF_RANGE", id="behind-the-end"),
        pytest.param(lambda topic: Tail(topic, 9, 0, 1), None, id="no-such-partition"),
        pytest.param(lambda _: Tail("nobody-made-this", 0, 0, 1), None, id="no-such-topic"),
    ],
)
def test_what_is_not_there_is_not_told(
    reader: Reader, topic: str, tail: Callable[[str], Tail], code: str | None
) -> None:
    """A broker's error is counted; what the metadata does not name is not asked for, and was counted there."""
    assert reader.tails(tail(topic)) == Tails({}, frozenset())
    assert reader.failed == ([code] if code else [])


def test_without_the_right_to_read_the_topic_is_named(kafka_secured: KafkaCluster) -> None:
    """Describe alone does not let anyone fetch: such topics are named apart, and count as no failure."""
    seen, readable = (kafka_secured.create_topic(kafka_secured.unique(name)) for name in ("seen", "readable"))
    for each in (seen, readable):
        kafka_secured.produce(each)
    kafka_secured.allow("exporter", AclOperation.DESCRIBE, topic=seen)
    kafka_secured.allow("exporter", AclOperation.READ, topic=readable)
    properties: dict[str, Any] = kafka_secured.sasl_config("exporter")
    bootstrap = properties.pop("bootstrap.servers")
    connection = Connection(bootstrap.split(","), client_options(ClientProperties.model_validate(properties)))
    reader = Reader(connection)
    try:
        found = reader.tails(Tail(seen, 0, 0, 1), Tail(readable, 0, 0, 1))
    finally:
        connection.close()
        kafka_secured.forbid_all("exporter")

    assert found == Tails({Tail(readable, 0, 0, 1): False}, frozenset({seen}))
    assert reader.failed == []
