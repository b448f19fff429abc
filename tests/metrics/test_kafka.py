"""A cluster's reading to series: what is served, under which labels, and what is absent."""

import functools
import gzip
from dataclasses import replace

import pytest

from streamgauge.metrics import catalogue
from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.family import Family
from streamgauge.metrics.kafka import KafkaRenderer
from streamgauge.metrics.kafka_groups import (
    CONSUMED,
    CURRENT_OFFSET_SUM,
    ERROR_BOUND,
    INFO,
    LAG,
    LAG_SECONDS,
    LAG_SUM,
    MAX_LAG,
    MAX_LAG_SECONDS,
    MEMBERS,
    STATE,
    UNCOMMITTED_PARTITIONS,
    UNKNOWN_LAG_SECONDS_PARTITIONS,
    UNKNOWN_PARTITIONS,
)
from streamgauge.metrics.kafka_groups import CURRENT_OFFSET as COMMITTED
from streamgauge.metrics.kafka_topics import (
    APPENDED,
    CURRENT_OFFSET,
    IN_SYNC_REPLICAS,
    LAST_STABLE_OFFSET,
    LEADER,
    LEADER_IS_PREFERRED,
    OFFLINE_REPLICAS,
    OLDEST_OFFSET,
    PARTITIONS,
    REPLICAS,
    UNDER_REPLICATED,
)
from streamgauge.model.reading import TopicReading
from tests.metrics.readings import (
    LEGACY,
    LONGEST,
    MAIN,
    NASTY,
    UNLIMITED,
    Samples,
    cluster,
    group,
    lag_on,
    page_of,
    parsed,
    partition,
    rendered,
    samples_of,
    value,
)

ORDERS_0 = {"cluster": "main", "topic": "orders", "partition": "0"}
ORDERS_1 = ORDERS_0 | {"partition": "1"}
ORDERS_2 = ORDERS_0 | {"partition": "2"}
BILLING = {"cluster": "main", "consumergroup": "billing", "topic": "orders"}
BILLING_0, BILLING_1, BILLING_2 = (BILLING | {"partition": str(number)} for number in range(3))


@functools.cache
def shown() -> Samples:
    """What a scraper reads of both clusters."""
    return samples_of(MAIN, LEGACY)


def of(family: Family, **labels: str) -> float | None:
    """One sample of the page of both clusters."""
    return value(shown(), family.name, **labels)


def labels_of(family: Family, **wanted: str) -> set[frozenset[str]]:
    """The sets of label names under which a family has samples with these labels."""
    return {
        frozenset(name for name, _ in labels)
        for name, labels in shown()
        if name == family.name and wanted.items() <= dict(labels).items()
    }


def test_a_partition_shows_what_was_read() -> None:
    """Placement and offsets of a partition in good order."""
    families = (CURRENT_OFFSET, OLDEST_OFFSET, LEADER, LEADER_IS_PREFERRED, REPLICAS, IN_SYNC_REPLICAS)

    assert [of(family, **ORDERS_0) for family in families] == [1500, 100, 1, 1, 3, 3]
    assert [of(family, **ORDERS_0) for family in (UNDER_REPLICATED, OFFLINE_REPLICAS)] == [0, 0]


def test_a_partition_without_a_leader_has_no_offsets() -> None:
    """Without a leader the leader and the offsets are absent, not 0; what the metadata says is served."""
    absent = (CURRENT_OFFSET, OLDEST_OFFSET, LAST_STABLE_OFFSET, LEADER)

    assert [of(family, **ORDERS_1) for family in absent] == [None] * 4
    assert of(LEADER_IS_PREFERRED, **ORDERS_1) == 0
    assert of(UNDER_REPLICATED, **ORDERS_1) == 1
    assert of(OFFLINE_REPLICAS, **ORDERS_1) == 2


def test_a_leader_that_is_not_preferred_is_said() -> None:
    """The first replica should lead; another one does."""
    assert (of(LEADER, **ORDERS_2), of(LEADER_IS_PREFERRED, **ORDERS_2)) == (2, 0)


def test_the_last_stable_offset_is_served_only_where_it_differs() -> None:
    """An open transaction shows by a series of its own, beside an end of any size."""
    assert of(LAST_STABLE_OFFSET, **ORDERS_2) == 2_999_999_999_990
    assert of(CURRENT_OFFSET, **ORDERS_2) == 3_000_000_000_000
    assert sum(name == LAST_STABLE_OFFSET.name for name, _ in shown()) == 1


def test_a_topic_shows_its_partitions_and_its_counter() -> None:
    """Both are of the whole topic."""
    assert of(PARTITIONS, cluster="main", topic="orders") == 3
    assert of(APPENDED, cluster="main", topic="orders") == 4711


def test_a_topic_whose_partitions_were_never_read_does_not_have_none() -> None:
    """Every topic has partitions: how many is absent until they can be read."""
    assert of(PARTITIONS, cluster="main", topic="unreadable") is None
    assert of(APPENDED, cluster="main", topic="unreadable") == 0


def test_a_group_shows_each_committed_partition() -> None:
    """Commit, lag, seconds and bound, each where it is known."""
    families = (COMMITTED, LAG, LAG_SECONDS, ERROR_BOUND)

    assert [of(family, **BILLING_0) for family in families] == [1490, 10, 2.75, 0.25]
    assert [of(family, **BILLING_1) for family in families] == [800, None, None, None]
    assert [of(family, **BILLING_2) for family in families] == [3_000_000_000_000, 0, 0, 0]


def test_seconds_that_are_not_known_are_absent_beside_a_lag_that_is() -> None:
    """A history that is too short costs the seconds and their bound, not the lag."""
    payments = {"cluster": "main", "consumergroup": "billing", "topic": "payments"}

    assert of(LAG, **payments, partition="0") == 20
    assert of(LAG_SECONDS, **payments, partition="0") is None
    assert of(ERROR_BOUND, **payments, partition="0") is None
    assert of(MAX_LAG_SECONDS, **payments) is None


def test_partitions_whose_seconds_are_not_known_are_counted_whatever_is_known_of_their_records() -> None:
    """What is unknown in records is unknown in seconds too; beyond that, what is known in records alone counts."""
    counts = {
        ("billing", "orders"): (1, 1),
        ("billing", "payments"): (0, 1),
        ("reports", "orders"): (0, 1),
        ("silent", "payments"): (1, 1),
        ("never-committed", "payments"): (0, 0),
    }

    for (name, topic), expected in counts.items():
        labels = {"cluster": "main", "consumergroup": name, "topic": topic}
        assert (of(UNKNOWN_PARTITIONS, **labels), of(UNKNOWN_LAG_SECONDS_PARTITIONS, **labels)) == expected


def test_a_group_as_a_whole_counts_them_over_its_topics() -> None:
    """At group level the number is of all topics, and 0, not absent, while all is known."""
    whole = {"cluster": "main", "consumergroup": "console-consumer-1"}
    known, unknown = lag_on("orders", [(0, 1, 0, 0.0, 0.0)]), lag_on("payments", [(0, 1, 9, None, None)], unreadable=2)
    reading = cluster("main", groups=[group("console-consumer-1", known, unknown)])

    assert of(UNKNOWN_LAG_SECONDS_PARTITIONS, **whole) == 0
    assert value(samples_of(reading), UNKNOWN_LAG_SECONDS_PARTITIONS.name, **whole) == 3


def test_a_sum_is_absent_and_a_maximum_served_while_something_is_unknown() -> None:
    """One partition unknown: no sum of lags, the maximum of the rest, and how many are unknown."""
    assert [of(family, **BILLING) for family in (LAG_SUM, MAX_LAG, MAX_LAG_SECONDS)] == [None, 10, 2.75]
    assert [of(family, **BILLING) for family in (UNKNOWN_PARTITIONS, UNCOMMITTED_PARTITIONS, CONSUMED)] == [1, 0, 1234]
    assert of(CURRENT_OFFSET_SUM, **BILLING) == 1490 + 800 + 3_000_000_000_000


def test_a_group_that_never_committed_is_counted_not_served() -> None:
    """Never committed is never -1 and never 0: no commit, no lag, no sum; one uncommitted partition."""
    labels = {"cluster": "main", "consumergroup": "never-committed", "topic": "payments"}

    assert [of(family, **labels) for family in (LAG_SUM, MAX_LAG, CURRENT_OFFSET_SUM)] == [None] * 3
    assert labels_of(COMMITTED, consumergroup="never-committed") == set()
    assert (of(UNCOMMITTED_PARTITIONS, **labels), of(UNKNOWN_PARTITIONS, **labels)) == (1, 0)


def test_a_silent_group_is_there_without_numbers() -> None:
    """A coordinator that does not answer: the group shows, its state and members do not, and its lag is unknown."""
    group_labels = {"cluster": "main", "consumergroup": "silent"}

    assert labels_of(STATE, **group_labels) == set()
    assert of(MEMBERS, **group_labels) is None
    assert of(INFO, **group_labels, type="", protocol_type="", assignor="") == 1
    assert of(UNKNOWN_PARTITIONS, **group_labels, topic="payments") == 1
    assert of(LAG_SUM, **group_labels, topic="payments") is None


def test_a_group_shows_its_state_as_a_label() -> None:
    """Only the state that the group is in is served, as 1, in Kafka's own word."""
    states = [
        dict(labels)["state"]
        for name, labels in shown()
        if name == STATE.name and ("consumergroup", "reports") in labels
    ]

    assert states == ["Empty"]
    assert of(STATE, cluster="main", consumergroup="billing", state="Stable") == 1
    assert of(MEMBERS, cluster="main", consumergroup="billing") == 2
    assert (
        of(INFO, cluster="main", consumergroup="billing", type="classic", protocol_type="consumer", assignor="range")
        == 1
    )


def test_granularity_topic_serves_no_partitions() -> None:
    """At topic level a group has sums and maxima a topic, and no series a partition."""
    labels = {"cluster": "main", "consumergroup": "reports", "topic": "orders"}

    for family in (COMMITTED, LAG, LAG_SECONDS, ERROR_BOUND):
        assert labels_of(family, consumergroup="reports") == set()
    assert of(LAG_SUM, **labels) == 3_000_000_001_390
    assert of(MAX_LAG_SECONDS, **labels) == 86_400.1235, "nine digits are more than any bound is worth"


def test_granularity_group_serves_one_series_a_group() -> None:
    """At group level the same families come once a group, without the topic label."""
    labels = {"cluster": "main", "consumergroup": "console-consumer-1"}

    assert [of(family, **labels) for family in (LAG_SUM, MAX_LAG, MAX_LAG_SECONDS)] == [10, 10, 0.000125]
    assert [of(family, **labels) for family in (UNKNOWN_PARTITIONS, UNCOMMITTED_PARTITIONS)] == [0, 2]
    assert [of(family, **labels) for family in (CURRENT_OFFSET_SUM, CONSUMED)] == [1560, 11]
    for family in (LAG_SUM, MAX_LAG, MAX_LAG_SECONDS, UNKNOWN_PARTITIONS, UNCOMMITTED_PARTITIONS, CONSUMED, LAG):
        assert all("topic" not in names for names in labels_of(family, consumergroup="console-consumer-1"))


def test_names_of_any_kind_come_through() -> None:
    """A group and a topic of 249 characters with quotes, backslashes, newlines and all the world's letters."""
    assert len(LONGEST) == 249
    assert set('"\\\n日{') <= set(LONGEST)
    for name in (NASTY, LONGEST):
        reading = cluster(
            name,
            [TopicReading(name, (partition(0, 9),), appended_total=0, appended_per_second=None)],
            [group(name, lag_on(name, [(0, 8, 1, 2.0, 0.5)]), state=name)],
        )
        samples = samples_of(reading)
        assert value(samples, CURRENT_OFFSET.name, cluster=name, topic=name, partition="0") == 9
        assert value(samples, LAG.name, cluster=name, consumergroup=name, topic=name, partition="0") == 1
        assert value(samples, STATE.name, cluster=name, consumergroup=name, state=name) == 1


def test_clusters_do_not_mix() -> None:
    """The same names in two clusters are two series each, told apart by the cluster label alone."""
    assert of(CURRENT_OFFSET, cluster="main", topic="orders", partition="0") == 1500
    assert of(CURRENT_OFFSET, cluster='legacy "two"', topic="orders", partition="0") == 5
    assert all("cluster" in dict(labels) for _, labels in shown())


def test_brokers_are_counted_and_named() -> None:
    """Each broker is one info series; a controller that is not known is absent."""
    assert value(shown(), "kafka_brokers", cluster="main") == 3
    assert value(shown(), "kafka_broker_info", cluster="main", id="1", address="kafka-1:9092", rack="rack-a") == 1
    assert value(shown(), "kafka_broker_info", cluster="main", id="3", address="[fd00::3]:9092", rack="") == 1
    assert value(shown(), "kafka_cluster_controller_id", cluster="main") == 3000
    assert value(shown(), "kafka_cluster_controller_id", cluster='legacy "two"') is None


def test_the_series_are_counted() -> None:
    """``streamgauge_series`` is the number of the cluster's lines, its own among them."""
    for reading in (MAIN, LEGACY):
        own = sum(dict(labels)["cluster"] == reading.cluster for _, labels in shown())
        assert value(shown(), "streamgauge_series", cluster=reading.cluster) == own
        assert value(shown(), "streamgauge_series_dropped", cluster=reading.cluster) == 0


def test_both_formats_say_the_same() -> None:
    """OpenMetrics and the text format carry the same samples."""
    assert parsed(page_of([MAIN, LEGACY], openmetrics=True), openmetrics=True) == shown()


def test_a_renderer_is_as_new_whatever_it_rendered_before() -> None:
    """Kept names never show in a later reading: partitions that come, topics and groups that go and come back."""
    renderer = KafkaRenderer("main", lambda _: "partition", UNLIMITED)
    rows = [(0, 1, 2, 3.0, 0.5), (1, 7, 8, 9.0, 0.5)]
    partitions = (partition(0, 3), partition(1, 15))
    one, two = (
        cluster("main", [TopicReading("t", partitions[:count], 0, None)], [group("g", lag_on("t", rows[:count]))])
        for count in (1, 2)
    )
    for reading in (one, two, cluster("main"), MAIN, one, MAIN, two):
        assert renderer.render(reading) == rendered(reading, granularity={})


@pytest.mark.parametrize("gone", ["billing", NASTY])
def test_what_is_gone_is_forgotten(gone: str) -> None:
    """Names of what is gone are not kept in memory."""
    renderer = KafkaRenderer("main", lambda _: "partition", UNLIMITED)
    renderer.render(
        cluster("main", MAIN.topics.values(), groups=[group(gone, lag_on("orders", [(0, 1, 2, 3.0, 0.5)]))])
    )
    renderer.render(cluster("main"))

    assert not renderer._groups._groups
    assert not renderer._groups._topics
    assert not renderer._topics._kept


def test_a_reading_renders_into_the_page() -> None:
    """Every line that is rendered is on the page, under the header of its family."""
    exposition = Exposition(catalogue.READ_FAMILIES)
    lines = rendered(MAIN)
    exposition.publish("main", Exposition.prepare(lines))
    page = gzip.decompress(exposition.page(openmetrics=False).ended("", gzip=True)).decode()

    assert sorted(line for line in page.splitlines() if not line.startswith("#")) == sorted(
        line for text in lines.values() for line in text.splitlines()
    )


def test_a_reading_is_rendered_the_same_twice() -> None:
    """The same reading is the same bytes."""
    assert page_of([MAIN]) == page_of([replace(MAIN)])
