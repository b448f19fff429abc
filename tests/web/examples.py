"""Readings made by hand, and a store that serves them: what the web shows without a Kafka."""

import gzip as gzip_format
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag, PartitionReading, TopicReading
from streamgauge.model.search import Method
from streamgauge.model.snapshot import Broker, BrokerLoad, LogDir, Member, Partition, TopicConfig
from streamgauge.model.source_status import SourceStatus
from streamgauge.model.status import Status

Named = TypeVar("Named", GroupReading, TopicReading)

READ_AT = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@dataclass(frozen=True)
class ExampleView:
    """A cluster as a store serves it."""

    status: SourceStatus
    reading: ClusterReading | None = None


@dataclass
class ExampleStore:
    """A store with what it is given."""

    clusters: Sequence[ExampleView] = ()
    page: str = "kafka_brokers 3\n"
    asked: list[tuple[bool, bool]] = field(default_factory=list)

    def views(self) -> Sequence[ExampleView]:
        """What it was given."""
        return self.clusters

    def ready(self) -> bool:
        """Whether every example has had its first cycle."""
        return all(view.status.cycles for view in self.clusters)

    def exposition(self, *, openmetrics: bool, gzip: bool) -> bytes:
        """The page, with what was asked for noted."""
        self.asked.append((openmetrics, gzip))
        text = (self.page + "# EOF\n" * openmetrics).encode()
        return gzip_format.compress(text) if gzip else text


def status(cluster: str = "orders", **changes: object) -> SourceStatus:
    """A source that is well."""
    well: dict[str, object] = {
        "source": "kafka",
        "cluster": cluster,
        "target": f"{cluster}-kafka:9092",
        "interval": 10.0,
        "cycles": 7,
        "up": True,
        "last_success": READ_AT,
        "last_duration": 0.084,
    }
    return SourceStatus(**{**well, **changes})  # type: ignore[arg-type]


def group_topic(
    topic: str = "payments",
    lags: Sequence[int | None] = (900, 334),
    seconds: Sequence[float | None] = (12.4, 3.0),
    bounds: Sequence[float | None] | None = None,
    **changes: object,
) -> GroupTopicLag:
    """A group's lag on a topic, its sums and maxima as the model computes them."""
    known = [lag for lag in lags if lag is not None]
    unknown = len(lags) - len(known)
    figures: dict[str, object] = {
        "topic": topic,
        "partitions": tuple(range(len(lags))),
        "committed": tuple(1000 * (partition + 1) for partition in range(len(lags))),
        "lags": tuple(lags),
        "lag_seconds": tuple(seconds),
        "error_bounds": tuple(bounds if bounds is not None else (None if each is None else 0.5 for each in seconds)),
        "methods": tuple(None if each is None else Method.HISTORY for each in seconds),
        "unknown": unknown,
        "uncommitted": 0,
        "lag_sum": sum(known) if known and not unknown else None,
        "max_lag": max(known, default=None),
        "max_lag_seconds": max((each for each in seconds if each is not None), default=None),
        "committed_sum": 1000 * sum(range(1, len(lags) + 1)),
        "consumed_total": 3500,
        "consumed_per_second": 60.25,
        "status": Status.UNKNOWN if unknown else Status.OK,
        "unassigned": 0,
    }
    return GroupTopicLag(**{**figures, **changes})  # type: ignore[arg-type]


def group(name: str = "billing", *topics: GroupTopicLag, **changes: object) -> GroupReading:
    """A group with one member that is assigned every partition."""
    lags = topics or (group_topic(),)
    assignment = {lag.topic: lag.partitions for lag in lags}
    member = Member(f"{name}-1-2f6a", f"{name}-1", "/10.0.0.7", assignment)
    values: dict[str, object] = {
        "name": name,
        "state": "Stable",
        "group_type": "consumer",
        "protocol_type": "consumer",
        "assignor": "range",
        "coordinator": 1,
        "members": (member,),
        "topics": {lag.topic: lag for lag in lags},
        "rebalances_total": 2,
        "member_changes_total": 3,
        "slo_lag_seconds": 300.0,
    }
    return GroupReading(**{**values, **changes})  # type: ignore[arg-type]


def topic(name: str = "payments", ends: Sequence[int | None] = (1900, 2334), **changes: object) -> TopicReading:
    """A topic on three brokers, every replica in sync, that keeps its records for a week."""
    partitions = tuple(
        PartitionReading(Partition(number, 1, (1, 2, 3), (1, 2, 3)), end, None, None if end is None else 100, 2048)
        for number, end in enumerate(ends)
    )
    values: dict[str, object] = {
        "name": name,
        "partitions": partitions,
        "appended_total": 3600,
        "appended_per_second": 60.5,
        "config": TopicConfig("delete", "CreateTime", 2, 604_800.0, None),
        "reassigning": 0,
    }
    return TopicReading(**{**values, **changes})  # type: ignore[arg-type]


def cluster(
    name: str = "orders",
    groups: Sequence[GroupReading] | None = None,
    topics: Sequence[TopicReading] | None = None,
) -> ClusterReading:
    """A cluster of three brokers; the disk of the first is known, the third voter is behind."""
    all_groups = [group()] if groups is None else groups
    all_topics = [topic()] if topics is None else topics
    return ClusterReading(
        cluster=name,
        read_at=READ_AT,
        brokers=tuple(Broker(node, f"{name}-{node}", 9092) for node in (1, 2, 3)),
        controller=1,
        topics=_by_name(all_topics),
        groups=_by_name(all_groups),
        broker_loads={node: BrokerLoad(240, 80 + node) for node in (1, 2, 3)},
        log_dirs=(LogDir(1, "/var/lib/kafka", 1_000_000, 250_000),),
        voter_lags={1: 0, 2: 0, 3: 7},
    )


def store(*readings: ClusterReading) -> ExampleStore:
    """A store in which these were just read; without any, one example cluster."""
    return ExampleStore([ExampleView(status(each.cluster), each) for each in readings or (cluster(),)])


def _by_name(items: Sequence[Named]) -> Mapping[str, Named]:
    return {item.name: item for item in items}
