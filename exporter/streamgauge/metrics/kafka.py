"""One cluster's reading to lines of the exposition."""

from collections.abc import Callable, Mapping

from streamgauge.metrics import kafka_cluster, kafka_groups, kafka_topics, memory
from streamgauge.metrics.family import Family, Kind, Lines
from streamgauge.metrics.kafka_groups import GroupLines
from streamgauge.metrics.kafka_topics import TopicLines
from streamgauge.metrics.series_budget import Granularity, Plan, plan
from streamgauge.model.reading import ClusterReading
from streamgauge.model.search import Method

SERIES_SERVED = Family(
    "streamgauge_series",
    Kind.GAUGE,
    ("cluster",),
    "Series served for the cluster. Compare with the budget (series_budget in the configuration).",
)
SERIES_DROPPED = Family(
    "streamgauge_series_dropped",
    Kind.GAUGE,
    ("cluster",),
    "Series, at most, that are not served because the cluster's budget is reached: its largest group-topics, then "
    "topics, are served without their partitions. Raise series_budget, or choose a coarser granularity for groups "
    "that need no detail.",
)

ESTIMATES = Family(
    "streamgauge_lag_estimates",
    Kind.GAUGE,
    ("cluster", "method"),
    "Committed partitions of all groups by how their lag seconds were found: history (the exporter saw the record "
    "come, or nothing waits), search (the record's timestamp was looked up and holds within its error bound), "
    "timestamp (the producer's word alone, without a bound) or unknown (not served). Many unknown: see "
    "streamgauge_lag_searches_waiting.",
)

SEARCHES_WAITING = Family(
    "streamgauge_lag_searches_waiting",
    Kind.GAUGE,
    ("cluster",),
    "Records whose timestamp is still searched for, because the budget of a cycle (lag.search) was used up: their lag "
    "seconds are less exact than lag.precision, or unknown. Above 0 for long: raise lag.search.rounds or .partitions.",
)

FAMILIES = (
    *kafka_cluster.FAMILIES,
    *kafka_topics.FAMILIES,
    *kafka_groups.FAMILIES,
    ESTIMATES,
    SEARCHES_WAITING,
    SERIES_SERVED,
    SERIES_DROPPED,
    *memory.FAMILIES,
)


class KafkaRenderer:
    """Renders the readings of one cluster. Made for one thread.

    Args:
        cluster: the cluster's name.
        granularity_of: what is wanted for a group, by its name.
        budget: the most series to serve.
    """

    def __init__(self, cluster: str, granularity_of: Callable[[str], Granularity], budget: int) -> None:
        self._cluster = cluster
        self._granularity_of = granularity_of
        self._budget = budget
        self._groups = GroupLines(cluster)
        self._topics = TopicLines(cluster)

    def render(self, reading: ClusterReading) -> Lines:
        """Every line of the reading, by family."""
        granularity = {name: self._granularity_of(name) for name in reading.groups}
        fitting = plan(reading, granularity, self._budget)
        out: dict[str, list[str]] = {family.name: [] for family in FAMILIES}
        for family, line in (*kafka_cluster.samples(reading), *memory.samples(reading)):
            out[family.name].append(line)
        for topic in reading.topics.values():
            self._topics.render(topic, out, partitions=topic.name not in fitting.topics)
        self._render_groups(reading, granularity, fitting, out)
        self._forget(reading)
        for method, count in _estimates(reading).items():
            out[ESTIMATES.name].append(ESTIMATES.sample((self._cluster, method), count))
        out[SEARCHES_WAITING.name].append(SEARCHES_WAITING.sample((self._cluster,), reading.searching))
        out[SERIES_DROPPED.name].append(SERIES_DROPPED.sample((self._cluster,), fitting.dropped))
        served = 1 + sum(map(len, out.values()))
        out[SERIES_SERVED.name].append(SERIES_SERVED.sample((self._cluster,), served))
        return {name: "".join(out.pop(name)) for name in tuple(out)}  # the lines go as they are joined

    def _render_groups(
        self,
        reading: ClusterReading,
        granularity: Mapping[str, Granularity],
        fitting: Plan,
        out: dict[str, list[str]],
    ) -> None:
        for group in reading.groups.values():
            wanted = granularity[group.name]
            self._groups.render_group(group, out)
            if wanted == "group":
                self._groups.add_total(group)
                continue
            for lag in group.topics.values():
                detailed = wanted == "partition" and (group.name, lag.topic) not in fitting.group_topics
                self._groups.add_topic(group.name, lag, out, partitions=detailed)
        self._groups.render_added(out)

    def _forget(self, reading: ClusterReading) -> None:
        self._topics.forget_all_but(frozenset(reading.topics))
        pairs = frozenset((group.name, topic) for group in reading.groups.values() for topic in group.topics)
        self._groups.forget_all_but(frozenset(reading.groups), pairs)


def _estimates(reading: ClusterReading) -> dict[str, int]:
    unknown = every = by_search = by_timestamp = 0
    for group in reading.groups.values():
        for lag in group.topics.values():
            every += lag.committed_partitions
            unknown += lag.unknown_seconds
            by_search += lag.methods.count(Method.SEARCH)
            by_timestamp += lag.methods.count(Method.TIMESTAMP)
    return {
        Method.HISTORY.value: every - unknown - by_search - by_timestamp,
        Method.SEARCH.value: by_search,
        Method.TIMESTAMP.value: by_timestamp,
        "unknown": unknown,
    }
