"""The numbered rules of ``streamgauge.model.throughput``, and the rates."""

from typing import NamedTuple

import pytest

from streamgauge.model.throughput import RATE_SECONDS, RecordCounter, appended, consumed


class Appended(NamedTuple):
    """One row of the table of ``appended``."""

    name: str
    before: int | None
    end: int
    answer: int
    why: str
    is_new: bool = False


class Consumed(NamedTuple):
    """One row of the table of ``consumed``."""

    name: str
    before: int | None
    committed: int | None
    answer: int
    why: str
    may_be_reset: bool = False


APPENDED = (
    Appended("rule-1-added-while-watched", None, 70, 70, "it was empty when it came, so all of it is new", is_new=True),
    Appended("rule-1-made-anew", 500, 70, 70, "the end before belongs to another topic", is_new=True),
    Appended("rule-1-empty", None, 0, 0, "new, but without a record", is_new=True),
    Appended("rule-2-first-seen", None, 70, 0, "what was there before us was not appended now"),
    Appended("rule-3-cut-short", 500, 499, 0, "a counter never falls"),
    Appended("rule-4-grown", 500, 570, 70, "the difference"),
    Appended("rule-4-idle", 500, 500, 0, "no difference"),
    Appended("rule-4-from-the-start", 0, 70, 70, "0 is an end that is known, not one that is missing"),
)
CONSUMED = (
    Consumed("rule-1-first-commit", None, 70, 0, "nobody knows where it began"),
    Consumed("rule-1-unreadable-now", 70, None, 0, "nobody knows where it is"),
    Consumed("rule-1-never", None, None, 0, "nothing is known"),
    Consumed("rule-2-rewind", 70, 20, 0, "a counter never falls"),
    Consumed("rule-2-rewind-of-a-reset", 70, 20, 0, "nor by a reset", may_be_reset=True),
    Consumed("rule-3-reset-forward", 70, 500, 0, "skipped, not consumed", may_be_reset=True),
    Consumed("rule-4-forward", 70, 100, 30, "the difference"),
    Consumed("rule-4-again-after-a-rewind", 20, 70, 50, "what is read again is counted again"),
    Consumed("rule-4-stalled", 70, 70, 0, "no difference"),
    Consumed("rule-4-from-the-start", 0, 70, 70, "0 is a commit that is known, not one that is missing"),
)


@pytest.mark.parametrize("case", APPENDED, ids=lambda case: case.name)
def test_appended(case: Appended) -> None:
    """Each rule of ``appended`` answers what the table says, for the reason that stands there."""
    assert appended(case.before, case.end, is_new=case.is_new) == case.answer, case.why


@pytest.mark.parametrize("case", CONSUMED, ids=lambda case: case.name)
def test_consumed(case: Consumed) -> None:
    """Each rule of ``consumed`` answers what the table says, for the reason that stands there."""
    assert consumed(case.before, case.committed, may_be_reset=case.may_be_reset) == case.answer, case.why


def test_a_counter_begins_at_zero_without_a_rate() -> None:
    """A counter that has seen nothing is 0, and its rate is unknown."""
    counter = RecordCounter()

    assert counter.total == 0
    assert counter.per_second is None


def test_a_rate_needs_two_instants() -> None:
    """One instant makes no rate, and neither do two readings of the same instant."""
    counter = RecordCounter()
    counter.add(100, 10.0)
    assert counter.per_second is None
    counter.add(100, 10.0)
    assert counter.per_second is None


def test_a_rate_is_what_came_between_its_first_and_last_instant() -> None:
    """What came with the first reading came before it, and has no part in the rate."""
    counter = RecordCounter()
    counter.add(1000, 10.0)
    counter.add(50, 15.0)
    counter.add(70, 20.0)

    assert counter.total == 1120
    assert counter.per_second == 12.0


def test_a_rate_forgets_what_is_older_than_its_window() -> None:
    """A rate is taken over the last ``RATE_SECONDS``, and is 0 when nothing has come for that long."""
    counter = RecordCounter()
    for second in range(100):
        counter.add(10 if second < 50 else 0, float(second))

    assert counter.total == 500
    assert counter.per_second == 0.0
    assert len(counter._samples) <= RATE_SECONDS + 2


def test_a_rate_is_over_its_whole_window() -> None:
    """A rate spans at least ``RATE_SECONDS`` where that much was seen, so that one empty cycle does not make it 0."""
    counter = RecordCounter()
    counter.add(0, 0.0)
    counter.add(310, 20.0)
    counter.add(0, 31.0)

    assert counter.per_second == 10.0


def test_a_rate_over_rare_readings_spans_two_of_them() -> None:
    """Where readings are further apart than the window, the rate is that between the last two."""
    counter = RecordCounter()
    counter.add(0, 0.0)
    counter.add(600, 60.0)
    counter.add(1200, 120.0)

    assert counter.per_second == 20.0
