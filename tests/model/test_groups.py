"""What is remembered of consumer groups: counts, sums, counters, through everything that can happen to a group."""

from typing import NamedTuple

import pytest

from streamgauge.model.snapshot import Group, Member
from tests.model.snapshots import GROUP, TOPIC, Commits, Watched, group, member, snapshot, topic

MEMBER = member(0)
ENDS = {0: 1000, 1: 1000}


class Cycle(NamedTuple):
    """The group in one cycle; commits are those of partition 0, or all of them by partition."""

    commits: int | Commits | None
    state: str | None = "Stable"
    members: tuple[Member, ...] | None = (MEMBER,)

    def group(self) -> Group:
        """The group as it is read."""
        commits = {0: self.commits} if isinstance(self.commits, int) else self.commits
        by_topic = None if commits is None else {TOPIC: commits} if commits else {}
        return group(by_topic, state=self.state, members=self.members)


class Case(NamedTuple):
    """A group's life, and how many records it consumed in it."""

    name: str
    cycles: tuple[Cycle | None, ...]
    consumed: int
    why: str


ABSENT = None
SILENT = Cycle(None, state=None, members=None)
STOPPED = ("Empty", ())
CASES = (
    Case("first-seen", (Cycle(500),), 0, "what was consumed before is not counted"),
    Case("forward", (Cycle(500), Cycle(510), Cycle(530)), 30, "every move forward counts"),
    Case("two-partitions", (Cycle({0: 500, 1: 10}), Cycle({0: 510, 1: 15})), 15, "over all partitions"),
    Case("stalled", (Cycle(500), Cycle(500)), 0, "nothing moved"),
    Case("rewind", (Cycle(500), Cycle(100)), 0, "a rewind adds none"),
    Case("rewind-and-again", (Cycle(500), Cycle(100), Cycle(500), Cycle(520)), 420, "what is read again counts again"),
    Case("first-commit-of-a-partition", (Cycle(500), Cycle({0: 510, 1: 40})), 10, "nobody knows where it began"),
    Case(
        "commit-unreadable-for-a-cycle",
        (Cycle({0: 500, 1: 10}), Cycle({0: 510, 1: None}), Cycle({0: 510, 1: 30})),
        30,
        "what moved while it could not be read is counted when it can be",
    ),
    Case("coordinator-silent", (Cycle(500), SILENT, SILENT, Cycle(530)), 30, "likewise"),
    Case(
        "commit-expired", (Cycle({0: 500, 1: 10}), Cycle(500), Cycle({0: 500, 1: 90})), 0, "there was no commit before"
    ),
    Case(
        "all-commits-expired",
        (Cycle(500), Cycle(510), Cycle({}, members=()), Cycle(900), Cycle(905)),
        15,
        "the counter goes on where it was, without what lies between",
    ),
    Case("group-absent", (Cycle(500), Cycle(510), ABSENT, Cycle(530)), 30, "its coordinator was away; it read on"),
    Case("group-deleted-and-made-anew", (Cycle(500), Cycle(510), ABSENT, Cycle(0), Cycle(7)), 17, "it began again"),
    Case(
        "reset-of-a-stopped-group",
        (Cycle(500), Cycle(510), Cycle(510, *STOPPED), Cycle(900, *STOPPED), Cycle(905)),
        15,
        "without members nobody consumes: the jump of 390 is a reset",
    ),
    Case(
        "last-commit-of-the-members",
        (Cycle(500), Cycle(510, *STOPPED), Cycle(510, *STOPPED)),
        10,
        "members commit when they leave: in the first cycle without them that still counts",
    ),
    Case(
        "reset-while-the-state-is-unreadable",
        (Cycle(500), Cycle(500, *STOPPED), SILENT, Cycle(900, *STOPPED)),
        0,
        "the group was empty before the silence and is after it",
    ),
    Case(
        "never-members",
        (Cycle(500, *STOPPED), Cycle(510, *STOPPED), Cycle(540, *STOPPED)),
        40,
        "Flink, assign(): commits without members are how it lives",
    ),
    Case(
        "members-unreadable",
        (Cycle(500, members=None), Cycle(510, "Empty", None), Cycle(540, "Empty", None)),
        40,
        "members that were never seen were not there, as far as one knows",
    ),
    Case("rebalancing", (Cycle(500), Cycle(510, "PreparingRebalance")), 10, "any state but Empty consumes"),
)


def lived(cycles: tuple[Cycle | None, ...]) -> Watched:
    """A model that watched a group's life, a cycle every 10 seconds."""
    watched = Watched()
    for number, cycle in enumerate(cycles):
        groups = [] if cycle is None else [cycle.group()]
        watched.take(snapshot(10.0 * number, topics=[topic((0, 1))], ends={TOPIC: ENDS}, groups=groups))
    return watched


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_consumed_total(case: Case) -> None:
    """The counter of a group's life is what the table says, for the reason that stands there."""
    watched = lived(case.cycles)

    assert watched.lag.consumed_total == case.consumed, case.why
    assert watched.group.consumed_total == case.consumed, case.why


def test_everything_is_known() -> None:
    """With all commits and ends readable, sums and maxima are over all committed partitions."""
    watched = lived((Cycle({0: 990, 1: 700}),))

    assert watched.lag.partitions == (0, 1)
    assert watched.lag.committed == (990, 700)
    assert watched.lag.lags == (10, 300)
    assert (watched.lag.unknown, watched.lag.uncommitted) == (0, 0)
    assert (watched.lag.lag_sum, watched.lag.max_lag, watched.lag.committed_sum) == (310, 300, 1690)


def test_a_partition_that_was_never_committed_is_counted_apart() -> None:
    """Never committed is not unknown: it has no lag, takes none from the sum, and is counted as uncommitted."""
    watched = lived((Cycle({0: 990}),))

    assert watched.lag.partitions == (0,)
    assert (watched.lag.unknown, watched.lag.uncommitted) == (0, 1)
    assert watched.lag.lag_sum == 10


def test_a_commit_that_cannot_be_read_makes_the_sums_unknown() -> None:
    """One commit in error: its partition is unknown, sums are absent, maxima are over the rest."""
    watched = lived((Cycle({0: 990, 1: 700}), Cycle({0: 990, 1: None})))

    assert watched.lag.partitions == (0,)
    assert (watched.lag.unknown, watched.lag.uncommitted) == (1, 0)
    assert (watched.lag.lag_sum, watched.lag.committed_sum) == (None, None)
    assert watched.lag.max_lag == 10
    assert watched.lag.committed_partitions == 2


def test_an_end_that_cannot_be_read_makes_the_lag_unknown() -> None:
    """A partition without a leader: its commit is still served, its lag is not, and the sum of lags is absent."""
    watched = Watched()
    watched.take(
        snapshot(0.0, topics=[topic((0, 1))], ends={TOPIC: {0: 1000}}, groups=[group({TOPIC: {0: 990, 1: 700}})])
    )

    assert watched.lag.committed == (990, 700)
    assert watched.lag.lags == (10, None)
    assert (watched.lag.unknown, watched.lag.lag_sum, watched.lag.committed_sum) == (1, None, 1690)
    assert watched.lag.max_lag == 10
    assert watched.lag.committed_partitions == 2


def test_a_silent_coordinator_makes_everything_unknown() -> None:
    """Where commits cannot be read, what was committed is unknown: neither lag nor rate; counters stay."""
    watched = lived((Cycle({0: 980, 1: 700}), Cycle({0: 990, 1: 700}), SILENT))

    assert watched.lag.partitions == ()
    assert (watched.lag.unknown, watched.lag.uncommitted) == (2, 0)
    assert (watched.lag.lag_sum, watched.lag.max_lag, watched.lag.max_lag_seconds) == (None, None, None)
    assert (watched.lag.committed_sum, watched.lag.consumed_per_second) == (None, None)
    assert watched.lag.consumed_total == 10
    assert watched.lag.committed_partitions == 2


def test_a_silent_coordinator_keeps_uncommitted_partitions_apart() -> None:
    """What was never committed before the silence is uncommitted in it, not unknown."""
    watched = lived((Cycle({0: 980}), SILENT))

    assert (watched.lag.unknown, watched.lag.uncommitted) == (1, 1)


def test_a_group_that_was_silent_from_the_start_has_no_topics() -> None:
    """Nothing is known of what it committed, so nothing is said of it but that it is there."""
    watched = lived((SILENT,))

    assert watched.group.topics == {}
    assert watched.group.lag_sum is None
    assert watched.group.state is None
    assert watched.group.members is None


def test_a_silence_does_not_bend_the_rate() -> None:
    """After a silence the rate is that of the whole time: what moved meanwhile did not move at once."""
    cycles = [Cycle(100 + 100 * number) for number in range(3)]
    silence = [SILENT] * 6
    watched = lived((*cycles, *silence, Cycle(100 + 100 * 9)))

    assert watched.lag.consumed_per_second == 10.0


def test_an_assigned_topic_without_commits_is_uncommitted() -> None:
    """A topic that members are assigned, and never committed on, shows with all of its partitions uncommitted."""
    watched = lived((Cycle({}, members=(member(0), member(1))),))

    assert watched.lag.partitions == ()
    assert (watched.lag.unknown, watched.lag.uncommitted) == (0, 2)
    assert (watched.lag.lag_sum, watched.lag.max_lag, watched.lag.committed_sum) == (None, None, None)


def test_a_topic_that_is_neither_committed_nor_assigned_is_not_shown() -> None:
    """A group shows the topics that it has to do with, and no other."""
    assert lived((Cycle({}, members=()),)).group.topics == {}


def test_a_topic_that_is_gone_takes_its_group_topics_along() -> None:
    """Commits on a topic that is deleted (or left out by the configuration) are not served."""
    watched = Watched().see(0.0, {0: 10}, {0: 5})
    watched.take(snapshot(10.0, groups=[group({TOPIC: {0: 5}})]))
    assert watched.group.topics == {}
    watched.take(snapshot(20.0, groups=[group(None)]))

    assert watched.group.topics == {}


def test_a_topic_that_goes_while_the_coordinator_is_silent_takes_its_group_topic_along() -> None:
    """What was last known of a topic that is gone is not served either."""
    watched = Watched().see(0.0, {0: 10}, {0: 5})
    watched.take(snapshot(10.0, groups=[group(None)]))

    assert watched.group.topics == {}


def test_a_group_that_is_gone_takes_its_readings_with_it() -> None:
    """A group that was deleted is no longer served."""
    assert lived((Cycle(5), ABSENT)).reading.groups == {}


@pytest.mark.parametrize("topic_id", ["first", "second"])
def test_the_counter_of_a_topic_goes_on_when_it_comes_back(topic_id: str) -> None:
    """A topic that was away for some cycles, the same or another one, goes on with its group-topic's counter."""
    watched = Watched().see(0.0, {0: 100}, {0: 10}).see(10.0, {0: 100}, {0: 40})
    watched.take(snapshot(20.0, groups=[group({})]))
    watched.see(30.0, {0: 100}, {0: 60}, topic_id=topic_id)
    assert watched.lag.consumed_total == 30
    watched.see(40.0, {0: 100}, {0: 65}, topic_id=topic_id)

    assert watched.lag.consumed_total == 35


def test_a_topic_made_anew_begins_without_a_commit() -> None:
    """Commits that outlived their topic are not a place in the new one: the first move in it is not counted."""
    watched = Watched().see(0.0, {0: 100}, {0: 10}).see(10.0, {0: 100}, {0: 90}, topic_id="second")
    assert watched.lag.consumed_total == 0
    watched.see(20.0, {0: 100}, {0: 95}, topic_id="second")

    assert watched.lag.consumed_total == 5


def test_the_total_of_a_group_never_falls_when_a_topic_goes() -> None:
    """A group's own counter, over all topics, keeps what it consumed of those that are gone, once."""
    watched = Watched()
    both = [topic(name="orders"), topic(name="returns")]
    ends = {"orders": {0: 1000}, "returns": {0: 1000}}
    totals = []
    for at, topics, commits in (
        (0.0, both, {"orders": {0: 0}, "returns": {0: 0}}),
        (10.0, both, {"orders": {0: 100}, "returns": {0: 7}}),
        (20.0, both[1:], {"returns": {0: 8}}),
        (30.0, both, {"orders": {0: 100}, "returns": {0: 9}}),
        (40.0, both, {"orders": {0: 105}, "returns": {0: 9}}),
    ):
        watched.take(snapshot(at, topics=topics, ends=ends, groups=[group(commits)]))
        totals.append(watched.group.consumed_total)

    assert totals == [0, 107, 108, 109, 114]


def test_the_sums_of_a_group_are_over_its_topics() -> None:
    """A group's sums and maxima are over all of its topics; one of them unknown makes the sums unknown."""
    watched = Watched()
    topics = [topic(name="orders"), topic(name="returns")]
    commits: dict[str, Commits] = {"orders": {0: 90}, "returns": {0: 70}}
    watched.take(snapshot(0.0, topics=topics, ends={"orders": {0: 100}, "returns": {0: 100}}, groups=[group(commits)]))
    assert (watched.group.lag_sum, watched.group.max_lag, watched.group.committed_sum) == (40, 30, 160)
    assert (watched.group.unknown, watched.group.uncommitted) == (0, 0)
    watched.take(snapshot(10.0, topics=topics, ends={"orders": {0: 100}}, groups=[group(commits)]))

    assert (watched.group.lag_sum, watched.group.max_lag, watched.group.committed_sum) == (None, 10, 160)
    assert watched.group.unknown == 1


def test_a_topic_without_commits_takes_no_part_in_the_sums_of_its_group() -> None:
    """A topic that is assigned but was never committed has nothing to add, and does not make the group unknown."""
    watched = Watched()
    watched.take(
        snapshot(
            0.0,
            topics=[topic(name="orders"), topic(name="returns")],
            ends={"orders": {0: 100}, "returns": {0: 100}},
            groups=[group({"orders": {0: 90}}, members=(member(0, name="returns"),))],
        )
    )

    assert sorted(watched.group.topics) == ["orders", "returns"]
    assert (watched.group.lag_sum, watched.group.committed_sum, watched.group.uncommitted) == (10, 90, 1)


def test_a_group_without_commits_has_no_sums() -> None:
    """Nothing committed is not a lag of 0."""
    watched = lived((Cycle({}),))

    assert (watched.group.lag_sum, watched.group.committed_sum, watched.group.max_lag) == (None, None, None)


def test_a_stalled_group_keeps_its_bracket_through_what_cannot_be_read() -> None:
    """A cycle without the commit or the end is unknown; afterwards the seconds go on as if it had not been."""
    watched = Watched(history_points=16).see(0.0, {0: 0}, {0: 0}).see(10.0, {0: 5}, {0: 0})
    assert watched.lag.lag_seconds == (5.5,)
    for number in range(2, 300):
        ends = {} if number % 3 == 0 else {0: 5 * number}
        commits: Commits | None = None if number % 5 == 0 else {0: None if number % 7 == 0 else 0}
        at = 10.0 * number
        watched.take(
            snapshot(
                at, topics=[topic()], ends={TOPIC: ends}, groups=[group(None if commits is None else {TOPIC: commits})]
            )
        )
        if ends and commits and commits[0] is not None:
            assert watched.lag.lag_seconds == (at + 1 - 5.5,)
            assert watched.lag.error_bounds == (5.5,)
        else:
            assert watched.lag.max_lag_seconds is None


def test_the_words_of_kafka_are_passed_on() -> None:
    """State, type, protocol, assignor, coordinator and members are what the snapshot says, None where it does not."""
    told = Group(
        GROUP,
        state="Stable",
        group_type="classic",
        protocol_type="consumer",
        assignor="range",
        coordinator=3,
        commits={},
        members=(MEMBER,),
    )
    watched = Watched()
    watched.take(snapshot(0.0, groups=[told, Group("other")]))
    reading, other = watched.group, watched.reading.groups["other"]

    assert (reading.state, reading.group_type, reading.protocol_type) == ("Stable", "classic", "consumer")
    assert (reading.assignor, reading.coordinator, reading.members) == ("range", 3, (MEMBER,))
    assert (other.state, other.group_type, other.assignor, other.members) == (None, None, None, None)
