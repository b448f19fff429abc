"""The store of runs: events in, readings out. One thread writes; whoever asks reads."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from streamgauge.jobs.queries import JobQueries
from streamgauge.jobs.receipt import Receipt
from streamgauge.jobs.rules import StoreRules
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.reading import JobsReading, StoreStatus


class JobStore:
    """Keeps what jobs tell.

    Args:
        database: a URL (``sqlite:////path``, ``postgresql://...``); None: a temporary file that goes with the process.
        rules: how long what is kept, and how much.
        clock: seconds since the epoch.
    """

    def __init__(self, database: str | None, rules: StoreRules, *, clock: Callable[[], float] = time.time) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Start the thread that opens the database, and tries again while it is away."""
        raise NotImplementedError

    def close(self, timeout: float) -> None:
        """Write what waits, for at most ``timeout`` seconds, and end."""
        raise NotImplementedError

    def submit(self, events: Sequence[JobEvent | ProcessSnapshot]) -> Future[Receipt]:
        """Take events, from any thread; the future is done when they are on the disk.

        Raises:
            StoreBusyError: when too many wait already.
            StoreUnavailableError: while the database is away, or after the end; the future raises it too.
        """
        raise NotImplementedError

    def reading(self) -> JobsReading:
        """All jobs and applications now, from memory.

        Raises:
            StoreUnavailableError: before they were read for the first time.
        """
        raise NotImplementedError

    @property
    def status(self) -> StoreStatus:
        """How it is doing."""
        raise NotImplementedError

    @property
    def queries(self) -> JobQueries:
        """What the database can be asked; from any thread."""
        raise NotImplementedError

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have a function called, on the writing thread, after each commit that changed something."""
        raise NotImplementedError
