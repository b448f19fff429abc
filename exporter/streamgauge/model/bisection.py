"""Finds when the record at an offset was stamped, by asking for offsets by timestamp: the pure half of the search.

A question is a timestamp; its answer is the first record, in the order of the log, whose timestamp is not below it
(ListOffsets; a broker follows the running maximum of timestamps). So answers never fall while questions rise, and the
record at an offset stands between the last answer below it and the first one above. Each answer narrows the interval to
a record's own timestamp, and where records come evenly the next question is a good guess: a few rounds suffice.

Timestamps are milliseconds since the epoch, as Kafka's are.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

LATEST = -3
"""Asks for the record with the highest timestamp (Kafka's own number, since 3.0)."""
CLOSE_MS = 10
"""An interval this wide is not narrowed further."""
_FIRST_GUESSES = 4
_GUESS, _NEIGHBOUR, _TURNS = 0, 1, 4


class Stamped(NamedTuple):
    """A record's offset and timestamp."""

    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Bisection:
    """The search for one offset of one partition.

    Attributes:
        offset: the record that is sought; where it does not exist (compaction, a gap), the next one that does.
        end: the partition's end offset.
        ceiling: no question is asked at or above this; at first the present.
        may_ask_latest: the broker knows that question. Without it, a topic that has long been idle takes many rounds.
        below: the last record found that is not above the offset, if any.
        above: the first record found above it, if any.
        rounds: questions answered.
    """

    offset: int
    end: int
    ceiling: int
    may_ask_latest: bool = True
    below: Stamped | None = None
    above: Stamped | None = None
    rounds: int = 0

    @property
    def done(self) -> bool:
        """Whether another question would tell nothing that matters."""
        if self.below is None:
            return self.rounds > 0  # even the very first record with a timestamp stands above the offset
        return self.is_hit or self.ceiling - self.below.timestamp <= CLOSE_MS

    @property
    def is_hit(self) -> bool:
        """Whether the record itself was found."""
        return self.below is not None and self.below.offset == self.offset

    def question(self) -> int:
        """The next timestamp to ask for; only while not ``done``."""
        if self.below is None:
            return 0
        if self.rounds == 1 and self.may_ask_latest:
            return LATEST
        floor = self.below.timestamp + 1
        # Guesses are quick where records come evenly; halving, every other round, bounds the number of rounds where
        # they do not; the neighbour proves that many records share one timestamp (a batch does).
        turn = self.rounds % _TURNS
        is_first = self.rounds < _FIRST_GUESSES
        if (turn == _NEIGHBOUR and not is_first) or self.offset - self.below.offset == 1:
            return floor
        if turn != _GUESS and not is_first:
            return (floor + self.ceiling) // 2
        above = self.end if self.above is None else self.above.offset
        behind = (self.offset - self.below.offset) / max(1, above - self.below.offset)
        guess = self.below.timestamp + int((self.ceiling - self.below.timestamp) * behind)
        return min(max(floor, guess), self.ceiling - 1)

    def moved(self, offset: int, end: int, ceiling: int) -> "Bisection":
        """The search for another offset of the same partition, with what is known that holds for it too."""
        below = self.below if self.below is not None and self.below.offset < offset else None
        above = self.above if self.above is not None and self.above.offset > offset else None
        rounds = 0 if below is None else 1 if above is None else _FIRST_GUESSES - 1
        ceiling = ceiling if above is None else min(self.ceiling, ceiling)
        return replace(self, offset=offset, end=end, ceiling=ceiling, below=below, above=above, rounds=rounds)

    def narrowed(self, asked: int, answer: Stamped | None) -> "Bisection":
        """The search after the answer to a question; None: no record is stamped that late."""
        rounds = self.rounds + 1
        if answer is None:
            return replace(self, ceiling=self.ceiling if asked == LATEST else asked, rounds=rounds)
        if asked == LATEST:
            asked = answer.timestamp  # nothing is stamped later
            if answer.offset <= self.offset:
                return replace(self, below=answer, ceiling=asked + 1, rounds=rounds)
        if answer.offset <= self.offset:
            return replace(self, below=answer, rounds=rounds)
        return replace(self, above=answer, ceiling=asked, rounds=rounds)
