"""What the items of each topic are."""

from dataclasses import replace

from streamgauge.model.status import Status
from streamgauge.web.live.feeds import key_of, store_feeds
from tests.web.examples import ExampleStore, ExampleView, cluster, group, group_topic, status, store, topic


def test_a_cluster_says_how_it_is_read() -> None:
    """With the contract's names."""
    assert store_feeds(store())["cluster"]() == {
        "orders": {
            "cluster": "orders",
            "up": True,
            "stale": False,
            "brokers": 3,
            "topics": 1,
            "groups": 1,
            "appended_per_second": 60.5,
            "consumed_per_second": 60.25,
            "last_success": 1_767_268_800.0,
            "error": None,
        }
    }


def test_a_cluster_without_a_reading_has_unknown_figures() -> None:
    """Unknown is never zero; its groups are absent."""
    down = ExampleStore([ExampleView(status(up=False, last_error="no broker answers"))])
    feeds = store_feeds(down)

    item = feeds["cluster"]()["orders"]
    assert (item["brokers"], item["topics"], item["groups"]) == (None, None, None)
    assert item["error"] == "no broker answers"
    assert feeds["groups"]() == feeds["pipelines"]() == {}


def test_a_group_has_an_item_for_each_topic() -> None:
    """The error bound is that of the partition that waits for longest."""
    lag = group_topic(seconds=(3.0, 12.3456789), bounds=(0.5, 0.25))
    found = store_feeds(store(cluster(groups=[group("billing", lag)])))["groups"]()

    assert found == {
        "orders/billing/payments": {
            "cluster": "orders",
            "group": "billing",
            "topic": "payments",
            "status": Status.OK,
            "state": "Stable",
            "lag": 1234,
            "lag_seconds": 12.3457,
            "lag_error_bound_seconds": 0.25,
            "consumed_per_second": 60.25,
            "appended_per_second": 60.5,
            "slo_lag_seconds": 300.0,
            "unknown_partitions": 0,
        }
    }


def test_what_is_unknown_of_a_group_is_null() -> None:
    """A partition that could not be read, and a topic that is not there."""
    lag = group_topic("gone", lags=(None, 5), seconds=(None, None), consumed_per_second=None)
    (item,) = store_feeds(store(cluster(groups=[group("billing", lag)])))["groups"]().values()

    unknown = ("lag", "lag_seconds", "lag_error_bound_seconds", "consumed_per_second", "appended_per_second")
    assert [item[name] for name in unknown] == [None] * 5
    assert item["unknown_partitions"] == 1


def test_each_group_is_a_pipeline_of_its_topics() -> None:
    """The worst status, the sum of the rates, the longest wait."""
    lags = [group_topic("payments"), group_topic("refunds", seconds=(99.0, 1.0), status=Status.STALLED)]
    reading = cluster(groups=[group("billing", *lags)], topics=[topic("payments"), topic("refunds")])

    assert store_feeds(store(reading))["pipelines"]() == {
        "orders/billing": {
            "cluster": "orders",
            "name": "billing",
            "status": Status.STALLED,
            "lag": 2468,
            "lag_seconds": 99.0,
            "lag_error_bound_seconds": 0.5,
            "slo_lag_seconds": 300.0,
            "unknown_partitions": 0,
            "in_per_second": 121.0,
            "out_per_second": 120.5,
            "topics": ["payments", "refunds"],
        }
    }


def test_a_pipelines_rate_is_unknown_while_a_part_of_it_is() -> None:
    """A sum over the rest would be too small."""
    lags = [group_topic("payments"), group_topic("refunds")]
    reading = cluster(groups=[group("billing", *lags)], topics=[topic("payments")])

    assert store_feeds(store(reading))["pipelines"]()["orders/billing"]["in_per_second"] is None


def test_a_readings_items_are_made_once() -> None:
    """The same objects until the next reading, so that comparing them costs nothing."""
    kept, changed = cluster("kept"), cluster("changed")
    served = store(kept, changed)
    feed = store_feeds(served)["groups"]
    before = dict(feed())
    served.clusters = [ExampleView(status("kept"), kept), ExampleView(status("changed"), replace(changed))]

    after = feed()

    assert after["kept/billing/payments"] is before["kept/billing/payments"]
    assert after["changed/billing/payments"] is not before["changed/billing/payments"]


def test_a_slash_in_a_name_is_none_between_names() -> None:
    """Each part is percent-encoded, whatever is in it."""
    assert key_of("a/b", "c d", "é") == "a%2Fb/c%20d/%C3%A9"
    assert key_of("a", "b", "\ud800") == "a/b/%3F"
