"""Counters of records that never fall, and their rates.

Counted are offsets: transaction markers and records that compaction has removed since are among them.
"""

from collections import deque

RATE_SECONDS = 30.0
"""Rates are taken over at least this long, where that much has been seen."""


class RecordCounter:
    """A total that only grows, with its rate over the last ``RATE_SECONDS`` or so."""

    __slots__ = ("_samples", "total")

    def __init__(self) -> None:
        self.total = 0
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, records: int, at: float) -> None:
        """Add what was moved up to the instant ``at`` (monotonic seconds); instants come in order."""
        self.total += records
        samples = self._samples
        while len(samples) > 1 and samples[1][0] <= at - RATE_SECONDS:
            samples.popleft()
        samples.append((at, self.total))

    @property
    def per_second(self) -> float | None:
        """None until two instants are apart."""
        if len(self._samples) < 2:  # noqa: PLR2004
            return None
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else None


def appended(before: int | None, end: int, *, is_new: bool) -> int:
    """Records appended to a partition between two readings.

    1. A partition that appeared while its topic was watched, or whose topic was made anew: all that it ever had.
    2. A partition seen for the first time otherwise: unknown, so none.
    3. An end that fell (the log was cut short): none.
    4. Otherwise the difference.
    """
    if is_new:
        return end
    if before is None:
        return 0
    return max(0, end - before)


def lost(committed: int | None, log_start: int | None, counted_to: int | None) -> int:
    """Records that were deleted before a group read them, between two readings.

    1. A commit or log start that is not known, now or before: unknown, so none.
    2. A log start at or below the commit: none.
    3. Otherwise those between the commit, or what was counted already, and the log start.
    """
    if committed is None or log_start is None or counted_to is None:
        return 0
    return max(0, log_start - max(committed, counted_to))


def consumed(before: int | None, committed: int | None, *, may_be_reset: bool) -> int:
    """Records that a group consumed of a partition between two readings.

    1. No commit before or now: unknown, so none.
    2. A commit that fell (a rewind): none; what is read again is counted again.
    3. A jump forward of a group that lives by its members and has none (somebody reset it): none.
    4. Otherwise the difference.
    """
    if before is None or committed is None or may_be_reset:
        return 0
    return max(0, committed - before)
