"""One transaction's events: which are new, what they change, and the rows that are written for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from streamgauge.jobs.known_jobs import KnownJobs
from streamgauge.jobs.plausibility import implausible
from streamgauge.jobs.receipt import Code
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.run_cache import RunCache
from streamgauge.jobs.run_draft import RunDraft, has_room, seen_of
from streamgauge.jobs.run_image import RunImage, changed_rows, load_named
from streamgauge.jobs.tables import FORGOTTEN, JOBS, NOTES, RUNS, SAMPLES, SEEN, STEPS, TOTALS
from streamgauge.jobs.totals import StepTotals
from streamgauge.model.jobs.events import RUN, End, JobEvent, Status, StepKey

FUTURE_SECONDS = 86400.0
"""How far ahead of the exporter's clock a job's may be."""

_MOST_STEPS_OF_A_JOB = 2000

RunName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an event is refused."""

    code: Code
    reason: str


@dataclass(slots=True)
class JobChange:
    """What a transaction changes of one job.

    Attributes:
        id: its row's.
        new: whether it is new.
        totals: by step, those that changed.
        success: when a run of it was completed, as told.
        runs: those that changed, before and after.
        crowded: whether steps came of which no totals are kept any more.
    """

    id: int
    new: bool
    totals: dict[StepKey, StepTotals] = field(default_factory=dict)
    success: float | None = None
    runs: list[tuple[RunImage | None, RunImage]] = field(default_factory=list)
    crowded: bool = False


class Intake:
    """Takes events into runs, then writes what has changed. It changes nothing but the database.

    Args:
        connection: in a transaction.
        jobs: what is known.
        cache: runs as they are in the database.
        rules: what they are held to.
        now: by the exporter's clock.
    """

    def __init__(self, connection: Connection, jobs: KnownJobs, cache: RunCache, rules: StoreRules, now: float) -> None:
        self._connection = connection
        self._jobs = jobs
        self._cache = cache
        self._rules = rules
        self._now = now
        self._drafts: dict[RunName, RunDraft] = {}
        self._forgotten: set[RunName] = set()
        self._checked: dict[int, Refused | None] = {}
        self.changes: dict[str, JobChange] = {}

    def expect(self, events: Iterable[JobEvent]) -> None:
        """Read what is known of the runs of events that will be taken."""
        by_run: dict[RunName, list[JobEvent]] = {}
        for event in events:
            refused = self._checked[id(event)] = self._refused(event)
            if refused is None:
                by_run.setdefault((event.job, event.run), []).append(event)
        for name, those in by_run.items():
            self._expect_run(name, those)

    def take(self, event: JobEvent) -> Refused | bool:
        """Take an event that was expected: true where it is new, false where it came before, or why it is refused."""
        name = (event.job, event.run)
        refused = self._checked[id(event)]
        if refused is None and name in self._forgotten:
            refused = Refused(Code.FORGOTTEN, "its run is no longer kept (jobs.retention)")
        if refused is not None:
            return refused
        draft = self._drafts.get(name)
        if draft is not None and draft.knows(event):
            return False
        if not has_room({} if draft is None else draft.states, event.step, self._rules.steps):
            most = f"a run may have {self._rules.steps} steps, and this would be one more (jobs.limits.steps)"
            return Refused(Code.TOO_MANY_STEPS, most)
        if draft is None:
            change = self._change(event.job)
            if change is None:
                most = f"there are {self._rules.jobs} jobs already, the most that are kept (jobs.limits.jobs)"
                return Refused(Code.TOO_MANY_JOBS, most)
            draft = self._drafts[name] = self._new_run(change, event)
        self._add(draft, event)
        return True

    def write(self) -> None:
        """Write what has changed."""
        steps: list[dict[str, Any]] = []
        runs: list[dict[str, Any]] = []
        for (job, _), draft in self._drafts.items():
            image = draft.done()
            if draft.before is not None and image == draft.before:
                continue
            self._changed(job).runs.append((draft.before, image))
            steps += changed_rows(draft.before, image)
            kept = {"notes_kept": image.notes_kept, "samples_kept": image.samples_kept}
            runs.append({"this": image.id, **image.columns, "last_heard": image.last_heard, **kept})
        if runs:
            self._connection.execute(update(RUNS).where(RUNS.c.id == bindparam("this")), runs)
        self._upsert(STEPS, steps)
        self._insert(SEEN, [row for draft in self._drafts.values() for row in _seen_rows(draft)])
        self._insert(NOTES, [row for draft in self._drafts.values() for row in draft.notes])
        self._insert(SAMPLES, [row for draft in self._drafts.values() for row in draft.samples])
        self._write_jobs()

    def _refused(self, event: JobEvent) -> Refused | None:
        wrong = implausible(event)
        if wrong is not None:
            return Refused(Code.IMPLAUSIBLE, wrong)
        if event.time > self._now + FUTURE_SECONDS:
            return Refused(Code.IN_THE_FUTURE, "it is more than a day ahead of the exporter's clock")
        if event.time < self._now - self._rules.retention_age:
            return Refused(Code.TOO_OLD, "it is older than runs are kept (jobs.retention.age)")
        return None

    def _expect_run(self, name: RunName, events: Sequence[JobEvent]) -> None:
        job = self._jobs.get(name[0])
        image = self._cache.get(name)
        if image is None and job is not None:
            image = load_named(self._connection, job.id, *name)
        if image is not None:
            self._drafts[name] = RunDraft(image, new=False, seen=seen_of(self._connection, image.id, events))
            return
        those = select(FORGOTTEN.c.time).where(FORGOTTEN.c.job == name[0], FORGOTTEN.c.run == name[1])
        if self._connection.execute(those).first() is not None:
            self._forgotten.add(name)

    def _change(self, name: str) -> JobChange | None:
        """What changes of a job, which begins to be where it is not yet; None: there are too many."""
        if name in self.changes:
            return self.changes[name]
        job = self._jobs.get(name)
        if job is None:
            if len(self._jobs) + sum(change.new for change in self.changes.values()) >= self._rules.jobs:
                return None
            made = self._connection.execute(insert(JOBS).values(name=name).returning(JOBS.c.id)).scalar_one()
            self.changes[name] = JobChange(made, new=True)
        else:
            self.changes[name] = JobChange(job.id, new=False)
        return self.changes[name]

    def _changed(self, name: str) -> JobChange:
        change = self._change(name)
        assert change is not None  # noqa: S101 - for the type checker; a job with a run is there
        return change

    def _new_run(self, change: JobChange, event: JobEvent) -> RunDraft:
        """A new run's row: what is not known yet is written with the rest."""
        none = {"errors": 0, "warnings": 0, "notes_kept": 0, "samples_kept": 0, "last_heard": self._now}
        names = {"job_id": change.id, "run": event.run, "status": Status.RUNNING.value, "began": event.time}
        made = self._connection.execute(insert(RUNS).values(**names, **none).returning(RUNS.c.id)).scalar_one()
        return RunDraft(RunImage(made, change.id, event.job, event.run, self._now), new=True)

    def _add(self, draft: RunDraft, event: JobEvent) -> None:
        change = self._changed(event.job)
        before, after = draft.take(event, self._now, self._rules)
        totals = self._totals(change, event)
        if totals is not None:
            change.totals[event.step] = totals.plus(before, after, event)
        told = isinstance(event.fact, End) and event.fact.status is Status.COMPLETED and event.step == RUN
        if told and (change.success is None or change.success < event.time):
            change.success = event.time

    def _totals(self, change: JobChange, event: JobEvent) -> StepTotals | None:
        """What the step of an event has added up to; None: that is not kept, the job has too many steps."""
        job = self._jobs.get(event.job)
        known = {} if job is None else job.totals
        if event.step in change.totals:
            return change.totals[event.step]
        if event.step in known:
            return known[event.step]
        new = sum(key not in known for key in change.totals)
        change.crowded = change.crowded or len(known) + new >= _MOST_STEPS_OF_A_JOB
        return None if change.crowded else StepTotals()

    def _write_jobs(self) -> None:
        rows = []
        for name, change in self.changes.items():
            job = self._jobs.get(name)
            known = None if job is None else job.last_success
            if change.success is not None and (known is None or known < change.success):
                row = update(JOBS).where(JOBS.c.id == change.id).values(last_success=change.success)
                self._connection.execute(row)
            for key, totals in change.totals.items():
                names = {"job_id": change.id, "phase": key.phase, "sub_phase": key.sub_phase}
                rows.append({**names, **totals.columns()})
        self._upsert(TOTALS, rows)

    def _insert(self, table: Table[Any], rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def _upsert(self, table: Table[Any], rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            upsert(self._connection, table, rows)


def upsert(connection: Connection, table: Table[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or write over those that have the same key; each row has all columns."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), list(rows))


def _seen_rows(draft: RunDraft) -> Iterable[dict[str, Any]]:
    return ({"run_id": draft.image.id, "digest": digest, "time": time} for digest, time in draft.fresh.items())
