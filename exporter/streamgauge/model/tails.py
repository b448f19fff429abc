"""Whether the last few offsets that a group has not committed are records at all.

A transaction ends with a marker, which takes an offset and which no consumer ever sees. A consumer that commits 'last
record + 1' (Flink, ``send_offsets_to_transaction``) stays one offset behind the end of an idle topic for ever, with
nothing to read. Offsets and timestamps cannot tell that from a record that waits: only reading there can, and only what
has not moved for a while is worth it.
"""

from typing import NamedTuple

from streamgauge.model.snapshot import Tail

QUIET_READINGS = 3
"""For so many readings neither commit nor end has moved before the tail is read."""
MOST_OFFSETS = 10
"""A longer tail is not read: markers come few at a time."""


class _Quiet(NamedTuple):
    tail: Tail
    readings: int
    is_empty: bool | None


class TailMemory:
    """What is known of the tails of one group on one topic, by partition."""

    __slots__ = ("_quiet",)

    def __init__(self) -> None:
        self._quiet: dict[int, _Quiet] = {}

    def note(self, tail: Tail, answer: bool | None) -> bool | None:  # noqa: FBT001  # an answer, not an option
        """Take a reading of a tail.

        Args:
            tail: where the commit and the end stand.
            answer: whether it was found to be empty; None: it was not read, or that could not be told.

        Returns:
            True: nothing in it waits. False: something does, or it may still move. None: it should be read.
        """
        before = self._quiet.get(tail.partition)
        readings, is_empty = (before.readings, before.is_empty) if before and before.tail == tail else (-1, None)
        is_empty = is_empty if answer is None else answer
        self._quiet[tail.partition] = _Quiet(tail, readings + 1, is_empty)
        if is_empty is None:
            return None if readings + 1 >= QUIET_READINGS else False
        return is_empty

    def forget_all(self) -> None:
        """What was committed is void, as of a topic made anew: other offsets are at the same places."""
        self._quiet.clear()

    def forget(self, partition: int) -> None:
        """The partition has no such tail any more."""
        self._quiet.pop(partition, None)
