"""What is remembered of one group on one topic from reading to reading: lag, throughput, status, what was lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from streamgauge.model.conduct import ConductMemory
from streamgauge.model.forecast import PartitionRoom, seconds_to_catch_up, seconds_to_data_loss
from streamgauge.model.lag import UNKNOWN, KeptBracket, Lag, lag_of
from streamgauge.model.reading import GroupTopicLag, GroupTopicTotals
from streamgauge.model.status import Limits, Status, Wait, status_of
from streamgauge.model.throughput import RecordCounter, consumed, lost
from streamgauge.model.topics import TopicState

_Row = tuple[int, int | None, Lag]


@dataclass(frozen=True, slots=True)
class Moment:
    """What holds for all topics of a group in one reading.

    Attributes:
        at: the reading's instant.
        may_be_reset: a jump of a commit may be a reset by hand.
        has_members: None: not known.
        rebalancing: the group is in a rebalance, and no commit is to be expected.
        limits: what its conduct is held against.
    """

    at: float
    may_be_reset: bool
    has_members: bool | None
    rebalancing: bool
    limits: Limits


class GroupTopicState:
    """One group's memory of one topic.

    Attributes:
        committed: the last known commits, by partition.
        lost_total: records that were deleted before the group read them.
    """

    def __init__(self, generation: int) -> None:
        self.committed: dict[int, int] = {}
        self.lost_total = 0
        self._generation = generation
        self._kept: dict[int, KeptBracket] = {}
        self._lost_to: dict[int, int] = {}
        self._consumed = RecordCounter()
        self._conduct = ConductMemory()

    @property
    def totals(self) -> GroupTopicTotals:
        """What its counters have come to."""
        return GroupTopicTotals(self._consumed.total, self.lost_total, self._conduct.commits)

    def update(
        self,
        name: str,
        commits: Mapping[int, int | None],
        topic: TopicState,
        moment: Moment,
        assigned: frozenset[int] | None,
    ) -> GroupTopicLag:
        """Take one reading of the commits; ``assigned``: the partitions that have an owner, None: not known."""
        self._begin(commits, topic)
        rows: list[_Row] = []
        count = 0
        moved = fell = False
        for partition, offset in sorted(commits.items()):
            before = self.committed.get(partition)
            count += consumed(before, offset, may_be_reset=moment.may_be_reset)
            lag = self._lag(partition, offset, topic)
            self._count_lost(partition, offset, topic)
            has_moved = before is not None and offset is not None and offset != before
            self._conduct.note_partition(partition, lag, moment.at, moved=has_moved or moment.rebalancing)
            moved = moved or has_moved
            fell = fell or (has_moved and offset is not None and before is not None and offset < before)
            rows.append((partition, offset, lag))
            if offset is not None:
                self.committed[partition] = offset
        self._consumed.add(count, moment.at)
        wait = _longest_wait(rows, moment.at)
        self._conduct.note_topic(moment.at, moment.limits.window, wait, moved=moved, fell=fell)
        reading = self._reading(name, rows, topic.partitions.keys() - commits.keys(), assigned, topic)
        return self._judged(reading, rows, topic, moment, wait)

    def unreadable(self, name: str, topic: TopicState) -> GroupTopicLag:
        """The commits could not be read: whatever was committed is unknown now."""
        rows: list[_Row] = [(partition, None, UNKNOWN) for partition in self.committed]
        reading = self._reading(name, rows, topic.partitions.keys() - self.committed.keys(), None, topic)
        return replace(reading, consumed_per_second=None, status=Status.UNKNOWN)

    def forget_commits(self) -> None:
        """The group has no commit on the topic any more; what it had counted stays."""
        for partition in self.committed:
            self._conduct.forget_partition(partition)
        self.committed.clear()
        self._kept.clear()
        self._lost_to.clear()

    def _begin(self, commits: Mapping[int, int | None], topic: TopicState) -> None:
        if topic.generation != self._generation:
            self._generation = topic.generation
            self._conduct.forget_offsets()
            self.forget_commits()
        for gone in [partition for partition in self.committed if partition not in commits]:
            del self.committed[gone]
            self._kept.pop(gone, None)
            self._lost_to.pop(gone, None)
            self._conduct.forget_partition(gone)

    def _lag(self, partition: int, offset: int | None, topic: TopicState) -> Lag:
        lag, kept = lag_of(
            offset,
            topic.ends.get(partition),
            topic.log_starts.get(partition),
            topic.histories.get(partition),
            self._kept.get(partition),
        )
        if kept is not None:
            self._kept[partition] = kept
        return lag

    def _count_lost(self, partition: int, offset: int | None, topic: TopicState) -> None:
        log_start = topic.log_starts.get(partition)
        self.lost_total += lost(offset, log_start, self._lost_to.get(partition))
        if log_start is not None and offset is not None:
            self._lost_to[partition] = log_start

    def _reading(
        self,
        name: str,
        rows: list[_Row],
        uncommitted: Iterable[int],
        assigned: frozenset[int] | None,
        topic: TopicState,
    ) -> GroupTopicLag:
        known = [(partition, offset, lag) for partition, offset, lag in rows if offset is not None]
        lags = [lag for _, _, lag in known]
        records = [lag.records for lag in lags if lag.records is not None]
        seconds = [lag.seconds for lag in lags if lag.seconds is not None]
        unknown = len(rows) - len(records)
        return GroupTopicLag(
            topic=name,
            partitions=tuple(partition for partition, _, _ in known),
            committed=tuple(offset for _, offset, _ in known),
            lags=tuple(lag.records for lag in lags),
            lag_seconds=tuple(lag.seconds for lag in lags),
            error_bounds=tuple(lag.error_bound for lag in lags),
            unknown=unknown,
            uncommitted=sum(1 for _ in uncommitted),
            lag_sum=sum(records) if records and not unknown else None,
            max_lag=max(records, default=None),
            max_lag_seconds=max(seconds, default=None),
            committed_sum=sum(offset for _, offset, _ in known) if known and len(known) == len(rows) else None,
            consumed_total=self._consumed.total,
            consumed_per_second=self._consumed.per_second,
            records_lost_total=self.lost_total,
            commits_total=self._conduct.commits,
            unassigned=None if assigned is None else len(topic.partitions.keys() - assigned),
        )

    def _judged(
        self, reading: GroupTopicLag, rows: list[_Row], topic: TopicState, moment: Moment, wait: Wait | None
    ) -> GroupTopicLag:
        """The reading with what can be said of it: status and forecasts."""
        waiting_unknown = sum(lag.seconds is None for _, _, lag in rows)
        behind_start = sum(
            offset is not None and bool(lag.records) and offset < topic.log_starts.get(partition, 0)
            for partition, offset, lag in rows
        )
        conduct = self._conduct.conduct(
            moment.at, wait, lost=behind_start, unknown=waiting_unknown, has_members=moment.has_members
        )
        appended = None if reading.uncommitted else topic.appended_per_second
        return replace(
            reading,
            status=status_of(conduct, moment.limits),
            time_to_catch_up_seconds=seconds_to_catch_up(reading.lag_sum, appended, reading.consumed_per_second),
            time_to_data_loss_seconds=_soonest_data_loss(rows, topic),
        )


def _longest_wait(rows: list[_Row], at: float) -> Wait | None:
    longest: Lag | None = None
    for _, _, lag in rows:
        if lag.seconds is not None and (longest is None or lag.seconds > (longest.seconds or 0.0)):
            longest = lag
    return None if longest is None else Wait(at, longest.seconds or 0.0, longest.error_bound or 0.0)


def _soonest_data_loss(rows: list[_Row], topic: TopicState) -> float | None:
    if topic.config is None or not topic.config.deletes:
        return None
    each = (
        seconds_to_data_loss(lag, topic.config, _room(partition, topic)) for partition, _, lag in rows if lag.records
    )
    return min((seconds for seconds in each if seconds is not None), default=None)


def _room(partition: int, topic: TopicState) -> PartitionRoom:
    end, start = topic.ends.get(partition), topic.log_starts.get(partition)
    rate = topic.appended_per_second
    return PartitionRoom(
        topic.sizes.get(partition),
        None if end is None or start is None else end.offset - start,
        None if rate is None else rate / max(1, len(topic.partitions)),
    )
