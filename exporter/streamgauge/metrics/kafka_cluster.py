"""Families about the brokers of a cluster."""

from collections.abc import Iterator

from streamgauge.metrics.family import Family, Kind
from streamgauge.model.reading import ClusterReading

BROKERS = Family(
    "kafka_brokers",
    Kind.GAUGE,
    ("cluster",),
    "Brokers in the cluster's metadata. Fewer than you run: a broker is down or cut off.",
)
BROKER_INFO = Family(
    "kafka_broker_info",
    Kind.GAUGE,
    ("cluster", "id", "address", "rack"),
    "1 for each broker in the cluster's metadata, with its address and rack; join on id to name a leader.",
)
CONTROLLER = Family(
    "kafka_cluster_controller_id",
    Kind.GAUGE,
    ("cluster",),
    "Node id of the active controller (on KRaft the leader of the metadata quorum, read about once a minute). "
    "Absent while there is none, or without DESCRIBE on the cluster.",
)

BROKER_PARTITIONS = Family(
    "kafka_broker_partitions",
    Kind.GAUGE,
    ("cluster", "id"),
    "Replicas that the broker holds, of all topics, watched or not. Far apart between brokers: work is out of balance.",
)
BROKER_LEADERS = Family(
    "kafka_broker_leaders",
    Kind.GAUGE,
    ("cluster", "id"),
    "Partitions that the broker leads, of all topics, watched or not. Producers and consumers talk to leaders: far "
    "apart between brokers, elect the preferred leaders.",
)
LOG_DIR_TOTAL = Family(
    "kafka_broker_log_dir_total_bytes",
    Kind.GAUGE,
    ("cluster", "id", "log_dir"),
    "Size of the volume that holds the broker's log directory, read about once a minute. Absent without DESCRIBE on "
    "the cluster and before Kafka 3.3.",
)
LOG_DIR_USABLE = Family(
    "kafka_broker_log_dir_usable_bytes",
    Kind.GAUGE,
    ("cluster", "id", "log_dir"),
    "Bytes that are free for the broker on that volume. A broker whose volume is full stops.",
)
VOTER_LAG = Family(
    "kafka_quorum_voter_lag_records",
    Kind.GAUGE,
    ("cluster", "id"),
    "How many records a voter of KRaft's metadata quorum is behind its leader, read about once a minute; 0 for the "
    "leader. Growing: that controller could not take over.",
)

FAMILIES = (
    BROKERS,
    BROKER_INFO,
    CONTROLLER,
    BROKER_PARTITIONS,
    BROKER_LEADERS,
    LOG_DIR_TOTAL,
    LOG_DIR_USABLE,
    VOTER_LAG,
)


def samples(reading: ClusterReading) -> Iterator[tuple[Family, str]]:
    """Each sample as its family and its line."""
    cluster = reading.cluster
    yield BROKERS, BROKERS.sample((cluster,), len(reading.brokers))
    for broker in reading.brokers:
        host = f"[{broker.host}]" if ":" in broker.host else broker.host
        labels = (cluster, str(broker.node_id), f"{host}:{broker.port}", broker.rack or "")
        yield BROKER_INFO, BROKER_INFO.sample(labels, 1)
    if reading.controller is not None:
        yield CONTROLLER, CONTROLLER.sample((cluster,), reading.controller)
    for node_id, load in reading.broker_loads.items():
        yield BROKER_PARTITIONS, BROKER_PARTITIONS.sample((cluster, str(node_id)), load.partitions)
        yield BROKER_LEADERS, BROKER_LEADERS.sample((cluster, str(node_id)), load.leaders)
    for log_dir in reading.log_dirs:
        where = (cluster, str(log_dir.broker), log_dir.path)
        if log_dir.total_bytes is not None:
            yield LOG_DIR_TOTAL, LOG_DIR_TOTAL.sample(where, log_dir.total_bytes)
        if log_dir.usable_bytes is not None:
            yield LOG_DIR_USABLE, LOG_DIR_USABLE.sample(where, log_dir.usable_bytes)
    for node_id, lag in reading.voter_lags.items():
        yield VOTER_LAG, VOTER_LAG.sample((cluster, str(node_id)), lag)
