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
_NO_ROOM = PartitionRoom(None, None, None)


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
        count = below_start = 0
        moved = fell = False
        for partition, offset in sorted(commits.items()):
            before = self.committed.get(partition)
            count += consumed(before, offset, may_be_reset=moment.may_be_reset)
            lag = self._lag(partition, offset, topic)
            if self._is_below_start(partition, before, offset, topic):
                below_start += 1
            has_moved = before is not None and offset is not None and offset != before
            self._conduct.note_partition(partition, lag, moment.at, moved=has_moved or moment.rebalancing)
            moved = moved or has_moved
            fell = fell or (has_moved and offset is not None and before is not None and offset < before)
            rows.append((partition, offset, lag))
            if offset is not None:
                self.committed[partition] = offset
        self._consumed.add(count, moment.at)
        reading = self._reading(name, rows, topic.partitions.keys() - commits.keys(), assigned, topic)
        wait = _longest_wait(reading, moment.at)
        self._conduct.note_topic(moment.at, moment.limits.window, wait, moved=moved, fell=fell)
        unknown = len(rows) - len(reading.lag_seconds) + reading.lag_seconds.count(None)
        conduct = self._conduct.conduct(
            moment.at, wait, lost=below_start, unknown=unknown, has_members=moment.has_members
        )
        return self._judged(reading, status_of(conduct, moment.limits), rows, topic)

    def unreadable(self, name: str, topic: TopicState) -> GroupTopicLag:
        """The commits could not be read: whatever was committed is unknown now."""
        rows: list[_Row] = [(partition, None, UNKNOWN) for partition in self.committed]
        reading = self._reading(name, rows, topic.partitions.keys() - self.committed.keys(), None, topic)
        return replace(reading, consumed_per_second=None, status=Status.UNKNOWN, commits_total=self._conduct.commits)

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

    def _is_below_start(self, partition: int, before: int | None, offset: int | None, topic: TopicState) -> bool:
        """Whether the commit lies below the log start while there is lag; counts what that has cost since last time."""
        log_start = topic.log_starts.get(partition)
        if log_start is None or offset is None:
            return False
        if log_start <= offset:
            self._lost_to.pop(partition, None)
            return False
        counted_to = self._lost_to.get(partition, None if before is None else 0)
        self.lost_total += lost(offset, log_start, counted_to)
        self._lost_to[partition] = log_start
        end = topic.ends.get(partition)
        return end is not None and offset < end.offset

    def _reading(
        self,
        name: str,
        rows: list[_Row],
        uncommitted: Iterable[int],
        assigned: frozenset[int] | None,
        topic: TopicState,
    ) -> GroupTopicLag:
        known = [(partition, offset, lag) for partition, offset, lag in rows if offset is not None]
        numbers, offsets, lags = zip(*known, strict=True) if known else ((), (), ())
        records, seconds, bounds = zip(*lags, strict=True) if lags else ((), (), ())  # columns, by one call in C
        known_records = [lag for lag in records if lag is not None]
        unknown = len(rows) - len(known_records)
        return GroupTopicLag(
            topic=name,
            partitions=numbers,
            committed=offsets,
            lags=records,
            lag_seconds=seconds,
            error_bounds=bounds,
            unknown=unknown,
            uncommitted=sum(1 for _ in uncommitted),
            lag_sum=sum(known_records) if known_records and not unknown else None,
            max_lag=max(known_records, default=None),
            max_lag_seconds=max((one for one in seconds if one is not None), default=None),
            committed_sum=sum(offsets) if offsets and len(offsets) == len(rows) else None,
            consumed_total=self._consumed.total,
            consumed_per_second=self._consumed.per_second,
            records_lost_total=self.lost_total,
            commits_total=0,
            unassigned=None if assigned is None else len(topic.partitions.keys() - assigned),
        )

    def _judged(self, reading: GroupTopicLag, status: Status, rows: list[_Row], topic: TopicState) -> GroupTopicLag:
        """The reading with what can be said of it: status and forecasts."""
        appended = None if reading.uncommitted else topic.appended_per_second
        return replace(
            reading,
            status=status,
            commits_total=self._conduct.commits,
            time_to_catch_up_seconds=seconds_to_catch_up(reading.lag_sum, appended, reading.consumed_per_second),
            time_to_data_loss_seconds=_soonest_data_loss(rows, topic),
        )


def _longest_wait(reading: GroupTopicLag, at: float) -> Wait | None:
    longest = reading.max_lag_seconds
    if longest is None:
        return None
    return Wait(at, longest, reading.error_bounds[reading.lag_seconds.index(longest)] or 0.0)


def _soonest_data_loss(rows: list[_Row], topic: TopicState) -> float | None:
    if topic.config is None or not topic.config.deletes:
        return None
    by_size = topic.config.retention_bytes is not None
    each = (
        seconds_to_data_loss(lag, topic.config, _room(partition, topic) if by_size else _NO_ROOM)
        for partition, _, lag in rows
        if lag.records
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
