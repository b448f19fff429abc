"""What the API answers. Null always means unknown (or not applicable), never zero."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streamgauge.model.search import Method
from streamgauge.model.status import Status


def _about(text: str, example: object = None) -> object:
    """A field's description and an example."""
    return Field(description=text, examples=None if example is None else [example])


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Model):
    """How the reading of a cluster goes."""

    name: Annotated[str, _about("The source.", "kafka")]
    target: Annotated[str, _about("What it reads: the bootstrap servers.", "kafka-1:9092,kafka-2:9092")]
    interval_seconds: Annotated[float, _about("Seconds between the starts of two cycles.", 10.0)]
    cycles: Annotated[int, _about("Finished cycles, good or bad.", 42)]
    up: Annotated[bool | None, _about("Whether the last cycle brought a reading; null before the first.", example=True)]
    stale: Annotated[bool, _about("The last good reading is still served although it is overdue.", example=False)]
    last_success: Annotated[datetime | None, _about("When the last good reading was made.", "2026-01-01T12:00:00Z")]
    last_duration_seconds: Annotated[float | None, _about("How long the last cycle took.", 0.084)]
    last_error: Annotated[str | None, _about("Why the last cycle failed; null when it did not.")]


class LogDir(_Model):
    """A directory in which a broker keeps its logs, and the volume that holds it."""

    path: Annotated[str, _about("The directory.", "/var/lib/kafka")]
    total_bytes: Annotated[int | None, _about("The volume's size; null before Kafka 3.3.", 1099511627776)]
    usable_bytes: Annotated[int | None, _about("What is free for the broker on it, likewise.", 549755813888)]


class Broker(_Model):
    """A broker that the cluster's metadata names."""

    id: Annotated[int, _about("The node's id.", 1)]
    host: Annotated[str, _about("Its advertised host.", "kafka-1")]
    port: Annotated[int, _about("Its advertised port.", 9092)]
    rack: Annotated[str | None, _about("Its rack.", "eu-west-1a")]
    partitions: Annotated[int | None, _about("Replicas that it holds, of all topics, watched or not.", 240)]
    leaders: Annotated[int | None, _about("Partitions that it leads, likewise.", 80)]
    log_dirs: Annotated[list[LogDir] | None, _about("Where it keeps its logs; null where that could not be read.")]


class Voter(_Model):
    """A voter of KRaft's metadata quorum."""

    id: Annotated[int, _about("The node's id.", 1)]
    lag: Annotated[int, _about("Records that it is behind the quorum's leader; 0 for the leader.", 0)]


class Cluster(_Model):
    """A configured cluster. What was read is null while there is no reading that may be served."""

    cluster: Annotated[str, _about("The cluster's name.", "orders")]
    source: Source
    read_at: Annotated[datetime | None, _about("When the served reading was made.", "2026-01-01T12:00:00Z")]
    brokers: Annotated[list[Broker] | None, _about("The brokers.")]
    controller: Annotated[int | None, _about("The active controller's id.", 1)]
    voters: Annotated[
        list[Voter] | None, _about("The metadata quorum's voters; null without KRaft or where they are unknown.")
    ]
    max_voter_lag: Annotated[int | None, _about("The lag of the voter that is furthest behind, likewise.", 0)]
    broker_count: Annotated[int | None, _about("Brokers.", 3)]
    group_count: Annotated[int | None, _about("Consumer groups.", 12)]
    topic_count: Annotated[int | None, _about("Topics.", 30)]
    partition_count: Annotated[int | None, _about("Partitions of all topics.", 240)]
    under_replicated_partitions: Annotated[int | None, _about("Partitions with a replica out of sync.", 0)]
    offline_partitions: Annotated[int | None, _about("Partitions without a leader.", 0)]
    lag_sum: Annotated[int | None, _about("Lag of all groups in records; null while any part is unknown.", 1234)]
    max_lag: Annotated[int | None, _about("The worst partition's lag in records, over the known ones.", 900)]
    max_lag_seconds: Annotated[float | None, _about("The worst partition's lag in seconds, likewise.", 12.4)]
    unknown_partitions: Annotated[int | None, _about("Committed partitions whose lag is unknown.", 0)]
    appended_per_second: Annotated[float | None, _about("Records appended to all topics per second.", 120.5)]
    consumed_per_second: Annotated[float | None, _about("Records consumed by all groups per second.", 118.0)]


class GroupPartition(_Model):
    """How far a group is behind on one partition."""

    partition: Annotated[int, _about("The partition.", 0)]
    committed: Annotated[int, _about("The committed offset: the next record to be consumed.", 1000)]
    lag: Annotated[int | None, _about("Records after it; null where unknown.", 900)]
    lag_seconds: Annotated[float | None, _about("How long the next record has been waiting.", 12.4)]
    error_bound_seconds: Annotated[
        float | None, _about("The truth is within this of `lag_seconds`; null where there is no bound.", 2.5)
    ]
    method: Annotated[
        Method | None,
        _about("How `lag_seconds` was found: by what was seen, by search, or by the producer's word.", "history"),
    ]


class GroupTopic(_Model):
    """How far a group is behind on one topic."""

    topic: Annotated[str, _about("The topic.", "payments")]
    status: Annotated[Status, _about("What it is doing on the topic.", "ok")]
    lag_sum: Annotated[int | None, _about("Lag in records; null while any committed partition's is unknown.", 1234)]
    max_lag: Annotated[int | None, _about("The worst partition's lag in records, over the known ones.", 900)]
    max_lag_seconds: Annotated[float | None, _about("The worst partition's lag in seconds, likewise.", 12.4)]
    unknown_partitions: Annotated[int, _about("Committed partitions whose lag is unknown.", 0)]
    uncommitted_partitions: Annotated[int, _about("Partitions that the group never committed.", 0)]
    unassigned_partitions: Annotated[
        int | None, _about("Partitions that no member is assigned; null without members and in a rebalance.", 0)
    ]
    committed_sum: Annotated[int | None, _about("The sum of the committed offsets.", 48000)]
    consumed_total: Annotated[int, _about("Records consumed since the group was first seen.", 3500)]
    consumed_per_second: Annotated[float | None, _about("Their rate over the last half minute or so.", 60.2)]
    time_to_catch_up_seconds: Annotated[
        float | None, _about("At the rates of the last half minute; null where it never would, or it is unknown.", 41.5)
    ]
    time_to_data_loss_seconds: Annotated[
        float | None,
        _about(
            "Until retention may reach an unread record, at the soonest; null where it does not or is unknown.",
            259200.0,
        ),
    ]
    records_lost_total: Annotated[int, _about("Records deleted before it read them, since it was first seen.", 0)]
    partitions: Annotated[list[GroupPartition] | None, _about("Its partitions; only with `detail=partition`.")] = None


class Member(_Model):
    """A member of a consumer group."""

    member_id: Annotated[str, _about("Its id.", "consumer-1-2f6a")]
    client_id: Annotated[str, _about("Its client's id.", "consumer-1")]
    host: Annotated[str, _about("Where it connects from.", "/10.0.0.7")]
    assignment: Annotated[
        dict[str, list[int]] | None,
        _about("Its partitions by topic; null where it cannot be read.", {"payments": [0, 1]}),
    ]


class Group(_Model):
    """A consumer group; its figures are over all its topics, whatever the filter on topics shows."""

    cluster: Annotated[str, _about("The cluster.", "orders")]
    group: Annotated[str, _about("The group.", "billing")]
    read_at: Annotated[datetime, _about("When this was read.", "2026-01-01T12:00:00Z")]
    status: Annotated[Status, _about("What it is doing on the worst of its topics.", "ok")]
    state: Annotated[str | None, _about("Kafka's word on it.", "Stable")]
    type: Annotated[str | None, _about("`classic` or `consumer`; null where brokers do not say.", "consumer")]
    protocol_type: Annotated[str | None, _about("The group's protocol type.", "consumer")]
    assignor: Annotated[str | None, _about("How partitions are assigned.", "range")]
    coordinator: Annotated[int | None, _about("The id of the broker that answers for it.", 1)]
    member_count: Annotated[int | None, _about("Its members; null where they could not be read.", 3)]
    topic_count: Annotated[int, _about("Topics that it committed or is assigned.", 1)]
    lag_sum: Annotated[int | None, _about("Lag in records; null while any part is unknown.", 1234)]
    max_lag: Annotated[int | None, _about("The worst partition's lag in records, over the known ones.", 900)]
    max_lag_seconds: Annotated[float | None, _about("The worst partition's lag in seconds, likewise.", 12.4)]
    unknown_partitions: Annotated[int, _about("Committed partitions whose lag is unknown.", 0)]
    uncommitted_partitions: Annotated[int, _about("Partitions that the group never committed.", 0)]
    unassigned_partitions: Annotated[
        int | None, _about("Partitions that no member is assigned; null without members and in a rebalance.", 0)
    ]
    committed_sum: Annotated[int | None, _about("The sum of the committed offsets.", 48000)]
    consumed_total: Annotated[int, _about("Records consumed since the group was first seen.", 3500)]
    consumed_per_second: Annotated[float | None, _about("Their rate; null while any part is unknown.", 60.2)]
    time_to_catch_up_seconds: Annotated[
        float | None, _about("Until the last of its topics is caught up; null while that of any is.", 41.5)
    ]
    time_to_data_loss_seconds: Annotated[
        float | None, _about("The soonest of its topics' times until retention may reach an unread record.", 259200.0)
    ]
    records_lost_total: Annotated[int, _about("Records deleted before it read them, since it was first seen.", 0)]
    slo_lag_seconds: Annotated[float | None, _about("The limit of waiting time that it is held to.", 300.0)]
    rebalances_total: Annotated[int, _about("Rebalances since it was first seen.", 2)]
    member_changes_total: Annotated[int, _about("Members that came or went since then.", 3)]
    topics: Annotated[list[GroupTopic] | None, _about("Its topics; not with `detail=group`.")] = None


class WholeGroup(Group):
    """A consumer group with its topics, partitions and members."""

    members: Annotated[list[Member] | None, _about("Its members; null where they could not be read.")]


class Reader(_Model):
    """A group that reads a topic."""

    group: Annotated[str, _about("The group.", "billing")]
    state: Annotated[str | None, _about("Kafka's word on it.", "Stable")]
    status: Annotated[Status, _about("What it is doing on this topic.", "ok")]
    lag_sum: Annotated[int | None, _about("Its lag on this topic; null while any part is unknown.", 1234)]
    max_lag: Annotated[int | None, _about("The worst partition's lag in records, over the known ones.", 900)]
    max_lag_seconds: Annotated[float | None, _about("The worst partition's lag in seconds, likewise.", 12.4)]


class TopicPartition(_Model):
    """One partition of a topic."""

    partition: Annotated[int, _about("The partition.", 0)]
    leader: Annotated[int | None, _about("The leader's id; null while it has none.", 1)]
    replicas: Annotated[list[int], _about("The replicas' brokers; the first is the preferred leader.", [1, 2, 3])]
    in_sync_replicas: Annotated[list[int], _about("Those that are in sync.", [1, 2, 3])]
    offline_replicas: Annotated[list[int], _about("Those that are offline.", [])]
    log_start: Annotated[int | None, _about("The first offset that is still there.", 100)]
    end: Annotated[int | None, _about("The offset that the next record will have.", 1900)]
    last_stable: Annotated[int | None, _about("The end for readers of committed data, where it differs.")]
    size_bytes: Annotated[int | None, _about("Bytes on its leader's disk; null where they could not be read.", 524288)]


class Topic(_Model):
    """A topic."""

    cluster: Annotated[str, _about("The cluster.", "orders")]
    topic: Annotated[str, _about("The topic.", "payments")]
    read_at: Annotated[datetime, _about("When this was read.", "2026-01-01T12:00:00Z")]
    partition_count: Annotated[int | None, _about("Its partitions; null where they could not be read.", 6)]
    end_sum: Annotated[int | None, _about("The sum of the end offsets; null while any is unknown.", 49234)]
    record_count: Annotated[int | None, _about("Offsets from log start to end; null while any is unknown.", 1800)]
    under_replicated_partitions: Annotated[int | None, _about("Partitions with a replica out of sync.", 0)]
    offline_partitions: Annotated[int | None, _about("Partitions without a leader.", 0)]
    under_min_isr_partitions: Annotated[
        int | None, _about("Partitions with fewer replicas in sync than `min_insync_replicas`: writes are refused.", 0)
    ]
    reassigning_partitions: Annotated[int | None, _about("Partitions that are being moved between brokers.", 0)]
    size_bytes: Annotated[
        int | None, _about("Bytes on disk, each partition counted once; null while any is unknown.", 3145728)
    ]
    cleanup_policy: Annotated[
        str | None, _about("`delete`, `compact` or both; null where the configuration could not be read.", "delete")
    ]
    timestamp_type: Annotated[
        str | None, _about("Whose clock its timestamps are of: `CreateTime` or `LogAppendTime`.", "CreateTime")
    ]
    min_insync_replicas: Annotated[int | None, _about("Replicas in sync that writes with acks=all need.", 2)]
    retention_seconds: Annotated[
        float | None, _about("How long records are kept at least; null where age deletes nothing.", 604800.0)
    ]
    retention_bytes: Annotated[
        int | None, _about("How large a partition may grow; null where size deletes nothing.", 1073741824)
    ]
    appended_total: Annotated[int, _about("Records appended since the topic was first seen.", 3600)]
    appended_per_second: Annotated[float | None, _about("Their rate over the last half minute or so.", 60.5)]
    lag_sum: Annotated[int | None, _about("Lag of all groups that read it; null while any part is unknown.", 1234)]
    max_lag: Annotated[int | None, _about("The worst partition's lag of any group, over the known ones.", 900)]
    max_lag_seconds: Annotated[float | None, _about("Likewise in seconds.", 12.4)]
    groups: Annotated[list[Reader] | None, _about("The groups that read it; not with `detail=topic`.")] = None
    partitions: Annotated[list[TopicPartition] | None, _about("Its partitions; only with `detail=partition`.")] = None


class _Page(_Model):
    total: Annotated[int, _about("Items that match, on all pages.", 1)]
    limit: Annotated[int, _about("The most items of a page.", 100)]
    offset: Annotated[int, _about("Items before this page.", 0)]


class ClusterPage(_Page):
    """Clusters."""

    items: list[Cluster]


class _ReadPage(_Page):
    unread_clusters: Annotated[
        list[str], _about("Clusters of the asked that have no reading now: what they hold is unknown, not absent.", [])
    ]


class GroupPage(_ReadPage):
    """Consumer groups."""

    items: list[Group]


class TopicPage(_ReadPage):
    """Topics."""

    items: list[Topic]
