"""Sums and maxima over group-topics."""

from streamgauge.web import figures
from tests.web.examples import cluster, group, group_topic, topic


def test_a_group_topic_without_commits_has_no_part_in_the_sum() -> None:
    """Nothing to be behind of is not unknown."""
    found = figures.lag_figures([group_topic(), group_topic("new", (), ())])
    assert (found.lag_sum, found.max_lag, found.max_lag_seconds, found.unknown) == (1234, 900, 12.4, 0)


def test_nothing_at_all_is_unknown() -> None:
    """Not zero."""
    found = figures.lag_figures([])
    assert (found.lag_sum, found.max_lag, found.max_lag_seconds) == (None, None, None)
    assert figures.appended_per_second(cluster(topics=[])) is None


def test_rates_add_up() -> None:
    """Over topics, and over the topics of groups."""
    reading = cluster(groups=[group("a"), group("b")], topics=[topic("a"), topic("b")])
    assert (figures.appended_per_second(reading), figures.consumed_per_second(reading)) == (121.0, 120.5)


def test_readers_are_in_order_of_their_names() -> None:
    """By topic."""
    reading = cluster(groups=[group("b"), group("a"), group("c", group_topic("orders"))])
    assert [reader.name for reader, _ in figures.readers(reading)["payments"]] == ["a", "b"]
