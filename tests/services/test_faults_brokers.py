"""Brokers that die, freeze or hand over what they lead, one of three and all of them."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from streamgauge.config.client import ClientProperties
from streamgauge.model.snapshot import EndOffset
from streamgauge.sources.kafka.connection import Connection
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.metadata import read_metadata
from streamgauge.sources.kafka.offsets import read_ends
from streamgauge.sources.kafka.security import client_options
from tests.services.exporter import Exporter, Page
from tests.services.kafka import KafkaCluster
from tests.services.kafka_moves import coordinated_by, create_placed, move_coordinator, move_leader
from tests.services.polling import eventually
from tests.services.process import free_ports
from tests.services.waiting import DEAD_AFTER, DEADLINE, PREFIX, RECORDS, config, let_wait_on, names, read_again
from tests.services.watch import LAG, LAG_SECONDS, LAG_SUM, UNKNOWN, Wait, Watch

UP = "streamgauge_source_up"
STALE = "streamgauge_source_stale"
UNDER_REPLICATED = "kafka_topic_partition_under_replicated_partition"

VICTIM, SAFE, OTHER = 2, 1, 3

Ends = dict[str, dict[int, EndOffset]]


@dataclass(frozen=True)
class Scene:
    """What every fault of a broker happens to.

    Attributes:
        replicated: waits on a topic that the victim leads and the others replicate; they coordinate its group.
        coordinated: waits on a topic of its own on a safe broker; the victim coordinates its group.
        neighbour: waits where the victim has no part at all.
    """

    replicated: Wait
    coordinated: Wait
    neighbour: Wait


@pytest.fixture(scope="module")
def exporter(_three_brokers: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One exporter for all of these faults: it must outlive each of them."""
    _three_brokers.heal()
    with Exporter(tmp_path_factory.mktemp("exporter"), config=config(_three_brokers.bootstrap)) as exporter:
        yield exporter


@pytest.fixture
def scene(kafka_three: KafkaCluster, exporter: Exporter) -> Scene:
    """Three groups, with records that wait: see ``Scene``."""
    replicated, alone, apart = names(kafka_three, "replicated", "alone", "apart")
    create_placed(kafka_three, replicated, [VICTIM, SAFE, OTHER])
    create_placed(kafka_three, alone, [SAFE])
    create_placed(kafka_three, apart, [OTHER])
    safe, victim, other = (coordinated_by(kafka_three, node, f"{PREFIX}group") for node in (SAFE, VICTIM, OTHER))
    exporter.eventually(UP, 1, deadline=30)
    return Scene(
        let_wait_on(kafka_three, exporter, other, {replicated: [0]}),
        let_wait_on(kafka_three, exporter, victim, {alone: [0]}, unread=5),
        let_wait_on(kafka_three, exporter, safe, {apart: [0]}, unread=7, always=True),
    )


@pytest.mark.fault("broker killed and back, 1 of 3")
def test_a_killed_broker_costs_what_it_led_until_others_lead_it(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """What it led and coordinated is unknown until others have taken over, under-replicated until it is back."""
    topic = scene.replicated.topic
    with Watch(exporter, scene.replicated, scene.coordinated, scene.neighbour):
        kafka_three.kill(VICTIM)
        exporter.eventually("kafka_brokers", 2, deadline=30)
        exporter.eventually(UNDER_REPLICATED, 1, topic=topic)
        page = _both_served(exporter, scene)
        assert page.value(UP) == 1
        kafka_three.restart(VICTIM)
        exporter.eventually(UNDER_REPLICATED, 0, topic=topic, deadline=30)
        _both_served(exporter, scene)


@pytest.mark.fault("broker paused (SIGSTOP) and back, 1 of 3")
def test_a_paused_broker_costs_its_own_and_brings_back_nothing_old(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """What it led and coordinated is unknown, then served by others; what it still believes when it wakes is not."""
    group, topic = scene.replicated.group, scene.replicated.topic
    kafka_three.commit(group, {(topic, 0): RECORDS})
    exporter.eventually(LAG_SUM, 0, consumergroup=group)
    with Watch(exporter, scene.coordinated, scene.neighbour):
        kafka_three.pause(VICTIM)
        eventually(lambda: kafka_three.leader(topic) != VICTIM, deadline=30)
        # The sleeper knows nothing of these: to its mind the group has read all.
        kafka_three.produce(topic, 0, 4)
        exporter.eventually(LAG_SUM, 4, consumergroup=group, deadline=30)
        with Watch(exporter, Wait(group, topic, {4}, {4}), every=0.05):
            kafka_three.resume(VICTIM)
            exporter.eventually("kafka_brokers", 3, deadline=30)
            exporter.eventually(UNDER_REPLICATED, 0, topic=topic, deadline=30)
            _both_served(exporter, replace(scene, replicated=Wait(group, topic, {4}, {4})))


@pytest.mark.fault("broker cut off with an old view of what it leads")
def test_a_broker_that_still_believes_to_lead_is_not_believed(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """Where only a former leader answers, what it says of its old partitions is unknown: it has not seen the newest."""
    group, topic = scene.coordinated.group, scene.replicated.topic
    kafka_three.commit(group, {(topic, 0): RECORDS})
    exporter.eventually(LAG, 0, consumergroup=group, topic=topic)
    kafka_three.pause(VICTIM)
    eventually(lambda: kafka_three.leader(topic) != VICTIM, deadline=30)
    kafka_three.produce(topic, 0, 4)
    exporter.eventually(LAG, 4, consumergroup=group, topic=topic, deadline=30)
    with Watch(exporter, Wait(group, topic, {4}, {4})):
        for node in (SAFE, OTHER):
            kafka_three.pause(node)
        kafka_three.resume(VICTIM)  # it cannot ask the others, and goes on as it was
        exporter.eventually("streamgauge_source_up", 1, deadline=DEADLINE * 3)
        read_again(exporter, 1)
        for node in (SAFE, OTHER):
            kafka_three.resume(node)
        exporter.eventually(LAG, 4, consumergroup=group, topic=topic, deadline=30)


@pytest.mark.fault("broker paused (SIGSTOP), nobody to take over")
def test_a_paused_broker_costs_its_own_partitions_alone(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """Unreplicated partitions that it leads are unknown and counted, no sum is served over the rest of their topic."""
    (topic,) = names(kafka_three, "spread")
    create_placed(kafka_three, topic, [VICTIM], [SAFE], [OTHER])
    spread = let_wait_on(kafka_three, exporter, coordinated_by(kafka_three, SAFE, f"{PREFIX}group"), {topic: range(3)})
    with Watch(exporter, spread, scene.neighbour):
        kafka_three.pause(VICTIM)
        page = exporter.eventually(UNKNOWN, 1, **spread.labels, deadline=30)
        assert page.value(LAG_SUM, **spread.labels) is None
        assert page.value("kafka_consumergroup_max_lag", **spread.labels) == 3
        assert len(page.values(LAG, **spread.labels)) == 2
        assert page.value(UP) == 1
        kafka_three.resume(VICTIM)
        exporter.eventually(LAG_SUM, 9, **spread.labels, deadline=30)


@pytest.mark.fault("every broker paused (SIGSTOP) and back")
def test_with_every_broker_paused_the_last_good_is_served_and_then_nothing(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """The last numbers stay, marked stale, for `stale_after`; then none is served, until a broker answers again."""
    with Watch(exporter, scene.replicated, scene.coordinated, replace(scene.neighbour, always=False)):
        for node in kafka_three.nodes:
            kafka_three.pause(node)
        page = exporter.eventually(STALE, 1, deadline=DEADLINE * 2)
        assert page.value(LAG, **scene.neighbour.labels) == 7
        page = exporter.eventually("kafka_brokers", None, deadline=DEAD_AFTER)
        assert page.value(UP) == 0
        assert not [name for name in page.names() if name.startswith("kafka_")]
        for node in kafka_three.nodes:
            kafka_three.resume(node)
        exporter.eventually(LAG_SUM, 7, **scene.neighbour.labels, deadline=30)
        _both_served(exporter, scene)


@pytest.mark.fault("coordinator moves")
def test_a_coordinator_that_moves_takes_no_lag_with_it(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """While the new coordinator loads the group its numbers are unknown; counters and lag go on as they were."""
    group = scene.coordinated.group
    with Watch(exporter, scene.coordinated, scene.neighbour, every=0.05):
        for node in (OTHER, VICTIM, OTHER, VICTIM):
            move_coordinator(kafka_three, group, node)
            read_again(exporter)
            exporter.eventually(LAG_SUM, 5, **scene.coordinated.labels)


@pytest.mark.fault("leader moves")
def test_a_leader_that_moves_is_unknown_not_without_lag(
    kafka_three: KafkaCluster, exporter: Exporter, scene: Scene
) -> None:
    """An end that its former leader refuses is unknown for a reading; seconds go on without a jump."""
    topic = scene.replicated.topic
    with Watch(exporter, scene.replicated, scene.coordinated, scene.neighbour, every=0.05):
        for node in (SAFE, OTHER, VICTIM, OTHER, SAFE, VICTIM):
            move_leader(kafka_three, topic, 0, node)
            exporter.eventually("kafka_topic_partition_leader", node, topic=topic)
        page = exporter.eventually(LAG_SUM, 3, **scene.replicated.labels)
        assert page.value(LAG_SECONDS, **scene.replicated.labels) is not None


@pytest.mark.fault("leader asked that leads no more (FENCED_LEADER_EPOCH)")
def test_an_end_that_its_former_leader_refuses_is_unknown(kafka_three: KafkaCluster) -> None:
    """The partition has no end in that reading, and the refusal is counted by its code; it is never taken for 0."""
    (topic,) = names(kafka_three, "moved")
    create_placed(kafka_three, topic, [VICTIM, SAFE, OTHER])
    kafka_three.produce(topic, 0, RECORDS)
    connection = Connection(tuple(kafka_three.bootstrap.split(",")), client_options(ClientProperties()))
    refused = Failures()

    async def ends_by_an_old_map() -> Ends:
        old = await read_metadata(connection, topic.__eq__, Failures())
        move_leader(kafka_three, topic, 0, SAFE)
        return await read_ends(connection, old.topics, refused)

    async def ends() -> Ends:
        now = await read_metadata(connection, topic.__eq__, Failures())
        return await read_ends(connection, now.topics, Failures())

    try:
        assert connection.run(ends_by_an_old_map, 30) == {}
        assert [failure.code for failure in refused.noted()] == ["FENCED_LEADER_EPOCH"]
        known = eventually(lambda: connection.run(ends, 10))
        assert known[topic][0].offset == RECORDS
    finally:
        connection.close()


@pytest.mark.fault("bootstrap with one dead address of three")
def test_a_bootstrap_address_that_is_dead_does_not_matter(kafka_three: KafkaCluster, tmp_path: Path) -> None:
    """One address that nobody listens on and one that never answers cost nothing that is served."""
    (dead,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        addresses = [f"127.0.0.1:{dead}", f"127.0.0.1:{silent.getsockname()[1]}", kafka_three.address(SAFE)]
        with Exporter(tmp_path, config=config(",".join(addresses))) as exporter:
            page = exporter.eventually("kafka_brokers", 3)
            assert page.value(UP) == 1
            with Watch(exporter):
                page = read_again(exporter, 4)
                assert page.value(UP) == 1
                assert (page.value("streamgauge_source_duration_seconds") or 9) < 1


def _both_served(exporter: Exporter, scene: Scene) -> Page:
    sums = [(wait.labels, next(iter(wait.sums))) for wait in (scene.replicated, scene.coordinated, scene.neighbour)]

    def served() -> Page:
        page = exporter.scrape()
        found = [page.value(LAG_SUM, **labels) for labels, _ in sums]
        assert found == [expected for _, expected in sums]
        return page

    return eventually(served, deadline=30)
