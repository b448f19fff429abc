"""What is remembered of one group on one topic from reading to reading: lag, throughput, status, what was lost."""

from collections.abc import Mapping
from typing import NamedTuple

from streamgauge.model.conduct import ConductMemory
from streamgauge.model.forecast import PartitionRoom, seconds_to_catch_up, seconds_to_data_loss
from streamgauge.model.lag import UNKNOWN, Estimate, Lag, lag_by, lag_of
from streamgauge.model.reading import GroupTopicLag, GroupTopicTotals
from streamgauge.model.search import Method, SearchRules, Stamping, appended_at
from streamgauge.model.snapshot import Sought, Tail, TopicConfig
from streamgauge.model.status import RHYTHM_GAPS, Limits, Status, Wait, status_of
from streamgauge.model.tails import MOST_OFFSETS, TailMemory
from streamgauge.model.throughput import RecordCounter, consumed, lost
from streamgauge.model.topics import TopicState

_Row = tuple[int, int | None, Lag]
RESTING_INTERVALS = 3
_NO_ROOM = PartitionRoom(None, None, None)


class Questions(NamedTuple):
    """What the source should look at in its next round, collected while a reading is taken."""

    sought: list[Sought]
    tails: list[Tail]


class _Columns(NamedTuple):
    """Partitions with a known commit, and their lags, as columns of equal length.

    ``rows`` counts the others too; ``longest`` is the greatest of the known ``seconds``.
    """

    rows: int
    longest: float | None
    partitions: tuple[int, ...]
    committed: tuple[int, ...]
    lags: tuple[int | None, ...]
    seconds: tuple[float | None, ...]
    bounds: tuple[float | None, ...]
    methods: tuple[Method | None, ...]


class Moment(NamedTuple):
    """What holds for all topics of a group in one reading.

    Attributes:
        group: the group's name.
        at: the reading's instant.
        may_be_reset: a jump of a commit may be a reset by hand.
        has_members: None: not known.
        rebalancing: the group is in a rebalance, and no commit is to be expected.
        reads_committed: the group stops at the last stable offset.
        limits: what its conduct is held against.
        search: when more should be found out.
        questions: takes what that is.
    """

    group: str
    at: float
    may_be_reset: bool
    has_members: bool | None
    rebalancing: bool
    reads_committed: bool
    limits: Limits
    search: SearchRules
    questions: Questions


class GroupTopicState:
    """One group's memory of one topic.

    Attributes:
        committed: the last known commits, by partition.
        lost_total: records that were deleted before the group read them.
    """

    def __init__(self, topic: str, generation: int) -> None:
        self._name = topic
        self.committed: dict[int, int] = {}
        self.lost_total = 0
        self._generation = generation
        self._kept: dict[int, Estimate] = {}
        self._tails = TailMemory()
        self._lost_to: dict[int, int] = {}
        self._consumed = RecordCounter()
        self._conduct = ConductMemory()

    @property
    def totals(self) -> GroupTopicTotals:
        """What its counters have come to."""
        return GroupTopicTotals(self._consumed.total, self.lost_total, self._conduct.commits)

    def update(
        self,
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
            lag = self._lag(partition, offset, topic, moment)
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
        columns = _columns(rows)
        wait = _longest_wait(columns, moment.at)
        self._conduct.note_topic(moment.at, moment.limits.window, wait, moved=moved, fell=fell)
        unknown = len(rows) - len(columns.seconds) + columns.seconds.count(None)
        conduct = self._conduct.conduct(
            moment.at, wait, lost=below_start, unknown=unknown, has_members=moment.has_members
        )
        uncommitted = len(topic.partitions.keys() - commits.keys())
        return self._reading(columns, topic, status_of(conduct, moment.limits), uncommitted, assigned)

    def unreadable(self, topic: TopicState) -> GroupTopicLag:
        """The commits could not be read: whatever was committed is unknown now."""
        rows: list[_Row] = [(partition, None, UNKNOWN) for partition in self.committed]
        uncommitted = len(topic.partitions.keys() - self.committed.keys())
        reading = self._reading(_columns(rows), topic, Status.UNKNOWN, uncommitted, None)
        return reading._replace(consumed_per_second=None, time_to_catch_up_seconds=None, time_to_data_loss_seconds=None)

    def forget_commits(self) -> None:
        """The group has no commit on the topic any more; what it had counted stays."""
        for partition in self.committed:
            self._conduct.forget_partition(partition)
        self.committed.clear()
        self._kept.clear()
        self._tails.forget_all()
        self._lost_to.clear()

    def _begin(self, commits: Mapping[int, int | None], topic: TopicState) -> None:
        if topic.generation != self._generation:
            self._generation = topic.generation
            self._conduct.forget_offsets()
            self.forget_commits()
        for gone in [partition for partition in self.committed if partition not in commits]:
            del self.committed[gone]
            self._kept.pop(gone, None)
            self._tails.forget(gone)
            self._lost_to.pop(gone, None)
            self._conduct.forget_partition(gone)

    def _lag(self, partition: int, offset: int | None, topic: TopicState, moment: Moment) -> Lag:
        end = (topic.stable_ends if moment.reads_committed else topic.ends).get(partition)
        history = topic.histories.get(partition)
        lag, kept = lag_of(offset, end, topic.log_starts.get(partition), history, self._kept.get(partition))
        if kept is None or offset is None or end is None:
            self._tails.forget(partition)
            return lag
        if kept.searched_at is None:
            is_vague = lag.error_bound is None or lag.error_bound * 2 > moment.search.precision
            if is_vague:
                kept = self._searched(kept, partition, topic, moment, end.answered)
                lag = lag_by(kept, offset, end)
        else:
            # This record has been found, but the next one of a group that reads on will be no better known.
            is_vague = moment.at - kept.searched_at < self._patience(moment)
        if is_vague:
            moment.questions.sought.append(Sought(moment.group, self._name, partition))
        self._kept[partition] = kept
        if end.offset - offset > MOST_OFFSETS or kept.offset != offset:  # long, or partly deleted
            self._tails.forget(partition)
            return lag
        return self._unless_nothing_waits(lag, Tail(self._name, partition, offset, end.offset), topic, moment)

    def _patience(self, moment: Moment) -> float:
        """For how long a commit may rest and still be taken for one that moves on."""
        return max(RESTING_INTERVALS * moment.limits.interval, RHYTHM_GAPS * (self._conduct.usual_gap or 0.0))

    def _searched(self, kept: Estimate, partition: int, topic: TopicState, moment: Moment, read_at: float) -> Estimate:
        """The estimate with what a search has found, if there was one."""
        stamp, history = topic.stamps.get((partition, kept.offset)), topic.histories.get(partition)
        if stamp is None or history is None:
            return kept
        found = appended_at(
            stamp, history.proven(kept.offset), _stamping(topic.config), read_at=read_at, rules=moment.search
        )
        return kept._replace(appended=found or kept.appended, searched_at=moment.at)

    def _unless_nothing_waits(self, lag: Lag, tail: Tail, topic: TopicState, moment: Moment) -> Lag:
        is_empty = self._tails.note(tail, topic.tails.get(tail))
        if is_empty is None:
            moment.questions.tails.append(tail)
        return Lag(lag.records, 0.0, 0.0, Method.SEARCH) if is_empty else lag

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
        columns: _Columns,
        topic: TopicState,
        status: Status,
        uncommitted: int,
        assigned: frozenset[int] | None,
    ) -> GroupTopicLag:
        known = [lag for lag in columns.lags if lag is not None]
        unknown = columns.rows - len(known)
        lag_sum = sum(known) if known and not unknown else None
        appended = None if uncommitted else topic.appended_per_second
        consumed_per_second = self._consumed.per_second
        return GroupTopicLag(
            topic=self._name,
            partitions=columns.partitions,
            committed=columns.committed,
            lags=columns.lags,
            lag_seconds=columns.seconds,
            error_bounds=columns.bounds,
            methods=columns.methods,
            unknown=unknown,
            uncommitted=uncommitted,
            lag_sum=lag_sum,
            max_lag=max(known, default=None),
            max_lag_seconds=columns.longest,
            committed_sum=sum(columns.committed) if 0 < columns.rows == len(columns.committed) else None,
            consumed_total=self._consumed.total,
            consumed_per_second=consumed_per_second,
            status=status,
            time_to_catch_up_seconds=seconds_to_catch_up(lag_sum, appended, consumed_per_second),
            time_to_data_loss_seconds=_soonest_data_loss(columns, topic),
            records_lost_total=self.lost_total,
            commits_total=self._conduct.commits,
            unassigned=None if assigned is None else len(topic.partitions.keys() - assigned),
        )


def _columns(rows: list[_Row]) -> _Columns:
    known = [row for row in rows if row[1] is not None]
    if not known:
        return _Columns(len(rows), None, (), (), (), (), (), ())
    partitions, committed, lags = zip(*known, strict=True)  # columns, by two calls in C
    records, seconds, bounds, methods = zip(*lags, strict=True)
    longest = max((one for one in seconds if one is not None), default=None)
    return _Columns(len(rows), longest, partitions, committed, records, seconds, bounds, methods)


def _stamping(config: TopicConfig | None) -> Stamping:
    """Without a right to read the topic's settings, its timestamps are the producers' word."""
    if config is None:
        return Stamping(by_broker=False, compacted=False)
    return Stamping(config.timestamp_type == "LogAppendTime", "compact" in config.cleanup_policy)


def _longest_wait(columns: _Columns, at: float) -> Wait | None:
    if columns.longest is None:
        return None
    return Wait(at, columns.longest, columns.bounds[columns.seconds.index(columns.longest)] or 0.0)


def _soonest_data_loss(columns: _Columns, topic: TopicState) -> float | None:
    config = topic.config
    if config is None or not config.deletes:
        return None
    _, _, partitions, _, lags, seconds, bounds, methods = columns
    waiting = [row for row in range(len(lags)) if lags[row] and seconds[row] != 0]
    if config.retention_bytes is None:  # by time alone, what waits for longest is the first to go
        timed = [(waited + (bounds[row] or 0.0), row) for row in waiting if (waited := seconds[row]) is not None]
        waiting = [max(timed)[1]] if timed else []
    each = (
        seconds_to_data_loss(
            Lag(lags[row], seconds[row], bounds[row], methods[row]),
            config,
            _NO_ROOM if config.retention_bytes is None else _room(partitions[row], topic),
        )
        for row in waiting
    )
    return min((soonest for soonest in each if soonest is not None), default=None)


def _room(partition: int, topic: TopicState) -> PartitionRoom:
    end, start = topic.ends.get(partition), topic.log_starts.get(partition)
    rate = topic.appended_per_second
    return PartitionRoom(
        topic.sizes.get(partition),
        None if end is None or start is None else end.offset - start,
        None if rate is None else rate / max(1, len(topic.partitions)),
    )
