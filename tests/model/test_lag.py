"""The numbered rules of ``streamgauge.model.lag``: what each answers, and why."""

from typing import NamedTuple

import pytest

from streamgauge.model.history import OffsetHistory
from streamgauge.model.lag import UNKNOWN, Estimate, Lag, lag_of
from streamgauge.model.search import Appended, Method
from streamgauge.model.snapshot import EndOffset

FIRST, SECOND, THIRD = EndOffset(100, 10.0, 11.0), EndOffset(200, 20.0, 21.0), EndOffset(300, 30.0, 31.0)


def seen(records: int, seconds: float | None, bound: float | None) -> Lag:
    """Lag by the history alone."""
    return Lag(records, seconds, bound, None if seconds is None else Method.HISTORY)


def kept_as(offset: int, earliest: float, latest: float) -> Estimate:
    """What is kept of a record that came between two instants."""
    return Estimate(offset, 0, Appended((earliest + latest) / 2, (latest - earliest) / 2, Method.HISTORY))


class Case(NamedTuple):
    """One row of the table: after the three readings above, the last of which is the end unless it says otherwise."""

    name: str
    answer: Lag
    why: str
    committed: int | None
    end: EndOffset | None = THIRD
    log_start: int | None = 0
    readings: tuple[EndOffset, ...] | None = (FIRST, SECOND, THIRD)


CASES = (
    Case("rule-1-commit-unreadable", UNKNOWN, "without a commit there is nothing to subtract", None),
    Case("rule-1-nothing-readable", UNKNOWN, "and without an end there is even less", None, end=None),
    Case(
        "rule-2-end-unreadable", UNKNOWN, "a partition without a leader says nothing, and 0 would be a lie", 150, None
    ),
    Case("rule-2-even-when-it-was-caught-up", UNKNOWN, "records may have come since the end was read last", 300, None),
    Case("rule-3-commit-above-the-end", UNKNOWN, "the end is stale or the log was cut: never a negative lag", 301),
    Case(
        "rule-3-of-a-new-topic",
        UNKNOWN,
        "a commit that outlived its topic is above the end of the new one",
        5,
        end=EndOffset(0, 30.0, 31.0),
        readings=(EndOffset(0, 30.0, 31.0),),
    ),
    Case("rule-4-caught-up", seen(0, 0.0, 0.0), "nothing waits: known exactly", 300),
    Case("rule-4-without-a-history", seen(0, 0.0, 0.0), "nothing waits, whatever was seen before", 300, readings=None),
    Case(
        "rule-4-of-an-empty-partition",
        seen(0, 0.0, 0.0),
        "the first offset is committed and there is no record",
        0,
        end=EndOffset(0, 30.0, 31.0),
        readings=(EndOffset(0, 30.0, 31.0),),
    ),
    Case(
        "rule-4-although-all-is-deleted",
        seen(0, 0.0, 0.0),
        "retention took what was consumed before",
        300,
        log_start=300,
    ),
    Case(
        "rule-5-log-start-passed-the-commit-wholly",
        seen(150, None, None),
        "150 records were lost to the group; none is left that waits",
        150,
        log_start=300,
    ),
    Case(
        "rule-5-log-start-above-the-end-read-before",
        seen(150, None, None),
        "the log start is read after the end, so it may already be further",
        150,
        log_start=310,
    ),
    Case("rule-6-history-too-short", seen(250, None, None), "the record is older than the first reading", 50),
    Case("rule-6-just-too-short", seen(201, None, None), "offset 99 was there at the first reading", 99),
    Case(
        "rule-6-history-of-one-reading",
        seen(1, None, None),
        "all records were there already",
        299,
        readings=(THIRD,),
    ),
    Case("rule-6-no-history", seen(150, None, None), "no reading of the partition is remembered", 150, readings=None),
    Case(
        "rule-7-one-behind",
        seen(1, 5.5, 5.5),
        "appended in [20, 31]: after 20, when the end was still at most 299, and before 31, when it was above",
        299,
    ),
    Case("rule-7-all-of-one-cycle", seen(100, 5.5, 5.5), "the first record after an end that was seen: [20, 31]", 200),
    Case("rule-7-one-cycle-further", seen(101, 15.5, 5.5), "the last record of the cycle before: [10, 21]", 199),
    Case("rule-7-as-far-as-it-reaches", seen(200, 15.5, 5.5), "the first record after the first reading", 100),
    Case(
        "rule-7-log-start-passed-the-commit-partly",
        seen(250, 5.5, 5.5),
        "lag counts what was lost too; the next record to be had is the one at the log start, 250, of [20, 31]",
        50,
        log_start=250,
    ),
    Case(
        "rule-7-log-start-at-the-commit", seen(150, 15.5, 5.5), "the next record is the first there is", 150, THIRD, 150
    ),
    Case("rule-7-log-start-unreadable", seen(150, 15.5, 5.5), "taken as still there: [10, 21]", 150, log_start=None),
    Case(
        "rule-7-idle-before",
        seen(50, 3.0, 3.0),
        "asked again at 26 and still at 200: so the record at 250 came in [26, 32], not [20, 32]",
        250,
        end=EndOffset(300, 31.0, 32.0),
        readings=(FIRST, SECOND, EndOffset(200, 26.0, 27.0), EndOffset(300, 31.0, 32.0)),
    ),
    Case(
        "rule-7-no-records-since",
        seen(50, 25.5, 5.5),
        "the record of [20, 31] waits on while nothing new comes: T is the last answer, 51",
        250,
        end=EndOffset(300, 50.0, 51.0),
        readings=(FIRST, SECOND, THIRD, EndOffset(300, 50.0, 51.0)),
    ),
)


def history_of(*readings: EndOffset, capacity: int = 64) -> OffsetHistory:
    """A history that saw these readings."""
    history = OffsetHistory(capacity)
    for reading in readings:
        history.observe(reading)
    return history


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule(case: Case) -> None:
    """Each rule answers what the table says, for the reason that stands there."""
    history = None if case.readings is None else history_of(*case.readings)

    lag, _ = lag_of(case.committed, case.end, case.log_start, history)

    assert lag == case.answer, case.why


def test_every_rule_has_a_case() -> None:
    """The table covers the rules 1 to 7 and names no other."""
    assert {case.name.split("-")[1] for case in CASES} == set("1234567")


def test_a_bracket_that_was_found_is_returned_to_be_kept() -> None:
    """What is known of a record's append comes back with the record and the epoch that it belongs to; else nothing."""
    history = history_of(FIRST, SECOND, THIRD)

    assert lag_of(250, THIRD, 0, history)[1] == kept_as(250, 20.0, 31.0)
    assert lag_of(50, THIRD, 250, history)[1] == kept_as(250, 20.0, 31.0)
    assert lag_of(50, THIRD, 0, history)[1] == Estimate(50, 0, None), "that nothing is known is kept too"
    assert [lag_of(committed, THIRD, 0, history)[1] for committed in (None, 301, 300)] == [None] * 3
    assert lag_of(250, None, 0, history)[1] is None


def test_a_kept_bracket_outlives_the_thinning_that_widens_it() -> None:
    """While the commit does not move its bracket is kept: the seconds grow with the clock alone, the bound stays."""
    history = history_of(*(EndOffset(10 * i, 10.0 * i, 10.0 * i + 1) for i in range(16)), capacity=16)
    end = EndOffset(150, 150.0, 151.0)
    before, kept = lag_of(45, end, 0, history)
    for i in range(16, 200):
        end = EndOffset(10 * i, 10.0 * i, 10.0 * i + 1)
        history.observe(end)

    fresh, _ = lag_of(45, end, 0, history)
    after, _ = lag_of(45, end, 0, history, kept)

    assert before.seconds is not None
    assert before.error_bound == 5.5
    assert fresh.error_bound is not None
    assert fresh.error_bound > 5.5, "thinning has widened the bracket"
    assert after.error_bound == before.error_bound
    assert after.seconds == before.seconds + (1991.0 - 151.0)


@pytest.mark.parametrize(
    ("committed", "log_start", "answer"),
    [
        pytest.param(250, 0, seen(50, 26.0, 1.0), id="same-record"),
        pytest.param(251, 0, seen(49, 5.5, 5.5), id="commit-moved-on"),
        pytest.param(249, 0, seen(51, 5.5, 5.5), id="commit-moved-back"),
        pytest.param(250, 260, seen(50, 5.5, 5.5), id="log-start-passed-it"),
        pytest.param(50, 250, seen(250, 26.0, 1.0), id="same-record-by-the-log-start"),
    ],
)
def test_a_kept_bracket_is_of_one_record(committed: int, log_start: int, answer: Lag) -> None:
    """A kept bracket answers for the record that it was found for, and is void as soon as another one is next."""
    kept = kept_as(250, 4.0, 6.0)

    lag, _ = lag_of(committed, THIRD, log_start, history_of(FIRST, SECOND, THIRD), kept)

    assert lag == answer


def test_a_kept_bracket_is_void_when_the_log_was_cut() -> None:
    """After a fall of the end another record may stand at the same offset: the bracket of the old one is void."""
    history = history_of(FIRST, SECOND, THIRD)
    _, kept = lag_of(150, THIRD, 0, history)
    cut, regrown = EndOffset(140, 40.0, 41.0), EndOffset(180, 50.0, 51.0)
    history.observe(cut)
    history.observe(regrown)

    lag, _ = lag_of(150, regrown, 0, history, kept)

    assert lag == seen(30, 51.0 - (40.0 + 51.0) / 2, 5.5)


def test_a_kept_bracket_does_not_hide_that_the_end_cannot_be_read() -> None:
    """The rules before the seventh come first, whatever was kept."""
    kept = kept_as(250, 4.0, 6.0)
    history = history_of(FIRST, SECOND, THIRD)

    assert lag_of(250, None, 0, history, kept) == (UNKNOWN, None)
    assert lag_of(None, THIRD, 0, history, kept) == (UNKNOWN, None)
    assert lag_of(300, THIRD, 0, history, kept) == (seen(0, 0.0, 0.0), None)
