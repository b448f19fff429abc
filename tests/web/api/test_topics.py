"""`/api/v1/topics`."""

from dataclasses import replace

import pytest

from streamgauge.model.snapshot import Partition, TopicConfig
from tests.web.clients import client
from tests.web.examples import ExampleStore, cluster, group, group_topic, store, topic


@pytest.fixture(name="few")
def few_topics() -> ExampleStore:
    """Topics with and without readers, rates and trouble."""
    damaged = topic("damaged", (10, 20, 30))
    placements = (
        Partition(0, 1, (1, 2), (1, 2)),
        Partition(1, 2, (1, 2), (2,)),
        Partition(2, None, (1, 2), (), (1, 2)),
    )
    damaged = replace(
        damaged,
        partitions=tuple(
            part._replace(placement=placement) for part, placement in zip(damaged.partitions, placements, strict=True)
        ),
    )
    topics = [topic(), damaged, topic("new", (None, 5), appended_per_second=None)]
    groups = [
        group(),
        group("audit", group_topic(lags=(5, None), seconds=(0.1, None)), group_topic("damaged", (1,), (1.0,))),
    ]
    return store(cluster(groups=groups, topics=topics))


def test_a_topic_comes_with_its_figures(few: ExampleStore) -> None:
    """Lag is over all groups that read it; a sum with something unknown in it is null."""
    items = client(few).get("/api/v1/topics").json()["items"]
    found = {item["topic"]: item for item in items}
    assert list(found) == ["damaged", "new", "payments"]
    payments = found["payments"]
    assert (payments["partition_count"], payments["end_sum"], payments["record_count"]) == (2, 4234, 4034)
    assert (payments["appended_total"], payments["appended_per_second"]) == (3600, 60.5)
    assert (payments["lag_sum"], payments["max_lag"], payments["max_lag_seconds"]) == (None, 900, 12.4)
    assert (found["new"]["end_sum"], found["new"]["record_count"], found["new"]["lag_sum"]) == (None, None, None)
    assert (found["damaged"]["under_replicated_partitions"], found["damaged"]["offline_partitions"]) == (2, 1)
    assert "partitions" not in payments
    assert "groups" not in payments


def test_a_topic_comes_with_its_settings_and_health(few: ExampleStore) -> None:
    """As the metrics have them."""
    (item,) = client(few).get("/api/v1/topics?topic=damaged").json()["items"]
    names = ("size_bytes", "under_min_isr_partitions", "reassigning_partitions")
    assert [item[name] for name in names] == [6144, 2, 0]
    settings = ("cleanup_policy", "timestamp_type", "min_insync_replicas", "retention_seconds", "retention_bytes")
    assert [item[name] for name in settings] == ["delete", "CreateTime", 2, 604_800.0, None]


def test_what_could_not_be_read_of_a_topic_is_null() -> None:
    """Its settings, sizes and moves; without its partitions, their number and health too."""
    dark = topic("dark", config=None, reassigning=None)
    dark = replace(dark, partitions=(dark.partitions[0], dark.partitions[1]._replace(size_bytes=None)))
    known = client(store(cluster(topics=[dark, topic("unread", ())])))
    dark_item, unread = known.get("/api/v1/topics").json()["items"]
    settings = ("cleanup_policy", "timestamp_type", "min_insync_replicas", "retention_seconds", "retention_bytes")
    rest = ("under_min_isr_partitions", "reassigning_partitions", "size_bytes")
    assert {dark_item[name] for name in (*settings, *rest)} == {None}
    assert dark_item["offline_partitions"] == 0
    health = ("offline_partitions", "under_replicated_partitions", "under_min_isr_partitions")
    assert {unread[name] for name in ("partition_count", "size_bytes", *health)} == {None}


def test_what_is_only_compacted_has_no_retention() -> None:
    """Its limits are set, and delete nothing."""
    compacted = topic(config=TopicConfig("compact", "CreateTime", 1, 604_800.0, 1024))
    (item,) = client(store(cluster(topics=[compacted]))).get("/api/v1/topics").json()["items"]
    assert (item["cleanup_policy"], item["retention_seconds"], item["retention_bytes"]) == ("compact", None, None)


def test_the_groups_that_read_it_come_on_demand(few: ExampleStore) -> None:
    """By name, each with its lag on this topic alone."""
    (item,) = client(few).get("/api/v1/topics?detail=group&topic=payments").json()["items"]
    assert item["groups"] == [
        {
            "group": "audit",
            "state": "Stable",
            "status": "unknown",
            "lag_sum": None,
            "max_lag": 5,
            "max_lag_seconds": 0.1,
        },
        {
            "group": "billing",
            "state": "Stable",
            "status": "ok",
            "lag_sum": 1234,
            "max_lag": 900,
            "max_lag_seconds": 12.4,
        },
    ]


def test_partitions_come_on_demand(few: ExampleStore) -> None:
    """Placement and offsets; a partition without a leader has null for it."""
    (item,) = client(few).get("/api/v1/topics?detail=partition&topic=damaged").json()["items"]
    assert item["partitions"][2] == {
        "partition": 2,
        "leader": None,
        "replicas": [1, 2],
        "in_sync_replicas": [],
        "offline_replicas": [1, 2],
        "log_start": 100,
        "end": 30,
        "last_stable": None,
        "size_bytes": 2048,
    }
    assert [reader["group"] for reader in item["groups"]] == ["audit"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("topic=.*a.*", ["damaged", "payments"]),
        ("group=billing", ["payments"]),
        ("min_lag=900", ["payments"]),
        ("min_lag_seconds=1", ["damaged", "payments"]),
        ("sort=-lag", ["damaged", "new", "payments"]),
        ("sort=-lag_seconds", ["payments", "damaged", "new"]),
        ("sort=rate&limit=2", ["damaged", "payments"]),
        ("cluster=orders&offset=2", ["payments"]),
    ],
)
def test_topics_are_filtered_sorted_and_paged(query: str, names: list[str], few: ExampleStore) -> None:
    """As groups are."""
    assert [item["topic"] for item in client(few).get(f"/api/v1/topics?{query}").json()["items"]] == names


def test_one_topic_comes_whole(few: ExampleStore) -> None:
    """With partitions and readers; one that is not there is a problem."""
    found = client(few).get("/api/v1/topics/orders/payments").json()
    assert (len(found["partitions"]), len(found["groups"])) == (2, 2)
    answer = client(few).get("/api/v1/topics/orders/payment")
    assert (answer.status_code, answer.json()["detail"]) == (404, "cluster 'orders' has no topic 'payment'")


@pytest.mark.parametrize(("detail", "rows"), [("topic", 3), ("group", 3), ("partition", 7)])
def test_csv_has_a_row_a_level(detail: str, rows: int, few: ExampleStore) -> None:
    """Topic, reader or partition; lists are numbers with blanks between."""
    lines = client(few).get(f"/api/v1/topics?format=csv&detail={detail}").text.splitlines()
    assert len(lines) == rows + 1
    if detail == "partition":
        assert lines[1] == "orders,damaged,0,1,1 2,1 2,,100,10,,2048"
