"""A store of jobs in memory, as reports see it: each event once, by its id."""

import functools
from collections.abc import Sequence
from concurrent.futures import Future

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from streamgauge.jobs.receipt import Code, Receipt, Rejection
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.runs import Run, view
from streamgauge.model.jobs.states import fold
from streamgauge.web.application import create_application
from streamgauge.web.writes import Access, Bounds
from tests.web.examples import store

_BOUNDS = Bounds(writes_per_second=10_000, write_burst=10_000)  # tests are in a hurry


class MemorySink:
    """Takes events at once.

    Args:
        forgotten: a run of which nothing is taken any more.
    """

    def __init__(self, forgotten: str | None = None) -> None:
        self.events: dict[str, JobEvent] = {}
        self.snapshots: list[ProcessSnapshot] = []
        self.fault: Exception | None = None
        self._forgotten = forgotten

    def submit(self, events: Sequence[JobEvent | ProcessSnapshot]) -> Future[Receipt]:
        """Take events."""
        if self.fault is not None:
            raise self.fault
        done: Future[Receipt] = Future()
        done.set_result(self._taken(events))
        return done

    def _taken(self, events: Sequence[JobEvent | ProcessSnapshot]) -> Receipt:
        duplicates, rejected = 0, []
        for index, event in enumerate(events):
            if isinstance(event, ProcessSnapshot):
                self.snapshots.append(event)
            elif event.run == self._forgotten:
                rejected.append(Rejection(index, event.id, Code.FORGOTTEN, "its run was given up"))
            elif event.id in self.events:
                duplicates += 1
            else:
                self.events[event.id] = event
        return Receipt(len(events) - duplicates - len(rejected), duplicates, tuple(rejected))

    @property
    def only(self) -> JobEvent:
        """The one event that came."""
        (event,) = self.events.values()
        return event

    def runs(self) -> set[tuple[str, str]]:
        """The jobs and runs of which something came."""
        return {(event.job, event.run) for event in self.events.values()}

    def run(self, job: str, run: str) -> Run:
        """A run as it stands."""
        events = [event for event in self.events.values() if (event.job, event.run) == (job, run)]
        now = max(event.time for event in events)
        return view(job, run, fold(events), last_heard=now, now=now, silent_after=3600)


class _Relay:
    """Hands events to the sink of the test that runs: an application takes long to make."""

    sink: MemorySink

    def submit(self, events: Sequence[JobEvent | ProcessSnapshot]) -> Future[Receipt]:
        """Hand them on."""
        return self.sink.submit(events)


_RELAY = _Relay()


@functools.cache
def _application() -> ASGIApp:
    return create_application(
        store(), version="1.2.3", refresh_seconds=5, access=Access(loopback=True, bounds=_BOUNDS), reports=_RELAY
    )


def reporting_application(sink: MemorySink) -> ASGIApp:
    """An application whose reports go to this store, until another is asked for."""
    _RELAY.sink = sink
    return _application()


def reporting_client(sink: MemorySink) -> TestClient:
    """A client that may write to an application with this store."""
    application = reporting_application(sink)
    found = TestClient(application, base_url="http://localhost:9308", raise_server_exceptions=False)
    found.headers.clear()
    return found
