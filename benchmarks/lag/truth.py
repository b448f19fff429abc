"""What lag may have been at an instant, from the notes of those who wrote and committed.

Nobody outside the broker knows the instant of an append or a commit; each lies between the call that was made and the
answer that came. So truth is a span, some milliseconds wide, and what was served is held against the nearest of it.
Instants are seconds since the epoch of one machine's clock.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple


class Span(NamedTuple):
    """From the least to the most that it may have been."""

    least: float
    most: float

    def distance(self, value: float) -> float:
        """How far a value lies outside; 0 within."""
        return max(self.least - value, value - self.most, 0.0)

    @property
    def width(self) -> float:
        """How uncertain it is."""
        return self.most - self.least


class Append(NamedTuple):
    """A record was appended between these instants: before it was handed to the client, and when that reported it."""

    sent: float
    delivered: float


class Commit(NamedTuple):
    """An offset was committed between these instants; ``acknowledged`` is infinite where no answer came."""

    offset: int
    sent: float
    acknowledged: float


@dataclass(frozen=True)
class Possible:
    """What one of the commits that may have been the last at the instant would make of lag.

    Attributes:
        records: lag in records.
        seconds: how long the next record had been waiting; 0 where there is none.
    """

    records: Span
    seconds: Span


class PartitionTruth:
    """One group's true lag on one partition.

    Args:
        appends: by offset, from 0, none left out.
        commits: in the order in which they were made, each after the one before was answered.

    Raises:
        ValueError: an offset is missing among the appends.
    """

    def __init__(self, appends: Mapping[int, Append], commits: Iterable[Commit]) -> None:
        if sorted(appends) != list(range(len(appends))):
            raise ValueError("the notes of what was appended have a gap")
        in_order = [appends[offset] for offset in range(len(appends))]
        # A log grows in order: none came before its predecessor was sent, or after its successor was delivered.
        self._sent = list(accumulate((append.sent for append in in_order), max))
        self._delivered = list(accumulate((append.delivered for append in reversed(in_order)), min))[::-1]
        self._commits = list(commits)

    def during(self, reading: Span) -> list[Possible]:
        """What a reading may rightly have seen that was made within these instants.

        Returns:
            One for each commit that may have been the last one then; none while it is not sure that there was any.
        """
        return [self._given(commit.offset, reading) for commit in self._last_commits(reading)]

    def _last_commits(self, reading: Span) -> list[Commit]:
        sure = [number for number, commit in enumerate(self._commits) if commit.acknowledged <= reading.least]
        if not sure:
            return []
        return [commit for commit in self._commits[sure[-1] :] if commit.sent <= reading.most]

    def _given(self, committed: int, reading: Span) -> Possible:
        least_end = bisect_right(self._delivered, reading.least)
        most_end = bisect_right(self._sent, reading.most)
        # Commits are read before ends: what was committed is below the end that was read.
        records = Span(max(0, least_end - committed), max(0, most_end - committed))
        if committed >= most_end:
            return Possible(records, Span(0.0, 0.0))
        waited = max(0.0, reading.least - self._delivered[committed]) if committed < least_end else 0.0
        return Possible(records, Span(waited, max(0.0, reading.most - self._sent[committed])))
