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

FAMILIES = (BROKERS, BROKER_INFO, CONTROLLER)


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
