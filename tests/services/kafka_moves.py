"""Moves what a broker is responsible for, while it runs: leaders of partitions, coordinators of groups.

Through kafka-python's admin client, because confluent-kafka cannot reassign replicas or delete single offsets.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka.admin import NewTopic
from kafka import KafkaAdminClient
from kafka import TopicPartition as Partition

from tests.services.kafka import CALL_DEADLINE, Kafka, KafkaCluster
from tests.services.polling import eventually

_OFFSETS_TOPIC = "__consumer_offsets"
_PREFERRED = 0


def create_placed(kafka: KafkaCluster, name: str, *replicas: Sequence[int]) -> str:
    """Create a topic with these brokers for each partition, the leader first; returns the name."""
    new = NewTopic(name, num_partitions=len(replicas), replica_assignment=[list(nodes) for nodes in replicas])
    kafka.admin.create_topics([new])[name].result(CALL_DEADLINE)
    leaders = [nodes[0] for nodes in replicas]
    eventually(
        lambda: [kafka.leader(name, partition) for partition in range(len(replicas))] == leaders,
        deadline=CALL_DEADLINE,
        every=0.05,
    )
    return name


def move_leader(kafka: KafkaCluster, topic: str, partition: int, node: int) -> None:
    """Make one of a partition's replicas its leader, and wait until the others know."""
    others = [each for each in kafka.nodes if each != node]
    one = Partition(topic, partition)
    with _admin(kafka) as admin:
        failed = [error for error in admin.alter_partition_reassignments({one: [node, *others]}).values() if error]
        assert not failed, failed

        def led() -> bool:
            # Refused while the replicas are put in their new order, and when it leads already.
            admin.elect_leaders(_PREFERRED, {topic: [partition]}, raise_errors=False)
            return kafka.leader(topic, partition) == node

        eventually(led, deadline=CALL_DEADLINE, every=0.05)


def move_coordinator(kafka: KafkaCluster, group: str, node: int) -> None:
    """Make a broker the coordinator of a group (and of those that share its part of the offsets)."""
    move_leader(kafka, _OFFSETS_TOPIC, _offsets_partition(group, _partitions(kafka)), node)


def coordinated_by(kafka: KafkaCluster, node: int, stem: str) -> str:
    """A new group's name, which this broker coordinates; each broker has a part of the offsets for such groups."""
    while _offsets_partition(group := kafka.unique(stem), _partitions(kafka)) != node:
        pass
    move_coordinator(kafka, group, node)
    return group


def delete_offsets(kafka: Kafka, group: str, topic: str, *partitions: int) -> None:
    """Delete what a group has committed on some partitions (OffsetDelete)."""
    with _admin(kafka) as admin:
        answer = admin.delete_group_offsets(group, [Partition(topic, partition) for partition in partitions])
    failed = [error for error in answer.values() if getattr(error, "errno", 0)]
    assert not failed, failed


def _offsets_partition(group: str, partitions: int) -> int:
    """Where a group's offsets are kept: Java's hash of its name, without the sign."""
    code = 0
    for letter in group:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return (code & 0x7FFFFFFF) % partitions


def _partitions(kafka: Kafka) -> int:
    """Of how many parts the offsets' topic is; the first commit makes it."""
    if _OFFSETS_TOPIC not in (topics := kafka.admin.list_topics(timeout=CALL_DEADLINE).topics):
        seed = kafka.create_topic(kafka.unique("seed"))
        kafka.commit(seed, {(seed, 0): 0})
        topics = kafka.admin.list_topics(timeout=CALL_DEADLINE).topics
    return len(topics[_OFFSETS_TOPIC].partitions)


@contextmanager
def _admin(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap.split(","))
    try:
        yield admin
    finally:
        admin.close()
