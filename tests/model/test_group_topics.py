"""Status, losses and forecasts of a group on a topic, told from snapshots as they come."""

from dataclasses import replace

from streamgauge.model.cluster import ClusterModel
from streamgauge.model.reading import GroupTopicLag
from streamgauge.model.snapshot import ClusterSnapshot, Group, TopicConfig
from streamgauge.model.status import Status
from tests.model.snapshots import GROUP, RULES, TOPIC, group, member, snapshot, topic

INTERVAL = RULES.interval
WEEK = 604_800.0


class Life:
    """A group on a topic of one partition, read every interval; settings hold until they are changed."""

    def __init__(self) -> None:
        self._model = ClusterModel("test", 256, RULES)
        self._number = 0
        self.members: tuple[int, ...] | None = (0,)
        self.state = "Stable"
        self.config: TopicConfig | None = None

    def read(self, commit: int, end: int, log_start: int = 0, cycles: int = 1) -> GroupTopicLag:
        """The same snapshot for so many cycles; the last one's reading."""
        for _ in range(cycles):
            self._number += 1
            reading = self._model.update(self._snapshot(commit, end, log_start))
        return reading.groups[GROUP].topics[TOPIC]

    def _snapshot(self, commit: int, end: int, log_start: int) -> ClusterSnapshot:
        taken = snapshot(
            self._number * INTERVAL,
            topics=[topic()],
            groups=[self._group(commit)],
            ends={TOPIC: {0: end}},
            log_starts={TOPIC: {0: log_start}},
        )
        return replace(taken, topic_configs={} if self.config is None else {TOPIC: self.config})

    def _group(self, commit: int) -> Group:
        members = None if self.members is None else tuple(member(owned) for owned in self.members)
        return group({TOPIC: {0: commit}}, state=self.state, members=members)


def test_a_group_that_keeps_up_becomes_ok_after_a_window() -> None:
    """Before it has been watched for a window nothing is claimed."""
    life = Life()
    assert life.read(10, 10).status is Status.UNKNOWN
    assert life.read(10, 10, cycles=6).status is Status.OK


def test_a_consumer_that_stalls_is_stalled_and_recovers() -> None:
    """Lag without a commit for three intervals is a stall; one commit ends it."""
    life = Life()
    for offset in range(20):
        life.read(offset, offset)
    assert life.read(19, 30).status is Status.OK
    assert life.read(19, 40, cycles=5).status is Status.STALLED
    assert life.read(40, 40).status is Status.OK


def test_a_consumer_whose_members_leave_has_stopped() -> None:
    """The same lag without members is a stop."""
    life = Life()
    for offset in range(20):
        life.read(offset, offset)
    life.members, life.state = (), "Empty"
    assert life.read(19, 40, cycles=6).status is Status.STOPPED


def test_a_slow_topic_is_not_a_stall() -> None:
    """A record every twenty minutes that is read at once: the clock of a stall starts when the record comes."""
    life = Life()
    seen = set()
    for offset in range(1, 4):
        seen.add(life.read(offset - 1, offset - 1, cycles=120).status)
        seen.add(life.read(offset - 1, offset).status)
        seen.add(life.read(offset, offset).status)
    assert seen == {Status.OK}


def test_an_idle_topic_is_not_a_stop() -> None:
    """Nothing comes and nothing waits: ok, with members or without."""
    life = Life()
    life.members, life.state = (), "Empty"
    assert life.read(10, 10, cycles=500).status is Status.OK


def test_a_rebalance_is_not_a_stall() -> None:
    """While the group rebalances no commit is to be expected."""
    life = Life()
    for offset in range(20):
        life.read(offset, offset)
    life.state = "PreparingRebalance"
    assert life.read(19, 25, cycles=10).status is not Status.STALLED
    life.state = "Stable"
    assert life.read(25, 25).status is Status.OK


def test_a_group_without_members_whose_commits_move_is_ok() -> None:
    """Flink commits at its checkpoints and has no members."""
    life = Life()
    life.members, life.state = (), "Empty"
    for offset in range(0, 200, 10):
        seen = life.read(offset, offset + 5, cycles=6)
    assert seen.status is Status.OK


def test_a_rewind_is_shown_for_a_window() -> None:
    """Then what follows from it is: here, that it is read again."""
    life = Life()
    life.read(100, 100, cycles=10)
    assert life.read(50, 100).status is Status.REWOUND
    assert life.read(100, 100).status is Status.REWOUND
    assert life.read(100, 100, cycles=6).status is Status.OK


def test_records_deleted_unread_are_counted_once() -> None:
    """What retention took from between the commit and the log start, however often it is read."""
    life = Life()
    life.read(10, 100)
    assert life.read(10, 100, log_start=10).records_lost_total == 0
    lost = life.read(10, 100, log_start=30, cycles=3)
    assert (lost.records_lost_total, lost.status) == (20, Status.LOST)
    assert life.read(10, 100, log_start=35).records_lost_total == 25
    assert life.read(50, 100, log_start=35).records_lost_total == 25
    assert life.read(50, 100, log_start=60).records_lost_total == 35


def test_what_was_lost_before_the_first_reading_is_not_counted() -> None:
    """A counter starts at 0; that data is lost shows as the status."""
    life = Life()
    first = life.read(10, 100, log_start=30)
    assert (first.records_lost_total, first.status) == (0, Status.LOST)


def test_commits_are_counted_by_readings_in_which_they_moved() -> None:
    """Forward or back; standing still counts nothing."""
    life = Life()
    life.read(0, 10)
    life.read(5, 10, cycles=3)
    assert life.read(3, 10).commits_total == 2


def test_partitions_without_an_owner_are_counted_while_the_group_is_settled() -> None:
    """Absent during a rebalance and for groups without members."""
    life = Life()
    assert life.read(0, 0).unassigned == 0
    life.members = (7,)
    assert life.read(0, 0).unassigned == 1
    life.state = "PreparingRebalance"
    assert life.read(0, 0).unassigned is None
    life.members, life.state = (), "Empty"
    assert life.read(0, 0).unassigned is None
    life.members = None
    assert life.read(0, 0).unassigned is None


def test_time_to_data_loss_needs_the_topics_settings() -> None:
    """With them: the retention less the longest that the next record can have waited."""
    life = Life()
    life.read(10, 10)
    assert life.read(10, 20).time_to_data_loss_seconds is None
    life.config = TopicConfig("delete", "CreateTime", 1, WEEK, None)
    seen = life.read(10, 20)
    assert seen.lag_seconds[0] is not None
    assert seen.error_bounds[0] is not None
    assert seen.time_to_data_loss_seconds == WEEK - seen.lag_seconds[0] - seen.error_bounds[0]
    assert life.read(20, 20).time_to_data_loss_seconds is None


def test_time_to_catch_up_comes_from_the_rates() -> None:
    """Twice as fast as the topic: what is left over the difference; caught up: 0."""
    life = Life()
    life.read(0, 1000)
    for step in range(1, 5):
        seen = life.read(200 * step, 1000 + 100 * step)
    assert seen.time_to_catch_up_seconds == 600 / 10
    assert life.read(1400, 1400).time_to_catch_up_seconds == 0
