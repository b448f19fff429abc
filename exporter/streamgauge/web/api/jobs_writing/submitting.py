"""Hands events to the store, and answers when they are on disk."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Protocol

from streamgauge.errors import StoreBusyError
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent

PATIENCE_SECONDS: Final = 15.0
"""How long a request waits for the disk: less than clients wait for an answer."""

_RETRY_SECONDS: Final = 5.0

Reported = JobEvent | ProcessSnapshot


class Rejection(Protocol):
    """An event that the store will never take."""

    @property
    def index(self) -> int:
        """Which of those that were handed over."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def code(self) -> str:
        """Why, as a word of a fixed list."""

    @property
    def reason(self) -> str:
        """Why, for people."""


class Receipt(Protocol):
    """What became of events."""

    @property
    def accepted(self) -> int:
        """How many are new and on disk."""

    @property
    def duplicates(self) -> int:
        """How many had been there."""

    @property
    def rejected(self) -> Sequence[Rejection]:
        """Those that were not taken."""


class JobSink(Protocol):
    """The store of jobs as it is written to."""

    def submit(self, events: Sequence[Reported]) -> Future[Any]:
        """Take events, from any thread; the future gives a ``Receipt`` when they are on disk.

        Raises:
            StoreError: not now.
        """  # the future is typed loosely because ``Future`` takes no protocol for the class that there is


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where reports go.

    Attributes:
        sink: the events that can be read.
        invalid: the number of the others, once their request is answered: it is not sent again then.
    """

    sink: JobSink
    invalid: InvalidEvents


async def stored(sink: JobSink, events: Sequence[Reported]) -> Receipt:
    """Hand events over and wait until they are on disk.

    Raises:
        StoreError: they are not, or not yet; sending them again does no harm.
    """
    written = asyncio.wrap_future(sink.submit(events))
    written.add_done_callback(_look_at)
    # Not ``wait_for``: that would cancel what the store is writing.
    await asyncio.wait([written], timeout=PATIENCE_SECONDS)
    if not written.done():
        raise StoreBusyError("the store takes long to write; send the same events again later", _RETRY_SECONDS)
    receipt: Receipt = written.result()
    return receipt


def _look_at(written: "asyncio.Future[Any]") -> None:
    """A failure for which nobody waits any more is no fault to be logged."""
    if not written.cancelled():
        written.exception()
