"""Consumer groups: which there are (ListGroups), and who is in them (DescribeGroups, ConsumerGroupDescribe)."""

import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka.errors import KafkaError
from kafka.protocol.admin import DescribeGroupsRequest, ListGroupsRequest
from kafka.protocol.api_message import ApiMessage
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment
from kafka.protocol.metadata import FindCoordinatorRequest

from streamgauge.model.snapshot import Member
from streamgauge.sources.kafka import schemas
from streamgauge.sources.kafka.connection import Connection, NodeId, Wanted, code_name, code_of
from streamgauge.sources.kafka.failures import Failures

_BATCHED_COORDINATORS = 4  # the first version of FindCoordinator that takes many groups (KIP-699, Kafka 3.0)
_CONSUMER_PROTOCOLS = ("consumer", "")  # an empty one: commits without membership (Flink, assign(), resets)


class ConsumerGroupDescribeRequest(ApiMessage, load_json=schemas):  # type: ignore[misc, call-arg]  # untyped library
    """KIP-848's description of groups, which kafka-python lacks; the fields stand in ``schemas``."""


class ConsumerGroupDescribeResponse(ApiMessage, load_json=schemas):  # type: ignore[misc, call-arg]  # untyped library
    """The answer to it."""


class ListedGroup(NamedTuple):
    """A group as its coordinator lists it; None where older brokers do not say."""

    name: str
    coordinator: NodeId
    protocol_type: str
    state: str | None
    group_type: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The groups that were found, and the coordinators that did not answer."""

    groups: dict[str, ListedGroup]
    silent: frozenset[NodeId]


class Description(NamedTuple):
    """A group's state, assignor and members at the time of asking."""

    state: str
    assignor: str | None
    members: tuple[Member, ...]


async def list_groups(
    connection: Connection, node_ids: Collection[NodeId], wanted: Wanted, failures: Failures
) -> Listing:
    """One ListGroups a broker; each lists the groups that it coordinates.

    Only groups of consumers are kept (Connect's workers and schema registries form groups without offsets too).
    A group that two brokers list, while its coordinator moves, is taken from the one that says more than ``Dead``.
    """
    answers = await connection.ask_each({node_id: ListGroupsRequest(min_version=0) for node_id in node_ids})
    groups: dict[str, ListedGroup] = {}
    silent = set()
    for node_id, answer in answers.items():
        if answer.error is not None or answer.value.error_code:
            code = code_of(answer.error) if answer.error is not None else code_name(answer.value.error_code)
            failures.note("groups", code, f"node {node_id}: {answer.error or code}")
            silent.add(node_id)
            continue
        for row in answer.value.groups:
            listed = ListedGroup(
                row.group_id,
                node_id,
                row.protocol_type,
                row.group_state or None,
                (row.group_type or "").lower() or None,
            )
            known = groups.get(listed.name)
            if _is_wanted(listed, wanted) and (known is None or known.state in (None, "Dead")):
                groups[listed.name] = listed
    return Listing(groups, frozenset(silent))


async def find_coordinators(connection: Connection, names: Collection[str], failures: Failures) -> dict[str, NodeId]:
    """The coordinator of each group, for brokers that cannot list groups; unknown ones are absent."""
    if not names:
        return {}
    if connection.supports(FindCoordinatorRequest, _BATCHED_COORDINATORS):
        request = FindCoordinatorRequest(key_type=0, coordinator_keys=list(names), min_version=_BATCHED_COORDINATORS)
        rows = [(row.key, row) for row in (await connection.ask_any(request)).coordinators]
    else:
        version = _BATCHED_COORDINATORS - 1
        rows = [
            (name, await connection.ask_any(FindCoordinatorRequest(key=name, key_type=0, max_version=version)))
            for name in names
        ]
    coordinators: dict[str, NodeId] = {}
    for name, row in rows:
        if row.error_code:
            failures.note("groups", code_name(row.error_code), f"coordinator of group {name}")
        else:
            coordinators[name] = row.node_id
    return coordinators


async def describe_groups(
    connection: Connection, groups: Iterable[ListedGroup], failures: Failures
) -> dict[str, Description]:
    """Members of the groups: one request a coordinator and kind (classic, KIP-848); those in error are absent."""
    classic: dict[NodeId, list[str]] = {}
    modern: dict[NodeId, list[str]] = {}
    for group in groups:
        by_node = modern if group.group_type == "consumer" else classic
        by_node.setdefault(group.coordinator, []).append(group.name)
    described = {}
    requests = {node_id: DescribeGroupsRequest(groups=names) for node_id, names in classic.items()}
    async for row in _described(connection, requests, failures):
        described[row.group_id] = Description(
            row.group_state, row.protocol_data or None, _classic_members(row, failures)
        )
    requests = {node_id: ConsumerGroupDescribeRequest(group_ids=names) for node_id, names in modern.items()}
    async for row in _described(connection, requests, failures):
        described[row.group_id] = Description(row.group_state, row.assignor_name or None, _modern_members(row))
    return described


async def _described(connection: Connection, requests: Mapping[NodeId, Any], failures: Failures) -> Any:
    for node_id, answer in (await connection.ask_each(requests)).items():
        if answer.error is not None:
            failures.note("members", code_of(answer.error), f"node {node_id}: {answer.error}")
            continue
        for row in answer.value.groups:
            if row.error_code:
                failures.note("members", code_name(row.error_code), f"group {row.group_id}")
            else:
                yield row


def _classic_members(group: Any, failures: Failures) -> tuple[Member, ...]:
    return tuple(
        Member(one.member_id, one.client_id, one.client_host, _assignment(group, one, failures))
        for one in group.members
    )


def _assignment(group: Any, member: Any, failures: Failures) -> dict[str, tuple[int, ...]] | None:
    if not member.member_assignment or group.protocol_type != "consumer":
        return {}
    try:
        decoded = ConsumerProtocolAssignment.decode(member.member_assignment)
        return {one.topic: tuple(sorted(one.partitions)) for one in decoded.assigned_partitions}
    except (KafkaError, ValueError, IndexError, EOFError, ArithmeticError, TypeError, struct.error) as error:
        # The bytes are the clients' own business: any client may write what it likes.
        failures.note("members", "INVALID_ASSIGNMENT", f"group {group.group_id}: {error!r}")
        return None


def _modern_members(group: Any) -> tuple[Member, ...]:
    return tuple(
        Member(
            one.member_id,
            one.client_id,
            one.client_host,
            {part.topic_name: tuple(sorted(part.partitions)) for part in one.assignment.topic_partitions},
        )
        for one in group.members
    )


def _is_wanted(group: ListedGroup, wanted: Wanted) -> bool:
    return (
        group.protocol_type in _CONSUMER_PROTOCOLS
        and group.group_type != "share"  # share groups (KIP-932) have no committed offsets
        and wanted(group.name)
    )
