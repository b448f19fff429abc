"""PromQL that holds with two replicas of the exporter, and with variables that are All.

Every series of ours is first made one again by ``max without (instance, pod)``, so that a second replica changes
nothing. Counters are rated before that: a replica that restarts must not look like a reset of the other.
"""

from dataclasses import dataclass, field
from typing import Literal

from grafana.src.look import STATUSES, State

ONE_OF_THE_REPLICAS = "max without (instance, pod)"
WORST_OF_THE_REPLICAS = "min without (instance, pod)"
STEP = "$__interval"
RATE_WINDOW = "$__rate_interval"
TOP = 10


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel.

    Attributes:
        expression: PromQL with the dashboard's variables.
        legend: what a series is called; its labels in double braces.
        shape: over the range, only now, or now as a table's rows.
        step: the shortest that a point may stand for; by default the interval of scrapes.
    """

    expression: str
    legend: str = ""
    shape: Literal["range", "instant", "table"] = "range"
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Selects what a dashboard's variables say.

    Attributes:
        labels: the labels that have a variable of the same name.
        one: those of which one value is chosen: it is no pattern.
    """

    labels: tuple[str, ...] = field(default=("cluster",))
    one: tuple[str, ...] = ()

    def select(self, metric: str, *matchers: str, window: str = "") -> str:
        """A selector, with a range where a window is given."""
        chosen = (*(f'{label}=~"${label}"' for label in self.labels), *(f'{label}="${label}"' for label in self.one))
        chosen = (*chosen, *matchers)
        return f"{metric}{{{', '.join(chosen)}}}" + (f"[{window}]" if window else "")

    def gauge(self, metric: str, *matchers: str) -> str:
        """A gauge, once however many replicas are scraped."""
        return f"{ONE_OF_THE_REPLICAS} ({self.select(metric, *matchers)})"

    def lower_gauge(self, metric: str) -> str:
        """A gauge that is a lower bound: the replica that knows the worst counts."""
        return f"{WORST_OF_THE_REPLICAS} ({self.select(metric)})"

    def gauge_at_the_end(self, metric: str) -> str:
        """A gauge as it is at the end of the dashboard's range: the same at every point of a graph."""
        return f"{ONE_OF_THE_REPLICAS} ({self.select(metric)} @ end())"

    def rate(self, metric: str, *matchers: str, window: str = RATE_WINDOW) -> str:
        """A counter's rate per second, once however many replicas are scraped."""
        return f"{ONE_OF_THE_REPLICAS} (rate({self.select(metric, *matchers, window=window)}))"

    def overall_rate(self, metric: str) -> str:
        """A counter's mean rate over the dashboard's whole range: the same at every point of a graph."""
        return f"{ONE_OF_THE_REPLICAS} (rate({self.select(metric, window='$__range')} @ end()))"

    def events(self, metric: str, window: str) -> str:
        """How much a counter grew that appears with its first event, which increase() alone does not see."""
        return (
            f"{ONE_OF_THE_REPLICAS} ({self._begun(metric, window)} or increase({self.select(metric, window=window)}))"
        )

    def growth(self, metric: str, *, from_nothing: bool = False) -> str:
        """How much a counter grew since the point before: each event counts at one point alone, and none is missed.

        Args:
            metric: the counter.
            from_nothing: whether it appears with its first event, rather than with 0.
        """
        now = self.select(metric)
        grown = f"clamp_min({now} - {now} offset {STEP}, 0)"  # below 0: a replica has begun anew
        return f"{ONE_OF_THE_REPLICAS} ({f'{self._begun(metric, STEP)} or {grown}' if from_nothing else grown})"

    def _begun(self, metric: str, window: str) -> str:
        return f"({self.select(metric)} unless {self.select(metric)} offset {window})"

    def highest(self, metric: str) -> str:
        """The highest that a gauge was in the dashboard's range: the same at every point of a graph."""
        return f"{ONE_OF_THE_REPLICAS} (max_over_time({self.select(metric, window='$__range')} @ end()))"

    def slope(self, metric: str, *matchers: str, window: str = RATE_WINDOW) -> str:
        """A gauge's change per second, once however many replicas are scraped."""
        return f"{ONE_OF_THE_REPLICAS} (deriv({self.select(metric, *matchers, window=window)}))"

    def status(self, *by: str) -> str:
        """What groups are doing as a code of `look.STATUSES`; the worst where several are one."""
        terms = (f"{state.code} * {self.in_status(state)}" for state in STATUSES)
        return worst(" or ".join(terms), *by)

    def in_status(self, state: State) -> str:
        """1 for each group and topic that has a status now."""
        return self.gauge("kafka_consumergroup_status", f'status="{state.word}"')


def worst(expression: str, *by: str) -> str:
    """The largest, by labels; over all when there are none."""
    return _aggregate("max", expression, by)


def least(expression: str, *by: str) -> str:
    """The smallest, by labels; over all when there are none."""
    return _aggregate("min", expression, by)


def total(expression: str, *by: str) -> str:
    """The sum, by labels; over all when there are none."""
    return _aggregate("sum", expression, by)


def mean(expression: str, *by: str) -> str:
    """The mean, by labels; over all when there are none."""
    return _aggregate("avg", expression, by)


def number_of(expression: str, *by: str) -> str:
    """How many series, by labels; over all when there are none."""
    return _aggregate("count", expression, by)


def by_partition(expression: str) -> str:
    """The largest by ``row``: a topic and a partition, whose number has three digits, so that 10 comes after 9."""
    for digits in ("(.)", "(..)"):
        expression = f'label_replace({expression}, "partition", "0$1", "partition", "{digits}")'
    return worst(f'label_join({expression}, "row", " ", "topic", "partition")', "row")


def or_zero(expression: str, known: str) -> str:
    """0 where there is nothing: for counts, where nothing means none; but only if what is counted is known at all."""
    return f"({expression}) or 0 * {number_of(known)}"


def top(expression: str, ranking: str) -> str:
    """The series that are largest over the whole range, so that none comes and goes within a graph."""
    return f"{expression} and topk({TOP}, {ranking})"


def _aggregate(operation: str, expression: str, by: tuple[str, ...]) -> str:
    grouping = f" by ({', '.join(by)})" if by else ""
    return f"{operation}{grouping} ({expression})"
