"""Brokers, controller, topics and partitions: the Metadata request, and DescribeQuorum for the controller of KRaft."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka.errors import KafkaError, UnknownTopicOrPartitionError
from kafka.protocol.admin import DescribeQuorumRequest
from kafka.protocol.metadata import MetadataRequest

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import Broker, Partition, Topic
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
    return Metadata(tuple(sorted(brokers, key=lambda one: one.node_id)), named, topics)


async def read_controller(connection: Connection, metadata: Metadata, failures: Failures) -> int | None:
    """The active controller: the leader of KRaft's metadata quorum, or who the metadata names where there is none.

    Needs DESCRIBE on the cluster; None without it.
    """
    if not connection.supports(DescribeQuorumRequest, 0):
        return metadata.named_controller
    part = DescribeQuorumRequest.TopicData.PartitionData(partition_index=0)
    topic = DescribeQuorumRequest.TopicData(topic_name=_KRAFT_METADATA_TOPIC, partitions=[part])
    try:
        answer = await connection.ask_any(DescribeQuorumRequest(topics=[topic]))
    except (KafkaError, SourceError) as error:
        failures.note("controller", code_of(error), str(error))
        return None
    if answer.error_code:
        failures.note("controller", code_name(answer.error_code), "DescribeQuorum")
        return None
    return _node(answer.topics[0].partitions[0].leader_id)


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
        )
        for one in answer.partitions
    }
    return Topic(answer.name, None if topic_id is None else str(topic_id), dict(sorted(partitions.items())))


def _node(node_id: int | None) -> int | None:
    return None if node_id is None or node_id == _NO_LEADER else node_id
