"""A realistic past of jobs in a real store: a fortnight of runs, one that runs, one that is lost; an application."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.applications import BOUNDS, Durations, ProcessSnapshot, Work
from streamgauge.model.jobs.events import (
    RUN,
    Artifact,
    Begin,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    JobEvent,
    Measured,
    Progress,
    Resources,
    Status,
    StepKey,
    Warned,
)
from streamgauge.web.api.jobs_reading.source import Jobs
from streamgauge.web.application import create_application
from tests.jobs.stores import Clock, give, opened, sqlite_url
from tests.web.examples import store as no_clusters

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
DAY = 86400.0
PLAN, SYNC, ODD = "daily-plan", "nightly-sync", 'team/plan "ä" =1+1'
P00, CHECK, P01, P02 = StepKey("P00"), StepKey("P00", "validation"), StepKey("P01"), StepKey("P02")
COMPLETED_DAYS = range(12, 2, -1)
"""Days ago on which `daily-plan` was completed: ten runs, each a little slower than the one before."""

_MIB = 1024 * 1024


class Diary:
    """The events of one run, in their order; each one's id is its own."""

    _ids = count()

    def __init__(self, job: str, run: str, at: float) -> None:
        self.job = job
        self.run = run
        self.at = at
        self.events: list[JobEvent] = []

    def tell(self, step: StepKey, fact: Fact, after: float = 0.0) -> "Diary":
        """A fact, some seconds after the one before."""
        self.at += after
        self.events.append(JobEvent(f"e{next(self._ids)}", self.at, self.job, self.run, step=step, fact=fact))
        return self


def day(ago: int) -> str:
    """The id of the run of that day."""
    return f"day-{ago:02}"


def planned(ago: int) -> Diary:
    """A run of `daily-plan`, until its first phase and half of the second are done; the phase takes longer each day."""
    slower = float(12 - ago)
    diary = Diary(PLAN, day(ago), NOON - ago * DAY - 600.0)
    begin = Begin(running=True, title="Daily plan", environment="prod", labels={"customer": "acme"})
    diary.tell(RUN, begin)
    diary.tell(P00, Begin(running=True, title="Document assembly", items=500, position=1))
    diary.tell(CHECK, Begin(running=True, title="Validation"))
    diary.tell(CHECK, Resources(20.0, 25.0, 100 * _MIB, 120 * _MIB, 4, 1), 25.0)
    diary.tell(CHECK, Warned("page 7 skipped"))
    diary.tell(CHECK, End(Status.COMPLETED, 30.0), 5.0)
    diary.tell(P00, Resources(40.0 + slower, 50.0, 200 * _MIB, 220 * _MIB, 8, 2), 50.0)
    diary.tell(P00, Progress(500))
    diary.tell(P00, Artifact("out.json", "s3://plans/out.json", 18234))
    diary.tell(P00, Measured("pages", 50))
    diary.tell(P00, End(Status.COMPLETED, 100.0 + 5 * slower), 20.0 + 5 * slower)
    return diary.tell(P01, Begin(running=True, title="Planning", items=100, position=2))


def completed(ago: int) -> Diary:
    """One that was completed."""
    diary = planned(ago)
    diary.tell(P01, Progress(100), 190.0)
    diary.tell(P01, End(Status.COMPLETED, 200.0), 10.0)
    return diary.tell(RUN, End(Status.COMPLETED, diary.at - diary.events[0].time))


def failed(ago: int) -> Diary:
    """One that failed in its second phase, with a third that was announced and is new."""
    diary = planned(ago)
    diary.tell(P02, Begin(running=False, title="Delivery", position=3))
    diary.tell(P01, Erred(Fault("one row is wrong", "ValueError")), 50.0)
    diary.tell(P01, End(Status.FAILED, 60.0, 1, None, Fault("no room", "OSError", "Traceback: ...")), 10.0)
    return diary.tell(RUN, End(Status.FAILED, message="phase P01 failed"))


def running() -> Diary:
    """One that runs now: it has done 25 of 100 items of its second phase in 50 seconds."""
    diary = planned(0)
    moved = NOON - 50.0 - diary.at
    for event in diary.events:
        object.__setattr__(event, "time", event.time + moved)
    diary.at = NOON - 50.0
    return diary.tell(P01, Progress(25), 49.0)


def lost() -> Diary:
    """One that announced heartbeats, and fell silent."""
    diary = Diary(SYNC, "sync-1", NOON - 900.0)
    diary.tell(RUN, Begin(running=True, environment="test", heartbeat_seconds=10.0))
    return diary.tell(RUN, Heartbeat(), 10.0)


def odd() -> Diary:
    """One whose names are not nice."""
    diary = Diary(ODD, "a/b?c#d", NOON - 3600.0)
    diary.tell(StepKey("=SUM(A1)/x", "50 %"), Begin(running=True, title="=1+1"))
    diary.tell(StepKey("=SUM(A1)/x", "50 %"), End(Status.COMPLETED, 5.0), 5.0)
    return diary.tell(RUN, End(Status.COMPLETED, 5.0))


def process(name: str, total: int, failed: int, **known: Any) -> ProcessSnapshot:
    """A process of the application `planner`."""
    buckets = (total, *(0 for _ in BOUNDS))
    work = {"click": Work(total, failed, Durations(buckets, total * 0.001))}
    values: dict[str, Any] = {"running": {"click": 1}, "cpu_seconds": 10.0, "memory_bytes": 50 * _MIB}
    return ProcessSnapshot("planner", name, NOON - 3600.0, 7, NOON - 1.0, actions=work, **values | known)


def fill(store: JobStore, clock: Clock) -> None:
    """Tell all of it."""
    clock.now = NOON - 800.0
    give(store, *lost().events)
    clock.now = NOON - 1.0
    for ago in COMPLETED_DAYS:
        give(store, *completed(ago).events)
    give(store, *failed(2).events)
    give(store, *odd().events)
    give(store, *running().events)
    queues = {"orders": 4.0}
    give(store, process("host-1", 100, 2, queues=queues, threads=3), process("host-2", 50, 1, memory_bytes=None))
    clock.now = NOON


@contextmanager
def past(folder: Path) -> Iterator[JobStore]:
    """A store with all of it, at noon."""
    clock = Clock(NOON)
    with opened(sqlite_url(folder), clock=clock) as store:
        fill(store, clock)
        yield store


def reading_client(jobs: Jobs) -> TestClient:
    """A client of an application that serves them; it sends no header that a test does not ask for."""
    application = create_application(no_clusters(), version="1.2.3", refresh_seconds=5, jobs=jobs)
    found = TestClient(application, base_url="http://localhost:9308", raise_server_exceptions=False)
    found.headers.clear()
    return found
