"""PromQL read as a tree: what an expression asks for, which labels its result has, whether replicas add up in it."""

from collections.abc import Iterator, Mapping

import promql_parser as promql

Labels = frozenset[str]
Path = tuple[promql.Expr, ...]
"""The expressions that one is in, the nearest first."""

OF_REPLICAS = frozenset({"instance", "pod"})
"""What tells two replicas of the exporter apart."""

OF_TARGETS = OF_REPLICAS | {"job"}
"""What Prometheus itself puts on a series."""

_SETS = {"and", "unless", "or"}


def children(node: promql.Expr) -> Iterator[promql.Expr]:
    """The expressions directly below."""
    match node:
        case promql.BinaryExpr():
            yield from (node.lhs, node.rhs)
        case promql.Call():
            yield from (argument for argument in node.args if isinstance(argument, promql.Expr))
        case promql.MatrixSelector():
            yield node.vector_selector
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield node.expr


def nodes(node: promql.Expr, above: Path = ()) -> Iterator[tuple[promql.Expr, Path]]:
    """Every expression of a tree and what it is in."""
    yield node, above
    for child in children(node):
        yield from nodes(child, (node, *above))


def selectors(node: promql.Expr) -> Iterator[tuple[promql.VectorSelector, Path]]:
    """Everything that is asked for, and what it is in."""
    for found, above in nodes(node):
        if isinstance(found, promql.VectorSelector):
            yield found, above


def joins_replicas(above: Path) -> bool:
    """Whether one of the expressions makes one series of those of two replicas."""
    return any(
        (isinstance(one, promql.AggregateExpr) and _drops(one, OF_REPLICAS))
        or (isinstance(one, promql.Call) and one.func.name == "absent")
        for one in above
    )


def keeps_replicas_apart(above: Path) -> bool:
    """Whether the first aggregation says of each replica what is true of it."""
    first = next((one for one in above if isinstance(one, promql.AggregateExpr)), None)
    return first is not None and not _drops(first, frozenset({"instance"}))


def adds_replicas_up(above: Path) -> bool:
    """Whether the first aggregation counts two replicas twice: anything but a maximum, a minimum or a group does."""
    first = next((one for one in above if isinstance(one, promql.AggregateExpr)), None)
    return first is not None and str(first.op) not in {"max", "min", "group"}


def labels_of(node: promql.Expr, known: Mapping[str, Labels]) -> Labels:
    """Which labels the result has, at most.

    Args:
        node: the expression.
        known: by metric, its labels.
    """
    match node:
        case promql.VectorSelector():
            return known[node.name or ""]
        case promql.AggregateExpr():
            return _aggregated(node, labels_of(node.expr, known))
        case promql.BinaryExpr():
            return _combined(node, labels_of(node.lhs, known), labels_of(node.rhs, known))
        case promql.Call() if node.func.name in {"scalar", "vector", "time", "absent"}:
            return frozenset()
        case promql.Call() if node.func.name == "label_replace":
            made = node.args[1]
            assert isinstance(made, promql.StringLiteral)
            return labels_of(node.args[0], known) | {made.val}
    return frozenset[str]().union(*(labels_of(child, known) for child in children(node)))


def grouped_by(node: promql.Expr, known: Mapping[str, Labels]) -> Iterator[tuple[str, Labels]]:
    """Every label that is aggregated or matched by, and the labels that there are."""
    for found, _ in nodes(node):
        match found:
            case promql.AggregateExpr() if found.modifier is not None:
                there = labels_of(found.expr, known)
                yield from ((label, there) for label in found.modifier.labels)
            case promql.BinaryExpr() if found.modifier is not None and found.modifier.matching is not None:
                there = labels_of(found.lhs, known) | labels_of(found.rhs, known)
                yield from ((label, there) for label in found.modifier.matching.labels)


def _drops(node: promql.AggregateExpr, labels: Labels) -> bool:
    if node.modifier is None:
        return True
    if node.modifier.type == promql.AggModifierType.By:
        return not labels & set(node.modifier.labels)
    return labels <= set(node.modifier.labels)


def _aggregated(node: promql.AggregateExpr, labels: Labels) -> Labels:
    if node.modifier is None:
        return frozenset()
    named = frozenset(node.modifier.labels)
    return labels & named if node.modifier.type == promql.AggModifierType.By else labels - named


def _combined(node: promql.BinaryExpr, left: Labels, right: Labels) -> Labels:
    operator = str(node.op)
    if operator == "or":
        return left | right
    if operator in _SETS or not right:
        return left
    if not left:
        return right
    matching = node.modifier.matching if node.modifier is not None else None
    if node.modifier is None or matching is None or node.modifier.card == promql.VectorMatchCardinality.ManyToOne:
        return left
    named = frozenset(matching.labels)
    return named if str(matching).startswith("on") else left - named
