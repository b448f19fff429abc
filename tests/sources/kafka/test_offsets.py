"""Last stable offsets where the answers do not cover the same partitions as those about the ends."""

import asyncio
from types import SimpleNamespace

from streamgauge.model.snapshot import EndOffset, Partition, Topic
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.offsets import read_last_stable
from tests.sources.kafka.answers import answering

NOT_LEADER = 6
TOPICS = {"orders": Topic("orders", "id", {number: Partition(number, 1, (1,), (1,)) for number in range(3)})}


def test_what_was_not_told_is_unknown_whatever_else_was() -> None:
    """A last stable offset of a partition without an end does not stand in for one that is missing."""
    rows = [
        SimpleNamespace(partition_index=0, error_code=0, offset=40),
        SimpleNamespace(partition_index=1, error_code=NOT_LEADER, offset=-1),
        SimpleNamespace(partition_index=2, error_code=0, offset=70),
    ]
    answer = SimpleNamespace(topics=[SimpleNamespace(name="orders", partitions=rows)])
    ends = {"orders": {0: EndOffset(50, 1.0, 2.0), 1: EndOffset(60, 1.0, 2.0)}}  # that of 2 could not be read

    last_stable = asyncio.run(read_last_stable(answering(answer), TOPICS, ends, Failures()))

    assert last_stable == {"orders": {0: 40, 1: None}}


def test_where_nothing_is_open_nothing_is_told() -> None:
    """A last stable offset at the end, or past it as more has come since, is no difference."""
    rows = [SimpleNamespace(partition_index=number, error_code=0, offset=50 + number) for number in range(3)]
    answer = SimpleNamespace(topics=[SimpleNamespace(name="orders", partitions=rows)])
    ends = {"orders": {number: EndOffset(50, 1.0, 2.0) for number in range(3)}}

    assert asyncio.run(read_last_stable(answering(answer), TOPICS, ends, Failures())) == {}
