"""The model's answer for one cluster at one instant. Metrics, API and pages all come from it, so they never disagree.

None always means unknown (or not applicable), never zero.
Per-partition values are columns of equal length, in the order of ``partitions``: tens of thousands are made
and rendered every cycle, and columns cost a fraction of one object a partition. What there is one of for each group is
a named tuple, which is made in a fraction of a frozen dataclass's time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from streamgauge.model.history import NOTHING_REMEMBERED, HistorySize
from streamgauge.model.saving import SaveStatus
from streamgauge.model.search import Method
from streamgauge.model.snapshot import Broker, BrokerLoad, LogDir, Member, Partition, Sought, Tail, TopicConfig
from streamgauge.model.status import SEVERITY, Status

Number = TypeVar("Number", int, float)


class PartitionLag(NamedTuple):
    """One row of a ``GroupTopicLag``: lag in records, seconds, the seconds' error bound and how they were found."""

    partition: int
    committed: int
    lag: int | None
    lag_seconds: float | None
    error_bound_seconds: float | None
    method: Method | None


class GroupTopicTotals(NamedTuple):
    """What a group's counters on a topic have come to."""

    consumed: int = 0
    lost: int = 0
    commits: int = 0

    def plus(self, other: "GroupTopicTotals") -> "GroupTopicTotals":
        """Both together."""
        return GroupTopicTotals(*(one + another for one, another in zip(self, other, strict=True)))

    def minus(self, other: "GroupTopicTotals") -> "GroupTopicTotals":
        """This without the other."""
        return GroupTopicTotals(*(one - another for one, another in zip(self, other, strict=True)))


class GroupTopicLag(NamedTuple):
    """How far a group is behind on one topic.

    Attributes:
        partitions: the committed partitions, ascending.
        committed: committed offsets; a group whose commits could not be read this time has no committed
            partitions here, and its last known ones are counted in ``unknown``.
        lags: end offset minus committed offset; None where unknown.
        lag_seconds: how long the next record to be committed has been waiting; 0 where lag is 0, None where unknown.
        error_bounds: the truth is within ``lag_seconds`` plus or minus this; None where there is none.
        methods: how ``lag_seconds`` were found; None where unknown.
        unknown: committed partitions whose lag is unknown.
        uncommitted: partitions of the topic that the group never committed.
        lag_sum: None while any committed partition is unknown (a sum of the rest would be a false recovery).
        max_lag: over the known partitions: a lower bound, so an alert on it is right.
        max_lag_seconds: likewise.
        committed_sum: sum of committed offsets; None while any of them is unknown.
        consumed_total: records consumed since the group was first seen (a counter).
        consumed_per_second: their rate over the last half minute or so; None until two readings are apart.
        status: what the group is doing on the topic.
        time_to_catch_up_seconds: at the rates of late; None where it never would, or it is not known.
        time_to_data_loss_seconds: until retention may reach a record that the group has not read, at the soonest.
        records_lost_total: records deleted before the group read them, since it was first seen (a counter).
        commits_total: readings in which a commit had moved (a counter).
        unassigned: partitions that no member is assigned; None for groups without members, in a rebalance, or where
            members are not known.
    """

    topic: str
    partitions: tuple[int, ...]
    committed: tuple[int, ...]
    lags: tuple[int | None, ...]
    lag_seconds: tuple[float | None, ...]
    error_bounds: tuple[float | None, ...]
    methods: tuple[Method | None, ...]
    unknown: int
    uncommitted: int
    lag_sum: int | None
    max_lag: int | None
    max_lag_seconds: float | None
    committed_sum: int | None
    consumed_total: int
    consumed_per_second: float | None
    status: Status = Status.UNKNOWN
    time_to_catch_up_seconds: float | None = None
    time_to_data_loss_seconds: float | None = None
    records_lost_total: int = 0
    commits_total: int = 0
    unassigned: int | None = None

    @property
    def is_committed(self) -> bool:
        """Whether the group has committed any partition, readable now or not."""
        return bool(self.partitions) or self.unknown > 0

    @property
    def committed_partitions(self) -> int:
        """Partitions that the group has committed, readable now or not."""
        return len(self.partitions) + self.unknown - self.lags.count(None)

    @property
    def unknown_seconds(self) -> int:
        """Committed partitions whose lag in seconds is unknown: those of ``unknown``, and more."""
        return self.committed_partitions - len(self.partitions) + self.lag_seconds.count(None)

    def rows(self) -> Iterator[PartitionLag]:
        """The columns as rows."""
        return map(
            PartitionLag._make,
            zip(
                self.partitions,
                self.committed,
                self.lags,
                self.lag_seconds,
                self.error_bounds,
                self.methods,
                strict=True,
            ),
        )


class GroupReading(NamedTuple):
    """A consumer group: Kafka's word on it, and its lag on each topic it committed or is assigned.

    Attributes:
        of_departed: what was counted on topics that it reads no more.
        rebalances_total: rebalances since it was first seen (a counter).
        member_changes_total: members seen to come or go since then (a counter).
        slo_lag_seconds: the limit of waiting time that it is held to; None where there is none.
    """

    name: str
    state: str | None
    group_type: str | None
    protocol_type: str | None
    assignor: str | None
    coordinator: int | None
    members: tuple[Member, ...] | None
    topics: Mapping[str, GroupTopicLag]
    of_departed: GroupTopicTotals = GroupTopicTotals()
    rebalances_total: int = 0
    member_changes_total: int = 0
    slo_lag_seconds: float | None = None

    @property
    def lag_sum(self) -> int | None:
        """Over all topics with committed partitions; None while any of these is unknown."""
        return _sum_of_known(topic.lag_sum for topic in self.topics.values() if topic.is_committed)

    @property
    def max_lag(self) -> int | None:
        """Over the known partitions of all topics."""
        return max((topic.max_lag for topic in self.topics.values() if topic.max_lag is not None), default=None)

    @property
    def max_lag_seconds(self) -> float | None:
        """Over the known partitions of all topics."""
        known = (topic.max_lag_seconds for topic in self.topics.values() if topic.max_lag_seconds is not None)
        return max(known, default=None)

    @property
    def committed_sum(self) -> int | None:
        """Over all topics with committed partitions; None while any of these is unknown."""
        return _sum_of_known(topic.committed_sum for topic in self.topics.values() if topic.is_committed)

    @property
    def unknown(self) -> int:
        """Committed partitions whose lag is unknown, over all topics."""
        return sum(topic.unknown for topic in self.topics.values())

    @property
    def unknown_seconds(self) -> int:
        """Committed partitions whose lag in seconds is unknown, over all topics."""
        return sum(topic.unknown_seconds for topic in self.topics.values())

    @property
    def uncommitted(self) -> int:
        """Partitions that the group never committed, over all topics."""
        return sum(topic.uncommitted for topic in self.topics.values())

    @property
    def consumed_total(self) -> int:
        """Records consumed since the group was first seen, over all topics, those that are gone too: never falls."""
        return self.of_departed.consumed + sum(topic.consumed_total for topic in self.topics.values())

    @property
    def records_lost_total(self) -> int:
        """Likewise, records that were deleted before they were read."""
        return self.of_departed.lost + sum(topic.records_lost_total for topic in self.topics.values())

    @property
    def commits_total(self) -> int:
        """Likewise, moves of commits."""
        return self.of_departed.commits + sum(topic.commits_total for topic in self.topics.values())

    @property
    def status(self) -> Status:
        """The worst of its topics'; unknown where it has none."""
        return max((topic.status for topic in self.topics.values()), key=SEVERITY.index, default=Status.UNKNOWN)

    @property
    def time_to_catch_up_seconds(self) -> float | None:
        """Until the last of its topics is caught up; None while that of any is."""
        known = [topic.time_to_catch_up_seconds for topic in self.topics.values() if topic.is_committed]
        return max((one for one in known if one is not None), default=None) if None not in known else None

    @property
    def time_to_data_loss_seconds(self) -> float | None:
        """The soonest of its topics'."""
        each = (topic.time_to_data_loss_seconds for topic in self.topics.values())
        return min((seconds for seconds in each if seconds is not None), default=None)

    @property
    def unassigned(self) -> int | None:
        """Over all topics; None while it is not known of any."""
        return _sum_of_known(topic.unassigned for topic in self.topics.values())

    @property
    def consumed_per_second(self) -> float | None:
        """The sum of the topics' rates; None while any is unknown."""
        return _sum_of_known(topic.consumed_per_second for topic in self.topics.values())


class PartitionReading(NamedTuple):
    """One partition of a topic: placement and offsets; None where an offset could not be read.

    ``last_stable`` is present only where it differs from ``end`` (an open transaction). ``size_bytes`` is that of the
    leader's replica. ``open_transaction_seconds`` is for how long, at least, the oldest open transaction has been
    holding ``last_stable`` where it is.
    """

    placement: Partition
    end: int | None
    last_stable: int | None
    log_start: int | None
    size_bytes: int | None = None
    open_transaction_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TopicReading:
    """A topic: its partitions, and the records appended since it was first seen (a counter) with their rate.

    Attributes:
        config: None where it could not be read.
        reassigning: partitions that are being moved; None where that could not be read.
    """

    name: str
    partitions: tuple[PartitionReading, ...]
    appended_total: int
    appended_per_second: float | None
    config: TopicConfig | None = None
    reassigning: int | None = None

    @property
    def offline(self) -> int:
        """Partitions without a leader."""
        return sum(row.placement.leader is None for row in self.partitions)

    @property
    def under_min_isr(self) -> int | None:
        """Partitions with fewer replicas in sync than writes need; None where the minimum is not known."""
        if self.config is None or self.config.min_insync_replicas is None:
            return None
        least = self.config.min_insync_replicas
        return sum(len(row.placement.in_sync_replicas) < least for row in self.partitions)

    @property
    def open_transaction_seconds(self) -> float | None:
        """Of the partition whose transaction has been open for the longest; None while none is."""
        each = (row.open_transaction_seconds for row in self.partitions)
        return max((seconds for seconds in each if seconds is not None), default=None)

    @property
    def size_bytes(self) -> int | None:
        """The sum of the partitions'; None while any is unknown."""
        return _sum_of_known(row.size_bytes for row in self.partitions)


@dataclass(frozen=True, slots=True)
class ClusterReading:
    """Everything that is known of one cluster at one instant.

    Attributes:
        read_at: wall-clock seconds since the epoch.
        broker_loads: replicas and leaders, by node.
        log_dirs: the brokers' log directories; empty where they could not be read.
        voter_lags: how many records each voter of the metadata quorum is behind its leader, by node.
        sought: where a timestamp would tell more of how long the next record waits: for the source's next round.
        tails: tails that should be read: likewise.
        searching: records whose search has not ended yet.
        history: how many end offsets are remembered.
        saving: how the saving of what is remembered is doing; None where nothing is to be saved.
    """

    cluster: str
    read_at: float
    brokers: tuple[Broker, ...]
    controller: int | None
    topics: Mapping[str, TopicReading]
    groups: Mapping[str, GroupReading]
    broker_loads: Mapping[int, BrokerLoad] = field(default_factory=dict)
    log_dirs: tuple[LogDir, ...] = ()
    voter_lags: Mapping[int, int] = field(default_factory=dict)
    sought: tuple[Sought, ...] = ()
    tails: tuple[Tail, ...] = ()
    searching: int = 0
    history: HistorySize = NOTHING_REMEMBERED
    saving: SaveStatus | None = None


def _sum_of_known(parts: Iterable[Number | None]) -> Number | None:
    total: Number | None = None
    for part in parts:
        if part is None:
            return None
        total = part if total is None else total + part
    return total
