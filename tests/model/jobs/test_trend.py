"""Where a figure goes over the last runs."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.jobs.trend import LEAST_RUNS, Direction, Trend, trend

RISING, FALLING, STEADY, UNKNOWN = Direction.RISING, Direction.FALLING, Direction.STEADY, Direction.UNKNOWN
OPPOSITE = {RISING: FALLING, FALLING: RISING, STEADY: STEADY, UNKNOWN: UNKNOWN}

# From nothing at all to what a month of seconds or a machine's bytes are; whole, so that scaling changes no order.
FIGURES = st.lists(st.none() | st.integers(0, 10**12).map(float), max_size=40)


@pytest.mark.parametrize(
    ("values", "direction", "why"),
    [
        ([], UNKNOWN, "nothing is known"),
        ([1, 2, 3, 4], UNKNOWN, "four runs are too few"),
        ([1, 2, None, 3, 4], UNKNOWN, "a run that did not tell it does not count"),
        ([10, 11, 12, 13, 14], RISING, "five that all rise"),
        ([14, 13, 12, 11, 10], FALLING, "and the other way round"),
        ([10, 11, 12, 13, None, 14], RISING, "a gap between them changes nothing"),
        ([10, 12, 11, 13, 14], STEADY, "of five, one step back is enough to doubt"),
        ([100, 101, 102, 103, 104, 105, 106, 107, 108], STEADY, "sure, but less than a tenth"),
        ([100, 102, 104, 106, 108, 110, 112, 114, 116], RISING, "sure, and more than a tenth"),
        ([10, 10, 10, 10, 10, 500], STEADY, "one run that was slow is no trend"),
        ([10, 11, 12, 13, 14, 15, 1, 17, 18, 19], RISING, "nor does one that was quick hide one"),
        ([10, 10, 10, 10, 10, 20, 20, 20, 20, 20], RISING, "a step up, of which most pairs are equal"),
        ([10, 30, 12, 28, 9, 31, 11, 29], STEADY, "to and fro"),
        ([7, 7, 7, 7, 7], STEADY, "the same each time"),
        ([0, 0, 0, 0, 0, 0], STEADY, "nothing each time"),
        ([0, 0, 0, 0, 0, 0, 3, 4, 5, 6], RISING, "from nothing, whatever that is in per cent"),
        ([6, 5, 4, 3, 0, 0, 0, 0, 0, 0], FALLING, "to nothing"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 9], STEADY, "one error at last"),
    ],
)
def test_the_direction(values: list[float | None], direction: Direction, why: str) -> None:
    """Large enough, sure enough, and out of enough runs."""
    assert trend(values).direction is direction, why


def test_every_figure_of_a_trend() -> None:
    """As it is worked out by hand."""
    found = trend([10.0, 12.0, None, 14.0, 16.0, 18.0])
    assert (found.count, found.unknown, found.direction) == (5, 1, RISING)
    assert (found.average, found.minimum, found.maximum, found.median) == (14.0, 10.0, 18.0, 14.0)
    assert [found.p90, found.p95, found.p99] == pytest.approx([17.2, 17.6, 17.92])
    assert found.standard_deviation == pytest.approx(math.sqrt(10))
    # Ten slopes: 1, 4/3, 4/3, 1.5, 1.5, 1.6, 2, 2, 2, 2.
    assert found.slope_per_run == pytest.approx(1.55)
    assert found.change_ratio == pytest.approx(1.55 * 5 / 14)


def test_what_is_not_known_is_none() -> None:
    """Never zero."""
    assert trend([None, None]) == Trend(0, 2)
    one = trend([3.0])
    assert (one.average, one.p99, one.standard_deviation, one.slope_per_run, one.change_ratio) == (
        3,
        3,
        None,
        None,
        None,
    )
    from_nothing = trend([0, 0, 0, 0, 0, 0, 3, 4, 5, 6])
    assert (from_nothing.median, from_nothing.change_ratio) == (0.0, None)


def test_noise_alone_is_steady_most_of_the_time() -> None:
    """Runs that vary by a fifth without a trend: one window in twenty may look like one, not one in three."""
    dice = random.Random(7)
    windows = [[dice.gauss(100, 20) for _ in range(30)] for _ in range(300)]
    called = sum(trend(window).direction is not STEADY for window in windows)
    assert called < 300 / 10


@given(FIGURES)
def test_figures_lie_between_the_least_and_the_most(values: list[float | None]) -> None:
    """In their order, and every run is counted once."""
    found = trend(values)
    assert found.count + found.unknown == len(values)
    if not found.count:
        return
    in_order = (found.minimum, found.median, found.p90, found.p95, found.p99, found.maximum)
    known = [figure for figure in in_order if figure is not None]
    assert len(known) == len(in_order)
    assert known == sorted(known)
    assert found.average is not None
    assert known[0] <= found.average <= known[-1]


@given(FIGURES)
def test_backwards_it_goes_the_other_way(values: list[float | None]) -> None:
    """What rises, falls."""
    forward, backward = trend(values), trend(values[::-1])
    assert backward.direction is OPPOSITE[forward.direction]
    assert backward.median == forward.median
    assert (backward.change_ratio is None) == (forward.change_ratio is None)


@given(FIGURES, st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_unit_does_not_matter(values: list[float | None], factor: float) -> None:
    """Seconds or minutes: the same direction, the same share."""
    scaled = trend([None if value is None else value * factor for value in values])
    found = trend(values)
    assert (scaled.direction, scaled.change_ratio) == (found.direction, found.change_ratio)


@given(FIGURES)
def test_there_is_a_direction_from_five_runs_on(values: list[float | None]) -> None:
    """And none before."""
    found = trend(values)
    assert (found.direction is UNKNOWN) == (found.count < LEAST_RUNS)
