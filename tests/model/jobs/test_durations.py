"""Histograms of durations, and what is usual."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.jobs.durations import BOUNDS, DurationHistogram, Usual, quantile, usual


def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_exceed() -> None:
    """Bounds belong to their bucket; what is above all of them has one of its own."""
    histogram = DurationHistogram().with_one(0.1).with_one(0.11).with_one(1e6)

    assert histogram.buckets[:2] == (1, 1)
    assert histogram.buckets[-1] == 1
    assert len(histogram.buckets) == len(BOUNDS) + 1
    assert histogram.count == 3
    assert histogram.sum_seconds == pytest.approx(1e6 + 0.21)


def test_nothing_is_usual_of_nothing() -> None:
    """Unknown is not zero."""
    assert usual([]) is None


def test_the_trend_needs_five_runs_on_both_sides() -> None:
    """The median of the last five over that of those before."""
    assert usual([1.0] * 9) == Usual(9, 1.0, 1.0, None)
    assert usual([2.0] * 5 + [3.0] * 5) == Usual(10, 2.5, 3.0, 1.5)
    assert usual([0.0] * 10) == Usual(10, 0.0, 0.0, None)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_the_half_is_the_median(values: list[float]) -> None:
    """As the standard library has it, in any order."""
    assert quantile(values, 0.5) == pytest.approx(statistics.median(values))
    assert min(values) <= quantile(values, 0.95) <= max(values) + 1e-6
