"""What an offset history answers: which instants, how exact, and for how long."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgauge.model.history import THINNING_RATIO, Bracket, OffsetHistory
from streamgauge.model.snapshot import EndOffset

RELATIVE_ERROR = THINNING_RATIO / 2
"""What a thinned bracket's half-width is of its age, at most."""


class Run(NamedTuple):
    """A stretch of a partition's life: so many readings, this far apart, each with so many records more."""

    readings: int
    seconds: float
    records: int


def life_of(*runs: Run) -> list[EndOffset]:
    """The readings of a life, each answered 0.01 s after it was asked."""
    readings = []
    at, end = 0.0, 0
    for run in runs:
        for _ in range(run.readings):
            at += run.seconds
            end += run.records
            readings.append(EndOffset(end, at, at + 0.01))
    return readings


def remembered(readings: list[EndOffset], capacity: int = 64) -> OffsetHistory:
    """A history that saw them all."""
    history = OffsetHistory(capacity)
    for reading in readings:
        history.observe(reading)
    return history


LIVES = st.lists(
    st.builds(
        Run,
        readings=st.integers(1, 120),
        seconds=st.sampled_from([0.5, 1.0, 15.0, 60.0]),
        records=st.sampled_from([0, 0, 1, 7]),
    ),
    min_size=1,
    max_size=8,
).map(lambda runs: life_of(*runs))


def test_a_bracket_is_from_the_last_request_below_to_the_first_answer_above() -> None:
    """A0 is when the last request was sent whose end was not above it, A1 when the first was answered that was."""
    history = remembered([EndOffset(10, 1.0, 2.0), EndOffset(20, 3.0, 4.0), EndOffset(30, 5.0, 6.0)])

    assert history.bracket(10) == Bracket(1.0, 4.0)
    assert history.bracket(19) == Bracket(1.0, 4.0)
    assert history.bracket(20) == Bracket(3.0, 6.0)
    assert history.bracket(29) == Bracket(3.0, 6.0)


@pytest.mark.parametrize("offset", [0, 9, 30, 31])
def test_there_is_no_bracket_outside_of_what_was_seen(offset: int) -> None:
    """A record that was there at the first reading, or is not there yet, has no bracket."""
    history = remembered([EndOffset(10, 1.0, 2.0), EndOffset(20, 3.0, 4.0), EndOffset(30, 5.0, 6.0)])

    assert history.bracket(offset) is None


def test_nothing_is_known_before_two_readings() -> None:
    """One reading says where the end is, not when it got there."""
    assert remembered([]).bracket(0) is None
    assert remembered([EndOffset(10, 1.0, 2.0)]).bracket(9) is None


def test_an_idle_partition_does_not_fill_its_history() -> None:
    """An end that does not move only moves the instant at which it was asked for last: A0 of the next record."""
    idle = [EndOffset(10, float(at), at + 0.5) for at in range(1000)]
    history = remembered([*idle, EndOffset(11, 1000.0, 1000.5)])

    assert len(history) == 2
    assert history.bracket(10) == Bracket(999.0, 1000.5)


def test_a_reading_that_is_missing_widens_one_bracket() -> None:
    """Where a partition could not be read for a while, what came meanwhile came within that while."""
    history = remembered([EndOffset(10, 1.0, 2.0), EndOffset(20, 61.0, 62.0), EndOffset(30, 63.0, 64.0)])

    assert history.bracket(15) == Bracket(1.0, 62.0)
    assert history.bracket(25) == Bracket(61.0, 64.0)


def test_an_end_that_falls_voids_all_that_was_known() -> None:
    """After the log was cut short other records may stand at the same offsets: a new epoch begins with this reading."""
    history = remembered([EndOffset(10, 1.0, 2.0), EndOffset(20, 3.0, 4.0), EndOffset(15, 5.0, 6.0)])

    assert history.epoch == 1
    assert len(history) == 1
    assert [history.bracket(offset) for offset in (10, 14, 15)] == [None] * 3
    history.observe(EndOffset(25, 7.0, 8.0))
    assert history.bracket(14) is None
    assert history.bracket(15) == Bracket(5.0, 8.0)
    assert history.epoch == 1


def test_a_batch_followed_by_a_quiet_day_stays_exact() -> None:
    """Thinning never lets a quiet time into the bracket of what came after it: the last point before it is kept."""
    day = [Run(20, 15.0, 100), Run(5740, 15.0, 0)]
    history = remembered(life_of(*day * 7, Run(300, 15.0, 100)))

    first_of_the_last_day = history.bracket(7 * 2000)
    assert first_of_the_last_day is not None
    assert first_of_the_last_day.latest - first_of_the_last_day.earliest < 1000, "a few minutes, an hour and more ago"


@given(readings=LIVES, capacity=st.integers(12, 200))
@settings(deadline=None)
def test_capacity_is_never_exceeded(readings: list[EndOffset], capacity: int) -> None:
    """However long a partition lives, its history never holds more points than it may."""
    history = OffsetHistory(capacity)
    for reading in readings:
        history.observe(reading)
        assert len(history) <= capacity


@given(readings=LIVES)
@settings(deadline=None)
def test_the_first_and_the_last_points_are_kept(readings: list[EndOffset]) -> None:
    """A thinned history reaches as far back as it ever did, and its last bracket is as narrow as ever."""
    thinned, whole = remembered(readings, capacity=16), remembered(readings, capacity=10_000)
    ends = sorted({reading.offset for reading in readings})

    assert (thinned.bracket(ends[0]) is None) == (whole.bracket(ends[0]) is None)
    if len(ends) > 1:
        assert thinned.bracket(ends[-1] - 1) == whole.bracket(ends[-1] - 1)


@given(readings=LIVES)
@settings(deadline=None)
def test_a_bracket_contains_the_one_before_thinning(readings: list[EndOffset]) -> None:
    """Thinning makes an answer less exact, never wrong, and never forgets an offset that was known."""
    thinned, whole = remembered(readings, capacity=16), remembered(readings, capacity=10_000)

    for offset in {reading.offset + step for reading in readings for step in (-1, 0)}:
        exact, answer = whole.bracket(offset), thinned.bracket(offset)
        assert (exact is None) == (answer is None)
        if exact is not None and answer is not None:
            assert answer.earliest <= exact.earliest
            assert answer.latest >= exact.latest


@given(readings=LIVES)
@settings(deadline=None)
def test_the_relative_error_stays_even(readings: list[EndOffset]) -> None:
    """A bracket is that of one reading, or its half-width is at most 5 % of its age: recent or old, busy or idle.

    That holds while points that may be dropped are enough. 200 points are, for hours of any pattern.
    """
    thinned, whole = remembered(readings, capacity=200), remembered(readings, capacity=10_000)
    now = readings[-1].answered

    for offset in {reading.offset for reading in readings}:
        bracket = thinned.bracket(offset)
        if bracket is not None and bracket != whole.bracket(offset):
            assert relative_error(bracket, now) <= RELATIVE_ERROR


def test_two_weeks_fit_into_the_default_number_of_points() -> None:
    """256 points, the default, hold two weeks of readings every 15 s with an error of 5 % at most, all the time."""
    readings = life_of(Run(14 * 5760, 15.0, 1))
    history = OffsetHistory(256)
    for number, reading in enumerate(readings):
        history.observe(reading)
        if number % 5000 == 0 or reading is readings[-1]:
            assert worst_error(history, reading) <= RELATIVE_ERROR


@given(readings=LIVES, capacity=st.integers(12, 40))
@settings(deadline=None)
def test_fewer_points_cost_exactness_where_it_is_oldest_and_widest(readings: list[EndOffset], capacity: int) -> None:
    """Where points are too few the error grows in steps of two, and brackets still follow one another without a gap."""
    history = remembered(readings, capacity)
    ends = sorted({reading.offset for reading in readings})
    brackets = [bracket for offset in ends if (bracket := history.bracket(offset)) is not None]

    assert all(one.earliest <= other.earliest and one.latest <= other.latest for one, other in pairwise(brackets))
    assert all(bracket.latest > bracket.earliest for bracket in brackets)


def relative_error(bracket: Bracket, now: float) -> float:
    """Half of a bracket's width in terms of its age, from its middle to now."""
    earliest, latest = bracket
    return (latest - earliest) / 2 / (now - (earliest + latest) / 2)


def worst_error(history: OffsetHistory, last: EndOffset) -> float:
    """The worst relative error of a life with one record a reading, those of single readings left out."""
    brackets = {history.bracket(offset) for offset in range(1, last.offset, 7)} - {None}
    wide = [bracket for bracket in brackets if bracket is not None and bracket.latest - bracket.earliest > 15.02]
    return max((relative_error(bracket, last.answered) for bracket in wide), default=0.0)
