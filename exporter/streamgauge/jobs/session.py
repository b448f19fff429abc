"""The database while it is open for writing: batches in, what is known kept up to date, old runs given up."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from streamgauge.jobs import application_rows
from streamgauge.jobs.application_rows import ApplicationIntake
from streamgauge.jobs.intake import Intake, JobChange, Refused
from streamgauge.jobs.known_applications import KnownApplication, KnownApplications
from streamgauge.jobs.known_job import KnownJob, completed
from streamgauge.jobs.known_jobs import KnownJobs, read_all, read_job, read_past
from streamgauge.jobs.receipt import Code, Receipt, Rejection
from streamgauge.jobs.retention import Retention, Trimmed, sweep
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.run_cache import RunCache
from streamgauge.jobs.run_image import RunImage
from streamgauge.jobs.tally import Tally
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent, Status

LOG = logging.getLogger("streamgauge.jobs")

Item = JobEvent | ProcessSnapshot
Taken = list[Refused | bool]

_OLD_RUNS_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known without asking the database."""

    jobs: KnownJobs
    applications: KnownApplications


class Session:
    """Writes on one connection. Of the writing thread alone.

    Args:
        connection: which.
        memory: what is known; read from the database here.
        rules: say how long what is kept, and how much of it.
        clock: seconds since the epoch.
        tally: counts.
    """

    def __init__(
        self,
        connection: Connection,
        memory: Memory,
        rules: Callable[[], StoreRules],
        clock: Callable[[], float],
        tally: Tally,
    ) -> None:
        self._connection = connection
        self._memory = memory
        self._follow = rules
        self._rules = rules()
        self._clock = clock
        self._tally = tally
        self._cache = RunCache()
        self._retention = Retention()
        self._old_runs_at = 0.0
        self._sweeping = True
        self._crowded: set[str] = set()
        self._read_everything()
        self._look_through_all()

    def write(self, batches: Sequence[Sequence[Item]]) -> list[Receipt]:
        """Write batches in one transaction; where that fails by what one of them holds, each on its own.

        Raises:
            DBAPIError: when the database fails.
        """
        try:
            return self._write(batches)
        except Exception as error:
            if _is_the_databases(error):
                raise
            self._start_anew(error)
            if len(batches) > 1:
                return [receipt for batch in batches for receipt in self.write([batch])]
            return [self._one_by_one(batches[0])]

    def tidy(self) -> bool:
        """Give up a little of what is no longer kept; whether there is more to do at once.

        Raises:
            DBAPIError: when the database fails.
        """
        now = self._clock()
        if self._rules is not self._follow():
            self._rules, self._old_runs_at = self._follow(), 0.0
            self._look_through_all()
        name = self._retention.next_job
        if name is not None:
            with self._connection.begin():
                trimmed = self._retention.trim_next(self._connection, self._memory.jobs.get(name), self._rules, now)
            self._forget(trimmed)
            return True
        if self._sweeping:
            with self._connection.begin():
                self._sweeping = sweep(self._connection, now, self._rules.retention_age)
            return self._sweeping
        if now < self._old_runs_at:
            return False
        with self._connection.begin():
            trimmed = self._retention.trim_old(self._connection, self._rules, now)
        self._forget(trimmed)
        if not trimmed.runs:
            self._tidy_applications(now)
            self._old_runs_at, self._sweeping = now + _OLD_RUNS_EVERY_SECONDS, True
        return bool(trimmed.runs)

    def _read_everything(self) -> None:
        self._cache.clear()
        with self._connection.begin():
            self._memory.jobs.replace(read_all(self._connection, self._rules))
            self._memory.applications.replace(application_rows.read_applications(self._connection))

    def _look_through_all(self) -> None:
        for job in self._memory.jobs:
            self._retention.look_through(job.name)

    def _write(self, batches: Sequence[Sequence[Item]]) -> list[Receipt]:
        started = time.perf_counter()
        now = self._clock()
        with self._connection.begin():
            jobs = Intake(self._connection, self._memory.jobs, self._cache, self._rules, now)
            applications = ApplicationIntake(self._memory.applications, self._rules, now)
            jobs.expect(item for batch in batches for item in batch if isinstance(item, JobEvent))
            taken: list[Taken] = [
                [jobs.take(item) if isinstance(item, JobEvent) else applications.take(item) for item in batch]
                for batch in batches
            ]
            jobs.write()
            changed = applications.write(self._connection)
        self._tally.wrote(time.perf_counter() - started)
        self._know(jobs.changes, changed)
        for batch, results in zip(batches, taken, strict=True):
            self._tally.count(batch, results)
        return [_receipt(batch, results) for batch, results in zip(batches, taken, strict=True)]

    def _one_by_one(self, batch: Sequence[Item]) -> Receipt:
        """Write each event alone; one that cannot be is refused."""
        accepted = duplicates = 0
        rejected: list[Rejection] = []
        for index, item in enumerate(batch):
            try:
                (receipt,) = self._write([[item]])
            except Exception as error:
                if _is_the_databases(error):
                    raise
                self._start_anew(error)
                LOG.exception("an event cannot be stored and is refused", extra={"event": _id(item)})
                refused = Refused(Code.IMPLAUSIBLE, "it cannot be stored; the exporter's log says why")
                self._tally.count([item], [refused])
                rejected.append(Rejection(index, _id(item), refused.code, refused.reason))
            else:
                accepted, duplicates = accepted + receipt.accepted, duplicates + receipt.duplicates
                rejected += [Rejection(index, one.id, one.code, one.reason) for one in receipt.rejected]
        return Receipt(accepted, duplicates, tuple(rejected))

    def _start_anew(self, error: Exception) -> None:
        """After a transaction that failed; where rows contradict what is known, that is read again."""
        if self._connection.in_transaction():
            self._connection.rollback()
        if isinstance(error, IntegrityError):
            self._read_everything()

    def _know(self, changes: dict[str, JobChange], applications: Iterable[KnownApplication]) -> None:
        """Take over what was committed."""
        self._memory.applications.put(applications)
        for name, change in changes.items():
            for _, image in change.runs:
                self._cache.put(image)
            if change.crowded and name not in self._crowded:
                self._crowded.add(name)
                LOG.warning("a job has too many different phases; newer ones have no totals", extra={"job_name": name})
            job = self._memory.jobs.get(name) or KnownJob(change.id, name)
            self._know_job(job, change)

    def _know_job(self, job: KnownJob, change: JobChange) -> None:
        latest = job.latest
        with self._memory.jobs.lock:
            job.totals.update(change.totals)
            job.succeeded(change.success)
            for _, image in change.runs:
                if image.columns["status"] == Status.COMPLETED:
                    job.succeeded(image.columns["finished"])
            told = [job.take(image) and not _taken_back(before, image) for before, image in change.runs]
            job.forget_answer()
        if any(before is None for before, _ in change.runs):
            self._retention.look_through(job.name)
        if not all(told):
            self._read_again(job)
        else:
            self._look_back(job, change, latest)
            self._memory.jobs.put(job)

    def _look_back(self, job: KnownJob, change: JobChange, before: RunImage | None) -> None:
        """Follow what earlier runs took, where that has changed; ``before`` was the latest run."""
        if job.latest is None:
            return
        earlier = [(old, new) for old, new in change.runs if new.id != job.latest.id]
        changed = {new.id for old, new in earlier if _learnt(old) != _learnt(new)}
        if not changed and (before is None or before.id == job.latest.id):
            return
        runs = self._rules.history_runs
        passed = None if before is None else next((new for _, new in earlier if new.id == before.id), before)
        if before is not None and passed is not None and _follows(before, passed, job.latest, changed):
            past = job.past.with_run(passed, job.totals, runs)
        else:
            with self._connection.begin():
                past = read_past(self._connection, job, runs)
        with self._memory.jobs.lock:
            job.set_past(past)

    def _read_again(self, job: KnownJob) -> None:
        with self._connection.begin():
            self._memory.jobs.put(read_job(self._connection, job.id, job.name, self._rules))

    def _forget(self, trimmed: Trimmed) -> None:
        """Take over that runs were given up."""
        if not trimmed.runs:
            return
        self._sweeping = True
        self._tally.trimmed(len(trimmed.runs))
        for name in trimmed.runs:
            self._cache.remove(name)
        for job in {job for job, _ in trimmed.runs}:
            known = self._memory.jobs.get(job)
            if job in trimmed.jobs:
                self._memory.jobs.remove(job)
            elif known is not None:
                self._read_again(known)

    def _tidy_applications(self, now: float) -> None:
        for known in self._memory.applications.all():
            if now - known.last_heard > self._rules.retention_age:
                with self._connection.begin():
                    application_rows.remove(self._connection, known)
                self._memory.applications.remove(known.name)
            elif silent := known.silent(now):
                with self._connection.begin():
                    written = application_rows.write(self._connection, known, known.without(silent))
                self._memory.applications.put([written])


def _is_the_databases(error: Exception) -> bool:
    """Whether a write failed by the database and not by what was to be written."""
    if isinstance(error, DataError | IntegrityError):
        return False
    # A statement that failed before it reached the database failed by its values.
    before = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return isinstance(error, SQLAlchemyError | OSError | MemoryError) and not before


def _follows(before: RunImage, passed: RunImage, latest: RunImage, changed: set[int]) -> bool:
    """Whether all that has changed of the past is that the run that was the latest now belongs to it."""
    return before.id != latest.id and changed <= {before.id} and before.order <= passed.order < latest.order


def _taken_back(before: RunImage | None, after: RunImage) -> bool:
    """Whether a run was completed, or so it seemed by its phases, and no longer is."""
    if before is None or before.columns["status"] != Status.COMPLETED or before.columns["finished"] is None:
        return False
    finished = after.columns["finished"]
    return after.columns["status"] != Status.COMPLETED or finished is None or finished < before.columns["finished"]


def _learnt(image: RunImage | None) -> object:
    """What a run teaches about how long its steps take, and which of them are to be expected."""
    if image is None:
        return None
    steps = {key: (row["began"], row["duration_seconds"]) for key, row in image.steps.items() if completed(row)}
    return (image.columns["status"] == Status.COMPLETED, steps)


def _id(item: Item) -> str:
    return item.id if isinstance(item, JobEvent) else ""


def _receipt(batch: Sequence[Item], results: Taken) -> Receipt:
    rejected = [
        Rejection(index, _id(item), result.code, result.reason)
        for index, (item, result) in enumerate(zip(batch, results, strict=True))
        if isinstance(result, Refused)
    ]
    return Receipt(results.count(True), results.count(False), tuple(rejected))
