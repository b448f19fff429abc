"""The numbered rules of ``streamgauge.model.search``: what a timestamp says of an append, and why."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.history import Bracket
from streamgauge.model.search import Appended, Method, SearchRules, Stamping, appended_at
from streamgauge.model.snapshot import Stamp

READ_AT = 1000.0
SKEW = 1.0
RULES = SearchRules(precision=30.0, clock_skew=SKEW)
NEVER = float("-inf")
BROKER, PRODUCER = Stamping(by_broker=True, compacted=False), Stamping(by_broker=False, compacted=False)
BEFORE_US = Bracket(NEVER, 900.0)
"""The record was there at the first reading, at 900."""
WATCHED = Bracket(400.0, 800.0)


class Case(NamedTuple):
    """One row of the table."""

    name: str
    answer: Appended | None
    why: str
    stamp: Stamp
    proven: Bracket
    stamping: Stamping


CASES = (
    Case("rule-1-no-timestamps", None, "records of the oldest format carry none", Stamp(None, None), BEFORE_US, BROKER),
    Case("rule-2-the-future", None, "hidden behind a record from it", Stamp(1001.1, None), BEFORE_US, PRODUCER),
    Case("rule-2-the-future-by-the-broker", None, "the clocks do not agree", Stamp(1001.1, None), BEFORE_US, BROKER),
    Case(
        "rule-3-exact",
        Appended(500.0, 1.0, Method.SEARCH),
        "the broker's word, give or take its clock",
        Stamp(500.0, 500.0),
        BEFORE_US,
        BROKER,
    ),
    Case(
        "rule-3-narrowed-by-the-first-reading",
        Appended(899.75, 0.25, Method.SEARCH),
        "[899.5, 901.5] and before 900",
        Stamp(900.5, 900.5),
        BEFORE_US,
        BROKER,
    ),
    Case(
        "rule-3-within-a-wide-bracket",
        Appended(500.0, 1.0, Method.SEARCH),
        "[400, 800] becomes [499, 501]",
        Stamp(500.0, 500.0),
        WATCHED,
        BROKER,
    ),
    Case(
        "rule-3-clocks-apart",
        None,
        "the history proves that it came later: the broker's clock is worse than we were told",
        Stamp(398.0, 398.0),
        WATCHED,
        BROKER,
    ),
    Case(
        "rule-3-shared-by-a-batch",
        Appended(500.0, 1.0, Method.SEARCH),
        "the next one, at 600, is of another batch",
        Stamp(500.0, 600.0),
        BEFORE_US,
        BROKER,
    ),
    Case(
        "rule-3-compacted",
        Appended(550.0, 51.0, Method.SEARCH),
        "the record may be gone: it or the next one waits",
        Stamp(500.0, 600.0),
        BEFORE_US,
        Stamping(by_broker=True, compacted=True),
    ),
    Case(
        "rule-3-compacted-to-the-end",
        Appended(699.5, 200.5, Method.SEARCH),
        "whatever is next was there at 900",
        Stamp(500.0, None),
        BEFORE_US,
        Stamping(by_broker=True, compacted=True),
    ),
    Case(
        "rule-4-within",
        Appended(500.0, 300.0, Method.SEARCH),
        "the producer's word, but the proof is the history's",
        Stamp(500.0, 500.0),
        WATCHED,
        PRODUCER,
    ),
    Case(
        "rule-4-a-little-outside",
        Appended(400.0, 400.0, Method.SEARCH),
        "clocks differ: what is proven counts",
        Stamp(399.5, 399.5),
        WATCHED,
        PRODUCER,
    ),
    Case(
        "rule-4-a-backfill", None, "a stamp of last year says nothing of the append", Stamp(1.0, 1.0), WATCHED, PRODUCER
    ),
    Case("rule-4-too-late", None, "it was there before", Stamp(801.5, 801.5), WATCHED, PRODUCER),
    Case(
        "rule-5-the-producers-word",
        Appended(500.0, None, Method.TIMESTAMP),
        "all there is, and no bound on it",
        Stamp(500.0, 500.0),
        BEFORE_US,
        PRODUCER,
    ),
    Case(
        "rule-5-not-later-than-seen",
        Appended(900.0, None, Method.TIMESTAMP),
        "it was there at 900 already",
        Stamp(950.0, 950.0),
        BEFORE_US,
        PRODUCER,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule(case: Case) -> None:
    """Each rule answers what the table says, for the reason that stands there."""
    answer = appended_at(case.stamp, case.proven, case.stamping, read_at=READ_AT, rules=RULES)

    assert answer == case.answer, case.why


def test_every_rule_has_a_case() -> None:
    """The table covers the rules 1 to 5 and names no other."""
    assert {case.name.split("-")[1] for case in CASES} == set("12345")


@given(
    append=st.floats(0, READ_AT),
    skew=st.floats(-SKEW, SKEW),
    before=st.one_of(st.just(float("inf")), st.floats(0, 500)),
    after=st.floats(0, 500),
)
def test_the_truth_is_within_the_bound(append: float, skew: float, before: float, after: float) -> None:
    """Law: where the broker stamps and its clock is as good as we were told, the append is within the bound."""
    proven = Bracket(append - before, min(READ_AT, append + after))
    stamp = append + skew

    answer = appended_at(Stamp(stamp, stamp), proven, BROKER, read_at=READ_AT, rules=RULES)

    assert answer is not None
    assert answer.bound is not None
    assert abs(answer.at - append) <= answer.bound + 1e-6
    assert answer.bound <= SKEW + 1e-6


@given(
    stamp=st.floats(-READ_AT, 2 * READ_AT),
    begin=st.floats(0, READ_AT),
    width=st.floats(0, 500),
)
def test_what_is_served_is_never_outside_of_what_is_proven(stamp: float, begin: float, width: float) -> None:
    """Law: whatever a producer writes into its timestamps, the history's proof holds."""
    proven = Bracket(begin, min(READ_AT, begin + width))

    answer = appended_at(Stamp(stamp, stamp), proven, PRODUCER, read_at=READ_AT, rules=RULES)

    if answer is not None:
        assert answer.bound is not None
        assert proven.earliest <= answer.at <= proven.latest
        assert answer.at - answer.bound <= proven.earliest + 1e-6
        assert answer.at + answer.bound >= proven.latest - 1e-6
