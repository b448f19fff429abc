"""`/api/v1/clusters`."""

from dataclasses import replace

from tests.web.clients import client
from tests.web.examples import ExampleStore, ExampleView, cluster, group, group_topic, status, store, topic


def down(name: str = "legacy") -> ExampleView:
    """A cluster that was never read."""
    return ExampleView(status(name, up=False, last_success=None, last_error="no broker answered"))


def test_a_cluster_comes_with_its_source_and_figures() -> None:
    """Everything that is known of it as a whole."""
    (found,) = client(store()).get("/api/v1/clusters").json()["items"]
    assert found["cluster"] == "orders"
    assert found["source"] == {
        "name": "kafka",
        "target": "orders-kafka:9092",
        "interval_seconds": 10.0,
        "cycles": 7,
        "up": True,
        "stale": False,
        "last_success": "2026-01-01T12:00:00Z",
        "last_duration_seconds": 0.084,
        "last_error": None,
    }
    assert found["brokers"][0] == {
        "id": 1,
        "host": "orders-1",
        "port": 9092,
        "rack": None,
        "partitions": 240,
        "leaders": 81,
        "log_dirs": [{"path": "/var/lib/kafka", "total_bytes": 1_000_000, "usable_bytes": 250_000}],
    }
    assert found["brokers"][1]["log_dirs"] is None
    assert found["voters"] == [{"id": 1, "lag": 0}, {"id": 2, "lag": 0}, {"id": 3, "lag": 7}]
    assert found["max_voter_lag"] == 7
    figures = {name: found[name] for name in ("broker_count", "group_count", "topic_count", "partition_count")}
    assert figures == {"broker_count": 3, "group_count": 1, "topic_count": 1, "partition_count": 2}
    assert (found["lag_sum"], found["max_lag"], found["max_lag_seconds"]) == (1234, 900, 12.4)
    assert (found["appended_per_second"], found["consumed_per_second"]) == (60.5, 60.25)
    assert found["controller"] == 1


def test_a_cluster_that_was_never_read_has_null_for_everything_but_its_source() -> None:
    """Unknown is never zero: not even the number of its groups."""
    (found,) = client(ExampleStore([down()])).get("/api/v1/clusters").json()["items"]
    source = found.pop("source")
    assert (source["up"], source["last_error"], source["last_success"]) == (False, "no broker answered", None)
    assert found.pop("cluster") == "legacy"
    assert found
    assert set(found.values()) == {None}


def test_a_sum_over_something_unknown_is_null_and_a_maximum_is_served() -> None:
    """As in the metrics."""
    unknown = group("lost", group_topic("payments", [5, None], [0.1, None]))
    (found,) = client(store(cluster(groups=[group(), unknown]))).get("/api/v1/clusters").json()["items"]
    assert (found["lag_sum"], found["max_lag"], found["unknown_partitions"]) == (None, 900, 1)


def test_a_topic_whose_rate_is_unknown_makes_the_sum_unknown() -> None:
    """Until it was read twice."""
    topics = [topic(), topic("new", appended_per_second=None)]
    (found,) = client(store(cluster(topics=topics))).get("/api/v1/clusters").json()["items"]
    assert found["appended_per_second"] is None


def test_what_brokers_did_not_say_is_null() -> None:
    """Loads, disks and the quorum: without the right to ask, or on an older cluster."""
    silent = replace(cluster(), broker_loads={}, log_dirs=(), voter_lags={})
    (found,) = client(store(silent)).get("/api/v1/clusters").json()["items"]
    broker = found["brokers"][0]
    assert {broker[name] for name in ("partitions", "leaders", "log_dirs")} | {found["voters"]} == {None}
    assert found["max_voter_lag"] is None


def test_a_topic_whose_partitions_are_unknown_makes_their_sums_unknown() -> None:
    """Not fewer; a cluster without topics has none."""
    names = ("partition_count", "under_replicated_partitions", "offline_partitions")
    (found,) = client(store(cluster(topics=[topic(), topic("unread", ())]))).get("/api/v1/clusters").json()["items"]
    assert [found[name] for name in names] == [None, None, None]
    (found,) = client(store(cluster(topics=[]))).get("/api/v1/clusters").json()["items"]
    assert [found[name] for name in names] == [0, 0, 0]


def test_clusters_are_sorted_filtered_and_paged() -> None:
    """Unknown comes last, up or down."""
    slow = cluster("slow", [group("g", group_topic(seconds=(50.0, 1.0)))])
    known = ExampleStore([down(), *store(cluster("fast"), slow).clusters])
    ask = client(known)

    def names(query: str) -> list[str]:
        return [item["cluster"] for item in ask.get(f"/api/v1/clusters?{query}").json()["items"]]

    assert names("") == ["fast", "legacy", "slow"]
    assert names("sort=-lag_seconds") == ["slow", "fast", "legacy"]
    assert names("sort=lag_seconds") == ["fast", "slow", "legacy"]
    assert names("cluster=slow") == ["slow"]
    assert names("limit=1&offset=1") == ["legacy"]


def test_an_unknown_cluster_is_told_with_the_known_ones() -> None:
    """404: a filter on a name that does not exist is a mistake, not an empty answer."""
    answer = client(store()).get("/api/v1/clusters?cluster=oders")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no cluster is named 'oders'"
    assert answer.json()["known_clusters"] == ["orders"]


def test_csv_has_a_row_a_cluster() -> None:
    """The source's columns come last; what is unknown is empty."""
    text = client(ExampleStore([down()])).get("/api/v1/clusters?format=csv").text
    header, row = text.splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert values["cluster"] == "legacy"
    assert values["group_count"] == values["lag_sum"] == values["max_voter_lag"] == ""
    assert (values["source_up"], values["source_stale"]) == ("false", "false")
    assert values["source_last_error"] == "no broker answered"
