"""What a record's timestamp, found by search, says of when it was appended: small pure rules, numbered.

A timestamp is not an append: only the history proves when a record came. The rules are tried in order;
``tests/model/test_search.py`` has the table of what each answers and why. T is when the end was read, [A0, A1] what the
history proves: the record came after A0, where it reaches back so far, and before A1.

1. No record of the partition carries a timestamp: nothing can be told.
2. The timestamp is later than T by more than clocks may differ: nothing can be told. (One record from the future hides
   all behind it until its time has passed.)
3. LogAppendTime: the broker stamped the record when it appended it, give or take how far its clock may differ from
   ours; what is left of that within [A0, A1] is served with its bound. If nothing is left, nothing can be told.
4. CreateTime, and the history reaches back: the producer's word is taken where it lies within [A0, A1]; the bound is
   how far the truth may be from it. Outside of that interval it is not about the append: nothing is told, and the
   history's own answer stays.
5. CreateTime alone: the producer's word, not later than A1, without a bound: a backfill carries old timestamps.

On a compacted topic the record itself may be gone, and the next one that is left may be the next to be read: the
timestamps of both belong to the answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from streamgauge.model.history import Bracket
from streamgauge.model.snapshot import Stamp


class Method(StrEnum):
    """How lag in seconds was found."""

    HISTORY = "history"
    SEARCH = "search"
    TIMESTAMP = "timestamp"


class Appended(NamedTuple):
    """When a record was appended, with the bound of that (None: there is none), and how it was found."""

    at: float
    bound: float | None
    method: Method


@dataclass(frozen=True, slots=True)
class SearchRules:
    """What a search is held against.

    Attributes:
        precision: seconds; a bracket of the history that is wider is searched.
        clock_skew: seconds by which the clocks of brokers, producers and the exporter may differ.
    """

    precision: float
    clock_skew: float


class Stamping(NamedTuple):
    """How a topic's records are stamped: by the broker's clock or not, and whether records may be gone in between."""

    by_broker: bool
    compacted: bool


def appended_at(
    stamp: Stamp, proven: Bracket, stamping: Stamping, *, read_at: float, rules: SearchRules
) -> Appended | None:
    """When a record was appended, by its timestamp; None where that cannot be told.

    Args:
        stamp: what was found, on the clock of ``read_at``.
        proven: what the history proves; ``earliest`` is minus infinity where it does not reach back.
        stamping: of the topic.
        read_at: when the end offset was read.
        rules: what may be taken for true.
    """
    skew = rules.clock_skew
    if stamp.at is None or stamp.at > read_at + skew:  # rules 1, 2
        return None
    last = stamp.at if not stamping.compacted else read_at if stamp.next_at is None else max(stamp.at, stamp.next_at)
    if stamping.by_broker:  # rule 3
        earliest, latest = max(proven.earliest, stamp.at - skew), min(proven.latest, last + skew)
        if earliest > latest:
            return None
        return Appended((earliest + latest) / 2, (latest - earliest) / 2, Method.SEARCH)
    middle = (stamp.at + last) / 2
    if proven.earliest > float("-inf"):  # rule 4
        if not proven.earliest - skew <= middle <= proven.latest + skew:
            return None
        at = min(max(middle, proven.earliest), proven.latest)
        return Appended(at, max(at - proven.earliest, proven.latest - at), Method.SEARCH)
    return Appended(min(middle, proven.latest), None, Method.TIMESTAMP)  # rule 5
