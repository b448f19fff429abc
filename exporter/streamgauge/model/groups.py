"""What is remembered of each consumer group from reading to reading."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from streamgauge.model.departed import Departed
from streamgauge.model.group_topics import GroupTopicState, Moment, Questions
from streamgauge.model.membership import Membership
from streamgauge.model.reading import GroupReading, GroupTopicLag, GroupTopicTotals
from streamgauge.model.search import SearchRules
from streamgauge.model.snapshot import ClusterSnapshot, Group
from streamgauge.model.status import Limits
from streamgauge.model.topics import TopicState

_EMPTY = "Empty"
_NO_COMMITS: Mapping[int, int | None] = {}


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What the conduct of groups is held against.

    Attributes:
        interval: seconds between two readings.
        window: seconds over which a trend is told, and for which a rewind is remembered.
        limit_of: a group's limit of waiting time, by its name.
        reads_committed: whether a group reads committed data only, by its name.
        search: when more should be found out about how long records have been waiting.
    """

    interval: float
    window: float
    limit_of: Callable[[str], float]
    reads_committed: Callable[[str], bool]
    search: SearchRules


class _GroupState:
    """One group's memory."""

    def __init__(self) -> None:
        self._topics: dict[str, GroupTopicState] = {}
        self._departed: Departed[GroupTopicState] = Departed()
        self._of_departed = GroupTopicTotals()
        self._membership = Membership()
        self._has_had_members = False
        self._was_empty = False

    def update(
        self, group: Group, topics: Mapping[str, TopicState], at: float, rules: GroupRules, questions: Questions
    ) -> GroupReading:
        """Take one reading of the group."""
        self._membership.update(group)
        limit = rules.limit_of(group.name)
        is_empty = group.state == _EMPTY
        may_be_reset = is_empty and self._was_empty and self._has_had_members
        if group.state is not None:
            self._was_empty = is_empty
        self._has_had_members = self._has_had_members or bool(group.members)
        moment = Moment(
            group=group.name,
            at=at,
            may_be_reset=may_be_reset,
            has_members=None if group.members is None else bool(group.members),
            rebalancing=self._membership.rebalancing,
            reads_committed=rules.reads_committed(group.name),
            limits=Limits(rules.interval, rules.window, limit),
            search=rules.search,
            questions=questions,
        )
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
            of_departed=self._of_departed,
            rebalances_total=self._membership.rebalances,
            member_changes_total=self._membership.member_changes,
            slo_lag_seconds=limit,
        )

    def _read(self, group: Group, topics: Mapping[str, TopicState], moment: Moment) -> dict[str, GroupTopicLag]:
        commits = group.commits or {}
        owned = _owned(group)
        names = sorted(name for name in {*commits, *owned} if name in topics)
        if not set(names) == commits.keys() == self._topics.keys():
            for state in (state for name, state in self._topics.items() if name not in commits):
                state.forget_commits()
            self._part_with_all_but(frozenset(names), moment.at)
        # A member whose assignment cannot be read may own any of them.
        are_known = all(member.assignment is not None for member in group.members or ())
        are_settled = bool(group.members) and are_known and not moment.rebalancing
        return {
            name: self._topic(name, topics[name]).update(
                commits.get(name, _NO_COMMITS),
                topics[name],
                moment,
                frozenset(owned.get(name, ())) if are_settled else None,
            )
            for name in names
        }

    def _unreadable(self, topics: Mapping[str, TopicState], at: float) -> dict[str, GroupTopicLag]:
        self._part_with_all_but(topics, at)
        return {name: state.unreadable(topics[name]) for name, state in self._topics.items()}

    def _part_with_all_but(self, names: Container[str], at: float) -> None:
        for name in [name for name in self._topics if name not in names]:
            state = self._topics.pop(name)
            self._departed.keep(name, state, at)
            self._of_departed = self._of_departed.plus(state.totals)

    def _topic(self, name: str, topic: TopicState) -> GroupTopicState:
        state = self._topics.get(name)
        if state is None:
            state = self._departed.recall(name)
            if state is None:
                state = GroupTopicState(name, topic.generation)
            self._of_departed = self._of_departed.minus(state.totals)
            self._topics[name] = state
        return state


class Groups:
    """The memory of all groups of a cluster, held against the rules.

    Attributes:
        rules: may be replaced between two readings.
    """

    def __init__(self, rules: GroupRules) -> None:
        self.rules = rules
        self._states: dict[str, _GroupState] = {}
        self._departed: Departed[_GroupState] = Departed()

    def update(
        self, snapshot: ClusterSnapshot, topics: Mapping[str, TopicState], questions: Questions
    ) -> dict[str, GroupReading]:
        """Take one reading of all groups; a group that is gone takes its readings with it.

        Args:
            snapshot: the reading.
            topics: the topics' memory, updated with the same snapshot.
            questions: takes what the source should look at next.
        """
        for name in [name for name in self._states if name not in snapshot.groups]:
            self._departed.keep(name, self._states.pop(name), snapshot.finished)
        readings = {}
        for name, group in sorted(snapshot.groups.items()):
            state = self._states.get(name)
            if state is None:
                state = self._states[name] = self._departed.recall(name) or _GroupState()
            readings[name] = state.update(group, topics, snapshot.finished, self.rules, questions)
        return readings


def _owned(group: Group) -> dict[str, list[int]]:
    """The partitions that have an owner, by topic."""
    owned: dict[str, list[int]] = {}
    for member in group.members or ():
        for topic, partitions in (member.assignment or {}).items():
            owned.setdefault(topic, []).extend(partitions)
    return owned
