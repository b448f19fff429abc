"""What batches of records tell of what lies between a commit and the end, and what of damaged ones."""

import asyncio
import struct
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import MemoryRecords, MemoryRecordsBuilder
from kafka.record.default_records import DefaultRecordBatchBuilder

from streamgauge.model.snapshot import Partition, Tail, Topic
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.trailing_markers import AbortedTransaction, Tails, is_silent, read_tails
from tests.sources.kafka.answers import answering

GZIP = 1
SNAPPY = 2
TRANSACTIONAL = 0x10
CONTROL = 0x20
_ATTRIBUTES = struct.Struct(">h")
_LAST_OFFSET_DELTA = struct.Struct(">i")


def batch(  # noqa: PLR0913  # a batch's header has many fields
    base: int,
    count: int,
    *,
    producer: int = -1,
    transactional: bool = False,
    control: bool = False,
    kept: Sequence[int] | None = None,
    codec: int = 0,
    value: bytes = b"a record's value, again and again and again and again",
) -> bytes:
    """One batch as a broker keeps it.

    Args:
        base: its first offset.
        count: how many offsets it spans.
        producer: the id of its producer, -1 for a plain one.
        transactional: whether it belongs to a transaction.
        control: whether it is a transaction's marker.
        kept: which of its offsets, counted from its first, compaction has left records at; all, when not given.
        codec: Kafka's number of the compression.
        value: what each record holds.
    """
    own = (producer, -1, -1) if producer < 0 else (producer, 0, 0)
    builder = DefaultRecordBatchBuilder(2, 0, transactional, *own, 1 << 20)
    for delta in range(count) if kept is None else kept:
        # The key of a marker is its version and its kind.
        builder.append(delta, 0, b"\0\0\0\0" if control else None, value, [])
    built = builder.build()
    struct.pack_into(">q", built, 0, base)
    attributes = _ATTRIBUTES.unpack_from(built, builder.ATTRIBUTES_OFFSET)[0]
    _ATTRIBUTES.pack_into(built, builder.ATTRIBUTES_OFFSET, attributes | codec | (CONTROL if control else 0))
    _LAST_OFFSET_DELTA.pack_into(built, builder.ATTRIBUTES_OFFSET + _ATTRIBUTES.size, count - 1)
    return bytes(built)


def legacy(base: int, magic: int) -> bytes:
    """One record as Kafka wrote it before 0.11."""
    builder = MemoryRecordsBuilder(magic, 0, 1 << 20, offset=base)
    builder.append(0 if magic else None, None, b"old")
    builder.close()
    return bytes(builder.buffer())


def marker(offset: int, producer: int) -> bytes:
    """The end of a producer's transaction."""
    return batch(offset, 1, producer=producer, transactional=True, control=True)


def part(base: int, count: int, producer: int) -> bytes:
    """A batch of a producer's transaction."""
    return batch(base, count, producer=producer, transactional=True)


def told(*batches: bytes, committed: int, end: int, aborted: Sequence[tuple[int, int]] = ()) -> bool | None:
    """What these batches tell; aborted transactions as first offset and producer."""
    return is_silent(b"".join(batches), [AbortedTransaction(*each) for each in aborted], committed, end)


CASES = [
    ("a marker alone", True, [marker(5, 1)], 5, 6, []),
    ("several markers", True, [marker(5, 1), marker(6, 2)], 5, 7, []),
    ("a committed record", False, [part(5, 1, 1), marker(6, 1)], 5, 7, []),
    ("a plain record", False, [batch(5, 1)], 5, 6, []),
    ("a record behind the marker", False, [marker(5, 1), batch(6, 1)], 5, 7, []),
    ("records before the commit and a marker", True, [part(3, 2, 1), marker(5, 1)], 5, 6, []),
    ("a commit in the middle of a batch", False, [batch(3, 5)], 5, 8, []),
    ("a commit at a batch's last record", False, [batch(3, 5)], 7, 8, []),
    ("an aborted transaction", True, [part(5, 2, 1), part(7, 1, 1), marker(8, 1)], 5, 9, [(5, 1)]),
    ("one that began before the commit", True, [part(5, 4, 1), marker(9, 1)], 7, 10, [(2, 1)]),
    ("another producer's beside it", False, [part(5, 1, 1), part(6, 1, 2), marker(7, 1)], 5, 8, [(5, 1)]),
    ("its producer's plain records", False, [part(5, 1, 1), batch(6, 1, producer=1)], 5, 7, [(5, 1)]),
    ("its producer's next one", False, [part(5, 1, 1), marker(6, 1), part(7, 1, 1), marker(8, 1)], 5, 9, [(5, 1)]),
    ("its producer's one before", False, [part(5, 1, 1), marker(6, 1), part(7, 1, 1), marker(8, 1)], 5, 9, [(7, 1)]),
    ("the same one twice", True, [part(5, 1, 1), marker(6, 1), part(7, 1, 1), marker(8, 1)], 5, 9, [(7, 1), (5, 1)]),
    ("nothing sent", None, [], 5, 6, []),
    ("less than up to the end", None, [marker(5, 1)], 5, 7, []),
    ("a batch cut off", None, [marker(5, 1), batch(6, 1)[:-1]], 5, 7, []),
    ("only what is before the commit", None, [batch(3, 2)], 5, 6, []),
    ("records behind the end", True, [marker(5, 1), batch(6, 1)], 5, 6, []),
    ("a gap up to behind the end", True, [marker(5, 1), batch(9, 1)], 5, 8, []),
    ("a gap before the end", None, [marker(5, 1)], 5, 8, []),
    ("a batch that compaction emptied", True, [batch(5, 3, kept=[])], 5, 8, []),
    ("records kept before the commit only", True, [batch(3, 5, kept=[0, 1])], 5, 8, []),
    ("a record kept at the commit", False, [batch(3, 5, kept=[0, 2])], 5, 8, []),
    ("a record kept after it", False, [batch(3, 5, kept=[3])], 5, 8, []),
    ("a record kept in a batch after it", False, [batch(5, 3, kept=[1])], 5, 8, []),
    ("more compressed records than offsets before", False, [batch(3, 5, kept=[0, 1, 4], codec=SNAPPY)], 5, 8, []),
    ("compressed records on one side or the other", None, [batch(3, 5, kept=[0, 1], codec=SNAPPY)], 5, 8, []),
    ("the same, and a plain record", False, [batch(3, 5, kept=[0], codec=GZIP), batch(8, 1)], 5, 9, []),
    ("compressed records before the commit", True, [batch(3, 2, codec=SNAPPY), marker(5, 1)], 5, 6, []),
    ("a record of format 0", False, [legacy(5, 0)], 5, 6, []),
    ("a record of format 1", False, [legacy(5, 1)], 5, 6, []),
    ("old records before the commit", True, [legacy(3, 1), legacy(4, 0), marker(5, 1)], 5, 6, []),
]
"""Each: what lies there, whether it is silent, the batches, the commit, the end, aborted transactions."""


@pytest.mark.parametrize(
    ("silent", "batches", "committed", "end", "aborted"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_what_batches_tell(
    *, silent: bool | None, batches: list[bytes], committed: int, end: int, aborted: list[tuple[int, int]]
) -> None:
    """True for nothing visible up to the end, False for a visible record, None for what does not say."""
    assert told(*batches, committed=committed, end=end, aborted=aborted) is silent


@given(
    spans=st.lists(st.tuples(st.integers(1, 4), st.sets(st.integers(0, 3))), max_size=4),
    committed=st.integers(0, 18),
    sent=st.integers(0, 1200),
)
def test_a_cut_off_answer_is_never_wrong(spans: list[tuple[int, set[int]]], committed: int, sent: int) -> None:
    """However compacted and wherever cut off: True and False are what every record's offset says, or it is not told."""
    whole, visible, end = b"", set[int](), 0
    for count, kept in spans:
        left = sorted(delta for delta in kept if delta < count)
        whole += batch(end, count, kept=left, value=b"")
        visible |= {end + delta for delta in left}
        end += count
    truth = not any(offset >= committed for offset in visible)

    assert told(whole[:sent], committed=committed, end=end) in (None, truth)
    assert told(whole, committed=committed, end=end) is truth


def test_the_batches_here_are_what_the_library_reads() -> None:
    """The cases' bytes are real: the library's own reader finds the offsets and the kinds in them."""
    plain, end = MemoryRecords(batch(3, 5, kept=[0, 4]) + marker(8, 7))

    assert [record.offset for record in plain] == [3, 7]
    assert (plain.last_offset, plain.is_control_batch, plain.is_transactional) == (7, False, False)
    assert (end.last_offset, end.is_control_batch, end.is_transactional, end.producer_id) == (8, True, True, 7)


TAIL = Tail("orders", 0, 5, 6)
OTHER = Tail("orders", 1, 5, 6)
TOPICS = {
    "orders": Topic("orders", None, {number: Partition(number, 1, (1,), (1,)) for number in (0, 1)}),
    "lost": Topic("lost", None, {0: Partition(0, None, (1,), ())}),
}


def row(partition: int, error_code: int = 0, records: bytes | None = None, aborted: Any = None) -> SimpleNamespace:
    """One partition of an answer."""
    return SimpleNamespace(
        partition_index=partition, error_code=error_code, records=records, aborted_transactions=aborted
    )


def read(*rows: SimpleNamespace, error_code: int = 0) -> tuple[Tails, list[tuple[str, str, int]]]:
    """What is read from an answer with these partitions, and what failed."""
    responses = [SimpleNamespace(topic="orders", partitions=rows)] if rows else []
    answer = SimpleNamespace(error_code=error_code, responses=responses)
    failures = Failures()
    found = asyncio.run(read_tails(answering(answer), [TAIL, OTHER], TOPICS, failures))
    return found, [(failure.stage, failure.code, failure.count) for failure in failures.noted()]


def test_partitions_are_told_apart() -> None:
    """A partition without an answer is absent."""
    assert read(row(1, records=marker(5, 1))) == (Tails({OTHER: True}, frozenset()), [])
    assert read() == (Tails({}, frozenset()), [])


def test_an_error_is_its_partitions_own() -> None:
    """It is counted by Kafka's name; the other partition is told."""
    assert read(row(0, 6), row(1, records=batch(5, 1))) == (
        Tails({OTHER: False}, frozenset()),
        [("tails", "NOT_LEADER_FOR_PARTITION", 1)],
    )


def test_a_topic_that_may_not_be_read_is_no_failure() -> None:
    """It is named, once, for the caller to leave it alone for a while."""
    assert read(row(0, 29), row(1, 29)) == (Tails({}, frozenset({"orders"})), [])


def test_an_error_of_the_whole_answer_is_counted() -> None:
    """Nothing is told then."""
    assert read(error_code=70) == (Tails({}, frozenset()), [("tails", "FETCH_SESSION_ID_NOT_FOUND", 1)])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[:8] + b"\0\0\0\x01" + whole[12:], id="length-too-short"),
        pytest.param(lambda whole: whole[:8] + b"\xff\xff\xff\xf4" + whole[12:], id="length-negative"),
        pytest.param(lambda whole: whole[:8] + b"\0\0\0\x28" + whole[12:52], id="header-cut-off"),
        pytest.param(lambda whole: whole[:61] + b"\xff" * (len(whole) - 61), id="records"),
    ],
)
def test_damaged_batches_are_counted_and_cost_their_own_partition(damage: Callable[[bytes], bytes]) -> None:
    """They tell nothing; the other partition is told."""
    found, failed = read(row(0, records=damage(batch(3, 3, kept=[0]))), row(1, records=marker(5, 1)))

    assert found.results == {OTHER: True}
    assert failed == [("tails", "CORRUPT_MESSAGE", 1)]


def test_what_has_no_leader_is_not_asked_for() -> None:
    """Nor what the metadata does not name: both are counted where metadata and ends are read."""
    tails = [Tail("lost", 0, 1, 2), Tail("orders", 7, 1, 2), Tail("unheard", 0, 1, 2)]
    failures = Failures()

    found = asyncio.run(read_tails(answering(None), tails, TOPICS, failures))

    assert found == Tails({}, frozenset())
    assert failures.noted() == ()
