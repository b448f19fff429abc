"""Durations of phases: a histogram that only grows, and what is usual among the last ones."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

BOUNDS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)
"""Upper bounds of the buckets, in seconds: from a quick phase to a day."""

_TREND_RUNS = 5


@dataclass(frozen=True, slots=True)
class DurationHistogram:
    """How many durations fell into each bucket.

    Attributes:
        buckets: counts of each bucket alone, one more at the end for what is above the last bound.
        sum_seconds: all durations added up.
    """

    buckets: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    sum_seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many durations."""
        return sum(self.buckets)

    def with_one(self, seconds: float) -> "DurationHistogram":
        """One duration more."""
        at = bisect_left(BOUNDS, seconds)
        buckets = (*self.buckets[:at], self.buckets[at] + 1, *self.buckets[at + 1 :])
        return DurationHistogram(buckets, self.sum_seconds + seconds)


@dataclass(frozen=True, slots=True)
class Usual:
    """What the last completed runs of a step took.

    Attributes:
        runs: how many.
        median_seconds: half took less.
        p95_seconds: 95 of 100 took less.
        trend_ratio: the median of the last five over the median of those before; None: there are not five of each.
    """

    runs: int
    median_seconds: float
    p95_seconds: float
    trend_ratio: float | None = None


def usual(durations: Sequence[float]) -> Usual | None:
    """What is usual, of durations from the oldest to the newest; None: there are none."""
    if not durations:
        return None
    recent, before = durations[-_TREND_RUNS:], durations[:-_TREND_RUNS]
    trend = None
    if len(before) >= _TREND_RUNS and (base := quantile(before, 0.5)) > 0:
        trend = quantile(recent, 0.5) / base
    return Usual(len(durations), quantile(durations, 0.5), quantile(durations, 0.95), trend)


def quantile(values: Sequence[float], share: float) -> float:
    """A quantile by linear interpolation between the nearest two (Hyndman and Fan's type 7).

    Args:
        values: at least one, in any order.
        share: 0 to 1.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
