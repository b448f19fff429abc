"""Brokers, topics and partitions (Metadata), the metadata quorum (DescribeQuorum), partitions that are being moved."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka.errors import KafkaError, UnknownTopicOrPartitionError
from kafka.protocol.admin import DescribeQuorumRequest, ListPartitionReassignmentsRequest
from kafka.protocol.metadata import MetadataRequest

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import Broker, BrokerLoad, Partition, Quorum, Topic
from streamgauge.sources.kafka.connection import Connection, Wanted, code_name, code_of
from streamgauge.sources.kafka.failures import Failures

_KRAFT_METADATA_TOPIC = "__cluster_metadata"
_NO_LEADER = -1


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the cluster says of itself; ``named_controller`` is a random broker's id on KRaft clusters (KIP-590)."""

    brokers: tuple[Broker, ...]
    named_controller: int | None
    topics: dict[str, Topic]
    loads: dict[int, BrokerLoad]


async def read_metadata(connection: Connection, wanted: Wanted, failures: Failures) -> Metadata:
    """One Metadata request for every topic.

    Raises:
        SourceError: no broker answered, or the answer names no broker.
    """
    answer = await connection.ask_any(MetadataRequest(topics=None, allow_auto_topic_creation=False))
    if not answer.brokers:
        raise SourceError("metadata", "BROKER_NOT_AVAILABLE", "the cluster's metadata names no broker")
    await connection.learn_brokers(answer)
    topics = {}
    for topic in answer.topics:
        if topic.name is None or not wanted(topic.name):
            continue
        if topic.error_code == UnknownTopicOrPartitionError.errno:
            continue  # it is being deleted
        if topic.error_code:
            failures.note("metadata", code_name(topic.error_code), f"topic {topic.name}")
        topics[topic.name] = _topic(topic)
    brokers = tuple(Broker(one.node_id, one.host, one.port, one.rack) for one in answer.brokers)
    named = answer.controller_id if any(one.node_id == answer.controller_id for one in brokers) else None
    return Metadata(tuple(sorted(brokers, key=lambda one: one.node_id)), named, topics, _loads(answer))


async def read_quorum(connection: Connection, failures: Failures) -> Quorum | None:
    """KRaft's metadata quorum. Needs DESCRIBE on the cluster; None without it, and on clusters without KRaft."""
    if not connection.supports(DescribeQuorumRequest, 0):
        return None
    part = DescribeQuorumRequest.TopicData.PartitionData(partition_index=0)
    topic = DescribeQuorumRequest.TopicData(topic_name=_KRAFT_METADATA_TOPIC, partitions=[part])
    try:
        answer = await connection.ask_any(DescribeQuorumRequest(topics=[topic]))
    except (KafkaError, SourceError) as error:
        failures.note("quorum", code_of(error), str(error))
        return None
    partition = None if answer.error_code else answer.topics[0].partitions[0]
    code = answer.error_code if partition is None else partition.error_code
    if partition is None or code:
        failures.note("quorum", code_name(code), "the metadata quorum")
        return None
    return Quorum(_node(partition.leader_id), {one.replica_id: one.log_end_offset for one in partition.current_voters})


async def read_reassignments(
    connection: Connection, wanted: Wanted, failures: Failures
) -> dict[str, frozenset[int]] | None:
    """Partitions that are being moved, by topic. Needs DESCRIBE on the cluster; None where it cannot be read."""
    if not connection.supports(ListPartitionReassignmentsRequest, 0):
        return None
    try:
        answer = await connection.ask_any(ListPartitionReassignmentsRequest(topics=None))
    except (KafkaError, SourceError) as error:
        failures.note("reassignments", code_of(error), str(error))
        return None
    if answer.error_code:
        failures.note("reassignments", code_name(answer.error_code), "the list of reassignments")
        return None
    return {
        topic.name: frozenset(one.partition_index for one in topic.partitions)
        for topic in answer.topics
        if wanted(topic.name)
    }


def _loads(answer: Any) -> dict[int, BrokerLoad]:
    replicas: Counter[int] = Counter()
    leaders: Counter[int] = Counter()
    for topic in answer.topics:
        for partition in topic.partitions:
            replicas.update(partition.replica_nodes)
            leaders[partition.leader_id] += 1
    return {one.node_id: BrokerLoad(replicas[one.node_id], leaders[one.node_id]) for one in answer.brokers}


def _topic(answer: Any) -> Topic:
    topic_id = getattr(answer, "topic_id", None)
    if isinstance(topic_id, UUID) and not topic_id.int:
        topic_id = None
    partitions = {
        one.partition_index: Partition(
            one.partition_index,
            _node(one.leader_id),
            tuple(one.replica_nodes),
            tuple(one.isr_nodes),
            tuple(one.offline_replicas or ()),
            _leader_epoch(one),
        )
        for one in answer.partitions
    }
    return Topic(answer.name, None if topic_id is None else str(topic_id), dict(sorted(partitions.items())))


def _leader_epoch(answer: Any) -> int | None:
    epoch = answer.leader_epoch
    return epoch if isinstance(epoch, int) and epoch >= 0 else None


def _node(node_id: int | None) -> int | None:
    return None if node_id is None or node_id == _NO_LEADER else node_id
