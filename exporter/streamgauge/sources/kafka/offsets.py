"""Offsets: what groups committed (OffsetFetch), and where partitions begin and end (ListOffsets)."""

from collections.abc import Iterable, Mapping
from typing import Any

from kafka.protocol.consumer import OffsetFetchRequest, OffsetSpec
from kafka.protocol.consumer.offsets import IsolationLevel, ListOffsetsRequest

from streamgauge.model.snapshot import EndOffset, Partition, Topic
from streamgauge.sources.kafka.connection import Answer, Connection, NodeId, Wanted, code_name, code_of
from streamgauge.sources.kafka.failures import Failures

Commits = Mapping[str, Mapping[int, int | None]]
"""Committed offsets by topic and partition; None where one partition's could not be read."""

_BATCHED = 8  # the first version of OffsetFetch that takes many groups (KIP-709, Kafka 3.0)
_LAST_WITH_NAMES = 9  # later versions name topics by id alone

_Group = OffsetFetchRequest.OffsetFetchRequestGroup
_Topics = OffsetFetchRequest.OffsetFetchRequestTopic


async def read_commits(
    connection: Connection,
    groups: Mapping[NodeId, Mapping[str, Mapping[str, Iterable[int]] | None]],
    wanted: Wanted,
    failures: Failures,
) -> dict[str, Commits]:
    """What each group committed: one request a coordinator (before Kafka 3.0: one a group).

    Args:
        connection: the cluster.
        groups: for each coordinator its groups, each with the partitions to ask for by topic; None asks for all
            that it has committed.
        wanted: which topics are wanted.
        failures: takes what could not be read.

    Returns:
        Commits by group. A group in error is absent. A partition that was never committed is absent.
    """
    if connection.supports(OffsetFetchRequest, _BATCHED):
        return await _read_batched(connection, groups, wanted, failures)
    commits = {}
    for node_id, named in groups.items():
        for group, topics in named.items():
            asked = None if topics is None else _topics(_Topics, topics)
            request = OffsetFetchRequest(group_id=group, topics=asked, max_version=_BATCHED - 1)
            answer = (await connection.ask_each({node_id: request}))[node_id]
            if answer.error is not None:
                failures.note("commits", code_of(answer.error), f"group {group}: {answer.error}")
            elif answer.value.error_code:
                failures.note("commits", code_name(answer.value.error_code), f"group {group}")
            else:
                commits[group] = _commits(answer.value.topics, wanted, failures)
    return commits


async def _read_batched(
    connection: Connection,
    groups: Mapping[NodeId, Mapping[str, Mapping[str, Iterable[int]] | None]],
    wanted: Wanted,
    failures: Failures,
) -> dict[str, Commits]:
    requests = {
        node_id: OffsetFetchRequest(
            groups=[
                _Group(
                    group_id=group, topics=None if topics is None else _topics(_Group.OffsetFetchRequestTopics, topics)
                )
                for group, topics in named.items()
            ],
            min_version=_BATCHED,
            max_version=_LAST_WITH_NAMES,
        )
        for node_id, named in groups.items()
        if named
    }
    commits: dict[str, Commits] = {}
    for node_id, answer in (await connection.ask_each(requests)).items():
        if answer.error is not None:
            failures.note("commits", code_of(answer.error), f"node {node_id}: {answer.error}", len(groups[node_id]))
            continue
        for group in answer.value.groups:
            if group.error_code:
                failures.note("commits", code_name(group.error_code), f"group {group.group_id}")
            else:
                commits[group.group_id] = _commits(group.topics, wanted, failures)
    return commits


async def read_ends(
    connection: Connection, topics: Mapping[str, Topic], failures: Failures
) -> dict[str, dict[int, EndOffset]]:
    """Every partition's end offset (the high watermark) with the instants of asking and answering."""
    ends: dict[str, dict[int, EndOffset]] = {}
    requests = _list_offsets(topics, OffsetSpec.LATEST, IsolationLevel.READ_UNCOMMITTED)
    for answer, topic, partition, offset in _listed(await connection.ask_each(requests), "end_offsets", failures):
        ends.setdefault(topic, {})[partition] = EndOffset(offset, answer.asked, answer.answered)
    _note_leaderless(topics, failures)
    return ends


async def read_last_stable(
    connection: Connection,
    topics: Mapping[str, Topic],
    ends: Mapping[str, Mapping[int, EndOffset]],
    failures: Failures,
) -> dict[str, dict[int, int | None]]:
    """Last stable offsets, where they are below the end (a transaction is open); None where they could not be read."""
    requests = _list_offsets(topics, OffsetSpec.LATEST, IsolationLevel.READ_COMMITTED)
    listed = _listed(await connection.ask_each(requests), "last_stable_offsets", failures)
    told: dict[str, dict[int, int | None]] = {}
    for _, topic, partition, offset in listed:
        told.setdefault(topic, {})[partition] = offset
    last_stable: dict[str, dict[int, int | None]] = {
        topic: {
            partition: stable
            for partition, end in known.items()
            if (stable := told.get(topic, {}).get(partition)) is None or stable < end.offset
        }
        for topic, known in ends.items()
    }
    return {topic: differing for topic, differing in last_stable.items() if differing}


async def read_log_starts(
    connection: Connection, topics: Mapping[str, Topic], failures: Failures
) -> dict[str, dict[int, int]]:
    """Every partition's log start offset."""
    starts: dict[str, dict[int, int]] = {}
    requests = _list_offsets(topics, OffsetSpec.EARLIEST, IsolationLevel.READ_UNCOMMITTED)
    for _, topic, partition, offset in _listed(await connection.ask_each(requests), "log_start_offsets", failures):
        starts.setdefault(topic, {})[partition] = offset
    return starts


def _topics(message: Any, topics: Mapping[str, Iterable[int]]) -> list[Any]:
    return [message(name=name, partition_indexes=list(partitions)) for name, partitions in topics.items()]


def _commits(topics: Iterable[Any], wanted: Wanted, failures: Failures) -> Commits:
    commits: dict[str, dict[int, int | None]] = {}
    for topic in topics:
        if not wanted(topic.name):
            continue
        offsets = commits.setdefault(topic.name, {})
        for partition in topic.partitions:
            if partition.error_code:
                failures.note("commits", code_name(partition.error_code), f"{topic.name}/{partition.partition_index}")
                offsets[partition.partition_index] = None
            elif partition.committed_offset >= 0:
                offsets[partition.partition_index] = partition.committed_offset
    return commits


def leader_epoch(partition: Partition) -> int:
    """The leader epoch that a request names; -1 where it is not known: whoever is asked answers."""
    return -1 if partition.leader_epoch is None else partition.leader_epoch


def _list_offsets(topics: Mapping[str, Topic], timestamp: int, isolation: int) -> dict[NodeId, Any]:
    message = ListOffsetsRequest.ListOffsetsTopic
    row = message.ListOffsetsPartition
    by_leader: dict[NodeId, dict[str, list[Any]]] = {}
    timestamp = int(timestamp)
    for topic in topics.values():
        for number, partition in topic.partitions.items():
            if partition.leader is not None:
                rows = by_leader.setdefault(partition.leader, {}).setdefault(topic.name, [])
                epoch = leader_epoch(partition)
                rows.append(row(partition_index=number, current_leader_epoch=epoch, timestamp=timestamp))
    return {
        leader: ListOffsetsRequest(
            isolation_level=int(isolation),
            topics=[message(name=name, partitions=rows) for name, rows in wanted.items()],
            min_version=2 if isolation else 1,
        )
        for leader, wanted in by_leader.items()
    }


def _listed(answers: Mapping[NodeId, Answer], stage: str, failures: Failures) -> Iterable[tuple[Answer, str, int, int]]:
    for node_id, answer in answers.items():
        if answer.error is not None:
            failures.note(stage, code_of(answer.error), f"node {node_id}: {answer.error}")
            continue
        for topic in answer.value.topics:
            for partition in topic.partitions:
                if partition.error_code:
                    failures.note(stage, code_name(partition.error_code), f"{topic.name}/{partition.partition_index}")
                elif partition.offset >= 0:
                    yield answer, topic.name, partition.partition_index, partition.offset


def _note_leaderless(topics: Mapping[str, Topic], failures: Failures) -> None:
    for topic in topics.values():
        for partition in topic.partitions.values():
            if partition.leader is None:
                failures.note("end_offsets", "LEADER_NOT_AVAILABLE", f"{topic.name}/{partition.partition}")
