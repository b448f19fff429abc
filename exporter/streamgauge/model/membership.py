"""Rebalances of a group and changes among its members, as far as readings show them.

A rebalance that begins and ends between two readings shows by its new assignment; several between two readings count
once.
"""

from collections.abc import Mapping

from streamgauge.model.snapshot import Group, Member

REBALANCING = frozenset({"PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling"})

_Assignment = Mapping[str, Mapping[str, tuple[int, ...]] | None]


class Membership:
    """What is remembered of a group's members.

    Attributes:
        rebalances: rebalances seen so far.
        member_changes: members seen to come or go so far.
        rebalancing: whether the group was in a rebalance at the last reading.
    """

    def __init__(self) -> None:
        self.rebalances = 0
        self.member_changes = 0
        self.rebalancing = False
        self._assignment: _Assignment | None = None
        self._members: frozenset[str] | None = None

    def update(self, group: Group) -> None:
        """Take one reading.

        1. The group enters a rebalance: one more.
        2. Members known before and now are assigned other partitions, and no rebalance was seen: one more.
        3. A member that comes or goes is a change; nothing is counted against members that could not be read.
        """
        rebalancing = group.state in REBALANCING
        assignment = None if group.members is None else _assignment(group.members)
        before = self._assignment
        is_settled = not rebalancing and not self.rebalancing
        entered = rebalancing and not self.rebalancing
        if entered or (is_settled and before and assignment and before != assignment):
            self.rebalances += 1
        if assignment is not None:
            members = frozenset(assignment)
            if self._members is not None:
                self.member_changes += len(self._members ^ members)
            self._members = members
            if not rebalancing:  # while a group rebalances its members have no assignment to compare with
                self._assignment = assignment
        self.rebalancing = rebalancing


def _assignment(members: tuple[Member, ...]) -> _Assignment:
    return {member.member_id: member.assignment for member in members}
