"""What is made of the brokers' answers about groups where they hold nonsense."""

import asyncio
from types import SimpleNamespace

import pytest
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from streamgauge.model.snapshot import Failure, Member
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.groups import Description, ListedGroup, describe_groups
from tests.sources.kafka.answers import answering

GROUP = ListedGroup("billing", 1, "consumer", "Stable", "classic")
GOOD = ConsumerProtocolAssignment(
    assigned_partitions=[ConsumerProtocolAssignment.TopicPartition(topic="orders", partitions=[1, 0])], version=1
).encode()


def described(*assignments: bytes) -> tuple[Description, tuple[Failure, ...]]:
    """How a group with one member an assignment is described, and what failed."""
    members = [
        SimpleNamespace(member_id=f"m{number}", client_id="c", client_host="/h", member_assignment=assignment)
        for number, assignment in enumerate(assignments)
    ]
    row = SimpleNamespace(
        group_id="billing",
        error_code=0,
        group_state="Stable",
        protocol_type="consumer",
        protocol_data="range",
        members=members,
    )
    failures = Failures()
    answer = SimpleNamespace(groups=[row])
    groups = asyncio.run(describe_groups(answering(answer), [GROUP], failures))
    return groups["billing"], failures.noted()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00",
        b"\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x7f\xff\xff\xff",
        b"\x00\x00\x00\x00\x00\x01\x00\x01\xff\x00\x00\x00\x00",
        b"\x00\x00\x00\x00\x00\x01\x00\x01a\x7f\xff\xff\xff",
        b"\x00\x03\xff\xff\xff\xff\xff\xff\xff\xff",
        b"a client's own words",
    ],
    ids=repr,
)
def test_an_assignment_that_cannot_be_decoded_is_unknown(nonsense: bytes) -> None:
    """Any client may write any bytes: that member's assignment is unknown, counted, and its neighbour's is read."""
    description, failures = described(nonsense, GOOD)

    assert description.members == (
        Member("m0", "c", "/h", None),
        Member("m1", "c", "/h", {"orders": (0, 1)}),
    )
    assert [(failure.stage, failure.code, failure.count) for failure in failures] == [
        ("members", "INVALID_ASSIGNMENT", 1)
    ]


def test_a_member_without_an_assignment_owns_nothing() -> None:
    """No bytes at all is what a member has before the first rebalance ends: known, and empty."""
    description, failures = described(b"")

    assert description.members == (Member("m0", "c", "/h", {}),)
    assert failures == ()
