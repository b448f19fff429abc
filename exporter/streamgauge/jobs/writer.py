"""The one thread that writes: opens the database, writes what waits, and tries again while the database is away."""

import logging
import random
import threading
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.database import Database
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.session import Memory, Session
from streamgauge.jobs.tally import Tally
from streamgauge.jobs.waiting import Batch, Waiting

LOG = logging.getLogger("streamgauge.jobs")

_FIRST_RETRY_SECONDS = 0.5
_LAST_RETRY_SECONDS = 15.0
_IDLE_SECONDS = 1.0
_BRIEFLY = 0.0


class Writer:
    """Runs until the queue has ended and is empty.

    Args:
        database: where to.
        waiting: what is to be written.
        memory: what is known.
        rules: say how long what is kept, and how much of it.
        clock: seconds since the epoch.
        tally: counts.
        changed: called after each commit that changed something.
    """

    def __init__(  # noqa: PLR0913 - the parts of the store, each used by this thread
        self,
        database: Database,
        waiting: Waiting,
        memory: Memory,
        *,
        rules: Callable[[], StoreRules],
        clock: Callable[[], float],
        tally: Tally,
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._waiting = waiting
        self._memory = memory
        self._rules = rules
        self._clock = clock
        self._tally = tally
        self._changed = changed
        self._failing = ""
        self.known = threading.Event()
        self.thread = threading.Thread(target=self._run, name="jobs-store", daemon=True)

    def _run(self) -> None:
        retry = _FIRST_RETRY_SECONDS
        while not self._waiting.ended or (len(self._waiting) and self._tally.up):
            try:
                with self._database.writer() as connection:
                    session = self._open(connection)
                    retry = _FIRST_RETRY_SECONDS
                    self._serve(session)
            except Exception as error:  # noqa: BLE001 - a bug of ours is logged, and must not end the thread
                away = self._away(error, retry)
                self._waiting.close(away)
                # Not all at once, where one database serves many.
                self._waiting.sleep(away.retry_after * random.uniform(0.7, 1.0))  # noqa: S311 - no secret
                retry = min(2 * retry, _LAST_RETRY_SECONDS)

    def _open(self, connection: Connection) -> Session:
        session = Session(connection, self._memory, self._rules, self._clock, self._tally)
        self._tally.set_up(up=True)
        self._waiting.open()
        self.known.set()
        if self._failing:
            self._failing = ""
            LOG.info("the database of runs is there again")
        self._changed()
        return session

    def _serve(self, session: Session) -> None:
        busy = True
        while not self._waiting.ended or len(self._waiting):
            batches = self._waiting.take(_BRIEFLY if busy else _IDLE_SECONDS)
            if batches:
                self._write(session, batches)
            if not self._waiting.ended:
                busy = session.tidy()

    def _write(self, session: Session, batches: Sequence[Batch]) -> None:
        try:
            self._database.check()
            receipts = session.write([batch.events for batch in batches])
        except Exception as error:
            away = self._away(error, _FIRST_RETRY_SECONDS)
            for batch in batches:
                batch.settle(away)
            raise
        for batch, receipt in zip(batches, receipts, strict=True):
            batch.settle(receipt)
        if any(receipt.accepted for receipt in receipts):
            self._changed()

    def _away(self, error: Exception, retry: float) -> StoreUnavailableError:
        """Take note that the database is away, and say why."""
        if isinstance(error, StoreUnavailableError):
            away = error
        else:
            away = StoreUnavailableError(f"the database of runs is away: {reason_of(error)}", retry)
        self._tally.set_up(up=False)
        self._tally.failed()
        if str(away) != self._failing:
            self._failing = str(away)
            unforeseen = not isinstance(error, StoreUnavailableError | SQLAlchemyError | OSError)
            LOG.error("%s", away, exc_info=error if unforeseen else None)
        return away


def reason_of(error: Exception) -> str:
    """What a database says, in a line, without the statement that it was asked."""
    said: BaseException = (error.orig or error) if isinstance(error, DBAPIError) else error
    if isinstance(said, OSError) and said.strerror:
        return f"{said.strerror}: {said.filename}" if said.filename else said.strerror
    return " ".join(str(said).split()) or type(said).__name__
