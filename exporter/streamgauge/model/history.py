"""When each end offset of a partition was first and last seen: what lag in seconds is read from.

A point is (end offset, when an answer first brought it, when it was last asked for). The record at offset ``o`` was
appended after the last request whose answer still ended at or below ``o`` was sent, and before the first answer that
ended above it was received: that pair of instants is its bracket, and costs no request.
"""

from array import array
from bisect import bisect_right
from typing import NamedTuple

from streamgauge.model.snapshot import EndOffset

THINNING_RATIO = 0.1
"""A point is dropped only where the bracket that is left is at most this share of its age wide: an error of 5 %."""


class Bracket(NamedTuple):
    """The record was appended between these instants (monotonic seconds)."""

    earliest: float
    latest: float


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
