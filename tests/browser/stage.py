"""What the page shows in these tests: a server in this process whose figures a test changes as it likes."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from streamgauge.jobs.queries import JobQueries
from streamgauge.model.jobs.completion import Basis, Completion
from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.reading import GroupReading
from streamgauge.web.application import create_application
from streamgauge.web.writes import Access
from tests.metrics.job_readings import job, step
from tests.web.examples import ExampleStore, ExampleView, cluster, group, group_topic, status, topic
from tests.web.serving import serving


@dataclass
class KnownJobs:
    """Jobs as a store tells them."""

    jobs: tuple[JobReading, ...] = ()

    def reading(self) -> JobsReading:
        """These, now."""
        return JobsReading(time.time(), self.jobs)

    @property
    def queries(self) -> JobQueries:
        """Nobody asks the database here."""
        return _nobody()


@dataclass
class Stage:
    """What there is to be seen."""

    url: str
    store: ExampleStore
    jobs: KnownJobs
    turns: Iterator[int] = field(default_factory=itertools.count)

    def show(self, *groups: GroupReading, appended: float = 60.5) -> None:
        """Serve a new reading with these groups."""
        reading = cluster(groups=groups, topics=[topic(appended_per_second=appended)])
        well = status(cycles=8 + next(self.turns), last_success=time.time(), interval=1.0)
        self.store.clusters = [ExampleView(well, reading)]


@contextmanager
def staged(*, kafka: bool = True) -> Iterator[Stage]:
    """A server; without Kafka there are jobs alone."""
    store, jobs = ExampleStore(), KnownJobs()
    application = create_application(store, version="1.2.3", refresh_seconds=1, access=Access(loopback=True), jobs=jobs)
    with serving(application) as address:
        stage = Stage(address.url, store, jobs)
        if kafka:
            stage.show(behind("billing", 7))
        yield stage


def behind(name: str, seconds: float, records: int = 0) -> GroupReading:
    """A group that is so far behind."""
    records = records or round(seconds * 10)
    return group(name, group_topic(lags=(records, 0), seconds=(seconds, 0.0), time_to_catch_up_seconds=None))


def report(done: float, *, name: str = "nightly-report", title: str = "Nightly report") -> JobReading:
    """A job that has done so much of the second of its three phases."""
    now = time.time()
    phases = (
        step("P00", status=Status.COMPLETED, title="Extract", duration_seconds=12.0, progress_ratio=1.0),
        step("P01", title="Transform", started=now - 30, done=done, items=100.0, progress_ratio=done / 100),
        step("P02", status=Status.PENDING, title="Load"),
    )
    completion = Completion(done / 100, 100.0, now + 100.0, Basis.HISTORY)
    return job(name, step(title=title, started=now - 42), *phases, running=1, completion=completion)


def ended(reading: JobReading, how: Status) -> JobReading:
    """The same, after its second phase ended in some way."""
    run, now = reading.latest, time.time()
    first, second, last = run.phases
    finished = {"status": how, "finished": now, "duration_seconds": 42.5}
    message = "the warehouse is full" if how is Status.FAILED else None
    itself = replace(run.itself, **finished, errors=1, message=message)  # type: ignore[arg-type]  # as many kinds
    phases = (first, replace(second, status=how, message=message), last)
    return replace(reading, latest=replace(run, itself=itself, phases=phases), running=0, completion=None)


def _nobody() -> NoReturn:
    raise NotImplementedError
