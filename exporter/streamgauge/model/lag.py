"""Lag of one committed offset, in records and in seconds: small pure rules, numbered.

The rules are tried in order; ``tests/model/test_lag.py`` has the table of what each answers and why.

1. The commit could not be read: all unknown.
2. The end could not be read (no leader, no answer, no right): all unknown.
3. The commit is above the end, although it was read first: the end is stale or the log was cut short. All unknown.
4. The commit is the end: lag 0, waiting 0 seconds, exactly.
5. Everything from the commit on has been deleted: lag is the difference of offsets; nothing is left that waits, so
   seconds are unknown.
6. The history does not reach back to the next record, and no search has found it: lag is known, seconds are unknown.
7. Otherwise the next record was appended within a bracket [A0, A1] and has waited T - (A0 + A1) / 2 seconds, plus or
   minus (A1 - A0) / 2, T being when the answer with the end arrived. A search that found more (see ``search``) replaces
   the bracket.

The next record is the one at the committed offset, or at the log start where that has passed the commit.
"""

from typing import NamedTuple

from streamgauge.model.history import Bracket, OffsetHistory
from streamgauge.model.search import Appended, Method
from streamgauge.model.snapshot import EndOffset


class Lag(NamedTuple):
    """Lag in records and in seconds, with the seconds' error bound and how they were found; None where unknown."""

    records: int | None
    seconds: float | None
    error_bound: float | None
    method: Method | None


class Estimate(NamedTuple):
    """What is known of a record's append.

    It is kept while the commit does not move, so that thinning the history does not move the answer, and one search a
    commit is enough.

    Attributes:
        offset: the record.
        epoch: the history's.
        appended: None where it cannot be told.
        searched_at: when a search ended, in vain or not.
    """

    offset: int
    epoch: int
    appended: Appended | None
    searched_at: float | None = None


UNKNOWN = Lag(None, None, None, None)
NONE = Lag(0, 0.0, 0.0, Method.HISTORY)


def lag_of(
    committed: int | None,
    end: EndOffset | None,
    log_start: int | None,
    history: OffsetHistory | None,
    kept: Estimate | None = None,
) -> tuple[Lag, Estimate | None]:
    """The lag of a committed offset.

    Args:
        committed: the committed offset; None: could not be read.
        end: the partition's end, read after the commit; None: could not be read.
        log_start: the first offset that is still there, if known.
        history: the partition's end offsets over time, ``end`` among them.
        kept: what this function returned for the same group and partition the last time, or what a search made of it.

    Returns:
        The lag, and the estimate of the next record's append, to keep for the next time; None where no record waits.
    """
    if committed is None or end is None or committed > end.offset:  # rules 1, 2, 3
        return UNKNOWN, None
    if committed == end.offset:  # rule 4
        return NONE, None
    next_record = committed if log_start is None or log_start < committed else log_start
    if history is None or next_record >= end.offset:  # rule 5
        return Lag(end.offset - committed, None, None, None), None
    if kept is None or kept.offset != next_record or kept.epoch != history.epoch:
        kept = Estimate(next_record, history.epoch, _appended(history.bracket(next_record)))
    return lag_by(kept, committed, end), kept


def lag_by(estimate: Estimate, committed: int, end: EndOffset) -> Lag:
    """The lag of an offset below the end, by what is known of the next record."""
    records = end.offset - committed
    if estimate.appended is None:  # rule 6
        return Lag(records, None, None, None)
    at, bound, method = estimate.appended
    return Lag(records, end.answered - at, bound, method)  # rule 7


def _appended(bracket: Bracket | None) -> Appended | None:
    if bracket is None:
        return None
    earliest, latest = bracket
    return Appended((earliest + latest) / 2, (latest - earliest) / 2, Method.HISTORY)
