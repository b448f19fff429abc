"""How served numbers are judged, counted and held against the goals."""

import pytest

from benchmarks.lag.comparison import (
    Absence,
    Errors,
    Sample,
    Served,
    Summary,
    absences,
    complaints,
    judge,
    summaries,
)
from benchmarks.lag.truth import Possible, Span

BEHIND = Possible(Span(5, 6), Span(3.0, 3.1))
CAUGHT_UP = Possible(Span(0, 0), Span(0.0, 0.0))


def judged(lag: float | None, seconds: float | None, bound: float | None, *possible: Possible) -> Sample:
    """One sample."""
    return judge("steady", 1.0, Served(lag, seconds, bound), possible or (BEHIND,))


def test_a_number_within_the_truth_has_no_error() -> None:
    """What truth itself is uncertain of is nobody's error."""
    sample = judged(6, 3.05, 0.5)
    assert (sample.records_error, sample.seconds_error, sample.within_bound) == (0, 0.0, True)
    assert not sample.is_wrong


def test_an_error_is_the_distance_to_the_nearest_truth() -> None:
    """While a commit is in flight, either is right."""
    sample = judged(8, 2.8, 0.5, CAUGHT_UP, BEHIND)
    assert sample.records_error == 2
    assert sample.seconds_error == pytest.approx(0.2)
    assert sample.is_wrong


@pytest.mark.parametrize(("bound", "within"), [(0.25, True), (0.15, False), (None, None)])
def test_a_value_is_held_against_its_own_bound(*, bound: float | None, within: bool | None) -> None:
    """It is outside where the truth cannot lie within the value plus or minus the bound; without one it is not held."""
    sample = judged(5, 2.8, bound)
    assert sample.within_bound is within
    assert sample.is_wrong is (within is False)


@pytest.mark.parametrize(("lag", "seconds"), [(0, 3.0), (5, 0.0), (0, 0.0)])
def test_a_zero_while_a_record_waits_is_false(lag: float, seconds: float) -> None:
    """In records or in seconds, whatever its bound says."""
    assert judged(lag, seconds, 100.0).false_zero


@pytest.mark.parametrize(
    "possible",
    [
        (CAUGHT_UP,),
        (BEHIND, CAUGHT_UP),
        (Possible(Span(0, 1), Span(0.0, 0.2)),),
    ],
)
def test_a_zero_that_may_be_true_is_not_false(possible: tuple[Possible, ...]) -> None:
    """A record or a commit that arrives during the reading may be seen or not."""
    assert not judged(0, 0.0, 0.0, *possible).false_zero


def test_what_is_absent_is_unknown_and_no_error() -> None:
    """It is counted as such, and enters no error."""
    summary = Summary.of("steady", [judged(5, None, None), judged(None, None, None), judged(5, 3.0, 0.1)])
    assert (summary.samples, summary.unknown, summary.bounded, summary.outside) == (3, 2, 1, 0)
    assert summary.seconds == Errors(0.0, 0.0, 0.0)
    assert complaints(summary, 1.0) == []


def test_errors_are_ranked() -> None:
    """The middle one, that which 19 of 20 do not exceed, and the greatest; none of nothing."""
    assert Errors.of([float(number) for number in range(100, 0, -1)]) == Errors(50.0, 95.0, 100.0)
    assert Errors.of([7.0]) == Errors(7.0, 7.0, 7.0)
    assert Errors.of([]) == Errors(None, None, None)


def test_there_is_a_line_of_each_life_and_one_of_all() -> None:
    """In the order of the lives; a cell with nothing in it says so."""
    other = judge("stall", 1.0, Served(None, None, None), [BEHIND])
    each = summaries([judged(5, 3.0, 0.1), other])
    assert [summary.name for summary in each] == ["steady", "stall", "**all**"]
    assert each[1].row() == "| stall | 1 | - | - | - | - | - | - | - | 0.00% | 100.00% | 0 |"
    assert each[2].row() == "| **all** | 2 | 0 | 0 | 0 | 0.000 | 0.000 | 0.000 | 0.00% | 0.00% | 50.00% | 0 |"


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        ([judged(5, 3.0, 0.1)] * 999 + [judged(5, 2.0, 0.1)] * 2, "outside their own bound"),
        ([judged(5, 1.5, 2.0)], "at p95 is 1.500 s, not under 1 s"),
        ([judged(5, 3.0, 0.1)] * 999 + [judged(0, 0.0, 4.0)], "1 false zeros"),
        ([judged(5, 3.0, None)], "no lag seconds had an error bound"),
        ([], "nothing was served"),
    ],
)
def test_a_goal_that_is_not_reached_is_named(samples: list[Sample], complaint: str) -> None:
    """Within the bound in 99.9 %, under one interval at p95, no false zero; and a run without samples is no pass."""
    (said,) = complaints(Summary.of("all", samples), 1.0)
    assert complaint in said


def test_one_in_a_thousand_may_be_outside_its_bound() -> None:
    """The goal is 99.9 %."""
    samples = [judged(5, 3.0, 0.1)] * 999 + [judged(5, 2.0, 0.1)]
    assert complaints(Summary.of("all", samples), 1.0) == []


def test_absences_are_told_as_stretches_of_time() -> None:
    """Readings that follow each other are one stretch, whichever partition lacks its seconds."""
    unknown, known = Served(5, None, None), Served(5, 3.0, 0.1)
    life = [(1.0, known), (2.0, unknown), (2.0, known), (3.0, unknown), (3.0, unknown), (4.0, known), (5.0, unknown)]
    samples = [judge("stall", at, served, [BEHIND]) for at, served in life]
    samples.append(judge("steady", 6.0, unknown, [BEHIND]))
    assert absences(samples) == [
        Absence("stall", 2.0, 3.0, 3),
        Absence("stall", 5.0, 5.0, 1),
        Absence("steady", 6.0, 6.0, 1),
    ]
