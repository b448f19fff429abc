"""All jobs in memory, and how they are read from the database."""

import threading
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, bindparam, func, select

from streamgauge.jobs.known_job import KnownJob, Past
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.run_image import load
from streamgauge.jobs.tables import JOBS, RUNS, STEPS, TOTALS
from streamgauge.jobs.totals import totals_of
from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.reading import JobReading

# Built once: a job with many phases asks it many times.
_NEWEST = (
    select(STEPS.c.duration_seconds)
    .join(RUNS, RUNS.c.id == STEPS.c.run_id)
    .where(
        STEPS.c.job_id == bindparam("job"),
        STEPS.c.phase == bindparam("phase"),
        STEPS.c.sub_phase == bindparam("sub_phase"),
        STEPS.c.run_id != bindparam("latest"),
        STEPS.c.status == Status.COMPLETED,
        STEPS.c.duration_seconds.is_not(None),
    )
    .order_by(STEPS.c.began.desc(), RUNS.c.run.desc())
    .limit(bindparam("runs"))
)


class KnownJobs:
    """Jobs by name. The thread that writes changes them, under the lock; it alone may look without."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._jobs: dict[str, KnownJob] = {}
        self._rules: StoreRules | None = None

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[KnownJob]:
        return iter(tuple(self._jobs.values()))

    def get(self, name: str) -> KnownJob | None:
        """A job; None: it is not known."""
        return self._jobs.get(name)

    def put(self, job: KnownJob) -> None:
        """A job that is new, or was read again."""
        with self.lock:
            self._jobs[job.name] = job

    def remove(self, name: str) -> None:
        """A job of which nothing is left."""
        with self.lock:
            self._jobs.pop(name, None)

    def replace(self, jobs: Iterable[KnownJob]) -> None:
        """All jobs, read anew."""
        found = {job.name: job for job in jobs}
        with self.lock:
            self._jobs = found

    def readings(self, now: float, rules: StoreRules) -> tuple[JobReading, ...]:
        """All of them at a time, in the order of their names."""
        with self.lock:
            if self._rules is not rules:
                self._rules = rules
                for job in self._jobs.values():
                    job.forget_rules()
            readings = (self._jobs[name].reading(now, rules) for name in sorted(self._jobs))
            return tuple(reading for reading in readings if reading is not None)


def read_all(connection: Connection, rules: StoreRules) -> Iterator[KnownJob]:
    """Every job as the database has it."""
    for job_id, name in connection.execute(select(JOBS.c.id, JOBS.c.name)).all():
        yield read_job(connection, job_id, name, rules)


def read_job(connection: Connection, job_id: int, name: str, rules: StoreRules) -> KnownJob:
    """One job as the database has it."""
    job = KnownJob(job_id, name)
    for row in connection.execute(select(TOTALS).where(TOTALS.c.job_id == job_id)).mappings():
        job.totals[StepKey(row["phase"], row["sub_phase"])] = totals_of(row)
    job.succeeded(connection.scalar(select(JOBS.c.last_success).where(JOBS.c.id == job_id)))
    done = select(func.max(RUNS.c.finished)).where(RUNS.c.job_id == job_id, RUNS.c.status == Status.COMPLETED)
    job.succeeded(connection.scalar(done))
    running = select(RUNS.c.id, RUNS.c.last_heard, RUNS.c.silent_after)
    running = running.where(RUNS.c.job_id == job_id, RUNS.c.status == Status.RUNNING)
    job.running = {run_id: (heard, limit) for run_id, heard, limit in connection.execute(running)}
    newest = select(RUNS).where(RUNS.c.job_id == job_id).order_by(RUNS.c.began.desc(), RUNS.c.run.desc()).limit(1)
    latest = connection.execute(newest).one_or_none()
    if latest is not None:
        job.latest = load(connection, name, latest)
        job.set_past(read_past(connection, job, rules.history_runs))
    return job


def read_past(connection: Connection, job: KnownJob, runs: int) -> Past:
    """What earlier runs of a job took; each of its steps is one look at an index."""
    assert job.latest is not None  # noqa: S101 - for the type checker; callers have it
    durations = {}
    for key in job.totals:
        wanted = {"job": job.id, "latest": job.latest.id, "phase": key.phase, "sub_phase": key.sub_phase, "runs": runs}
        if seconds := [duration for duration in connection.scalars(_NEWEST, wanted) if duration is not None]:
            durations[key] = tuple(reversed(seconds))
    return Past(durations, _phases(connection, job))


def _phases(connection: Connection, job: KnownJob) -> frozenset[StepKey]:
    assert job.latest is not None  # noqa: S101 - for the type checker; callers have it
    completed = select(RUNS.c.id).where(
        RUNS.c.job_id == job.id, RUNS.c.status == Status.COMPLETED, RUNS.c.id != job.latest.id
    )
    last = completed.order_by(RUNS.c.began.desc(), RUNS.c.run.desc()).limit(1).scalar_subquery()
    phases = select(STEPS.c.phase).where(STEPS.c.run_id == last, STEPS.c.phase != "", STEPS.c.sub_phase == "")
    return frozenset(StepKey(phase) for phase in connection.scalars(phases.where(STEPS.c.status.is_not(None))))
