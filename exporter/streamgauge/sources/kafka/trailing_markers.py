"""Whether a consumer would be given anything between a commit and the end: the last few offsets, fetched.

A transaction ends with a marker, which takes an offset of its own and is given to nobody. A consumer that commits
'last record + 1' therefore never reaches the end of an idle topic. No request tells markers from records without the
records: they are fetched (which needs the right to Read), looked at by their batches' headers, and dropped.
"""

import struct
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka.errors import KafkaError
from kafka.protocol.consumer import FetchRequest
from kafka.protocol.consumer.offsets import IsolationLevel
from kafka.record import MemoryRecords

from streamgauge.model.snapshot import Tail, Topic
from streamgauge.sources.kafka.connection import Answer, Connection, NodeId, code_name, code_of
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.offsets import leader_epoch

_STAGE = "tails"
_FORBIDDEN = "TOPIC_AUTHORIZATION_FAILED"
_FIRST_WITH_ISOLATION = 4  # with transactions, Kafka 0.11; brokers before it write no markers
_LAST_WITH_NAMES = 12  # later versions name topics by id alone
_WITH_HEADERS = 2  # the message format since Kafka 0.11; transactions and markers exist in it alone

_PARTITION_BYTES = 1024 * 1024 + 12
"""How much of one partition is sent: Kafka's own limit for a batch (max.message.bytes) as it is by default.

A broker sends the first batch whole, however large, only for the first partition of an answer that has any; of the
others it sends nothing when their first batch is larger than this.
"""

_ANSWER_BYTES = 4 * _PARTITION_BYTES
"""How much one broker sends at once. What found no room is not told, and has room once the others are told."""

_UNDECODABLE = (KafkaError, struct.error, ValueError, IndexError, AssertionError)  # what the decoder raises

_At = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Tails:
    """What was found after some commits.

    Attributes:
        results: True where no record that a consumer of committed records would get lies from the commit up to the
            end, False where one does. A tail that could not be told is absent.
        forbidden: topics that may not be read. That is how most exporters are set up, so it is no failure.
    """

    results: Mapping[Tail, bool]
    forbidden: frozenset[str]


class AbortedTransaction(NamedTuple):
    """A transaction whose records nobody gets, from its first offset to its producer's next marker."""

    first_offset: int
    producer_id: int


async def read_tails(
    connection: Connection, tails: Collection[Tail], topics: Mapping[str, Topic], failures: Failures
) -> Tails:
    """Look what lies between commits and ends: one request a leader, each partition from its lowest commit.

    Args:
        connection: the cluster.
        tails: few and short ones: everything in them is sent over the network.
        topics: the topics with their leaders; what has none is not told.
        failures: takes what could not be read.
    """
    asked: dict[_At, list[Tail]] = {}
    for tail in sorted(set(tails)):
        asked.setdefault((tail.topic, tail.partition), []).append(tail)
    requests = _fetches(asked, topics)
    if not requests or not connection.supports(FetchRequest, _FIRST_WITH_ISOLATION):
        return Tails({}, frozenset())
    results: dict[Tail, bool] = {}
    forbidden: set[str] = set()
    for topic, fetched in _fetched(await connection.ask_each(requests), failures):
        code = code_name(fetched.error_code) if fetched.error_code else None
        if code == _FORBIDDEN:
            forbidden.add(topic)
        elif code is not None:
            failures.note(_STAGE, code, f"{topic}/{fetched.partition_index}")
        else:
            results |= _judged(asked.get((topic, fetched.partition_index), ()), fetched, failures)
    return Tails(results, frozenset(forbidden))


def is_silent(records: bytes, aborted: Iterable[AbortedTransaction], committed: int, end: int) -> bool | None:
    """Whether no visible record lies from ``committed`` up to ``end``; None where these batches do not tell.

    Args:
        records: batches in the order of the log, the first of which may begin before ``committed``. The last one may
            be cut off.
        aborted: the aborted transactions among them.
        committed: the first offset that counts.
        end: the first one that does not.

    Raises:
        KafkaError: the batches are damaged; so say several other exceptions of the decoder.
    """
    beginning = deque(sorted(aborted))
    aborting: set[int] = set()
    position = committed
    certain = True
    for batch in MemoryRecords(records):
        if batch.magic < _WITH_HEADERS:
            if batch.base_offset >= committed:  # of a compressed set it is the last record's, which is always there
                return False
            continue
        if batch.base_offset >= end:
            position = end  # the log goes on behind the end, so everything before it was sent
            break
        while beginning and beginning[0].first_offset <= batch.last_offset:
            aborting.add(beginning.popleft().producer_id)
        if batch.is_control_batch:
            aborting.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in aborting):
            reaches = _reaches(batch, committed)
            if reaches:
                return False
            certain = certain and reaches is not None
        position = max(position, batch.last_offset + 1)
    return True if certain and position >= end else None


def _reaches(batch: Any, offset: int) -> bool | None:
    """Whether a batch holds a record at or after an offset; None where that cannot be said.

    Compaction removes records and leaves the batch's first and last offset as they were.
    """
    if batch.last_offset < offset or not batch.records_count:
        return False
    if batch.records_count > offset - batch.base_offset:
        return True  # no two records share an offset, and there are more of them than offsets below
    if batch.compression_type:
        # Most codecs need libraries that are not here, and few bytes may unpack to more than there is memory.
        return None
    return any(record.offset >= offset for record in batch)


def _judged(tails: Iterable[Tail], fetched: Any, failures: Failures) -> dict[Tail, bool]:
    aborted = [AbortedTransaction(each.first_offset, each.producer_id) for each in fetched.aborted_transactions or ()]
    results: dict[Tail, bool] = {}
    for tail in tails:
        try:
            silent = is_silent(fetched.records or b"", aborted, tail.committed, tail.end)
        except _UNDECODABLE as error:
            failures.note(_STAGE, "CORRUPT_MESSAGE", f"{tail.topic}/{tail.partition} from {tail.committed}: {error!r}")
        else:
            if silent is not None:
                results[tail] = silent
    return results


def _fetches(asked: Mapping[_At, Sequence[Tail]], topics: Mapping[str, Topic]) -> dict[NodeId, Any]:
    message = FetchRequest.FetchTopic
    row = message.FetchPartition
    by_leader: dict[NodeId, dict[str, list[Any]]] = {}
    for (name, number), tails in asked.items():
        partition = topics[name].partitions.get(number) if name in topics else None
        if partition is None or partition.leader is None:
            continue  # counted where metadata and ends are read
        lowest = min(tail.committed for tail in tails)
        by_leader.setdefault(partition.leader, {}).setdefault(name, []).append(
            row(
                partition=number,
                current_leader_epoch=leader_epoch(partition),
                fetch_offset=lowest,
                partition_max_bytes=_PARTITION_BYTES,
            )
        )
    return {
        leader: FetchRequest(
            max_wait_ms=0,  # what is there is there
            min_bytes=0,
            max_bytes=_ANSWER_BYTES,
            isolation_level=int(IsolationLevel.READ_COMMITTED),
            topics=[message(topic=name, partitions=rows) for name, rows in wanted.items()],
            min_version=_FIRST_WITH_ISOLATION,
            max_version=_LAST_WITH_NAMES,
        )
        for leader, wanted in by_leader.items()
    }


def _fetched(answers: Mapping[NodeId, Answer], failures: Failures) -> Iterator[tuple[str, Any]]:
    for node_id, answer in answers.items():
        if answer.error is not None:
            failures.note(_STAGE, code_of(answer.error), f"node {node_id}: {answer.error}")
        elif answer.value.error_code:
            failures.note(_STAGE, code_name(answer.value.error_code), f"node {node_id}")
        else:
            for topic in answer.value.responses:
                for partition in topic.partitions:
                    yield topic.topic, partition
