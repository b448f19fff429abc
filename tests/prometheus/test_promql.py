"""The reading of PromQL that the other tests stand on: it finds what is wrong."""

import promql_parser as promql
import pytest

from tests.prometheus.promql import (
    adds_replicas_up,
    grouped_by,
    joins_replicas,
    keeps_replicas_apart,
    labels_of,
    selectors,
)

KNOWN = {
    "lag": frozenset({"cluster", "topic", "instance", "pod", "job"}),
    "limit": frozenset({"cluster", "instance", "pod", "job"}),
    "cluster_topic:lag:max": frozenset({"cluster", "topic", "job"}),
}


@pytest.mark.parametrize(
    ("expression", "joined"),
    [
        ("lag > 1", False),
        ("max without (instance) (lag)", False),
        ("max by (instance) (lag)", False),
        ("max without (instance, pod) (lag)", True),
        ("max by (cluster) (lag)", True),
        ("max(lag)", True),
        ("absent(lag)", True),
        ("max without (instance, pod) (rate(lag[5m] offset 1w))", True),
        ("max without (instance, pod) (last_over_time(lag[1h:5m]))", True),
    ],
)
def test_joined_replicas(expression: str, *, joined: bool) -> None:
    """Replicas are joined by an aggregation that keeps neither label of theirs."""
    assert [joins_replicas(above) for _, above in selectors(promql.parse(expression))] == [joined]


@pytest.mark.parametrize(
    ("expression", "apart"),
    [
        ("lag", False),
        ("max by (cluster) (lag)", False),
        ("max without (instance, pod) (lag)", False),
        ("max(max by (instance) (lag))", True),
        ("max by (instance, cluster) (lag)", True),
        ("max by (instance) (max by (cluster) (lag))", False),
    ],
)
def test_replicas_that_are_told_apart(expression: str, *, apart: bool) -> None:
    """An aggregation that keeps the replica says of each what is true of it."""
    ((_, above),) = selectors(promql.parse(expression))

    assert keeps_replicas_apart(above) == apart


@pytest.mark.parametrize(
    ("expression", "twice"),
    [
        ("sum without (instance, pod) (lag)", True),
        ("count(lag)", True),
        ("sum(max without (instance, pod) (lag))", False),
        ("min without (instance, pod) (lag)", False),
    ],
)
def test_replicas_that_are_counted_twice(expression: str, *, twice: bool) -> None:
    """A sum over replicas is twice the truth; a sum over what was joined before is not."""
    assert [adds_replicas_up(above) for _, above in selectors(promql.parse(expression))] == [twice]


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("rate(lag[5m])", "cluster instance job pod topic"),
        ("max without (instance, pod) (lag)", "cluster job topic"),
        ("sum by (cluster) (lag)", "cluster"),
        ("sum(lag)", ""),
        ("vector(1)", ""),
        ("cluster_topic:lag:max > scalar(limit)", "cluster job topic"),
        ("2 * cluster_topic:lag:max", "cluster job topic"),
        ("cluster_topic:lag:max / ignoring (topic) group_left () limit", "cluster job topic"),
        ("cluster_topic:lag:max - ignoring (topic) cluster_topic:lag:max", "cluster job"),
        ("cluster_topic:lag:max - on (cluster) cluster_topic:lag:max", "cluster"),
        ("cluster_topic:lag:max and on (cluster) limit", "cluster job topic"),
        ("max without (cluster) (cluster_topic:lag:max) or limit", "cluster instance job pod topic"),
        ('label_replace(cluster_topic:lag:max, "week", "1", "", "")', "cluster job topic week"),
    ],
)
def test_labels_of_a_result(expression: str, labels: str) -> None:
    """Which labels are left after what an expression does to them."""
    assert " ".join(sorted(labels_of(promql.parse(expression), KNOWN))) == labels


def test_labels_that_are_grouped_by() -> None:
    """Every aggregation and every matching says what it goes by, beside what there is."""
    tree = promql.parse("sum by (partition) (lag) > on (nowhere) limit")
    missing = [label for label, there in grouped_by(tree, KNOWN) if label not in there]

    assert missing == ["nowhere", "partition"]
