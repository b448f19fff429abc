"""What became of the events: counted, for `gauge.stats()`."""

import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stats:
    """What became of this process's events so far.

    Attributes:
        sent: taken by the exporter, or known to it already.
        dropped: given up: the queue or the spool was full, or an event could not be written as JSON.
        spooled: written to disk because the exporter was away; most are sent later and then also count as sent.
        rejected: wrong for ever in the exporter's eyes.
        retries: requests that failed and were tried again.
        last_error: what went wrong last, without any secret.
    """

    sent: int = 0
    dropped: int = 0
    spooled: int = 0
    rejected: int = 0
    retries: int = 0
    last_error: str | None = None


class Tally:
    """Counts; any thread may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats = Stats()

    @property
    def stats(self) -> Stats:
        """The counts at this moment."""
        return self._stats

    def add(self, *, sent: int = 0, dropped: int = 0, spooled: int = 0, rejected: int = 0, retries: int = 0) -> None:
        """Add to the counts."""
        with self._lock:
            now = self._stats
            self._stats = replace(
                now,
                sent=now.sent + sent,
                dropped=now.dropped + dropped,
                spooled=now.spooled + spooled,
                rejected=now.rejected + rejected,
                retries=now.retries + retries,
            )

    def error(self, text: str) -> None:
        """Remember what went wrong last."""
        with self._lock:
            self._stats = replace(self._stats, last_error=text[:500])
