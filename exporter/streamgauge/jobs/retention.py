"""Gives up what is no longer kept, a little at a time: each step is one short transaction on the writing thread."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, insert, or_, select, tuple_, update

from streamgauge.jobs.intake import upsert
from streamgauge.jobs.known_job import KnownJob
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.tables import FORGOTTEN, JOBS, LEFTOVERS, NOTES, RUNS, SAMPLES, SEEN, STEPS, TOTALS
from streamgauge.model.jobs.events import Status, StepKey

_RUNS_AT_ONCE = 20
_ROWS_AT_ONCE = 2_000

Place = tuple[float, int]
"""Where a run stands among those of its job: when it began, and its row."""


@dataclass(slots=True)
class Trimmed:
    """What a step has given up: runs by job and id, and jobs of which nothing is left."""

    runs: list[tuple[str, str]] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)


class Retention:
    """Knows which jobs have to be looked through, and how far that has come."""

    def __init__(self) -> None:
        self._jobs: deque[str] = deque()
        self._passed: dict[str, Place] = {}

    def look_through(self, job: str) -> None:
        """A job has a run more."""
        if job not in self._jobs:
            self._jobs.append(job)

    @property
    def next_job(self) -> str | None:
        """The job that is to be looked through next; None: none is."""
        return self._jobs[0] if self._jobs else None

    def trim_next(self, connection: Connection, job: KnownJob | None, rules: StoreRules, now: float) -> Trimmed:
        """Give up some of the runs that the next job has too many of.

        Args:
            connection: in a transaction.
            job: that of the name ``next_job``; None: it is no more.
            rules: how many runs are kept.
            now: by the exporter's clock.
        """
        name = self._jobs[0]
        limit = None if job is None else _limit(connection, job, StepKey(), rules.retention_runs)
        found: Sequence[Row[Any]] = ()
        if job is not None and limit is not None:
            found = _candidates(connection, job, limit, self._passed.get(name))
        if job is None or not found:
            self._jobs.popleft()
            self._passed.pop(name, None)
            return Trimmed()
        kept = _kept(connection, job, found, rules, now)
        self._passed[name] = (found[-1].began, found[-1].id)
        return _give_up(connection, {row.id: name for row in found if row.id not in kept}, found, now)

    def trim_old(self, connection: Connection, rules: StoreRules, now: float) -> Trimmed:
        """Give up some of the runs that nothing was heard of for too long; those that run stay."""
        silent = now - func.coalesce(RUNS.c.silent_after, rules.max_age)
        over = or_(RUNS.c.status != Status.RUNNING, RUNS.c.last_heard < silent)
        old = select(RUNS, JOBS.c.name).join(JOBS, JOBS.c.id == RUNS.c.job_id)
        old = old.where(RUNS.c.last_heard < now - rules.retention_age, over)
        found = connection.execute(old.order_by(RUNS.c.last_heard).limit(_RUNS_AT_ONCE)).all()
        return _give_up(connection, {row.id: row.name for row in found}, found, now)


def sweep(connection: Connection, now: float, age: float) -> bool:
    """Remove some rows that runs have left behind, and what is remembered in vain; whether there may be more."""
    left = connection.scalar(select(LEFTOVERS.c.run_id).limit(1))
    if left is not None:
        rows = sum(_remove_some(connection, table, table.c.run_id == left) for table in (SAMPLES, NOTES, SEEN))
        if not rows:
            connection.execute(delete(LEFTOVERS).where(LEFTOVERS.c.run_id == left))
        return True
    if _remove_some(connection, FORGOTTEN, FORGOTTEN.c.time < now - age) == _ROWS_AT_ONCE:
        return True
    # What is older is refused, so that nobody asks whether it was seen: of runs that go on for so long.
    old = select(RUNS.c.id).where(RUNS.c.began < now - age)
    return _remove_some(connection, SEEN, SEEN.c.run_id.in_(old), SEEN.c.time < now - age) == _ROWS_AT_ONCE


def _remove_some(connection: Connection, table: Table[Any], *which: ColumnElement[bool]) -> int:
    key = tuple_(*table.primary_key)
    some = select(*table.primary_key).where(*which).limit(_ROWS_AT_ONCE)
    return connection.execute(delete(table).where(key.in_(some))).rowcount


def _limit(connection: Connection, job: KnownJob, key: StepKey, runs: int) -> Place | None:
    """The oldest run of a phase that is kept for it; None: it has no more than that."""
    of_phase = (STEPS.c.job_id == job.id, STEPS.c.phase == key.phase, STEPS.c.sub_phase == key.sub_phase)
    newest = select(STEPS.c.began, STEPS.c.run_id).where(*of_phase)
    newest = newest.order_by(STEPS.c.began.desc(), STEPS.c.run_id.desc()).offset(runs - 1).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else (row.began, row.run_id)


def _candidates(connection: Connection, job: KnownJob, limit: Place, passed: Place | None) -> Sequence[Row[Any]]:
    """The oldest runs beyond those that are kept for the job itself, from where the last step has stopped."""
    older = select(RUNS).where(RUNS.c.job_id == job.id, _before(limit))
    if passed is not None:
        older = older.where(or_(RUNS.c.began > passed[0], and_(RUNS.c.began == passed[0], RUNS.c.id > passed[1])))
    return connection.execute(older.order_by(RUNS.c.began, RUNS.c.id).limit(_RUNS_AT_ONCE)).all()


def _kept(connection: Connection, job: KnownJob, found: Iterable[Row[Any]], rules: StoreRules, now: float) -> set[int]:
    """Those that run, and those that one of their phases is kept for: it has not come in many runs since."""
    places = {row.id: (row.began, row.id) for row in found}
    kept = {row.id for row in found if job.runs_now(row.id, now, rules.max_age)}
    of_runs = (STEPS.c.run_id.in_(places), STEPS.c.phase != "", STEPS.c.sub_phase == "")
    limits: dict[str, Place | None] = {}
    for run_id, phase in connection.execute(select(STEPS.c.run_id, STEPS.c.phase).where(*of_runs)):
        key = StepKey(phase)
        if key not in job.totals:
            continue  # of more names than a job's phases may have: such a phase keeps no run
        if phase not in limits:
            limits[phase] = _limit(connection, job, key, rules.retention_runs)
        limit = limits[phase]
        if limit is None or places[run_id] >= limit:
            kept.add(run_id)
    return kept


def _before(place: Place) -> ColumnElement[bool]:
    return or_(RUNS.c.began < place[0], and_(RUNS.c.began == place[0], RUNS.c.id < place[1]))


def _give_up(connection: Connection, names: dict[int, str], found: Sequence[Row[Any]], now: float) -> Trimmed:
    """Give runs up: what is left of them are their names, and rows that are swept up later."""
    rows = [row for row in found if row.id in names]
    trimmed = Trimmed([(names[row.id], row.run) for row in rows])
    if not rows:
        return trimmed
    ids = [row.id for row in rows]
    upsert(connection, FORGOTTEN, [{"job": names[row.id], "run": row.run, "time": now} for row in rows])
    connection.execute(insert(LEFTOVERS), [{"run_id": run_id} for run_id in ids])
    connection.execute(delete(STEPS).where(STEPS.c.run_id.in_(ids)))
    connection.execute(delete(RUNS).where(RUNS.c.id.in_(ids)))
    _keep_successes(connection, rows)
    for job_id, name in {row.job_id: names[row.id] for row in rows}.items():
        if connection.scalar(select(RUNS.c.id).where(RUNS.c.job_id == job_id).limit(1)) is None:
            connection.execute(delete(TOTALS).where(TOTALS.c.job_id == job_id))
            connection.execute(delete(JOBS).where(JOBS.c.id == job_id))
            trimmed.jobs.append(name)
    return trimmed


def _keep_successes(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    """A job's last success stays known when its run is given up."""
    for row in rows:
        if row.status == Status.COMPLETED and row.finished is not None:
            later = or_(JOBS.c.last_success.is_(None), JOBS.c.last_success < row.finished)
            those = update(JOBS).where(JOBS.c.id == row.job_id, later)
            connection.execute(those.values(last_success=row.finished))
