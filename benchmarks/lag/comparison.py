"""What was served against what was true: errors, false zeros, what was absent, and what its own bound did not hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.lag.truth import Possible

WITHIN_BOUND_AT_LEAST = 0.999


class Served(NamedTuple):
    """One group-partition on one page; None where the series is absent."""

    lag: float | None
    seconds: float | None
    bound: float | None


@dataclass(frozen=True)
class Sample:
    """One served group-partition, judged.

    Attributes:
        life: whose it is.
        at: when the reading was made, in seconds since the run began.
        served: what the page said.
        possible: what would have been right.
        records_error: records outside of what lag may have been; None where it was absent.
        seconds_error: likewise for lag seconds.
        within_bound: whether the truth may lie within the value plus or minus its bound; None without a bound.
        false_zero: no lag or no waiting was served, though a record had been waiting before the reading began.
    """

    life: str
    at: float
    served: Served
    possible: tuple[Possible, ...]
    records_error: float | None
    seconds_error: float | None
    within_bound: bool | None
    false_zero: bool

    @property
    def is_wrong(self) -> bool:
        """Whether it is a number that should not have been served."""
        return self.false_zero or self.within_bound is False or bool(self.records_error)


def judge(life: str, at: float, served: Served, possible: Sequence[Possible]) -> Sample:
    """Hold one served group-partition against all that would have been right.

    Args:
        life: whose it is.
        at: when it was read, for people.
        served: what the page said.
        possible: at least one.
    """
    lag, seconds, bound = served
    seconds_error = None if seconds is None else min(each.seconds.distance(seconds) for each in possible)
    return Sample(
        life,
        at,
        served,
        tuple(possible),
        None if lag is None else min(each.records.distance(lag) for each in possible),
        seconds_error,
        None if seconds_error is None or bound is None else seconds_error <= bound,
        (lag == 0 and all(each.records.least > 0 for each in possible))
        or (seconds == 0 and all(each.seconds.least > 0 for each in possible)),
    )


@dataclass(frozen=True)
class Errors:
    """Their middle, the one that 19 of 20 do not exceed, and the greatest; None where there are none."""

    p50: float | None
    p95: float | None
    most: float | None

    @classmethod
    def of(cls, errors: Sequence[float]) -> "Errors":
        """From all of them."""
        ordered = sorted(errors)
        if not ordered:
            return cls(None, None, None)
        p50, p95 = (ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95))
        return cls(p50, p95, ordered[-1])


@dataclass(frozen=True)
class Summary:
    """One line of the table.

    Attributes:
        name: a life's, or that of all.
        samples: how many were judged.
        records: errors of lag in records.
        seconds: errors of lag seconds.
        bounded: samples with a bound.
        outside: those of them whose bound does not hold the truth.
        unknown: samples without lag seconds.
        false_zeros: how many.
    """

    name: str
    samples: int
    records: Errors
    seconds: Errors
    bounded: int
    outside: int
    unknown: int
    false_zeros: int

    @classmethod
    def of(cls, name: str, samples: Sequence[Sample]) -> "Summary":
        """From samples."""
        return cls(
            name,
            len(samples),
            Errors.of([sample.records_error for sample in samples if sample.records_error is not None]),
            Errors.of([sample.seconds_error for sample in samples if sample.seconds_error is not None]),
            sum(sample.within_bound is not None for sample in samples),
            sum(sample.within_bound is False for sample in samples),
            sum(sample.served.seconds is None for sample in samples),
            sum(sample.false_zero for sample in samples),
        )

    def row(self) -> str:
        """Its line of the table."""
        cells = [
            self.name,
            f"{self.samples}",
            *(_number(error, 0) for error in (self.records.p50, self.records.p95, self.records.most)),
            *(_number(error, 3) for error in (self.seconds.p50, self.seconds.p95, self.seconds.most)),
            _share(self.outside, self.bounded),
            _share(self.samples - self.unknown - self.bounded, self.samples),
            _share(self.unknown, self.samples),
            f"{self.false_zeros}",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| life | samples | lag p50 | lag p95 | lag max | seconds p50 | seconds p95 | seconds max "
    "| outside bound | no bound | unknown | false zeros |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def summaries(samples: Sequence[Sample]) -> list[Summary]:
    """One of each life, in the order in which they come, and one of all."""
    names = dict.fromkeys(sample.life for sample in samples)
    each = [Summary.of(name, [sample for sample in samples if sample.life == name]) for name in names]
    return [*each, Summary.of("**all**", samples)]


class Absence(NamedTuple):
    """A stretch of readings without lag seconds, on one partition or more of a life."""

    life: str
    first: float
    last: float
    samples: int


def absences(samples: Sequence[Sample]) -> list[Absence]:
    """When lag seconds were unknown, of each life in the order of time."""
    found: list[Absence] = []
    for life in dict.fromkeys(sample.life for sample in samples):
        missing_at: dict[float, int] = {}
        for sample in samples:
            if sample.life == life:
                missing_at[sample.at] = missing_at.get(sample.at, 0) + (sample.served.seconds is None)
        goes_on = False
        for at, missing in sorted(missing_at.items()):
            if missing and goes_on:
                found[-1] = found[-1]._replace(last=at, samples=found[-1].samples + missing)
            elif missing:
                found.append(Absence(life, at, at, missing))
            goes_on = missing > 0
    return found


def complaints(total: Summary, interval: float) -> list[str]:
    """What of the goals is not reached; nothing when all are.

    Args:
        total: the summary of all samples.
        interval: seconds between two of the exporter's readings.
    """
    said = []
    if not total.samples:
        return ["nothing was served that could be judged"]
    if not total.bounded:
        said.append("no lag seconds had an error bound")
    elif total.bounded - total.outside < WITHIN_BOUND_AT_LEAST * total.bounded:
        share = _share(total.outside, total.bounded)
        said.append(f"{share} of lag seconds are outside their own bound, {1 - WITHIN_BOUND_AT_LEAST:.1%} may be")
    if total.seconds.p95 is not None and total.seconds.p95 >= interval:
        said.append(f"the error of lag seconds at p95 is {total.seconds.p95:.3f} s, not under {interval:g} s")
    if total.false_zeros:
        said.append(f"{total.false_zeros} false zeros")
    return said


def _number(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _share(part: int, whole: int) -> str:
    return "-" if not whole else f"{part / whole:.2%}"
