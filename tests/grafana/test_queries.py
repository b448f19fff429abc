"""What panels, variables and annotations ask exists, and holds with two replicas of the exporter: read as PromQL."""

import re
from collections.abc import Iterator

import promql_parser as promql
import pytest

from streamgauge.metrics import catalogue
from streamgauge.metrics.family import Kind
from tests.grafana.committed import Asked, asked, with_values

LABELS = {family.name: set(family.labels) for family in catalogue.FAMILIES} | {
    f"{family.name}_bucket": {*family.labels, "le"} for family in catalogue.FAMILIES if family.kind is Kind.HISTOGRAM
}
OF_THE_TARGET = {"job", "instance"}
OF_ALERTS = {
    "alertname",
    "alertstate",
    "severity",
    "cluster",
    "consumergroup",
    "topic",
    "job_name",
    "phase",
    "sub_phase",
}
OTHERS = {
    "ALERTS": OF_ALERTS,
    "ALERTS_FOR_STATE": OF_ALERTS - {"alertstate"},
    "process_cpu_seconds_total": set[str](),
    "process_resident_memory_bytes": set[str](),
    "process_start_time_seconds": set[str](),
}
"""What is not ours: Prometheus' own, and what the Python client adds."""

EACH_REPLICA = {
    "streamgauge-self / Requests to the brokers / A": "each replica asks the brokers: the load is their sum",
}
"""Where replicas do add up, and why."""

REPLICA_LABELS = {"instance", "pod"}
ALL = asked()
EACH = pytest.mark.parametrize("one", ALL, ids=str)


def parsed(one: Asked) -> promql.Expr:
    """The expression with values for Grafana's variables, as its tree."""
    return promql.parse(with_values(one.expression))


def children(node: promql.Expr) -> Iterator[promql.Expr]:
    """The expressions directly below."""
    if isinstance(node, promql.BinaryExpr):
        yield node.lhs
        yield node.rhs
    elif isinstance(node, promql.Call):
        yield from (argument for argument in node.args if isinstance(argument, promql.Expr))
    elif isinstance(node, promql.MatrixSelector):
        yield node.vector_selector
    elif isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield node.expr
        if isinstance(node, promql.AggregateExpr) and isinstance(node.param, promql.Expr):
            yield node.param


def nodes(
    node: promql.Expr, above: tuple[promql.Expr, ...] = ()
) -> Iterator[tuple[promql.Expr, tuple[promql.Expr, ...]]]:
    """Every expression of a tree, with those that it is in, the nearest first."""
    yield node, above
    for child in children(node):
        yield from nodes(child, (node, *above))


def selectors(node: promql.Expr) -> Iterator[tuple[promql.VectorSelector, tuple[promql.Expr, ...]]]:
    """Every selector of a tree, with what it is in."""
    for found, above in nodes(node):
        if isinstance(found, promql.VectorSelector):
            yield found, above


def labels_of(metric: str) -> set[str]:
    """What labels a metric has in Prometheus."""
    return {**LABELS, **OTHERS}[metric] | OF_THE_TARGET


def made_up(node: promql.Expr) -> set[str]:
    """Labels that the expression makes itself."""
    calls = (found for found, _ in nodes(node) if isinstance(found, promql.Call))
    made = {
        argument.val
        for call in calls
        if call.func.name in {"label_replace", "label_join"}
        for argument in call.args[1:2]
        if isinstance(argument, promql.StringLiteral)
    }
    counted = (found.param for found, _ in nodes(node) if isinstance(found, promql.AggregateExpr))
    return made | {name.val for name in counted if isinstance(name, promql.StringLiteral)}


def available(node: promql.Expr) -> set[str]:
    """Labels that a series of the expression can have."""
    return made_up(node).union(*(labels_of(found.name or "") for found, _ in selectors(node)))


def test_there_is_something_to_ask() -> None:
    """The tests below look at every query that there is: more than a hundred."""
    assert len(ALL) > 100


@EACH
def test_every_metric_exists(one: Asked) -> None:
    """Every selector names a metric of the catalogue, or one of Prometheus' or the Python client's own."""
    for selector, _ in selectors(parsed(one)):
        assert selector.name in {**LABELS, **OTHERS}


@EACH
def test_every_matcher_names_a_label_of_its_metric(one: Asked) -> None:
    """A matcher on a label that is not there would match nothing, or everything."""
    for selector, _ in selectors(parsed(one)):
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels_of(selector.name or ""), matcher


@EACH
def test_every_grouping_names_labels_that_are_there(one: Asked) -> None:
    """What is aggregated or matched by is a label of a metric below, or one that the expression made."""
    for found, _ in nodes(parsed(one)):
        if isinstance(found, promql.AggregateExpr) and found.modifier:
            wanted = set(found.modifier.labels)
            if found.modifier.type == promql.AggModifierType.Without:
                wanted -= REPLICA_LABELS
            assert wanted <= available(found), found.prettify()
        if isinstance(found, promql.BinaryExpr) and found.modifier and found.modifier.matching:
            assert set(found.modifier.matching.labels) <= available(found), found.prettify()


@EACH
def test_every_legend_names_labels_that_the_result_has(one: Asked) -> None:
    """What a legend or an annotation's text takes from a series has survived the aggregations."""
    wanted = set(re.findall(r"\{\{(\w+)\}\}", one.legend))

    assert wanted <= surviving(parsed(one))


def surviving(node: promql.Expr) -> set[str]:
    """Labels that the result's series have."""
    if isinstance(node, promql.AggregateExpr):
        below = surviving(node.expr)
        if str(node.op) in {"topk", "bottomk"}:
            return below
        counted = {node.param.val} if isinstance(node.param, promql.StringLiteral) else set[str]()
        named = set(node.modifier.labels) if node.modifier else set[str]()
        if node.modifier and node.modifier.type == promql.AggModifierType.Without:
            return below - named | counted
        return below & named | counted
    if isinstance(node, promql.VectorSelector):
        return labels_of(node.name or "")
    if isinstance(node, promql.BinaryExpr):
        many_to_one = node.modifier and node.modifier.card == promql.VectorMatchCardinality.OneToMany
        both = (surviving(node.rhs), surviving(node.lhs)) if many_to_one else (surviving(node.lhs), surviving(node.rhs))
        return both[0] or both[1]
    below = set[str]().union(*map(surviving, children(node)))
    return below | made_up(node) if isinstance(node, promql.Call) else below


@EACH
def test_a_second_replica_changes_nothing(one: Asked) -> None:
    """The first aggregation over each selector of ours makes the replicas one, or keeps them apart on purpose."""
    if one.place in EACH_REPLICA:
        return
    for selector, above in selectors(parsed(one)):
        if selector.name in {"ALERTS", "ALERTS_FOR_STATE"}:
            continue  # the rules have made the replicas one before
        nearest = next(node for node in above if isinstance(node, promql.AggregateExpr))
        assert makes_one(nearest), f"{selector} in {nearest.prettify()}"


@EACH
def test_nothing_known_is_not_zero(one: Asked) -> None:
    """A count says 0 only where what it counts is known: no query makes up a number where there is no series."""
    calls = [node.func.name for node, _ in nodes(parsed(one)) if isinstance(node, promql.Call)]

    assert "vector" not in calls


def makes_one(aggregation: promql.AggregateExpr) -> bool:
    """Whether an aggregation gives the same for one replica and for two that agree, or one series for each of them."""
    by = aggregation.modifier and aggregation.modifier.type == promql.AggModifierType.By
    labels = set(aggregation.modifier.labels) if aggregation.modifier else set[str]()
    if by and "instance" in labels:
        return True
    if str(aggregation.op) in {"max", "min", "group"}:
        return bool(by) or labels >= REPLICA_LABELS or not labels
    return False


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("max by (cluster) (kafka_brokers)", True),
        ("max (kafka_brokers)", True),
        ("min without (instance, pod) (kafka_brokers)", True),
        ("sum (max without (instance, pod) (kafka_brokers))", True),
        ("sum by (instance) (kafka_brokers)", True),
        ("sum by (cluster) (kafka_brokers)", False),
        ("count (kafka_brokers)", False),
        ("max without (instance) (kafka_brokers)", False),
        ("max without (topic) (kafka_topic_partitions)", False),
        ("max (sum by (cluster) (rate(streamgauge_kafka_requests_total[1m])))", False),
    ],
)
def test_the_check_of_replicas_sees(expression: str, *, holds: bool) -> None:
    """What the check above lets through: the aggregation nearest to the selector decides."""
    ((_, above),) = selectors(promql.parse(expression))
    nearest = next(node for node in above if isinstance(node, promql.AggregateExpr))

    assert makes_one(nearest) == holds


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("sum by (cluster) (kafka_topic_partitions)", {"cluster"}),
        ("max without (instance, job) (kafka_topic_partitions)", {"cluster", "topic"}),
        ('count_values by (cluster) ("id", kafka_cluster_controller_id)', {"cluster", "id"}),
        ("topk(3, sum by (topic) (kafka_topic_partitions))", {"topic"}),
        ("sum by (a) (kafka_brokers)", set()),
        (
            "sum by (cluster) (kafka_brokers) * on (cluster) group_right () max by (cluster, topic) (kafka_topic_info)",
            {"cluster", "topic"},
        ),
    ],
)
def test_the_check_of_legends_sees(expression: str, labels: set[str]) -> None:
    """Which labels the check of legends takes a result to have."""
    assert surviving(promql.parse(expression)) == labels


def test_exceptions_are_used() -> None:
    """An exception for a panel that is no more is taken off the list."""
    assert set(EACH_REPLICA) <= {one.place for one in ALL}
