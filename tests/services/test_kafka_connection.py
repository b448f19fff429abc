"""The contract with kafka-python's inner parts: what `sources/kafka/connection.py` relies on, against a real broker.

When an upgrade of the library breaks one of these, that module is the only place to mend.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaError
from kafka.protocol.admin import ListGroupsRequest
from kafka.protocol.metadata import MetadataRequest

from streamgauge.errors import SourceError
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.groups import ConsumerGroupDescribeRequest
from tests.services.kafka import Kafka, KafkaCluster
from tests.services.polling import eventually


@pytest.fixture
def connection(kafka: Kafka) -> Iterator[Connection]:
    """A connection to the shared broker."""
    connection = Connection(kafka.bootstrap.split(","), {})
    yield connection
    connection.close()


def test_every_request_is_counted_handshakes_too(connection: Connection) -> None:
    """The first question costs a handshake for each connection; later ones cost themselves."""
    connection.run(lambda: connection.ask_any(MetadataRequest(topics=[])), deadline=10)
    assert connection.requests == {"ApiVersions": 1, "Metadata": 1}
    connection.run(lambda: connection.ask_any(MetadataRequest(topics=[])), deadline=10)
    assert connection.requests == {"ApiVersions": 1, "Metadata": 2}


def test_a_group_of_the_new_protocol_and_an_unknown_one_are_described_in_one_batch(
    connection: Connection, kafka: Kafka
) -> None:
    """ConsumerGroupDescribe (KIP-848) works by our own schema, and each group's error is its own."""
    topic, group = kafka.create_topic(kafka.unique("orders"), partitions=2), kafka.unique("modern")
    with kafka.consumer(group, topic, **{"group.protocol": "consumer"}) as consumer:
        eventually(lambda: consumer.poll(0.1) or consumer.assignment())

        async def describe() -> Any:
            return await connection.ask_any(ConsumerGroupDescribeRequest(group_ids=[group, "nobody"]))

        def assigned() -> Any:
            """The answer, in whatever order, once the coordinator has settled the whole assignment."""
            described = {each.group_id: each for each in connection.run(describe, deadline=10).groups}
            parts = [part for member in described[group].members for part in member.assignment.topic_partitions]
            assert [(part.topic_name, sorted(part.partitions)) for part in parts] == [(topic, [0, 1])]
            return described

        described = eventually(assigned)
    assert (described[group].error_code, len(described[group].members)) == (0, 1)
    assert described["nobody"].error_code == 69
    assert set(described) == {group, "nobody"}


def test_answers_carry_the_instants_of_asking_and_answering(connection: Connection) -> None:
    """The instants enclose the request and lie within the call."""

    async def ask() -> Any:
        metadata = await connection.ask_any(MetadataRequest(topics=[]))
        await connection.learn_brokers(metadata)
        return await connection.ask_each({broker.node_id: ListGroupsRequest() for broker in metadata.brokers})

    before = time.monotonic()
    (answer,) = connection.run(ask, deadline=10).values()
    assert before <= answer.asked < answer.answered <= time.monotonic()
    assert answer.error is None


def test_reading_does_not_create_topics(connection: Connection, kafka: Kafka) -> None:
    """Asking for metadata, even of a topic by name, leaves the cluster as it is."""
    name = kafka.unique("nobody-made-this")
    topic = MetadataRequest.MetadataRequestTopic(name=name)
    request = MetadataRequest(topics=[topic], allow_auto_topic_creation=False)
    connection.run(lambda: connection.ask_any(request), deadline=10)
    assert name not in kafka.admin.list_topics(timeout=10).topics


def test_a_run_can_be_interrupted_from_another_thread(kafka_three: KafkaCluster) -> None:
    """`interrupt` ends a run that waits for a broker, and the connection can be used again afterwards."""
    address = kafka_three.address(1)
    connection = Connection([address], {})
    connection.run(lambda: connection.ask_any(MetadataRequest(topics=[])), deadline=10)
    kafka_three.pause(1)
    timer = threading.Timer(0.5, connection.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises((SourceError, KafkaError)):
        connection.run(lambda: connection.ask_any(MetadataRequest(topics=[])), deadline=30)
    assert time.monotonic() - started < 2
    kafka_three.resume(1)
    connection.close()
    eventually(lambda: _answers(connection))
    connection.close()


def _answers(connection: Connection) -> bool:
    try:
        return bool(connection.run(lambda: connection.ask_any(MetadataRequest(topics=[])), deadline=5).brokers)
    except SourceError as error:
        raise AssertionError(str(error)) from error
