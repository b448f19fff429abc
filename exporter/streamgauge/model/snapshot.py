"""What the Kafka source saw in one cycle: plain values and the instants at which they were true.

Nothing here is computed. What could not be read is absent, and named in ``failures``.
Instants are seconds of one monotonic clock; ``read_at`` alone is wall-clock time, for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class EndOffset(NamedTuple):
    """A partition's end offset (the high watermark), between the instants of its request and its answer."""

    offset: int
    asked: float
    answered: float


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that the cluster's metadata names."""

    node_id: int
    host: str
    port: int
    rack: str | None = None


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition's placement; ``leader`` is None while it has none.

    ``leader_epoch`` is the highest that has been seen; None where brokers do not say.
    """

    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync_replicas: tuple[int, ...]
    offline_replicas: tuple[int, ...] = ()
    leader_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class BrokerLoad:
    """How many replicas a broker holds and how many of them lead, over all topics, watched or not."""

    partitions: int
    leaders: int


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """The settings of a topic that say how long its records stay, and how safe they are.

    ``retention_seconds`` and ``retention_bytes`` (a partition) are None where there is no limit, and
    ``min_insync_replicas`` where the broker has no such setting (not every one is Apache's).
    """

    cleanup_policy: str
    timestamp_type: str
    min_insync_replicas: int | None
    retention_seconds: float | None
    retention_bytes: int | None

    @property
    def deletes(self) -> bool:
        """Whether old records are deleted at all; a topic may be compacted only."""
        return "delete" in self.cleanup_policy.split(",")


@dataclass(frozen=True, slots=True)
class LogDir:
    """A directory in which a broker keeps its logs; None where older brokers do not say."""

    broker: int
    path: str
    total_bytes: int | None
    usable_bytes: int | None


@dataclass(frozen=True, slots=True)
class Quorum:
    """KRaft's metadata quorum: its leader (the active controller), and how far each voter's log reaches."""

    leader: int | None
    voters: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; ``topic_id`` tells a topic made anew from its predecessor (None: the brokers give no ids).

    A topic that exists but could not be read has no partitions here.
    """

    name: str
    topic_id: str | None
    partitions: Mapping[int, Partition]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a consumer group and the partitions it is assigned, by topic; None where that cannot be read."""

    member_id: str
    client_id: str
    host: str
    assignment: Mapping[str, tuple[int, ...]] | None


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group.

    Attributes:
        state: Kafka's own word (``Stable``, ``Empty``, ...), None where it cannot be read.
        group_type: ``classic`` or ``consumer`` (KIP-848), None where brokers do not say.
        coordinator: the node that answers for the group.
        commits: committed offsets by topic and partition; None (the whole or one partition) where they could not
            be read this time. Partitions that were never committed are not in it.
        members: None where they could not be read.
    """

    name: str
    state: str | None = None
    group_type: str | None = None
    protocol_type: str | None = None
    assignor: str | None = None
    coordinator: int | None = None
    commits: Mapping[str, Mapping[int, int | None]] | None = None
    members: tuple[Member, ...] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that could not be read: at which stage, Kafka's name of the error, how often, and one example."""

    stage: str
    code: str
    count: int
    example: str


class Sought(NamedTuple):
    """A group and partition whose next record's timestamp is wanted.

    No offset is named: by the time of the search the group may have moved on, and where it is then counts.
    """

    group: str
    topic: str
    partition: int


class Stamp(NamedTuple):
    """Timestamps found by search, in wall-clock seconds.

    ``at`` is that of the record itself (of the last one stamped before it where several share one), None where no
    record has any; ``next_at`` that of the first one found after it, if any.
    """

    at: float | None
    next_at: float | None


class Tail(NamedTuple):
    """The last few offsets of a partition that a group has not committed, unmoved for a while."""

    topic: str
    partition: int
    committed: int
    end: int


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """One cycle's view of a cluster.

    Attributes:
        started: when the cycle began (monotonic seconds).
        finished: when its last answer came (monotonic seconds).
        read_at: the same as wall-clock seconds since the epoch.
        controller: the active controller's node, None where it is not known.
        topics: topics by name, those left out by the configuration excepted.
        ends: end offsets by topic and partition; absent where they could not be read.
        last_stable: last stable offsets (LSO), only where they differ from the end; None where they could not be read.
        log_starts: log start offsets likewise.
        groups: groups by name.
        broker_loads: by node.
        topic_configs: settings by topic, read now and then; absent where they could not be read.
        reassigning: partitions that are being moved, by topic; None where that could not be read.
        log_dirs: the brokers' log directories; empty where they could not be read.
        replica_bytes: the size of each replica by topic, partition and node, likewise.
        quorum: None on clusters without KRaft, or where it could not be read.
        stamps: what a search for timestamps has found, by topic, then by partition and offset.
        searching: records whose search has not ended yet: the budget of a cycle was used up.
        tails: of the tails that were read, whether nothing in them is visible to a consumer.
        failures: what is missing from this snapshot, and why.
    """

    started: float
    finished: float
    read_at: float
    brokers: tuple[Broker, ...] = ()
    controller: int | None = None
    topics: Mapping[str, Topic] = field(default_factory=dict)
    ends: Mapping[str, Mapping[int, EndOffset]] = field(default_factory=dict)
    last_stable: Mapping[str, Mapping[int, int | None]] = field(default_factory=dict)
    log_starts: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    broker_loads: Mapping[int, BrokerLoad] = field(default_factory=dict)
    topic_configs: Mapping[str, TopicConfig] = field(default_factory=dict)
    reassigning: Mapping[str, frozenset[int]] | None = None
    log_dirs: tuple[LogDir, ...] = ()
    replica_bytes: Mapping[str, Mapping[int, Mapping[int, int]]] = field(default_factory=dict)
    quorum: Quorum | None = None
    stamps: Mapping[str, Mapping[tuple[int, int], Stamp]] = field(default_factory=dict)
    searching: int = 0
    tails: Mapping[Tail, bool] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
