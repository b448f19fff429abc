"""Which parts are served without their partitions when a cluster has more series than its budget.

The choice depends only on which group-topics and partitions exist, never on values, so an incident does not churn
series: whole group-topics fall back to topic level first, then whole topics, those with the most partitions first,
then by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streamgauge.metrics import kafka_groups, kafka_topics
from streamgauge.model.reading import ClusterReading

Granularity = str
"""``partition``, ``topic`` or ``group``: how finely a group's series are split."""

_FOR_THE_CLUSTER = 256  # brokers, controller, our own: set aside, not counted, so that a lost broker changes no plan


@dataclass(frozen=True, slots=True)
class Plan:
    """What is served without its partitions, and how many series that saves.

    Attributes:
        group_topics: (group, topic) pairs that fell back to topic level.
        topics: topics whose partitions are not served.
        dropped: series that are not served because of the budget.
    """

    group_topics: frozenset[tuple[str, str]]
    topics: frozenset[str]
    dropped: int


def plan(reading: ClusterReading, granularity: Mapping[str, Granularity], budget: int) -> Plan:
    """Fit a reading into a budget of series.

    Args:
        reading: the reading.
        granularity: what is wanted for each group.
        budget: the most series that may be served; where even topic level is more than that, topic level it is.
    """
    excess = _wanted(reading, granularity) - budget
    if excess <= 0:
        return Plan(frozenset(), frozenset(), 0)
    group_topics = sorted(
        (-lag.committed_partitions, group.name, lag.topic)
        for group in reading.groups.values()
        if granularity[group.name] == "partition"
        for lag in group.topics.values()
    )
    topics = sorted((-len(topic.partitions), name) for name, topic in reading.topics.items())
    dropped = 0
    chosen_groups = set()
    for negative, group_name, topic_name in group_topics:
        if dropped >= excess:
            break
        chosen_groups.add((group_name, topic_name))
        dropped -= negative * kafka_groups.SERIES_PER_PARTITION
    chosen_topics = set()
    for negative, topic_name in topics:
        if dropped >= excess:
            break
        chosen_topics.add(topic_name)
        dropped -= negative * kafka_topics.SERIES_PER_PARTITION
    return Plan(frozenset(chosen_groups), frozenset(chosen_topics), dropped)


def _wanted(reading: ClusterReading, granularity: Mapping[str, Granularity]) -> int:
    series = _FOR_THE_CLUSTER
    for topic in reading.topics.values():
        series += kafka_topics.SERIES_PER_TOPIC + len(topic.partitions) * kafka_topics.SERIES_PER_PARTITION
    for group in reading.groups.values():
        wanted = granularity[group.name]
        series += kafka_groups.SERIES_PER_GROUP
        if wanted == "group":
            series += kafka_groups.SERIES_PER_TOPIC
            continue
        for lag in group.topics.values():
            series += kafka_groups.SERIES_PER_TOPIC
            if wanted == "partition":
                series += lag.committed_partitions * kafka_groups.SERIES_PER_PARTITION
    return series
