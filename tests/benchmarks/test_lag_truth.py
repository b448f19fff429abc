"""What lag may have been at an instant, from notes of what was written and committed."""

import math

import pytest

from benchmarks.lag.truth import Append, Commit, PartitionTruth, Possible, Span

READING = Span(10.0, 10.1)


def truth(appends: list[Append], *commits: Commit) -> PartitionTruth:
    """One partition's truth from its records in order."""
    return PartitionTruth(dict(enumerate(appends)), commits)


def test_a_record_that_was_there_before_the_reading_waits() -> None:
    """Lag is sure, and waiting is known to within the call that wrote the record and the reading itself."""
    (possible,) = truth([Append(4.0, 4.5)], Commit(0, 1.0, 1.1)).during(READING)
    assert possible.records == Span(1, 1)
    assert possible.seconds == pytest.approx(Span(5.5, 6.1))


def test_no_record_waits_where_everything_is_committed() -> None:
    """Lag and waiting are 0, exactly."""
    assert truth([Append(4.0, 4.5)], Commit(1, 5.0, 5.1)).during(READING) == [Possible(Span(0, 0), Span(0.0, 0.0))]


def test_a_record_that_is_written_during_the_reading_may_be_there_or_not() -> None:
    """Either is right: lag 0 or 1, no waiting or that since it was sent."""
    (possible,) = truth([Append(9.9, 10.05)], Commit(0, 1.0, 1.1)).during(READING)
    assert possible.records == Span(0, 1)
    assert possible.seconds == pytest.approx(Span(0.0, 0.2))


def test_a_record_that_is_written_after_the_reading_is_not_there() -> None:
    """It counts for nothing."""
    assert truth([Append(10.2, 10.3)], Commit(0, 1.0, 1.1)).during(READING) == [Possible(Span(0, 0), Span(0.0, 0.0))]


def test_a_commit_in_flight_during_the_reading_may_be_the_last_or_not() -> None:
    """Both commits would be right, and nothing between them."""
    appends = [Append(2.0, 2.0)] * 100
    before, after = truth(appends, Commit(10, 5.0, 5.1), Commit(90, 9.99, 10.2)).during(READING)
    assert (before.records, after.records) == (Span(90, 90), Span(10, 10))


def test_only_the_last_sure_commit_and_what_came_after_count() -> None:
    """A commit that a later one has surely replaced is not right any more."""
    appends = [Append(2.0, 2.0)] * 9
    (possible,) = truth(appends, Commit(1, 3.0, 3.1), Commit(5, 4.0, 4.1), Commit(9, 11.0, 11.1)).during(READING)
    assert possible.records == Span(4, 4)


def test_a_commit_without_an_answer_stays_possible_until_the_next() -> None:
    """Nobody knows whether it was taken."""
    appends = [Append(2.0, 2.0)] * 9
    unanswered = truth(appends, Commit(1, 3.0, 3.1), Commit(5, 4.0, math.inf)).during(READING)
    assert [each.records for each in unanswered] == [Span(8, 8), Span(4, 4)]
    replaced = truth(appends, Commit(1, 3.0, 3.1), Commit(5, 4.0, math.inf), Commit(7, 6.0, 6.1)).during(READING)
    assert [each.records for each in replaced] == [Span(2, 2)]


def test_nothing_can_be_judged_before_the_first_commit() -> None:
    """A group whose first commit is in flight may rightly be served or absent."""
    assert truth([Append(2.0, 2.0)], Commit(0, 9.9, 10.05)).during(READING) == []


def test_a_record_is_appended_after_its_predecessor_and_before_its_successor() -> None:
    """A late report on a record says less than the early one on the record after it; likewise a late call before it."""
    (possible,) = truth([Append(4.0, 9.0), Append(4.1, 5.0)], Commit(0, 1.0, 1.1)).during(READING)
    assert possible.seconds == pytest.approx(Span(5.0, 6.1))
    (possible,) = truth([Append(4.0, 4.2), Append(3.0, 4.3)], Commit(1, 1.0, 1.1)).during(READING)
    assert possible.seconds == pytest.approx(Span(5.7, 6.1))


def test_a_rewind_is_lag_again() -> None:
    """The last commit counts, not the highest."""
    appends = [Append(2.0, 2.0)] * 9
    (possible,) = truth(appends, Commit(9, 3.0, 3.1), Commit(2, 4.0, 4.1)).during(READING)
    assert possible.records == Span(7, 7)


def test_notes_with_a_gap_are_refused() -> None:
    """Truth that lacks a record would call a right number wrong."""
    with pytest.raises(ValueError, match="gap"):
        PartitionTruth({0: Append(1.0, 1.0), 2: Append(1.0, 1.0)}, [])


@pytest.mark.parametrize(("value", "distance"), [(1.5, 0.0), (1.0, 0.0), (0.25, 0.75), (3.0, 1.0)])
def test_the_distance_from_a_span_is_what_lies_outside(value: float, distance: float) -> None:
    """Within the span there is no error."""
    assert Span(1.0, 2.0).distance(value) == distance
