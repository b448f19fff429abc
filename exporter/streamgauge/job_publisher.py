"""Renders what the store of runs knows whenever it changes, and every few seconds for what time alone changes."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from streamgauge.errors import StoreUnavailableError
from streamgauge.metrics.family import Lines
from streamgauge.model.jobs.reading import JobsReading

LOG = logging.getLogger("streamgauge.jobs")

_AT_MOST_EVERY: Final = 1.0
_AT_LEAST_EVERY: Final = 5.0  # statuses that are lost by silence, and estimates of completion, change by the clock


class Jobs(Protocol):
    """The store of runs, as far as it is read here."""

    def reading(self) -> JobsReading:
        """All jobs and applications now."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have a function called after each change."""


class JobPublisher:
    """A thread that turns readings of jobs into lines of the exposition.

    Args:
        jobs: what is read.
        render: a reading to lines.
        publish: takes the lines over.
        at_most_every: seconds between two readings, however many changes there are.
        at_least_every: seconds after which a reading is made without a change.
    """

    def __init__(
        self,
        jobs: Jobs,
        render: Callable[[JobsReading], Lines],
        publish: Callable[[Lines], None],
        *,
        at_most_every: float = _AT_MOST_EVERY,
        at_least_every: float = _AT_LEAST_EVERY,
    ) -> None:
        self._jobs, self._render, self._publish = jobs, render, publish
        self._at_most_every, self._at_least_every = at_most_every, at_least_every
        self._published: Lines = {}
        self.failures = 0
        """How many readings could not be rendered, by a fault of ours."""
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-publisher", daemon=True)
        jobs.on_change(self._changed.set)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End, waiting for at most ``timeout`` seconds."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._changed.clear()
            began = time.monotonic()
            self._once()
            self._stopping.wait(self._at_most_every - (time.monotonic() - began))
            self._changed.wait(self._at_least_every - self._at_most_every)

    def _once(self) -> None:
        try:
            lines = self._render(self._jobs.reading())
            if lines != self._published:  # publishing joins the whole page anew, Kafka's part too
                self._publish(lines)
                self._published = lines
        except StoreUnavailableError:
            LOG.debug("nothing is known of jobs yet")
        except Exception:
            self.failures += 1
            LOG.exception("jobs could not be rendered; what was served of them before stays")
