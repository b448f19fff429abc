"""`/api/v1/groups`."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest

from streamgauge.model.status import Status
from tests.web.clients import client
from tests.web.examples import ExampleStore, ExampleView, cluster, group, group_topic, status, store

LOST = Status.LOST
HOSTILE = [
    "<script>alert(1)</script>",
    'a "quoted" name',
    "two\nlines",
    "группа/日本",
    "a/b/c",
    "",
    " ",
    "=1+1",
    "end\n",
]


@pytest.fixture(name="ask")
def asked() -> Any:
    """Names of the groups that a query finds among a few."""
    groups = [
        group("billing", group_topic("payments", (900, 334), (12.4, 3.0), consumed_per_second=5.0, status=LOST)),
        group("audit", group_topic("payments", (0, 0), (0.0, 0.0), consumed_per_second=None), state="Empty"),
        group("search", group_topic("orders", (7, None), (0.5, None)), state="PreparingRebalance"),
        group(
            "fraud",
            group_topic("orders", (50,), (60.0,), status=Status.LAGGING),
            group_topic("payments", (1,), (0.1,)),
            state=None,
        ),
    ]
    known = client(store(cluster("prod", groups), cluster("test", [group("billing")])))

    def ask(query: str) -> list[str]:
        answer = known.get(f"/api/v1/groups?{query}")
        assert answer.status_code == 200, answer.text
        return [f"{item['cluster']}/{item['group']}" for item in answer.json()["items"]]

    return ask


def test_a_group_comes_with_its_topics() -> None:
    """The sum and the maximum at each level; partitions only on demand."""
    page = client(store()).get("/api/v1/groups").json()
    assert {name: page[name] for name in ("total", "limit", "offset", "unread_clusters")} == {
        "total": 1,
        "limit": 100,
        "offset": 0,
        "unread_clusters": [],
    }
    (item,) = page["items"]
    assert {name: item[name] for name in ("group", "state", "type", "coordinator", "member_count", "topic_count")} == {
        "group": "billing",
        "state": "Stable",
        "type": "consumer",
        "coordinator": 1,
        "member_count": 1,
        "topic_count": 1,
    }
    assert (item["lag_sum"], item["max_lag"], item["max_lag_seconds"]) == (1234, 900, 12.4)
    (topic,) = item["topics"]
    assert (topic["topic"], topic["lag_sum"], topic["max_lag_seconds"]) == ("payments", 1234, 12.4)
    assert "partitions" not in topic
    assert "members" not in item


def test_a_group_tells_what_it_is_doing() -> None:
    """The worst of its topics, the latest to catch up, the soonest to lose records, and what it is held to."""
    orders = group_topic(
        "orders",
        status=Status.LAGGING,
        time_to_catch_up_seconds=90.0,
        time_to_data_loss_seconds=3600.0,
        records_lost_total=3,
        unassigned=1,
    )
    payments = group_topic(
        time_to_catch_up_seconds=4.5, time_to_data_loss_seconds=60.0, records_lost_total=4, unassigned=1
    )
    (item,) = client(store(cluster(groups=[group("billing", orders, payments)]))).get("/api/v1/groups").json()["items"]
    names = (
        "status",
        "time_to_catch_up_seconds",
        "time_to_data_loss_seconds",
        "records_lost_total",
        "unassigned_partitions",
    )
    assert [item[name] for name in names] == ["lagging", 90.0, 60.0, 7, 2]
    assert [item["topics"][0][name] for name in names] == ["lagging", 90.0, 3600.0, 3, 1]
    assert [item["topics"][1][name] for name in names] == ["ok", 4.5, 60.0, 4, 1]
    assert [item[name] for name in ("slo_lag_seconds", "rebalances_total", "member_changes_total")] == [300.0, 2, 3]


def test_what_cannot_be_foreseen_is_null() -> None:
    """A group that would never catch up, loses nothing, has no members and no limit."""
    lag = group_topic(unassigned=None)
    (item,) = (
        client(store(cluster(groups=[group("g", lag, slo_lag_seconds=None)]))).get("/api/v1/groups").json()["items"]
    )
    names = ("time_to_catch_up_seconds", "time_to_data_loss_seconds", "unassigned_partitions")
    assert {each[name] for each in (item, item["topics"][0]) for name in names} == {None}
    assert item["slo_lag_seconds"] is None


def test_detail_says_how_deep_the_answer_goes() -> None:
    """Group, topic or partition."""
    known = client(store())
    (item,) = known.get("/api/v1/groups?detail=group").json()["items"]
    assert "topics" not in item
    seen = {"error_bound_seconds": 0.5, "method": "history"}
    (item,) = known.get("/api/v1/groups?detail=partition").json()["items"]
    assert item["topics"][0]["partitions"] == [
        {"partition": 0, "committed": 1000, "lag": 900, "lag_seconds": 12.4, **seen},
        {"partition": 1, "committed": 2000, "lag": 334, "lag_seconds": 3.0, **seen},
    ]


def test_unknown_is_null() -> None:
    """Not left out, and never zero."""
    unknown = group("g", group_topic(lags=(None,), seconds=(None,)), state=None, members=None, coordinator=None)
    (item,) = client(store(cluster(groups=[unknown]))).get("/api/v1/groups?detail=partition").json()["items"]
    names = ("state", "member_count", "coordinator", "lag_sum", "max_lag", "max_lag_seconds")
    assert {item[name] for name in names} == {None}
    assert item["unknown_partitions"] == 1
    assert item["topics"][0]["partitions"][0]["lag"] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["prod/audit", "prod/billing", "test/billing", "prod/fraud", "prod/search"]),
        ("cluster=test", ["test/billing"]),
        ("group=bill.*", ["prod/billing", "test/billing"]),
        ("group=bill", []),
        ("group=(?i)AUDIT|fraud", ["prod/audit", "prod/fraud"]),
        ("topic=orders", ["prod/fraud", "prod/search"]),
        ("state=empty", ["prod/audit"]),
        ("state=unknown", ["prod/fraud"]),
        ("status=ok", ["prod/audit", "test/billing"]),
        ("status=LAGGING", ["prod/fraud"]),
        ("status=unknown", ["prod/search"]),
        ("status=stalled", []),
        ("min_lag=51", ["prod/billing", "test/billing", "prod/fraud"]),
        ("min_lag=7&topic=orders", ["prod/fraud", "prod/search"]),
        ("min_lag=8&topic=orders", ["prod/fraud"]),
        ("min_lag_seconds=12.4", ["prod/billing", "test/billing", "prod/fraud"]),
        ("sort=-name", ["prod/search", "prod/fraud", "test/billing", "prod/billing", "prod/audit"]),
        ("sort=lag", ["prod/audit", "prod/fraud", "prod/billing", "test/billing", "prod/search"]),
        ("sort=-lag", ["prod/billing", "test/billing", "prod/fraud", "prod/audit", "prod/search"]),
        ("sort=-lag_seconds&limit=2", ["prod/fraud", "prod/billing"]),
        ("sort=-rate", ["prod/fraud", "test/billing", "prod/search", "prod/billing", "prod/audit"]),
        ("sort=-status", ["prod/billing", "prod/fraud", "prod/search", "prod/audit", "test/billing"]),
        ("sort=status", ["prod/audit", "test/billing", "prod/search", "prod/fraud", "prod/billing"]),
        ("limit=2&offset=3", ["prod/fraud", "prod/search"]),
        ("offset=99", []),
        ("cluster=&group=&state=&status=", ["prod/audit", "prod/billing", "test/billing", "prod/fraud", "prod/search"]),
    ],
)
def test_groups_are_filtered_sorted_and_paged(query: str, names: list[str], ask: Any) -> None:
    """Unknown figures come last either way, an unknown status is worse than ok.

    Where a sum is unknown, the part that is known may still be enough for a filter.
    """
    assert ask(query) == names


def test_a_filter_on_topics_leaves_the_groups_figures_whole() -> None:
    """They are the group's, whatever of it is shown."""
    lags = group_topic("orders", (50,), (60.0,)), group_topic("payments", (1,), (0.1,))
    (item,) = client(store(cluster(groups=[group("fraud", *lags)]))).get("/api/v1/groups?topic=pay.*").json()["items"]
    assert [topic["topic"] for topic in item["topics"]] == ["payments"]
    assert item["lag_sum"] == 51


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("sort=size", "sort"),
        ("detail=member", "detail"),
        ("format=xml", "format"),
        ("status=bad", "status"),
        ("min_lag=-1", "min_lag"),
        ("min_lag_seconds=nan", "min_lag_seconds"),
        (f"group={'a' * 513}", "group"),
        ("group=(", "group"),
        ("topic=*", "topic"),
        ("grup=a", "grup"),
    ],
)
def test_a_wrong_parameter_is_a_problem(query: str, parameter: str) -> None:
    """A misspelt filter too: it is not a missing one."""
    answer = client(store()).get(f"/api/v1/groups?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_a_bad_expression_is_explained() -> None:
    """With the expression itself."""
    detail = client(store()).get("/api/v1/groups?group=(").json()["detail"]
    assert detail == "group: the regular expression '(' has a '(' without its ')'"


def test_clusters_that_were_not_read_are_named() -> None:
    """Their groups are unknown, not absent; in CSV a header says so."""
    down = ExampleView(status("лаг, 2", up=False))
    known = client(ExampleStore([*store().clusters, down]))
    assert known.get("/api/v1/groups").json()["unread_clusters"] == ["лаг, 2"]
    assert known.get("/api/v1/groups?format=csv").headers["x-unread-clusters"] == quote("лаг, 2", safe="")
    assert known.get("/api/v1/groups?cluster=orders").json()["unread_clusters"] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_one_group_is_found_by_its_name(name: str) -> None:
    """Whatever characters it holds: slashes, quotes, newlines, nothing at all."""
    known = client(store(cluster("a/b", [group(name)])))
    answer = known.get(f"/api/v1/groups/{quote('a/b', safe='')}/{quote(name, safe='')}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["cluster"], found["group"]) == ("a/b", name)
    assert found["members"][0]["assignment"] == {"payments": [0, 1]}
    assert len(found["topics"][0]["partitions"]) == 2


def test_members_that_could_not_be_read_are_null() -> None:
    """Not an empty list: that is a group without members."""
    known = client(store(cluster(groups=[group("a", members=None), group("b", members=())])))
    assert known.get("/api/v1/groups/orders/a").json()["members"] is None
    assert known.get("/api/v1/groups/orders/b").json()["members"] == []


def test_one_group_that_is_not_there_is_a_problem() -> None:
    """404 for the group or the cluster; 503 where the cluster was not read, as nobody knows."""
    known = client(ExampleStore([*store().clusters, ExampleView(status("legacy", up=False, last_error="refused"))]))
    answer = known.get("/api/v1/groups/orders/nobody")
    assert (answer.status_code, answer.json()["detail"]) == (404, "cluster 'orders' has no consumer group 'nobody'")
    answer = known.get("/api/v1/groups/nowhere/billing")
    assert (answer.status_code, answer.json()["known_clusters"]) == (404, ["orders", "legacy"])
    answer = known.get("/api/v1/groups/legacy/billing")
    assert (answer.status_code, answer.json()["last_error"]) == (503, "refused")


def rows_of(text: str) -> list[dict[str, str]]:
    """A CSV answer's rows."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(("detail", "rows"), [("group", 1), ("topic", 2), ("partition", 4)])
def test_csv_has_a_row_a_level(detail: str, rows: int) -> None:
    """Flat, with the names above it."""
    known = client(store(cluster(groups=[group("billing", group_topic("orders"), group_topic("payments"))])))
    answer = known.get(f"/api/v1/groups?format=csv&detail={detail}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-total-count"] == "1"
    found = rows_of(answer.text)
    assert len(found) == rows
    assert {(row["cluster"], row["group"]) for row in found} == {("orders", "billing")}


def test_csv_has_the_status_of_what_its_row_is() -> None:
    """Of the group, or of the topic."""
    lags = group_topic("orders", status=LOST, records_lost_total=3), group_topic(time_to_catch_up_seconds=4.5)
    known = client(store(cluster(groups=[group("billing", *lags)])))
    (row,) = rows_of(known.get("/api/v1/groups?format=csv&detail=group").text)
    assert [row[name] for name in ("status", "records_lost_total", "slo_lag_seconds")] == ["lost", "3", "300.0"]
    rows = rows_of(known.get("/api/v1/groups?format=csv").text)
    assert [(row["status"], row["time_to_catch_up_seconds"]) for row in rows] == [("lost", ""), ("ok", "4.5")]


def test_csv_comes_by_accept_and_format_wins() -> None:
    """As the request says."""
    known = client(store())
    assert known.get("/api/v1/groups", headers={"Accept": "text/csv"}).text.startswith("cluster,group,")
    answer = known.get("/api/v1/groups?format=json", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_csv_leaves_unknown_empty() -> None:
    """Neither null nor 0."""
    known = client(store(cluster(groups=[group("g", group_topic(lags=(None,), seconds=(None,)))])))
    (row,) = rows_of(known.get("/api/v1/groups?format=csv&detail=partition").text)
    assert (row["committed"], row["lag"], row["lag_seconds"]) == ("1000", "", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_csv_holds_any_name(name: str) -> None:
    """A name that a spreadsheet would take for a formula has a quote mark in front."""
    (row,) = rows_of(client(store(cluster(groups=[group(name)]))).get("/api/v1/groups?format=csv").text)
    assert row["group"] == (f"'{name}" if name == "=1+1" else name)


def test_large_answers_are_compressed_where_that_is_taken() -> None:
    """A hundred groups repeat themselves a lot."""
    known = client(store(cluster(groups=[group(f"g{number}") for number in range(100)])))
    answer = known.get("/api/v1/groups", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) / 5
    assert "content-encoding" not in known.get("/api/v1/groups").headers
