"""When each end offset of a partition was first and last seen: what lag in seconds is read from.

A point is (end offset, when an answer first brought it, when it was last asked for). The record at offset ``o`` was
appended after the last request whose answer still ended at or below ``o`` was sent, and before the first answer that
ended above it was received: that pair of instants is its bracket, and costs no request.
"""

from array import array
from bisect import bisect_right
from typing import NamedTuple, Self, TypeAlias

from streamgauge.model.snapshot import EndOffset

THINNING_RATIO = 0.1
"""A point is dropped only where the bracket that is left is at most this share of its age wide: an error of 5 %."""

POINT_BYTES = 24
"""What a point takes: its three columns."""

PARTITION_BYTES = 500
"""What a partition's history takes beside its points, about: its objects, its place in a table, room to grow."""

_SPREAD = 8191
"""A prime: names that differ in a digit give numbers that differ."""

Columns: TypeAlias = "tuple[array[int], array[float], array[float]]"
"""A history's points as columns: ends, when each was first answered, when each was last asked for."""


class Bracket(NamedTuple):
    """The record was appended between these instants (monotonic seconds)."""

    earliest: float
    latest: float


class HistorySize(NamedTuple):
    """How much is remembered of a cluster."""

    partitions: int
    points: int

    @property
    def bytes(self) -> int:
        """About what it takes."""
        return self.partitions * PARTITION_BYTES + self.points * POINT_BYTES


NOTHING_REMEMBERED = HistorySize(0, 0)


class OffsetHistory:
    """One partition's end offsets over time: recent ones dense, older ones thinned, never more than ``capacity``.

    Attributes:
        epoch: how often the log was seen to be cut short (an unclean election); a bracket of an earlier epoch is void.
    """

    __slots__ = ("_answered", "_asked", "_capacity", "_ends", "epoch")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._ends = array("q")
        self._answered = array("d")
        self._asked = array("d")
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._ends)

    @classmethod
    def restored(cls, capacity: int, columns: Columns) -> Self:
        """A history of points that another one gave as its columns; the columns are its own from now on."""
        history = cls(capacity)
        history._ends, history._answered, history._asked = columns
        if len(history) > capacity:
            history._thin(history._answered[-1])
        return history

    @property
    def last_end(self) -> int:
        """The newest end; 0 before there is one."""
        return self._ends[-1] if self._ends else 0

    def columns(self) -> Columns:
        """A copy of its points, for `restored`."""
        return self._ends[:], self._answered[:], self._asked[:]

    def shift(self, seconds: float) -> None:
        """Move all instants."""
        self._answered = array("d", [instant + seconds for instant in self._answered])
        self._asked = array("d", [instant + seconds for instant in self._asked])

    def observe(self, end: EndOffset) -> None:
        """Take a reading; readings come in the order of time. An end that falls voids all that was known."""
        offset, asked, answered = end
        ends = self._ends
        if ends:
            last = ends[-1]
            if offset == last:
                self._asked[-1] = asked
                return
            if offset < last:
                self._clear()
        ends.append(offset)
        self._answered.append(answered)
        self._asked.append(asked)
        if len(ends) > self._capacity:
            self._thin(answered)

    def bracket(self, offset: int) -> Bracket | None:
        """When the record at ``offset`` was appended; None where the history does not reach back or ahead."""
        above = bisect_right(self._ends, offset)
        if above == 0 or above == len(self._ends):
            return None
        return Bracket(self._asked[above - 1], self._answered[above])

    def proven(self, offset: int) -> Bracket:
        """Likewise, where it may not reach back: ``earliest`` is minus infinity then; the last end is above it."""
        above = bisect_right(self._ends, offset)
        return Bracket(self._asked[above - 1] if above else float("-inf"), self._answered[above])

    def _clear(self) -> None:
        self.epoch += 1
        for column in (self._ends, self._answered, self._asked):
            del column[:]

    def _thin(self, now: float) -> None:
        """Drop points until a quarter of the room is free: few enough passes that each point pays little for them.

        Where points that may be dropped by the ratio are not enough, it is doubled until they are.
        """
        ratio = THINNING_RATIO
        while len(self._ends) > self._capacity * 3 // 4:
            kept = self._needed(now, ratio)
            self._ends = array("q", [self._ends[i] for i in kept])
            self._answered = array("d", [self._answered[i] for i in kept])
            self._asked = array("d", [self._asked[i] for i in kept])
            ratio *= 2

    def _needed(self, now: float, ratio: float) -> list[int]:
        """The oldest and the newest point, and those without which a bracket were wider than ``ratio`` of its age."""
        asked, answered = self._asked, self._answered
        kept = [0]
        for i in range(1, len(answered) - 1):
            earliest, latest = asked[kept[-1]], answered[i + 1]  # the bracket that is left without the point
            if latest - earliest > ratio * (now - latest):
                kept.append(i)
        kept.append(len(answered) - 1)
        return kept


def history_for(topic: str, partition: int, points: int) -> OffsetHistory:
    """A new history for a partition, of about so many points."""
    return OffsetHistory(capacity_of(topic, partition, points))


def capacity_of(topic: str, partition: int, points: int) -> int:
    """Capacities differ a little, so that not every partition, nor every topic, thins its history in the same cycle."""
    number = int.from_bytes(topic.encode(), "big") % _SPREAD
    return points - (number + partition * 7) % max(1, points // 4)
