"""Makes records wait for a group, in sight of an exporter: what tests of faults begin with."""

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.watch import LAG_SUM, Wait

PREFIX = "faults-"
"""Topics and groups of these tests begin so: their exporters watch nothing else of a shared cluster."""

RECORDS = 20
INTERVAL = 0.3
DEADLINE = 2.0
STALE_AFTER = 3.0
DEAD_AFTER = STALE_AFTER + 1
"""Seconds until a thing that is gone must be gone from every page, on a busy machine too."""


def config(
    bootstrap: str, client: Mapping[str, str] | None = None, *, interval: float = INTERVAL, **more: Any
) -> dict[str, Any]:
    """A configuration of an exporter that reads quickly and watches these tests' topics and groups alone."""
    mine = {"include": f"{PREFIX}.*"}
    cluster = {
        "bootstrap_servers": bootstrap,
        "interval": f"{interval * 1000:.0f}ms",
        "deadline": f"{DEADLINE:.0f}s",
        "stale_after": f"{STALE_AFTER:.0f}s",
        "topics": mine,
        "groups": mine,
        "client": dict(client or {}),
    }
    return {"lag": {"window": "3s"}, "clusters": [cluster], **more}


def names(kafka: Kafka, *stems: str) -> list[str]:
    """A name that no other test has for each stem, within what is watched."""
    return [kafka.unique(PREFIX + stem) for stem in stems]


def let_wait(  # noqa: PLR0913  # what waits is told by its name
    kafka: Kafka,
    exporter: Exporter,
    group: str,
    topic: str,
    *,
    partitions: int = 1,
    unread: int = 3,
    always: bool = False,
) -> Wait:
    """Create a topic and let records wait on all of its partitions; see ``let_wait_on``."""
    kafka.create_topic(topic, partitions=partitions)
    return let_wait_on(kafka, exporter, group, {topic: range(partitions)}, unread=unread, always=always)


def let_wait_on(  # noqa: PLR0913  # what waits is told by its name
    kafka: Kafka,
    exporter: Exporter,
    group: str,
    partitions: Mapping[str, Collection[int]],
    *,
    unread: int = 3,
    always: bool = False,
) -> Wait:
    """Produce 20 records to every partition of one empty topic and commit all but the last; wait until that is served.

    Args:
        kafka: the cluster.
        exporter: sees the topic while it is empty, so that it knows when the records came.
        group: commits.
        partitions: all of the topic's partitions, by its name.
        unread: how many records wait on each partition.
        always: a neighbour of what is to come: on every page, whole.
    """
    ((topic, numbers),) = partitions.items()
    for partition in numbers:
        exporter.eventually("kafka_topic_partition_current_offset", 0, topic=topic, partition=str(partition))
    before = time.time()
    for partition in numbers:
        kafka.produce(topic, partition, RECORDS)
    since = before, time.time()
    kafka.commit(group, {(topic, partition): RECORDS - unread for partition in numbers})
    wait = Wait(group, topic, {unread}, {unread * len(numbers)}, since, always)
    exporter.eventually(LAG_SUM, unread * len(numbers), **wait.labels)
    return wait


def read_again(exporter: Exporter, readings: int = 2) -> Page:
    """Wait until the cluster has been read so often again, and return what is served then."""
    page = exporter.scrape()
    for _ in range(readings):
        page = eventually(partial(_newer, exporter, _read_at(page)), every=0.05)
    return page


def _newer(exporter: Exporter, than: float) -> Page:
    page = exporter.scrape()
    assert _read_at(page) > than
    return page


def _read_at(page: Page) -> float:
    return page.value("streamgauge_source_last_success_timestamp_seconds") or 0.0
