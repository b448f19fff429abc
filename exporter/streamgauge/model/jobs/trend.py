"""How a figure of a step has gone over its last runs: how it is spread, and whether it rises or falls.

The direction is made of two parts, so that neither one odd run nor mere noise makes one:

- **how much**: the slope of Theil and Sen (the median of the slopes between every two runs) over the whole window,
  relative to the median. A tenth or more counts.
- **how surely**: the test of Mann and Kendall (do more pairs rise than fall?), at 5 %, without which it is steady.

Fewer than five runs with a known figure say nothing.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from streamgauge.model.jobs.durations import quantile

LEAST_RUNS = 5
"""Runs with a known figure, below which there is no direction."""

LEAST_CHANGE = 0.1
"""The change over the window, as a share of the median, from which on there is one."""

_SURE = 1.96

Point = tuple[int, float]


class Direction(StrEnum):
    """Where a figure goes."""

    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure over runs; a number is None where no run, or too few, told the figure.

    Attributes:
        count: runs that told it.
        unknown: runs that did not.
        average: the mean.
        minimum: the least.
        maximum: the most.
        median: half are below.
        p90: 90 of 100 are below.
        p95: 95 of 100 are below.
        p99: 99 of 100 are below.
        standard_deviation: of the sample; needs two.
        slope_per_run: Theil and Sen's.
        change_ratio: that slope over the window, relative to the median; None also where the median is 0.
        direction: where it goes.
    """

    count: int
    unknown: int
    average: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    median: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    standard_deviation: float | None = None
    slope_per_run: float | None = None
    change_ratio: float | None = None
    direction: Direction = Direction.UNKNOWN


def trend(values: Sequence[float | None]) -> Trend:
    """Sum up a figure over runs.

    Args:
        values: a run each, from the oldest to the newest; None: the run did not tell it. It keeps its place, so that
            a gap makes no slope steeper.
    """
    points = [(place, value) for place, value in enumerate(values) if value is not None]
    unknown = len(values) - len(points)
    known = [value for _, value in points]
    if not known:
        return Trend(0, unknown)
    average = min(max(math.fsum(known) / len(known), min(known)), max(known))
    slope, change, direction = _course(points)
    return Trend(
        count=len(known),
        unknown=unknown,
        average=average,
        minimum=min(known),
        maximum=max(known),
        median=quantile(known, 0.5),
        p90=quantile(known, 0.9),
        p95=quantile(known, 0.95),
        p99=quantile(known, 0.99),
        standard_deviation=_deviation(known, average),
        slope_per_run=slope,
        change_ratio=change,
        direction=direction,
    )


def _deviation(known: Sequence[float], average: float) -> float | None:
    if len(known) < 2:  # noqa: PLR2004 - one value has no spread
        return None
    return math.sqrt(math.fsum((value - average) ** 2 for value in known) / (len(known) - 1))


def _course(points: Sequence[Point]) -> tuple[float | None, float | None, Direction]:
    """The slope, the change over the window, and the direction."""
    if len(points) < LEAST_RUNS:
        return None, None, Direction.UNKNOWN
    slope = quantile([(b - a) / (later - earlier) for (earlier, a), (later, b) in combinations(points, 2)], 0.5)
    change = slope * (points[-1][0] - points[0][0])
    middle = abs(quantile([value for _, value in points], 0.5))
    ratio = (change / middle if middle else None) if change else 0.0
    # Of what is nothing in the median every change is a large one.
    large = change != 0 and (ratio is None or abs(ratio) >= LEAST_CHANGE)
    sure = math.copysign(1.0, change) * _certainty(points) >= _SURE
    if not (large and sure):
        return slope, ratio, Direction.STEADY
    return slope, ratio, Direction.RISING if change > 0 else Direction.FALLING


def _certainty(points: Sequence[Point]) -> float:
    """Mann and Kendall's statistic in standard deviations, corrected for continuity and for values that are equal."""
    balance = sum((b > a) - (b < a) for (_, a), (_, b) in combinations(points, 2))
    equal = Counter(value for _, value in points).values()
    variance = (_pairs(len(points)) - sum(map(_pairs, equal))) / 18
    if balance == 0 or variance <= 0:
        return 0.0
    return (balance - math.copysign(1.0, balance)) / math.sqrt(variance)


def _pairs(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
