"""What falls back to a coarser level when a cluster has more series than its budget, and what it saves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.metrics.series_budget import Plan, plan
from streamgauge.model.reading import ClusterReading, GroupTopicLag, TopicReading
from streamgauge.model.snapshot import Broker
from tests.metrics.readings import UNLIMITED, cluster, group, lag_on, partition, rendered

NOTHING = Plan(frozenset(), frozenset(), 0)


def topic(name: str, partitions: int, *, known: bool = True) -> TopicReading:
    """A topic with every series that a partition can have, or with all offsets unknown."""
    rows = [
        partition(number, 100, 0, last_stable=90)._replace(size_bytes=1)
        if known
        else partition(number, None, None, leader=None)
        for number in range(partitions)
    ]
    return TopicReading(name, tuple(rows), appended_total=0, appended_per_second=None)


def lag(name: str, partitions: int) -> GroupTopicLag:
    """A group-topic with every series that it can have."""
    return lag_on(name, [(number, 90, 10, 1.0, 0.5) for number in range(partitions)])


def example(brokers: int = 3) -> ClusterReading:
    """Two topics, four groups; the group-topics have 8, 5, 5 and 1 partitions."""
    return cluster(
        "main",
        topics=[topic("large", 8), topic("small", 5)],
        groups=[
            group("b", lag("large", 8), members=1),
            group("a", lag("small", 5), members=1),
            group("c", lag("small", 5), members=1),
            group("d", lag("large", 1), members=1),
        ],
        brokers=tuple(Broker(number, "kafka", 9092) for number in range(brokers)),
        controller=1,
    )


def wanted(reading: ClusterReading) -> int:
    """The smallest budget into which a reading fits whole."""
    low, high = 0, 100_000
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if planned(reading, middle) == NOTHING else (middle + 1, high)
    return low


def planned(reading: ClusterReading, budget: int, granularity: str = "partition") -> Plan:
    """The plan with one granularity for all groups."""
    return plan(reading, dict.fromkeys(reading.groups, granularity), budget)


def lines(reading: ClusterReading, budget: int) -> int:
    """How many series are really rendered."""
    return sum(text.count("\n") for text in rendered(reading, budget, {}).values())


def test_what_fits_is_served_whole() -> None:
    """Within the budget nothing falls back."""
    assert planned(example(), UNLIMITED) == NOTHING
    assert planned(example(), wanted(example())) == NOTHING


def test_the_largest_group_topics_fall_back_first_then_by_name() -> None:
    """One series too many costs the group-topic with the most partitions; ties are broken by name; topics come last."""
    reading, full = example(), wanted(example())
    order = [("b", "large"), ("a", "small"), ("c", "small"), ("d", "large")]
    saved = 0
    for number, partitions in enumerate((8, 5, 5, 1), start=1):
        assert planned(reading, full - saved - 1).group_topics == set(order[:number])
        saved += 4 * partitions
        assert planned(reading, full - saved) == Plan(frozenset(order[:number]), frozenset(), saved)
    assert planned(reading, full - saved - 1).topics == {"large"}
    assert planned(reading, full - saved - 10 * 8 - 1).topics == {"large", "small"}


def test_below_topic_level_it_cannot_go() -> None:
    """Where even topic level is more than the budget, topic level it is."""
    reading = example()
    bottom = planned(reading, 1)

    assert bottom.topics == {"large", "small"}
    assert len(bottom.group_topics) == 4
    assert lines(reading, 1) > 1


@pytest.mark.parametrize("missing", [1, 33, 60, 80, 100, 150, 190])
def test_what_is_said_to_be_dropped_is_what_is_not_rendered(missing: int) -> None:
    """The dropped series are the lines that are missing on the page, and the page keeps to its budget."""
    reading = example()
    budget = wanted(reading) - missing

    assert planned(reading, budget).dropped == lines(reading, UNLIMITED) - lines(reading, budget)
    assert lines(reading, budget) <= budget


@given(budget=st.integers(120, 700), sizes=st.lists(st.integers(0, 12), min_size=1, max_size=8))
def test_the_budget_is_hard(budget: int, sizes: list[int]) -> None:
    """No more series are rendered than the budget allows, unless nothing is left that could fall back."""
    reading = cluster(
        "main",
        topics=[topic(f"t{number}", size) for number, size in enumerate(sizes)],
        groups=[group(f"g{number}", lag(f"t{number}", size), members=1) for number, size in enumerate(sizes)],
        controller=1,
    )

    assert lines(reading, budget) <= max(budget, lines(reading, 1))


@given(budget=st.integers(1, 700), order=st.permutations(range(4)))
def test_the_choice_does_not_depend_on_the_order(budget: int, order: list[int]) -> None:
    """The same topics and groups in another order fall back in the same way."""
    reading = example()
    groups = list(reading.groups.values())
    shuffled = cluster("main", reversed(list(reading.topics.values())), [groups[number] for number in order])

    assert planned(shuffled, budget) == planned(reading, budget)


@given(
    budget=st.integers(1, 700),
    fates=st.lists(st.lists(st.sampled_from(["known", "lag unknown", "commit unreadable"]), min_size=8, max_size=8)),
)
def test_an_outage_does_not_change_the_choice(budget: int, fates: list[list[str]]) -> None:
    """Whatever becomes unknown, part of a group or all of it: the plan stays, so that an incident churns no series."""
    reading = example()
    groups = [
        group(one.name, during(topic_lag, fates[number] if number < len(fates) else ["commit unreadable"] * 8))
        for number, one in enumerate(reading.groups.values())
        for topic_lag in one.topics.values()
    ]
    outage = cluster("main", [topic("large", 8, known=False), topic("small", 5, known=False)], groups)

    assert planned(outage, budget) == planned(reading, budget)


def during(before: GroupTopicLag, fates: list[str]) -> GroupTopicLag:
    """A group-topic of which some partitions have become unknown."""
    fate_of = dict(zip(before.partitions, fates, strict=False))
    rows = [
        (row.partition, row.committed, *((None,) * 3 if fate_of[row.partition] == "lag unknown" else row[2:5]))
        for row in before.rows()
        if fate_of[row.partition] != "commit unreadable"
    ]
    return lag_on(before.topic, rows, unreadable=len(before.partitions) - len(rows))


@given(budget=st.integers(1, 700), brokers=st.integers(0, 3))
def test_a_lost_broker_does_not_change_the_choice(budget: int, brokers: int) -> None:
    """Brokers come and go in an incident; their own few series are set aside beforehand."""
    assert planned(example(brokers), budget) == planned(example(3), budget)


def test_groups_that_want_less_are_not_asked_to_give() -> None:
    """A group at topic or group level has no partitions to fall back from, and needs less of the budget."""
    reading = example()

    for granularity in ("topic", "group"):
        assert planned(reading, 200, granularity).group_topics == frozenset()
    assert planned(reading, 1, "topic").topics == {"large", "small"}
