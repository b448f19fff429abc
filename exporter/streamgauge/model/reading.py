"""The model's answer for one cluster at one instant. Metrics, API and pages all come from it, so they never disagree.

None always means unknown (or not applicable), never zero.
Per-partition values are columns of equal length, in the order of ``partitions``: tens of thousands are made
and rendered every cycle, and columns cost a fraction of one object a partition.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from streamgauge.model.snapshot import Broker, Member, Partition

Number = TypeVar("Number", int, float)


class PartitionLag(NamedTuple):
    """One row of a ``GroupTopicLag``: lag in records, seconds and the seconds' error bound."""

    partition: int
    committed: int
    lag: int | None
    lag_seconds: float | None
    error_bound_seconds: float | None


@dataclass(frozen=True, slots=True)
class GroupTopicLag:
    """How far a group is behind on one topic.

    Attributes:
        partitions: the committed partitions, ascending.
        committed: committed offsets; a group whose commits could not be read this time has no committed
            partitions here, and its last known ones are counted in ``unknown``.
        lags: end offset minus committed offset; None where unknown.
        lag_seconds: how long the next record to be committed has been waiting; 0 where lag is 0, None where unknown.
        error_bounds: the truth is within ``lag_seconds`` plus or minus this; None where there is none.
        unknown: committed partitions whose lag is unknown.
        uncommitted: partitions of the topic that the group never committed.
        lag_sum: None while any committed partition is unknown (a sum of the rest would be a false recovery).
        max_lag: over the known partitions: a lower bound, so an alert on it is right.
        max_lag_seconds: likewise.
        committed_sum: sum of committed offsets; None while any of them is unknown.
        consumed_total: records consumed since the group was first seen (a counter).
        consumed_per_second: their rate over the last half minute or so; None until two readings are apart.
    """

    topic: str
    partitions: tuple[int, ...]
    committed: tuple[int, ...]
    lags: tuple[int | None, ...]
    lag_seconds: tuple[float | None, ...]
    error_bounds: tuple[float | None, ...]
    unknown: int
    uncommitted: int
    lag_sum: int | None
    max_lag: int | None
    max_lag_seconds: float | None
    committed_sum: int | None
    consumed_total: int
    consumed_per_second: float | None

    @property
    def is_committed(self) -> bool:
        """Whether the group has committed any partition, readable now or not."""
        return bool(self.partitions) or self.unknown > 0

    @property
    def committed_partitions(self) -> int:
        """Partitions that the group has committed, readable now or not."""
        return len(self.partitions) + self.unknown - self.lags.count(None)

    def rows(self) -> Iterator[PartitionLag]:
        """The columns as rows."""
        return map(
            PartitionLag._make,
            zip(self.partitions, self.committed, self.lags, self.lag_seconds, self.error_bounds, strict=True),
        )


@dataclass(frozen=True, slots=True)
class GroupReading:
    """A consumer group: Kafka's word on it, and its lag on each topic it committed or is assigned.

    ``consumed_of_departed`` counts the records consumed of topics that it reads no more.
    """

    name: str
    state: str | None
    group_type: str | None
    protocol_type: str | None
    assignor: str | None
    coordinator: int | None
    members: tuple[Member, ...] | None
    topics: Mapping[str, GroupTopicLag]
    consumed_of_departed: int = 0

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
    def uncommitted(self) -> int:
        """Partitions that the group never committed, over all topics."""
        return sum(topic.uncommitted for topic in self.topics.values())

    @property
    def consumed_total(self) -> int:
        """Records consumed since the group was first seen, over all topics, those that are gone too: never falls."""
        return self.consumed_of_departed + sum(topic.consumed_total for topic in self.topics.values())

    @property
    def consumed_per_second(self) -> float | None:
        """The sum of the topics' rates; None while any is unknown."""
        return _sum_of_known(topic.consumed_per_second for topic in self.topics.values())


class PartitionReading(NamedTuple):
    """One partition of a topic: placement and offsets; None where an offset could not be read.

    ``last_stable`` is present only where it differs from ``end`` (an open transaction).
    """

    placement: Partition
    end: int | None
    last_stable: int | None
    log_start: int | None


@dataclass(frozen=True, slots=True)
class TopicReading:
    """A topic: its partitions, and the records appended since it was first seen (a counter) with their rate."""

    name: str
    partitions: tuple[PartitionReading, ...]
    appended_total: int
    appended_per_second: float | None


@dataclass(frozen=True, slots=True)
class ClusterReading:
    """Everything that is known of one cluster at one instant; ``read_at`` is wall-clock seconds since the epoch."""

    cluster: str
    read_at: float
    brokers: tuple[Broker, ...]
    controller: int | None
    topics: Mapping[str, TopicReading]
    groups: Mapping[str, GroupReading]


def _sum_of_known(parts: Iterable[Number | None]) -> Number | None:
    total: Number | None = None
    for part in parts:
        if part is None:
            return None
        total = part if total is None else total + part
    return total
