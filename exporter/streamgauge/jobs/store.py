"""The store of runs: events in, readings out. One thread writes; whoever asks reads."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from sqlalchemy import Engine

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.database import Database
from streamgauge.jobs.known_applications import KnownApplications
from streamgauge.jobs.known_jobs import KnownJobs
from streamgauge.jobs.queries import JobQueries
from streamgauge.jobs.receipt import Receipt
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.session import Memory
from streamgauge.jobs.tally import Tally
from streamgauge.jobs.waiting import Batch, Waiting
from streamgauge.jobs.writer import Writer
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.reading import JobsReading, StoreStatus

LOG = logging.getLogger("streamgauge.jobs")

_RETRY_SECONDS = 5.0


class JobStore:
    """Keeps what jobs tell.

    Args:
        database: a URL (``sqlite:////path``, ``postgresql://...``); None: a temporary file that goes with the process.
        rules: how long what is kept, and how much.
        clock: seconds since the epoch.
    """

    def __init__(self, database: str | None, rules: StoreRules, *, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(database)
        self._followed = rules
        self._clock = clock
        self._waiting = Waiting()
        self._tally = Tally()
        self._memory = Memory(KnownJobs(), KnownApplications())
        self._callbacks: list[Callable[[], None]] = []
        self._queries = JobQueries(self._readers, self._rules, clock, self._tally.failed)
        self._writer = Writer(
            self._database,
            self._waiting,
            self._memory,
            rules=self._rules,
            clock=clock,
            tally=self._tally,
            changed=self._changed,
        )

    def start(self) -> None:
        """Start the thread that opens the database, and tries again while it is away."""
        self._writer.thread.start()

    def close(self, timeout: float) -> None:
        """Write what waits, for at most ``timeout`` seconds, and end."""
        self._waiting.end(_ending())
        if self._writer.thread.ident is not None:
            self._writer.thread.join(timeout)
        self._waiting.close(_ending())
        self._database.close()

    def submit(self, events: Sequence[JobEvent | ProcessSnapshot]) -> Future[Receipt]:
        """Take events, from any thread; the future is done when they are on the disk.

        Raises:
            StoreBusyError: when too many wait already.
            StoreUnavailableError: while the database is away, or after the end; the future raises it too.
        """
        batch = Batch(tuple(events))
        self._waiting.put(batch)
        return batch.future

    def reading(self) -> JobsReading:
        """All jobs and applications now, from memory: as they were last known, while the database is away.

        Raises:
            StoreUnavailableError: before they were read for the first time.
        """
        self._require_known()
        now = self._clock()
        return JobsReading(
            now, self._memory.jobs.readings(now, self._followed), self._memory.applications.readings(now)
        )

    @property
    def status(self) -> StoreStatus:
        """How it is doing."""
        return self._tally.status(len(self._waiting))

    @property
    def queries(self) -> JobQueries:
        """What the database can be asked; from any thread."""
        return self._queries

    def follow(self, rules: StoreRules) -> None:
        """Hold to other rules from now on; what they no longer keep is given up little by little."""
        self._followed = rules

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have a function called, on the writing thread, after each commit that changed something."""
        self._callbacks.append(callback)

    def _readers(self) -> Engine:
        self._require_known()
        return self._database.readers

    def _require_known(self) -> None:
        """Raise until the database was opened: before that, reading might make a file that it must not be."""
        if not self._writer.known.is_set():
            raise StoreUnavailableError("the database of runs was not read yet; the log says why", _RETRY_SECONDS)

    def _rules(self) -> StoreRules:
        return self._followed

    def _changed(self) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback()
            except Exception:  # whoever listens must not end the thread that writes
                LOG.exception("a listener of the store of runs failed")


def _ending() -> StoreUnavailableError:
    return StoreUnavailableError("the exporter ends; send the events again when it is back", _RETRY_SECONDS)
