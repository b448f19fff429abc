"""Each cycle's ends since an image, a block a cycle; the names of topics only where they differ from the block before.

A cycle's columns compress well: partitions of one broker share the instants of request and answer.
"""

import json
import struct
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain as chained
from itertools import islice
from typing import Any

from streamgauge.model.snapshot import ClusterSnapshot, EndOffset
from streamgauge.state.frames import Buffer, frame
from streamgauge.state.image import column_of, little_endian

_HEAD = struct.Struct("<QddI")
_COUNT = struct.Struct("<I")
_FASTEST = 1
_COLUMNS = (("i", 4), ("q", 8), ("d", 8), ("d", 8))  # partition, offset, asked, answered


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle's ends, as they are observed again.

    Attributes:
        number: cycles of a chain follow one another without a gap.
        wall: when it was, in seconds since the epoch.
        monotonic: the same, by the clock of the chain's image.
        topic_ids: the topics that there were.
        ends: those that could be read.
    """

    number: int
    wall: float
    monotonic: float
    topic_ids: Mapping[str, str | None]
    ends: Mapping[str, Mapping[int, EndOffset]]


def cycle_of(number: int, snapshot: ClusterSnapshot) -> Cycle:
    """What of a snapshot is kept."""
    topic_ids = {name: topic.topic_id for name, topic in snapshot.topics.items()}
    return Cycle(number, snapshot.read_at, snapshot.finished, topic_ids, snapshot.ends)


class CycleWriter:
    """Cycles to the blocks of one journal."""

    def __init__(self) -> None:
        self._topics: Mapping[str, str | None] | None = None

    def block(self, cycle: Cycle) -> list[Buffer]:
        """One cycle as a block."""
        names = b"" if cycle.topic_ids == self._topics else json.dumps(list(cycle.topic_ids.items())).encode()
        self._topics = cycle.topic_ids
        ends = [cycle.ends.get(name, {}) for name in cycle.topic_ids]
        counts = array("i", map(len, ends))
        partitions = array("i", chained.from_iterable(ends))
        rows = list(chained.from_iterable(each.values() for each in ends))
        offsets, asked, answered = zip(*rows, strict=True) if rows else ((), (), ())
        columns: tuple[array[Any], ...] = (
            counts,
            partitions,
            array("q", offsets),
            array("d", asked),
            array("d", answered),
        )
        head = _HEAD.pack(cycle.number, cycle.wall, cycle.monotonic, len(names))
        parts = [head, names, _COUNT.pack(len(counts)), *(little_endian(column).tobytes() for column in columns)]
        return frame([zlib.compress(b"".join(parts), _FASTEST)])


class CycleReader:
    """The blocks of one journal to cycles."""

    def __init__(self) -> None:
        self._topics: dict[str, str | None] | None = None

    def cycle(self, block: bytes) -> Cycle:
        """One cycle from its block.

        Raises:
            ValueError, KeyError, TypeError, struct.error, zlib.error: it is none.
        """
        plain = zlib.decompress(block)
        number, wall, monotonic, names_length = _HEAD.unpack_from(plain)
        at = _HEAD.size + names_length
        if names_length:
            self._topics = dict(json.loads(plain[_HEAD.size : at]))
        if self._topics is None:
            raise ValueError("a journal's first cycle has no topics' names")
        (topics,) = _COUNT.unpack_from(plain, at)
        at += _COUNT.size
        if topics != len(self._topics):
            raise ValueError("a cycle has other topics than it says")
        counts = column_of("i", plain[at : at + 4 * topics])
        at += 4 * topics
        total = sum(counts)
        columns = []
        for typecode, size in _COLUMNS:
            columns.append(column_of(typecode, plain[at : at + size * total]))
            at += size * total
        if at != len(plain) or any(len(column) != total for column in columns):
            raise ValueError("a cycle's block has another length than it says")
        return Cycle(number, wall, monotonic, self._topics, _by_topic(self._topics, counts, columns))


def _by_topic(
    topics: Mapping[str, str | None], counts: "array[Any]", columns: "list[array[Any]]"
) -> dict[str, dict[int, EndOffset]]:
    partitions, offsets, asked, answered = columns
    rows = zip(partitions, map(EndOffset._make, zip(offsets, asked, answered, strict=True)), strict=True)
    ends = {}
    for name, count in zip(topics, counts, strict=True):
        if count:
            ends[name] = dict(islice(rows, count))
    return ends
