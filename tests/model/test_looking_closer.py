"""What a reading leaves open, what the next snapshot brings of it, and what becomes of the lag."""

from typing import Any

from streamgauge.model.reading import GroupTopicLag
from streamgauge.model.search import Method
from streamgauge.model.snapshot import Sought, Stamp, Tail, TopicConfig
from streamgauge.model.status import Status
from streamgauge.model.tails import MOST_OFFSETS, QUIET_READINGS
from tests.model.snapshots import GROUP, TOPIC, Watched

WALL = 1_700_000_000.0 - 1.0  # what the wall clock is ahead of the instants, at a cycle's end: see snapshots.py
BY_BROKER: dict[str, Any] = {"topic_configs": {TOPIC: TopicConfig("delete", "LogAppendTime", 1, None, None)}}
CAREFUL = "careful-committed"
NEXT = Sought(GROUP, TOPIC, 0)


def stamped(offset: int, at: float | None) -> dict[str, Any]:
    """A search has found when a record was stamped, on the clock of the instants."""
    stamp = Stamp(None, None) if at is None else Stamp(at + WALL, at + WALL)
    return {"stamps": {TOPIC: {(0, offset): stamp}}}


def one(lag: GroupTopicLag) -> tuple[int | None, float | None, float | None, Method | None]:
    """Lag, seconds, bound and method on the only partition."""
    (row,) = lag.rows()
    return row.lag, row.lag_seconds, row.error_bound_seconds, row.method


def test_a_record_of_before_the_first_reading_is_sought() -> None:
    """Its seconds are unknown, and the reading asks for its timestamp; nobody asks for what the history knows."""
    watched = Watched().see(0, {0: 100}, {0: 40})

    assert one(watched.lag) == (60, None, None, None)
    assert watched.reading.sought == (NEXT,)
    assert watched.see(10, {0: 110}, {0: 105}).reading.sought == ()


def test_what_was_found_is_kept_while_the_commit_does_not_move() -> None:
    """Found once, the seconds grow with the clock, whatever a search says later; another record is another question."""
    watched = Watched().see(0, {0: 100}, {0: 40})

    watched.see(10, {0: 100}, {0: 40}, **stamped(40, -50.0))
    assert one(watched.lag) == (60, 61.0, None, Method.TIMESTAMP)
    watched.see(20, {0: 100}, {0: 40}, **stamped(40, -10.0))
    assert one(watched.lag) == (60, 71.0, None, Method.TIMESTAMP)
    watched.see(30, {0: 100}, {0: 41})
    assert one(watched.lag) == (59, None, None, None)


def test_a_group_that_reads_on_is_known_in_every_reading() -> None:
    """What has been found does not end the question: the next snapshot brings where the group is by then."""
    watched = Watched().see(0, {0: 100}, {0: 40})
    for at in range(10, 60, 10):
        assert watched.reading.sought == (NEXT,)
        watched.see(at, {0: 100}, {0: 40 + at}, **stamped(40 + at, at - 50.0))
        assert one(watched.lag)[1:] == (51.0, None, Method.TIMESTAMP)


def test_a_group_that_stands_still_is_not_asked_for_long() -> None:
    """A commit may rest for a few readings and move on; one that rests for longer costs nothing."""
    watched = Watched().see(0, {0: 100}, {0: 40}).see(10, {0: 100}, {0: 40}, **stamped(40, -50.0))

    assert [watched.see(at, {0: 100}, {0: 40}).reading.sought for at in (20, 39, 40, 50)] == [(NEXT,), (NEXT,), (), ()]


def test_a_group_that_commits_seldom_is_asked_for_between_its_commits() -> None:
    """Twice its usual gap: its next record is found in the same reading in which the commit moves."""
    watched = Watched()
    for at in range(0, 300, 10):
        commit = 40 + at // 50
        watched.see(at, {0: 100}, {0: commit}, **stamped(commit, -50.0))
        assert at < 150 or watched.reading.sought == (NEXT,)


def test_the_brokers_own_clock_gives_a_bound() -> None:
    """LogAppendTime: as exact as the clocks are said to agree."""
    watched = Watched().see(0, {0: 100}, {0: 40}, **BY_BROKER)

    watched.see(10, {0: 100}, {0: 40}, **BY_BROKER, **stamped(40, -50.0))

    assert one(watched.lag) == (60, 61.0, 1.0, Method.SEARCH)


def test_a_search_in_vain_leaves_the_seconds_unknown() -> None:
    """Where no record carries a timestamp there is nothing to go by."""
    watched = Watched().see(0, {0: 100}, {0: 40})

    watched.see(10, {0: 100}, {0: 40}, **stamped(40, None))

    assert one(watched.lag) == (60, None, None, None)
    assert one(watched.see(20, {0: 100}, {0: 40}, **stamped(40, 5.0)).lag) == (60, None, None, None)


def test_a_wide_bracket_is_served_and_sought() -> None:
    """A cycle that took long leaves a bracket wider than the precision: it is served, and narrowed by the search."""
    watched = Watched().see(0, {0: 100}, {0: 100}, **BY_BROKER)
    watched.see(100, {0: 120}, {0: 110}, **BY_BROKER)

    assert one(watched.lag) == (10, 50.5, 50.5, Method.HISTORY)
    assert watched.reading.sought == (NEXT,)
    watched.see(110, {0: 120}, {0: 110}, **BY_BROKER, **stamped(110, 80.0))
    assert one(watched.lag) == (10, 31.0, 1.0, Method.SEARCH)


def test_a_wide_bracket_stays_where_the_search_contradicts_it() -> None:
    """A timestamp outside of what was seen says nothing of the append: what was seen counts."""
    watched = Watched().see(0, {0: 100}, {0: 100}, **BY_BROKER)
    watched.see(100, {0: 120}, {0: 110}, **BY_BROKER)

    watched.see(110, {0: 120}, {0: 110}, **BY_BROKER, **stamped(110, -500.0))

    assert one(watched.lag) == (10, 60.5, 50.5, Method.HISTORY)


def test_what_is_found_of_a_topic_made_anew_is_of_the_new_one() -> None:
    """The same offset of another topic is another record."""
    watched = Watched().see(0, {0: 100}, {0: 40})
    watched.see(10, {0: 100}, {0: 40}, **stamped(40, -50.0))

    watched.see(20, {0: 90}, {0: 40}, topic_id="second")

    assert one(watched.lag) == (50, None, None, None)


def quiet(commit: int, end: int, readings: int, **found: Any) -> Watched:
    """A group whose commit stays where it is, below the end of an idle topic, with what was found in the end."""
    watched = Watched().see(0, {0: commit}, {0: commit})
    for number in range(1, readings):
        watched.see(10 * number, {0: end}, {0: commit})
    return watched.see(10 * readings, {0: end}, {0: commit}, **found)


def test_a_short_tail_is_read_when_nothing_moves() -> None:
    """Not at once, and not a long one: that would be reading what the group reads."""
    tail = Tail(TOPIC, 0, 99, 100)

    assert quiet(99, 100, QUIET_READINGS).reading.tails == ()
    assert quiet(99, 100, QUIET_READINGS + 1).reading.tails == (tail,)
    assert quiet(99, 99 + MOST_OFFSETS, QUIET_READINGS + 1).reading.tails != ()
    assert quiet(99, 100 + MOST_OFFSETS, QUIET_READINGS + 1).reading.tails == ()


def test_nothing_waits_in_an_empty_tail() -> None:
    """Markers alone: lag stays the difference of offsets, the seconds are 0, and the group does not stall."""
    tail = Tail(TOPIC, 0, 99, 100)
    watched = quiet(99, 100, 20, tails={tail: True})

    assert one(watched.lag) == (1, 0.0, 0.0, Method.SEARCH)
    assert watched.lag.status is Status.OK
    assert one(watched.see(300, {0: 100}, {0: 99}).lag) == (1, 0.0, 0.0, Method.SEARCH)
    records, seconds, _, _ = one(watched.see(310, {0: 101}, {0: 99}).lag)
    assert (records, seconds != 0) == (2, True), "something has come: it may wait"


def test_a_tail_of_a_topic_made_anew_is_another_one() -> None:
    """The same offsets of another topic may hold a record: it waits until somebody has looked."""
    watched = quiet(99, 100, 20, tails={Tail(TOPIC, 0, 99, 100): True})

    watched.see(300, {0: 100}, {0: 99}, topic_id="second")

    assert one(watched.lag)[:2] == (1, None)
    assert watched.reading.tails == (), "not at once"


def test_a_record_in_the_tail_waits() -> None:
    """The group has stopped, as it had before anybody looked."""
    watched = quiet(99, 100, 20, tails={Tail(TOPIC, 0, 99, 100): False})

    assert watched.lag.status is Status.STOPPED
    assert (watched.lag.max_lag_seconds or 0) > 100


def test_those_who_read_committed_data_end_at_the_last_stable_offset() -> None:
    """Behind an open transaction there is nothing for them to read; the others' lag is to the high watermark."""
    behind: dict[str, Any] = {"last_stable": {TOPIC: {0: 100}}}
    watched = Watched().see(0, {0: 100}, {0: 100}, name=CAREFUL)
    watched.see(10, {0: 120}, {0: 100}, name=CAREFUL, **behind)
    assert one(watched.reading.groups[CAREFUL].topics[TOPIC]) == (0, 0.0, 0.0, Method.HISTORY)

    watched = Watched().see(0, {0: 100}, {0: 100}).see(10, {0: 120}, {0: 100}, **behind)
    assert one(watched.reading.groups[GROUP].topics[TOPIC])[0] == 20


def test_below_the_last_stable_offset_a_record_came_when_it_came() -> None:
    """What was there for committed readers counts from its append, seen by the high watermark."""
    watched = Watched().see(0, {0: 100}, {0: 100}, name=CAREFUL)
    watched.see(10, {0: 120}, {0: 100}, name=CAREFUL, last_stable={TOPIC: {0: 110}})

    assert one(watched.reading.groups[CAREFUL].topics[TOPIC]) == (10, 5.5, 5.5, Method.HISTORY)


def test_a_last_stable_offset_that_cannot_be_read_is_unknown() -> None:
    """For those whose lag ends there; the end would be a guess."""
    watched = Watched().see(0, {0: 100}, {0: 90}, name=CAREFUL)
    watched.see(10, {0: 120}, {0: 100}, name=CAREFUL, last_stable={TOPIC: {0: None}})

    lag = watched.reading.groups[CAREFUL].topics[TOPIC]
    assert (lag.unknown, lag.lag_sum) == (1, None)


def test_an_open_transaction_has_an_age() -> None:
    """Since its first record came; a last stable offset that moves on is another transaction."""
    watched = Watched()
    ages = [
        watched.see(at, {0: end}, last_stable={TOPIC: stable}).topic.open_transaction_seconds
        for at, end, stable in (
            (0, 100, {}),
            (10, 120, {0: 100}),
            (20, 120, {0: 100}),
            (30, 120, {0: 100}),
            (40, 140, {0: 120}),
            (50, 140, {}),
        )
    ]

    assert ages == [None, 0.0, 10.0, 20.0, 0.0, None]
