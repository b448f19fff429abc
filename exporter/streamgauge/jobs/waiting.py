"""Batches that wait to be written: bounded, and taken many at a time."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from streamgauge.errors import StoreBusyError, StoreUnavailableError
from streamgauge.jobs.receipt import Receipt
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent

MOST_WAITING = 50_000
"""Events that may wait; what comes then is refused until there is room."""

_MOST_AT_ONCE = 5_000
_BUSY_RETRY_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Batch:
    """Events that were given together, and the promise of a receipt."""

    events: Sequence[JobEvent | ProcessSnapshot]
    future: Future[Receipt] = field(default_factory=Future)

    def settle(self, result: Receipt | Exception) -> None:
        """Keep the promise; whoever gave it up does not mind."""
        if not self.future.set_running_or_notify_cancel():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Waiting:
    """The queue between those who submit and the one thread that writes."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._events = 0
        self._closed: StoreUnavailableError | None = None
        self._ended = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """How many events wait."""
        return self._events

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    def put(self, batch: Batch) -> None:
        """Let a batch wait.

        Raises:
            StoreBusyError: when too many wait already.
            StoreUnavailableError: when it is closed.
        """
        with self._changed:
            if self._closed is not None:
                raise StoreUnavailableError(str(self._closed), self._closed.retry_after)
            if self._events and self._events + len(batch.events) > MOST_WAITING:
                raise StoreBusyError(
                    f"{self._events} events wait to be written; keep these, and send them again", _BUSY_RETRY_SECONDS
                )
            self._batches.append(batch)
            self._events += len(batch.events)
            self._changed.notify()

    def take(self, timeout: float) -> list[Batch]:
        """The next batches, for one transaction; none when ``timeout`` seconds have brought none."""
        with self._changed:
            if not self._batches and not self._ended:
                self._changed.wait(timeout)
            taken: list[Batch] = []
            events = 0
            while self._batches and (not taken or events + len(self._batches[0].events) <= _MOST_AT_ONCE):
                taken.append(self._batches.popleft())
                events += len(taken[-1].events)
            self._events -= events
            return taken

    def close(self, why: StoreUnavailableError) -> None:
        """Refuse what comes, and give back what waits."""
        with self._changed:
            self._closed = why
            batches = list(self._batches)
            self._batches.clear()
            self._events = 0
        for batch in batches:
            batch.settle(StoreUnavailableError(str(why), why.retry_after))

    def open(self) -> None:
        """Take batches again, unless the end has come."""
        with self._changed:
            if not self._ended:
                self._closed = None

    def end(self, why: StoreUnavailableError) -> None:
        """Refuse what comes; what waits may still be taken."""
        with self._changed:
            self._closed = why
            self._ended = True
            self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)
