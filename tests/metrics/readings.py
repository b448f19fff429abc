"""Readings and statuses made by hand, and the page that is rendered of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from streamgauge.metrics import catalogue
from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.family import Lines
from streamgauge.metrics.kafka import KafkaRenderer
from streamgauge.metrics.series_budget import Granularity
from streamgauge.model.history import HistorySize
from streamgauge.model.reading import (
    ClusterReading,
    GroupReading,
    GroupTopicLag,
    GroupTopicTotals,
    PartitionReading,
    TopicReading,
)
from streamgauge.model.reload_status import ReloadStatus
from streamgauge.model.saving import SaveStatus
from streamgauge.model.search import Method
from streamgauge.model.snapshot import Broker, BrokerLoad, LogDir, Member, Partition, TopicConfig
from streamgauge.model.source_status import SourceStatus
from streamgauge.model.status import Status

UNLIMITED = 1_000_000
NASTY = 'quo"te back\\slash new\nline ünï 日本 {x="1"}'
"""Kafka allows groups any name; none may break a line."""
LONGEST = NASTY + "n" * (249 - len(NASTY))
"""Topics' names are no longer than this."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Values by sample name and labels."""

GRANULARITY: Mapping[str, Granularity] = {"reports": "topic", "console-consumer-1": "group"}


def parsed(page: str, *, openmetrics: bool = False) -> Samples:
    """What a scraper reads of a page; the same series twice is an error."""
    samples: Samples = {}
    for family in families_of(page, openmetrics=openmetrics):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"twice: {key}"
            samples[key] = float(sample.value)  # as Prometheus keeps it
    return samples


def families_of(page: str, *, openmetrics: bool = False) -> Iterator[Metric]:
    """The page's families, by the parsers of prometheus_client."""
    parse = parse_openmetrics if openmetrics else parse_text
    yield from parse(page)


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """One sample's value; None where it is absent."""
    return samples.get((name, frozenset(labels.items())))


def rendered(
    reading: ClusterReading, budget: int = UNLIMITED, granularity: Mapping[str, Granularity] = GRANULARITY
) -> Lines:
    """A reading's lines, by a renderer that has seen no other."""
    return KafkaRenderer(reading.cluster, lambda group: granularity.get(group, "partition"), budget).render(reading)


def page_of(readings: Iterable[ClusterReading], tail: str = "", *, openmetrics: bool = False) -> str:
    """The page of several clusters."""
    exposition = Exposition(catalogue.READ_FAMILIES)
    for reading in readings:
        exposition.publish(reading.cluster, Exposition.prepare(rendered(reading)))
    return exposition.page(openmetrics=openmetrics).ended(tail, gzip=False).decode()


def page_of_lines(lines: Lines, *, openmetrics: bool = False) -> str:
    """The page of one part, whatever it is about."""
    exposition = Exposition(catalogue.READ_FAMILIES)
    exposition.publish("part", Exposition.prepare(lines))
    return exposition.page(openmetrics=openmetrics).ended("", gzip=False).decode()


def samples_of(*readings: ClusterReading) -> Samples:
    """What a scraper reads of these readings."""
    return parsed(page_of(readings))


def partition(  # noqa: PLR0913  # a partition has that many sides; nearly all by name
    number: int,
    end: int | None,
    log_start: int | None = 0,
    *,
    last_stable: int | None = None,
    leader: int | None = 1,
    in_sync: tuple[int, ...] = (1, 2, 3),
    offline: tuple[int, ...] = (),
) -> PartitionReading:
    """A partition of three replicas, the first of them preferred."""
    return PartitionReading(Partition(number, leader, (1, 2, 3), in_sync, offline), end, last_stable, log_start)


def lag_on(
    topic: str,
    rows: Sequence[tuple[int, int, int | None, float | None, float | None]],
    *,
    unreadable: int = 0,
    uncommitted: int = 0,
    consumed: int = 0,
    **conduct: Any,
) -> GroupTopicLag:
    """A group-topic of rows (partition, committed, lag, seconds, bound); its sums as the model makes them."""
    lags = [lag for _, _, lag, _, _ in rows if lag is not None]
    seconds = [one for _, _, _, one, _ in rows if one is not None]
    unknown = unreadable + len(rows) - len(lags)
    return GroupTopicLag(
        topic=topic,
        partitions=tuple(row[0] for row in rows),
        committed=tuple(row[1] for row in rows),
        lags=tuple(row[2] for row in rows),
        lag_seconds=tuple(row[3] for row in rows),
        error_bounds=tuple(row[4] for row in rows),
        methods=tuple(None if row[3] is None else Method.HISTORY for row in rows),
        unknown=unknown,
        uncommitted=uncommitted,
        lag_sum=sum(lags) if lags and not unknown else None,
        max_lag=max(lags, default=None),
        max_lag_seconds=max(seconds, default=None),
        committed_sum=sum(row[1] for row in rows) if rows and not unreadable else None,
        consumed_total=consumed,
        consumed_per_second=None,
        **conduct,
    )


def group(
    name: str,
    *lags: GroupTopicLag,
    state: str | None = "Stable",
    members: int | None = 0,
    group_type: str | None = "classic",
    **counted: Any,
) -> GroupReading:
    """A group with its lag on some topics, and so many members."""
    return GroupReading(
        name=name,
        state=state,
        group_type=group_type,
        protocol_type=None if group_type is None else "consumer",
        assignor="range" if members else None,
        coordinator=1,
        members=None if members is None else (Member("m", "c", "/h", {}),) * members,
        topics={lag.topic: lag for lag in lags},
        **counted,
    )


def cluster(
    name: str,
    topics: Iterable[TopicReading] = (),
    groups: Iterable[GroupReading] = (),
    *,
    brokers: tuple[Broker, ...] = (),
    controller: int | None = None,
    **health: Any,
) -> ClusterReading:
    """A cluster's reading of 2026-01-01, noon."""
    by_topic = {topic.name: topic for topic in topics}
    by_group = {group.name: group for group in groups}
    return ClusterReading(name, 1_767_268_800.0, brokers, controller, by_topic, by_group, **health)


MAIN = cluster(
    "main",
    topics=[
        TopicReading(
            "orders",
            (
                partition(0, 1500, 100)._replace(size_bytes=150_000),
                partition(1, None, None, leader=None, in_sync=(2,), offline=(1, 3)),
                partition(
                    2, 3_000_000_000_000, 0, last_stable=2_999_999_999_990, leader=2, in_sync=(2, 3), offline=(1,)
                )._replace(open_transaction_seconds=61.5),
            ),
            appended_total=4711,
            appended_per_second=12.5,
            config=TopicConfig("compact,delete", "CreateTime", 2, 604_800.0, 1_073_741_824),
            reassigning=1,
        ),
        TopicReading(
            "payments",
            (partition(0, 70, 0)._replace(size_bytes=7_000),),
            appended_total=0,
            appended_per_second=None,
            config=TopicConfig("compact", "LogAppendTime", 1, 604_800.0, None),
        ),
        TopicReading("unreadable", (), appended_total=0, appended_per_second=None),
        TopicReading(NASTY, (partition(0, 9, 9),), appended_total=9, appended_per_second=0.0),
    ],
    groups=[
        group(
            "billing",
            lag_on(
                "orders",
                [(0, 1490, 10, 2.75, 0.25), (1, 800, None, None, None), (2, 3_000_000_000_000, 0, 0.0, 0.0)],
                consumed=1234,
                status=Status.LAGGING,
                time_to_catch_up_seconds=12.5,
                time_to_data_loss_seconds=604_797.0,
                records_lost_total=3,
                commits_total=99,
                unassigned=1,
            ),
            lag_on("payments", [(0, 50, 20, None, None)], consumed=7, status=Status.STALLED),
            members=2,
            of_departed=GroupTopicTotals(consumed=10, lost=1, commits=2),
            rebalances_total=4,
            member_changes_total=6,
            slo_lag_seconds=300.0,
        ),
        group(
            "reports",
            lag_on(
                "orders", [(0, 100, 1400, 86_400.123456, 43.2), (2, 10, 2_999_999_999_990, None, None)], uncommitted=1
            ),
            state="Empty",
        ),
        group(
            "console-consumer-1",
            lag_on("orders", [(0, 1500, 0, 0.0, 0.0)], uncommitted=2, consumed=5),
            lag_on("payments", [(0, 60, 10, 0.000125, 0.0001)], consumed=6),
            group_type="consumer",
        ),
        group("never-committed", lag_on("payments", [], uncommitted=1), members=1),
        group("silent", lag_on("payments", [], unreadable=1), state=None, members=None, group_type=None),
        group(NASTY, lag_on(NASTY, [(0, 9, 0, 0.0, 0.0)])),
    ],
    brokers=(Broker(1, "kafka-1", 9092, "rack-a"), Broker(2, "kafka-2", 9092, "rack-b"), Broker(3, "fd00::3", 9092)),
    controller=3000,
    broker_loads={1: BrokerLoad(partitions=6, leaders=4), 2: BrokerLoad(partitions=6, leaders=1)},
    log_dirs=(LogDir(1, "/var/lib/kafka", 1_000_000_000_000, 250_000_000_000), LogDir(2, "C:\\kafka", None, None)),
    voter_lags={3000: 0, 3001: 12},
    history=HistorySize(partitions=5, points=1280),
    saving=SaveStatus(up=True, saves=240, errors=1, bytes=40_000, last_saved=1_767_268_800.0),
)
LEGACY = cluster(
    'legacy "two"',
    topics=[TopicReading("orders", (partition(0, 5),), appended_total=0, appended_per_second=None)],
    groups=[group("billing", lag_on("orders", [(0, 5, 0, 0.0, 0.0)]), state=None, members=None, group_type=None)],
    brokers=(Broker(7, "old", 9092),),
)

RELOAD = ReloadStatus(successful=True, last_success=1_767_268_000.5)
STATUSES = (
    SourceStatus(
        source="kafka",
        cluster="main",
        target="kafka-1:9092",
        interval=15.0,
        cycles=42,
        up=True,
        last_success=1_767_268_800.25,
        last_duration=0.084,
        errors={("ends", "LEADER_NOT_AVAILABLE"): 3, ("commits", "COORDINATOR_NOT_AVAILABLE"): 1},
        requests={"Metadata": 42, "OffsetFetch": 126, "ListOffsets": 252},
    ),
    SourceStatus(
        source="kafka",
        cluster='legacy "two"',
        target="old:9092",
        interval=60.0,
        cycles=5,
        up=False,
        stale=True,
        last_success=1_767_268_740.0,
        last_duration=10.0,
        last_error="REQUEST_TIMED_OUT: no answer",
        errors={("connect", "REQUEST_TIMED_OUT"): 2},
    ),
    SourceStatus(source="kafka", cluster="not yet", target="new:9092", interval=15.0),
)
