"""What is known of jobs gets to the page of metrics: soon after a change, by the clock otherwise, not more often."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamgauge.errors import StoreUnavailableError
from streamgauge.job_publisher import JobPublisher
from streamgauge.metrics.family import Lines
from streamgauge.model.jobs.reading import JobsReading
from tests.services.polling import eventually


class FakeJobs:
    """A store that counts how often it is read, and can fail."""

    def __init__(self) -> None:
        self.read = 0
        self.rests = False
        self.error: Exception | None = None
        self.change: Callable[[], None] = lambda: None

    def reading(self) -> JobsReading:
        """As the store's."""
        self.read += 1
        if self.error is not None:
            raise self.error
        return JobsReading(time=0.0 if self.rests else float(self.read))

    def on_change(self, callback: Callable[[], None]) -> None:
        """As the store's."""
        self.change = callback


@contextmanager
def publishing(jobs: FakeJobs, published: list[Lines], *, at_most: float, at_least: float) -> Iterator[JobPublisher]:
    """A publisher that runs."""
    publisher = JobPublisher(
        jobs,
        lambda reading: {"job_time": f"job_time {reading.time}\n"},
        published.append,
        at_most_every=at_most,
        at_least_every=at_least,
    )
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop(5)
        assert not [thread for thread in threading.enumerate() if thread.name == "job-publisher"]


def _has_read(jobs: FakeJobs, times: int) -> bool:
    return jobs.read >= times


def test_a_change_is_published() -> None:
    """What changes is on the page without waiting for the clock."""
    jobs, published = FakeJobs(), list[Lines]()
    with publishing(jobs, published, at_most=0.01, at_least=600):
        eventually(lambda: len(published) == 1)
        jobs.change()
        eventually(lambda: len(published) == 2)
    assert published[-1] == {"job_time": "job_time 2.0\n"}


def test_many_changes_are_one_reading() -> None:
    """However often jobs change, they are read at most once an interval, and the last change is not missed."""
    jobs, published = FakeJobs(), list[Lines]()
    with publishing(jobs, published, at_most=0.2, at_least=600):
        eventually(lambda: len(published) == 1)
        for _ in range(1000):
            jobs.change()
        eventually(lambda: len(published) == 2)
        assert jobs.read == 2


def test_the_clock_alone_is_enough() -> None:
    """A run that falls silent is lost without a word from anybody, so readings are made without a change too."""
    jobs, published = FakeJobs(), list[Lines]()
    with publishing(jobs, published, at_most=0.01, at_least=0.03):
        eventually(lambda: len(published) > 2)


def test_what_has_not_changed_is_not_published_again() -> None:
    """Publishing joins the whole page of metrics anew: not every few seconds for jobs of which nothing is heard."""
    jobs, published = FakeJobs(), list[Lines]()
    jobs.rests = True
    with publishing(jobs, published, at_most=0.01, at_least=0.02):
        eventually(functools.partial(_has_read, jobs, 5))
    assert len(published) == 1


def test_a_reading_that_fails_is_not_the_end() -> None:
    """While the store cannot be read, or a fault of ours hits (which is counted), what was published stays."""
    jobs, published = FakeJobs(), list[Lines]()
    with publishing(jobs, published, at_most=0.01, at_least=0.02) as publisher:
        eventually(lambda: len(published) >= 1)
        for error in (StoreUnavailableError("away", 1.0), ValueError("a fault")):
            jobs.error = error
            wanted = jobs.read + 2
            eventually(functools.partial(_has_read, jobs, wanted))
        jobs.error = None
        at = len(published)
        eventually(lambda: len(published) > at)
        assert publisher.failures >= 2
