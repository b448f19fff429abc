"""Sums and maxima that the readings do not carry themselves: over a cluster, and over the readers of a topic.

As in the model, a sum is None while any part of it is unknown, and a maximum is over the known parts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag, TopicReading

Number = TypeVar("Number", int, float)

Readers = Mapping[str, list[tuple[GroupReading, GroupTopicLag]]]
"""The groups that read a topic, with their lag on it, by topic."""


@dataclass(frozen=True, slots=True)
class LagFigures:
    """Lag over several group-topics."""

    lag_sum: int | None
    max_lag: int | None
    max_lag_seconds: float | None
    unknown: int


def lag_figures(lags: Iterable[GroupTopicLag]) -> LagFigures:
    """The sum and the maxima over group-topics; those without a committed partition have no part in the sum."""
    lags = list(lags)
    unknown = sum(lag.unknown for lag in lags)
    sums = [lag.lag_sum for lag in lags if lag.lag_sum is not None]
    return LagFigures(
        lag_sum=sum(sums) if sums and not unknown else None,
        max_lag=max((lag.max_lag for lag in lags if lag.max_lag is not None), default=None),
        max_lag_seconds=max((lag.max_lag_seconds for lag in lags if lag.max_lag_seconds is not None), default=None),
        unknown=unknown,
    )


def cluster_lag(reading: ClusterReading) -> LagFigures:
    """Lag over all groups of a cluster."""
    return lag_figures(lag for group in reading.groups.values() for lag in group.topics.values())


def appended_per_second(reading: ClusterReading) -> float | None:
    """Records appended to all topics of a cluster per second."""
    return _sum(topic.appended_per_second for topic in reading.topics.values())


def consumed_per_second(reading: ClusterReading) -> float | None:
    """Records consumed by all groups of a cluster per second."""
    return _sum(lag.consumed_per_second for group in reading.groups.values() for lag in group.topics.values())


def readers(reading: ClusterReading) -> Readers:
    """Which groups read which topic."""
    found: dict[str, list[tuple[GroupReading, GroupTopicLag]]] = defaultdict(list)
    for _, group in sorted(reading.groups.items()):
        for topic, lag in group.topics.items():
            found[topic].append((group, lag))
    return found


def partition_count(topic: TopicReading) -> int | None:
    """The topic's partitions; every topic has some: none means that they could not be read."""
    return len(topic.partitions) or None


def under_replicated(topic: TopicReading) -> int | None:
    """Partitions with a replica that is out of sync."""
    if not topic.partitions:
        return None
    placements = (partition.placement for partition in topic.partitions)
    return sum(len(placement.in_sync_replicas) < len(placement.replicas) for placement in placements)


def offline(topic: TopicReading) -> int | None:
    """Partitions without a leader."""
    return topic.offline if topic.partitions else None


def under_min_isr(topic: TopicReading) -> int | None:
    """Partitions with fewer replicas in sync than writes need."""
    return topic.under_min_isr if topic.partitions else None


def retention_seconds(topic: TopicReading) -> float | None:
    """How long records are kept at least; None also where age deletes nothing."""
    return topic.config.retention_seconds if topic.config is not None and topic.config.deletes else None


def retention_bytes(topic: TopicReading) -> int | None:
    """How large a partition may grow; None also where size deletes nothing."""
    return topic.config.retention_bytes if topic.config is not None and topic.config.deletes else None


def over_topics(reading: ClusterReading, figure: Callable[[TopicReading], int | None]) -> int | None:
    """The sum of a figure over a cluster's topics; 0 where it has none."""
    return _sum(map(figure, reading.topics.values())) if reading.topics else 0


def end_sum(topic: TopicReading) -> int | None:
    """The sum of the end offsets."""
    return _sum(partition.end for partition in topic.partitions)


def record_count(topic: TopicReading) -> int | None:
    """Offsets from log start to end, over all partitions."""
    return _sum(
        None if partition.end is None or partition.log_start is None else partition.end - partition.log_start
        for partition in topic.partitions
    )


def _sum(parts: Iterable[Number | None]) -> Number | None:
    total: Number | None = None
    for part in parts:
        if part is None:
            return None
        total = part if total is None else total + part
    return total
