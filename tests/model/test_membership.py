"""Rebalances and changes of members, as far as readings show them."""

from streamgauge.model.membership import Membership
from streamgauge.model.snapshot import Group, Member


def reading(state: str | None, members: dict[str, tuple[int, ...]] | None) -> Group:
    """A group in a state, with each member's partitions of one topic; None: members could not be read."""
    known = members and tuple(Member(name, name, "/h", {"orders": owned}) for name, owned in members.items())
    return Group("billing", state=state, members=None if members is None else known or ())


def counted(*readings: Group) -> tuple[int, int]:
    """Rebalances and member changes after these readings."""
    membership = Membership()
    for one in readings:
        membership.update(one)
    return membership.rebalances, membership.member_changes


def test_a_rebalance_that_is_seen_counts_once() -> None:
    """Preparing, completing and the new assignment are one rebalance."""
    assert counted(
        reading("Stable", {"a": (0, 1)}),
        reading("PreparingRebalance", {"a": (), "b": ()}),
        reading("CompletingRebalance", {"a": (), "b": ()}),
        reading("Stable", {"a": (0,), "b": (1,)}),
    ) == (1, 1)


def test_a_rebalance_between_two_readings_shows_by_its_assignment() -> None:
    """The states are the same, the partitions are others'."""
    assert counted(reading("Stable", {"a": (0, 1)}), reading("Stable", {"a": (0,), "b": (1,)})) == (1, 1)


def test_nothing_happens_to_a_group_that_stays_as_it_is() -> None:
    """The same members with the same partitions count nothing."""
    assert counted(*[reading("Stable", {"a": (0, 1)})] * 3) == (0, 0)


def test_members_that_cannot_be_read_count_nothing() -> None:
    """A silence is no change, and what comes after it is held against what was before."""
    assert counted(
        reading("Stable", {"a": (0,)}),
        reading(None, None),
        reading("Stable", {"a": (0,)}),
        reading("Stable", {"b": (0,)}),
    ) == (1, 2)


def test_the_last_member_that_leaves_is_a_change_and_no_rebalance() -> None:
    """An empty group has nothing to share out."""
    assert counted(reading("Stable", {"a": (0,)}), reading("Empty", {})) == (0, 1)


def test_each_rebalance_counts() -> None:
    """Two that are apart are two; a new protocol's words (KIP-848) count like the old."""
    assert counted(
        reading("Stable", {"a": (0,)}),
        reading("Reconciling", {"a": (0,)}),
        reading("Stable", {"a": (0,)}),
        reading("Assigning", {"a": (0,)}),
        reading("Stable", {"a": (0,)}),
    ) == (2, 0)
