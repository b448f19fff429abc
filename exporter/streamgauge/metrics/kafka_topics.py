"""Families about topics and their partitions."""

from collections.abc import Callable
from typing import NamedTuple

from streamgauge.metrics.family import Family, Kind, pairs
from streamgauge.model.reading import PartitionReading, TopicReading

_TOPIC = ("cluster", "topic")
_PARTITION = ("cluster", "topic", "partition")

PARTITIONS = Family("kafka_topic_partitions", Kind.GAUGE, _TOPIC, "Partitions of the topic.")
APPENDED = Family(
    "kafka_topic_records_appended_total",
    Kind.COUNTER,
    _TOPIC,
    "Records appended to the topic since it was first seen, over all partitions; rate() of it is the throughput in. "
    "Counts offsets, so transaction markers too. Goes on through retention and topics made anew.",
)
OFFLINE_PARTITIONS = Family(
    "kafka_topic_offline_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Partitions without a leader: they can be neither written nor read. Above 0: bring their brokers back.",
)
UNDER_MIN_ISR = Family(
    "kafka_topic_under_min_isr_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Partitions with fewer replicas in sync than min.insync.replicas: writes with acks=all are refused. Absent where "
    "the topic's configuration may not be read.",
)
REASSIGNING = Family(
    "kafka_topic_reassigning_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Partitions that are being moved between brokers, read about once a minute. Absent without DESCRIBE on the "
    "cluster.",
)
MIN_ISR = Family(
    "kafka_topic_min_insync_replicas",
    Kind.GAUGE,
    _TOPIC,
    "The topic's min.insync.replicas. Absent where its configuration may not be read.",
)
RETENTION_SECONDS = Family(
    "kafka_topic_retention_seconds",
    Kind.GAUGE,
    _TOPIC,
    "How long records are kept at least. Absent for topics that are compacted only or keep records for ever, and where "
    "the configuration may not be read.",
)
RETENTION_BYTES = Family(
    "kafka_topic_retention_bytes",
    Kind.GAUGE,
    _TOPIC,
    "How large one partition may grow before its oldest records are deleted. Absent where there is no such limit.",
)
INFO = Family(
    "kafka_topic_info",
    Kind.GAUGE,
    (*_TOPIC, "cleanup_policy", "timestamp_type"),
    "1 for each topic whose configuration may be read: its cleanup policy, and whose clock its timestamps are of.",
)
SIZE = Family(
    "kafka_topic_size_bytes",
    Kind.GAUGE,
    _TOPIC,
    "Bytes of the topic on disk, each partition counted once (its leader's replica), read about once a minute. Absent "
    "without DESCRIBE on the cluster.",
)
CURRENT_OFFSET = Family(
    "kafka_topic_partition_current_offset",
    Kind.GAUGE,
    _PARTITION,
    "End offset (high watermark) of the partition. Absent while it cannot be read, for example without a leader.",
)
LAST_STABLE_OFFSET = Family(
    "kafka_topic_partition_last_stable_offset",
    Kind.GAUGE,
    _PARTITION,
    "Last stable offset, served only where it is below the end: a transaction is open, and consumers that read "
    "committed wait here. Present for long: a producer hangs in its transaction.",
)
OLDEST_OFFSET = Family(
    "kafka_topic_partition_oldest_offset",
    Kind.GAUGE,
    _PARTITION,
    "Log start offset: the first record that is still there. A commit below it has lost data.",
)
LEADER = Family(
    "kafka_topic_partition_leader",
    Kind.GAUGE,
    _PARTITION,
    "Node id of the partition's leader. Absent while it has none: nothing can be written or read.",
)
LEADER_IS_PREFERRED = Family(
    "kafka_topic_partition_leader_is_preferred",
    Kind.GAUGE,
    _PARTITION,
    "1 if the leader is the first of the replicas, 0 if another one leads or none does. Many zeros: leadership is "
    "out of balance.",
)
REPLICAS = Family("kafka_topic_partition_replicas", Kind.GAUGE, _PARTITION, "Replicas that the partition should have.")
IN_SYNC_REPLICAS = Family(
    "kafka_topic_partition_in_sync_replica",
    Kind.GAUGE,
    _PARTITION,
    "Replicas that are in sync with the leader (ISR).",
)
UNDER_REPLICATED = Family(
    "kafka_topic_partition_under_replicated_partition",
    Kind.GAUGE,
    _PARTITION,
    "1 if fewer replicas are in sync than there should be: one more failure may lose data or stop writes.",
)
OFFLINE_REPLICAS = Family(
    "kafka_topic_partition_offline_replicas",
    Kind.GAUGE,
    _PARTITION,
    "Replicas on brokers or disks that are not there.",
)
PARTITION_SIZE = Family(
    "kafka_topic_partition_size_bytes",
    Kind.GAUGE,
    _PARTITION,
    "Bytes of the partition on its leader's disk, read about once a minute. Far apart within a topic: keys are skewed.",
)

OPEN_TRANSACTION = Family(
    "kafka_topic_open_transaction_seconds",
    Kind.GAUGE,
    _TOPIC,
    "For how long, at least, the topic's oldest open transaction has been holding a partition's last stable offset "
    "where it is; absent while none is open. Consumers that read committed data wait behind it. Longer than the "
    "producers' transaction.timeout.ms: a transaction hangs.",
)

FAMILIES = (
    PARTITIONS,
    APPENDED,
    OFFLINE_PARTITIONS,
    UNDER_MIN_ISR,
    REASSIGNING,
    MIN_ISR,
    RETENTION_SECONDS,
    RETENTION_BYTES,
    SIZE,
    OPEN_TRANSACTION,
    INFO,
    CURRENT_OFFSET,
    LAST_STABLE_OFFSET,
    OLDEST_OFFSET,
    LEADER,
    LEADER_IS_PREFERRED,
    REPLICAS,
    IN_SYNC_REPLICAS,
    UNDER_REPLICATED,
    OFFLINE_REPLICAS,
    PARTITION_SIZE,
)

SERIES_PER_TOPIC = 11
_Value = Callable[[PartitionReading], int | None]

# What is served for each partition, and where its value comes from; None: absent.
_PARTITION_VALUES: tuple[tuple[Family, _Value], ...] = (
    (CURRENT_OFFSET, lambda row: row.end),
    (LAST_STABLE_OFFSET, lambda row: row.last_stable),
    (OLDEST_OFFSET, lambda row: row.log_start),
    (LEADER, lambda row: row.placement.leader),
    (LEADER_IS_PREFERRED, lambda row: int(row.placement.replicas[:1] == (row.placement.leader,))),
    (REPLICAS, lambda row: len(row.placement.replicas)),
    (IN_SYNC_REPLICAS, lambda row: len(row.placement.in_sync_replicas)),
    (UNDER_REPLICATED, lambda row: int(len(row.placement.in_sync_replicas) < len(row.placement.replicas))),
    (OFFLINE_REPLICAS, lambda row: len(row.placement.offline_replicas)),
    (PARTITION_SIZE, lambda row: row.size_bytes),
)
SERIES_PER_PARTITION = len(_PARTITION_VALUES)


class _Prefixes(NamedTuple):
    partitions: tuple[int, ...]
    topic: str
    rows: tuple[tuple[str, ...], ...]  # by family of _PARTITION_VALUES, then by partition


class TopicLines:
    """Renders topics; a series' name and labels are formatted once and kept."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._kept: dict[str, _Prefixes] = {}

    def forget_all_but(self, names: frozenset[str]) -> None:
        """Let go of topics that are gone."""
        self._kept = {name: kept for name, kept in self._kept.items() if name in names}

    def render(self, topic: TopicReading, out: dict[str, list[str]], *, partitions: bool) -> None:
        """Append the topic's lines to those of their families; partitions' own lines if wanted."""
        prefixes = self._prefixes(topic)
        if topic.partitions:  # every topic has some: none means that they could not be read yet
            out[PARTITIONS.name].append(f"{PARTITIONS.name}{prefixes.topic}{len(topic.partitions)}\n")
        out[APPENDED.name].append(f"{APPENDED.name}{prefixes.topic}{topic.appended_total}\n")
        for family, value in _topic_values(topic):
            if value is not None:
                out[family.name].append(f"{family.name}{prefixes.topic}{value}\n")
        if topic.config is not None:
            kind = (topic.config.cleanup_policy, topic.config.timestamp_type)
            out[INFO.name].append(INFO.sample((self._cluster, topic.name, *kind), 1))
        if not partitions:
            return
        for (family, value_of), row in zip(_PARTITION_VALUES, prefixes.rows, strict=True):
            out[family.name] += [
                f"{prefix}{value}\n"
                for prefix, partition in zip(row, topic.partitions, strict=True)
                if (value := value_of(partition)) is not None
            ]

    def _prefixes(self, topic: TopicReading) -> _Prefixes:
        numbers = tuple(row.placement.partition for row in topic.partitions)
        kept = self._kept.get(topic.name)
        if kept is None or kept.partitions != numbers:
            labels = pairs((("cluster", self._cluster), ("topic", topic.name)))
            rows = tuple(
                tuple(f'{family.name}{{{labels},partition="{number}"}} ' for number in numbers)
                for family, _ in _PARTITION_VALUES
            )
            kept = self._kept[topic.name] = _Prefixes(numbers, f"{{{labels}}} ", rows)
        return kept


def _topic_values(topic: TopicReading) -> tuple[tuple[Family, float | None], ...]:
    config = topic.config
    open_for = topic.open_transaction_seconds
    return (
        (OFFLINE_PARTITIONS, topic.offline if topic.partitions else None),
        (UNDER_MIN_ISR, topic.under_min_isr if topic.partitions else None),
        (REASSIGNING, topic.reassigning),
        (SIZE, topic.size_bytes),
        (OPEN_TRANSACTION, None if open_for is None else round(open_for, 3)),
        (MIN_ISR, None if config is None else config.min_insync_replicas),
        (RETENTION_SECONDS, None if config is None or not config.deletes else config.retention_seconds),
        (RETENTION_BYTES, None if config is None or not config.deletes else config.retention_bytes),
    )
