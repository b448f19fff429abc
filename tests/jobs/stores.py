"""Stores of runs for tests: opened, fed, and held against what was told."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from streamgauge.jobs.receipt import Receipt
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.durations import DurationHistogram
from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import view
from streamgauge.model.jobs.states import fold
from tests.model.jobs.told import JOB, START
from tests.services.polling import eventually

RULES = StoreRules()
PATIENCE = 30.0


class Clock:
    """The exporter's clock, in the test's hands."""

    def __init__(self, now: float = START + 50.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time."""
        return self.now


def sqlite_url(folder: Path) -> str:
    """A database in a folder."""
    return f"sqlite:///{folder / 'jobs.sqlite'}"


@contextmanager
def opened(url: str | None, rules: StoreRules = RULES, clock: Clock | None = None) -> Iterator[JobStore]:
    """A store that has started; closed at the end."""
    store = JobStore(url, rules, clock=clock or Clock())
    store.start()
    try:
        eventually(lambda: store.status.up, deadline=PATIENCE, every=0.005)
        yield store
    finally:
        store.close(PATIENCE)


def give(store: JobStore, *events: JobEvent | ProcessSnapshot) -> Receipt:
    """Submit events together, and wait until they are on the disk."""
    return store.submit(events).result(PATIENCE)


def job_of(reading: JobsReading, name: str = JOB) -> JobReading:
    """One job of a reading."""
    return next(job for job in reading.jobs if job.job == name)


def timeless(reading: JobsReading) -> JobsReading:
    """Without what depends on the order of events that leave out how long they took."""
    jobs = [
        replace(
            job,
            totals={key: replace(totals, durations=DurationHistogram()) for key, totals in job.totals.items()},
        )
        for job in reading.jobs
    ]
    return replace(reading, jobs=tuple(jobs))


def assert_holds(store: JobStore, told: Sequence[JobEvent], clock: Clock) -> None:
    """Each run is what the pure fold makes of its events."""
    for run in {event.run for event in told}:
        states = fold([event for event in told if event.run == run])
        pure = view(JOB, run, states, last_heard=clock.now, now=clock.now, silent_after=math.inf)
        assert store.queries.run(JOB, run) == pure


def assert_any_order_gives_the_same(
    url: str, control: JobsReading, feeding: Sequence[tuple[list[JobEvent], bool]]
) -> None:
    """Feed a database batch by batch, with a new store where that is said; it ends with the same reading."""
    clock = Clock(control.time)
    remaining = list(feeding)
    while remaining:
        with opened(url, clock=clock) as store:
            restarts = False
            while remaining and not restarts:
                batch, restarts = remaining.pop(0)
                give(store, *batch)
            last = store.reading()
    with opened(url, clock=clock) as store:
        assert store.reading() == last
        assert timeless(store.reading()) == timeless(control)
        assert_holds(store, [event for batch, _ in feeding for event in batch], clock)
