"""What is remembered of each consumer group from reading to reading, and its lag on each topic."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import NamedTuple

from streamgauge.model.departed import Departed
from streamgauge.model.lag import KeptBracket, Lag, lag_of
from streamgauge.model.reading import GroupReading, GroupTopicLag
from streamgauge.model.snapshot import ClusterSnapshot, Group
from streamgauge.model.throughput import RecordCounter, consumed
from streamgauge.model.topics import TopicState

_EMPTY = "Empty"
_NO_COMMITS: Mapping[int, int | None] = {}


class _Moment(NamedTuple):
    """What holds for all topics of a group in one reading."""

    at: float
    may_be_reset: bool


class _GroupTopicState:
    """One group's memory of one topic."""

    def __init__(self, generation: int) -> None:
        self.committed: dict[int, int] = {}
        self._generation = generation
        self._kept: dict[int, KeptBracket] = {}
        self._consumed = RecordCounter()

    def update(self, name: str, commits: Mapping[int, int | None], topic: TopicState, moment: _Moment) -> GroupTopicLag:
        """Take one reading of the commits."""
        if topic.generation != self._generation:
            self._generation = topic.generation
            self.committed.clear()
            self._kept.clear()
        rows = []
        count = 0
        for partition, offset in sorted(commits.items()):
            count += consumed(self.committed.get(partition), offset, may_be_reset=moment.may_be_reset)
            rows.append((partition, offset, self._lag(partition, offset, topic)))
            if offset is not None:
                self.committed[partition] = offset
        for gone in [partition for partition in self.committed if partition not in commits]:
            del self.committed[gone]
            self._kept.pop(gone, None)
        self._consumed.add(count, moment.at)
        return self._reading(name, rows, sum(partition not in commits for partition in topic.partitions))

    def unreadable(self, name: str, topic: TopicState) -> GroupTopicLag:
        """The commits could not be read: whatever was committed is unknown now."""
        unknown: list[tuple[int, int | None, Lag]] = [
            (partition, None, Lag(None, None, None)) for partition in self.committed
        ]
        uncommitted = sum(partition not in self.committed for partition in topic.partitions)
        return replace(self._reading(name, unknown, uncommitted), consumed_per_second=None)

    @property
    def consumed_total(self) -> int:
        """Records consumed of the topic since the group was first seen to read it."""
        return self._consumed.total

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

    def _reading(self, name: str, rows: list[tuple[int, int | None, Lag]], uncommitted: int) -> GroupTopicLag:
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
            uncommitted=uncommitted,
            lag_sum=sum(records) if records and not unknown else None,
            max_lag=max(records, default=None),
            max_lag_seconds=max(seconds, default=None),
            committed_sum=sum(offset for _, offset, _ in known) if known and len(known) == len(rows) else None,
            consumed_total=self._consumed.total,
            consumed_per_second=self._consumed.per_second,
        )


class _GroupState:
    """One group's memory."""

    def __init__(self) -> None:
        self._topics: dict[str, _GroupTopicState] = {}
        self._departed: Departed[_GroupTopicState] = Departed()
        self._consumed_of_departed = 0
        self._has_had_members = False
        self._was_empty = False

    def update(self, group: Group, topics: Mapping[str, TopicState], at: float) -> GroupReading:
        """Take one reading of the group."""
        is_empty = group.state == _EMPTY
        may_be_reset = is_empty and self._was_empty and self._has_had_members
        if group.state is not None:
            self._was_empty = is_empty
        self._has_had_members = self._has_had_members or bool(group.members)
        moment = _Moment(at, may_be_reset)
        lags = self._unreadable(topics, at) if group.commits is None else self._read(group, topics, moment)
        return GroupReading(
            name=group.name,
            state=group.state,
            group_type=group.group_type,
            protocol_type=group.protocol_type,
            assignor=group.assignor,
            coordinator=group.coordinator,
            members=group.members,
            topics=lags,
            consumed_of_departed=self._consumed_of_departed,
        )

    def _read(self, group: Group, topics: Mapping[str, TopicState], moment: _Moment) -> dict[str, GroupTopicLag]:
        commits = group.commits or {}
        assigned = {topic for member in group.members or () for topic in member.assignment}
        names = sorted(name for name in {*commits, *assigned} if name in topics)
        for state in (state for name, state in self._topics.items() if name not in commits):
            state.committed.clear()
        self._part_with_all_but(frozenset(names), moment.at)
        return {
            name: self._topic(name, topics[name]).update(name, commits.get(name, _NO_COMMITS), topics[name], moment)
            for name in names
        }

    def _unreadable(self, topics: Mapping[str, TopicState], at: float) -> dict[str, GroupTopicLag]:
        self._part_with_all_but(topics, at)
        return {name: state.unreadable(name, topics[name]) for name, state in self._topics.items()}

    def _part_with_all_but(self, names: Container[str], at: float) -> None:
        for name in [name for name in self._topics if name not in names]:
            state = self._topics.pop(name)
            self._departed.keep(name, state, at)
            self._consumed_of_departed += state.consumed_total

    def _topic(self, name: str, topic: TopicState) -> _GroupTopicState:
        state = self._topics.get(name)
        if state is None:
            state = self._departed.recall(name)
            if state is None:
                state = _GroupTopicState(topic.generation)
            self._consumed_of_departed -= state.consumed_total
            self._topics[name] = state
        return state


class Groups:
    """The memory of all groups of a cluster."""

    def __init__(self) -> None:
        self._states: dict[str, _GroupState] = {}
        self._departed: Departed[_GroupState] = Departed()

    def update(self, snapshot: ClusterSnapshot, topics: Mapping[str, TopicState]) -> dict[str, GroupReading]:
        """Take one reading of all groups; a group that is gone takes its readings with it.

        Args:
            snapshot: the reading.
            topics: the topics' memory, updated with the same snapshot.
        """
        for name in [name for name in self._states if name not in snapshot.groups]:
            self._departed.keep(name, self._states.pop(name), snapshot.finished)
        readings = {}
        for name, group in sorted(snapshot.groups.items()):
            state = self._states.get(name)
            if state is None:
                state = self._states[name] = self._departed.recall(name) or _GroupState()
            readings[name] = state.update(group, topics, snapshot.finished)
        return readings
