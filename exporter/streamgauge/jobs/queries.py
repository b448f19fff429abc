"""Pages of runs, samples, notes and histories, read from the database by any thread."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.records import Found, Note, NoteKind, Sample, StepRecord
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.state_json import state_from_json
from streamgauge.jobs.tables import JOBS, NOTES, RUNS, SAMPLES, STEPS
from streamgauge.jobs.writer import reason_of
from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.runs import Run, view
from streamgauge.model.jobs.states import StepState

_RETRY_SECONDS = 5.0


class JobQueries:
    """The reading side of the store. Every call raises ``StoreUnavailableError`` while the database is away.

    Args:
        engine: gives connections for reading, or raises ``StoreUnavailableError`` while there is nothing to read.
        rules: says after how much silence a run is lost.
        clock: seconds since the epoch.
        failed: called when a read has failed.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        rules: Callable[[], StoreRules],
        clock: Callable[[], float],
        failed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._clock = clock
        self._failed = failed

    def runs(  # noqa: PLR0913 - what can be asked for
        self,
        *,
        job: str | None = None,
        statuses: Collection[Status] = (),
        environment: str | None = None,
        since: float | None = None,
        until: float | None = None,
        search: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Found[Run]:
        """Runs, the one that started last first.

        Args:
            job: of this job alone.
            statuses: in one of these; none: in any.
            environment: in this environment alone.
            since: started then or later.
            until: started before then.
            search: has this in its id, title or job's name, in upper or lower case.
            offset: how many to pass over.
            limit: how many at most.
        """
        now = self._clock()
        which: list[ColumnElement[bool]] = [RUNS.c.began >= since] if since is not None else []
        which += [RUNS.c.began < until] if until is not None else []
        which += [RUNS.c.job_id == _job_id(job)] if job is not None else []
        which += [RUNS.c.environment == environment] if environment is not None else []
        which += [self._in(statuses, now)] if statuses else []
        which += [_found(search)] if search else []
        # Counted, and passed over, without the names of their jobs: both may be all runs.
        page = select(RUNS.c.id).where(*which).order_by(RUNS.c.began.desc(), RUNS.c.run.desc())
        page = page.offset(offset).limit(limit)
        named = select(RUNS, JOBS.c.name).join(JOBS, JOBS.c.id == RUNS.c.job_id)
        newest = named.order_by(RUNS.c.began.desc(), RUNS.c.run.desc())
        with self._connection() as connection:
            total = connection.scalar(select(func.count()).select_from(RUNS).where(*which)) or 0
            rows = connection.execute(newest.where(RUNS.c.id.in_(connection.scalars(page).all()))).all()
            return Found(self._views(connection, rows, now), total)

    def run(self, job: str, run: str) -> Run | None:
        """One run; None: there is none."""
        one = select(RUNS, JOBS.c.name).join(JOBS, JOBS.c.id == RUNS.c.job_id)
        with self._connection() as connection:
            rows = connection.execute(one.where(JOBS.c.name == job, RUNS.c.run == run)).all()
            return next(iter(self._views(connection, rows, self._clock())), None)

    def samples(
        self, job: str, run: str, *, step: StepKey | None = None, since: float | None = None, limit: int = 1000
    ) -> tuple[Sample, ...]:
        """The newest samples of a run, in time's order.

        Args:
            job: the job's name.
            run: the run's id.
            step: of this part alone; None: of all.
            since: later than that.
            limit: how many at most.
        """
        which: list[ColumnElement[bool]] = [SAMPLES.c.time > since] if since is not None else []
        which += _of_step(SAMPLES, step)
        with self._connection() as connection:
            of_run = select(SAMPLES).where(SAMPLES.c.run_id == _run_id(connection, job, run), *which)
            newest = of_run.order_by(SAMPLES.c.time.desc(), SAMPLES.c.event_id.desc()).limit(limit)
            return tuple([_sample(row) for row in reversed(connection.execute(newest).all())])

    def notes(  # noqa: PLR0913 - what can be asked for
        self,
        job: str,
        run: str | None = None,
        *,
        kinds: Collection[NoteKind] = (),
        step: StepKey | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Found[Note]:
        """Artifacts, warnings and errors, the newest first.

        Args:
            job: the job's name.
            run: the run's id; None: of all of its runs.
            kinds: of these kinds; none: of any.
            step: of this part alone; None: of all.
            offset: how many to pass over.
            limit: how many at most.
        """
        which: list[ColumnElement[bool]] = [NOTES.c.kind.in_([kind.value for kind in kinds])] if kinds else []
        which += _of_step(NOTES, step)
        which += [RUNS.c.run == run] if run is not None else []
        joined = select(NOTES, RUNS.c.run).join(RUNS, RUNS.c.id == NOTES.c.run_id)
        with self._connection() as connection:
            job_id = connection.scalar(select(JOBS.c.id).where(JOBS.c.name == job))
            those = joined.where(NOTES.c.job_id == job_id, RUNS.c.job_id == job_id, *which)
            newest = those.order_by(NOTES.c.time.desc(), NOTES.c.id.desc()).offset(offset).limit(limit)
            total = _count(connection, those)
            return Found(tuple([_note(row) for row in connection.execute(newest)]), total)

    def history(
        self,
        job: str,
        step: StepKey,
        *,
        last: int,
        status: Status | None = Status.COMPLETED,
        before: str | None = None,
    ) -> tuple[StepRecord, ...]:
        """A step in the last runs, oldest first; for ``RUN`` the runs themselves.

        Args:
            job: the job's name.
            step: which part.
            last: how many at most.
            status: in this status alone; None: in any.
            before: only runs that started before this one.
        """
        now = self._clock()
        with self._connection() as connection:
            job_id = connection.scalar(select(JOBS.c.id).where(JOBS.c.name == job))
            which = [STEPS.c.job_id == job_id, *_of_step(STEPS, step), STEPS.c.status.is_not(None)]
            if before is not None:
                began = select(RUNS.c.began, RUNS.c.run).where(RUNS.c.job_id == job_id, RUNS.c.run == before)
                place = connection.execute(began).one_or_none()
                if place is None:
                    return ()
                earlier = and_(RUNS.c.began == place.began, RUNS.c.run < place.run)
                which.append(or_(RUNS.c.began < place.began, earlier))
            if status is not None:
                which.append(self._step_in(status, now))
            lost = self._lost(now).label("lost")
            joined = select(STEPS, RUNS.c.run, lost).join(RUNS, RUNS.c.id == STEPS.c.run_id).where(*which)
            newest = joined.order_by(STEPS.c.began.desc(), RUNS.c.run.desc()).limit(last)
            return tuple([_record(row) for row in reversed(connection.execute(newest).all())])

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads: all that is asked by it is of one moment."""
        try:
            with self._engine().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            self._failed()
            raise StoreUnavailableError(f"runs cannot be read: {reason_of(error)}", _RETRY_SECONDS) from error

    def _lost(self, now: float) -> ColumnElement[bool]:
        """Of a row of a run: it runs as it was told, and was not heard of for too long."""
        silent = now - RUNS.c.last_heard > func.coalesce(RUNS.c.silent_after, self._rules().max_age)
        return and_(RUNS.c.status == Status.RUNNING, silent)

    def _in(self, statuses: Collection[Status], now: float) -> ColumnElement[bool]:
        lost = self._lost(now)
        told = [status.value for status in statuses if status not in (Status.LOST, Status.RUNNING)]
        which: list[ColumnElement[bool]] = [RUNS.c.status.in_(told)]
        which += [lost] if Status.LOST in statuses else []
        which += [and_(RUNS.c.status == Status.RUNNING, ~lost)] if Status.RUNNING in statuses else []
        return or_(*which)

    def _step_in(self, status: Status, now: float) -> ColumnElement[bool]:
        """What runs in a run that is lost is lost too."""
        if status is Status.LOST:
            return and_(STEPS.c.status == Status.RUNNING, self._lost(now))
        if status is Status.RUNNING:
            return and_(STEPS.c.status == Status.RUNNING, ~self._lost(now))
        return STEPS.c.status == status.value

    def _views(self, connection: Connection, rows: Sequence[Row[Any]], now: float) -> tuple[Run, ...]:
        states = {row.id: dict[StepKey, StepState]() for row in rows}
        if states:
            columns = select(STEPS.c.run_id, STEPS.c.phase, STEPS.c.sub_phase, STEPS.c.state)
            for run_id, phase, sub_phase, state in connection.execute(columns.where(STEPS.c.run_id.in_(states))):
                states[run_id][StepKey(phase, sub_phase)] = state_from_json(state)
        limit = self._rules().max_age
        return tuple(
            [
                view(row.name, row.run, states[row.id], last_heard=row.last_heard, now=now, silent_after=limit)
                for row in rows
            ]
        )


def _job_id(job: str) -> ScalarSelect[int]:
    return select(JOBS.c.id).where(JOBS.c.name == job).scalar_subquery()


def _found(text: str) -> ColumnElement[bool]:
    """Of a row of a run: it has a text in its id, its title, or its job's name."""
    jobs = select(JOBS.c.id).where(JOBS.c.name.icontains(text, autoescape=True))
    columns = (RUNS.c.run, RUNS.c.title)
    return or_(*(column.icontains(text, autoescape=True) for column in columns), RUNS.c.job_id.in_(jobs))


def _count(connection: Connection, rows: Select[*tuple[Any, ...]]) -> int:
    return connection.scalar(rows.with_only_columns(func.count())) or 0


def _run_id(connection: Connection, job: str, run: str) -> int | None:
    those = select(RUNS.c.id).join(JOBS, JOBS.c.id == RUNS.c.job_id).where(JOBS.c.name == job, RUNS.c.run == run)
    return connection.scalar(those)


def _of_step(table: Any, step: StepKey | None) -> list[ColumnElement[bool]]:
    return [] if step is None else [table.c.phase == step.phase, table.c.sub_phase == step.sub_phase]


def _sample(row: Row[Any]) -> Sample:
    interval = row.interval_seconds
    return Sample(
        row.event_id,
        row.time,
        StepKey(row.phase, row.sub_phase),
        row.cpu_seconds,
        interval,
        row.cpu_seconds / interval if interval else None,
        row.memory_bytes,
        row.memory_peak_bytes,
        row.threads,
        row.processes,
    )


def _note(row: Row[Any]) -> Note:
    step, kind = StepKey(row.phase, row.sub_phase), NoteKind(row.kind)
    artifact = (row.uri, row.size_bytes, row.direction)
    return Note(row.event_id, row.time, row.run, step, kind, row.message, *artifact, row.error_type, row.traceback)


def _record(row: Row[Any]) -> StepRecord:
    status = Status(row.status)
    return StepRecord(
        row.run,
        StepKey(row.phase, row.sub_phase),
        Status.LOST if row.lost and status is Status.RUNNING else status,
        row.started,
        row.finished,
        row.duration_seconds,
        row.cpu_seconds,
        row.memory_peak_bytes,
        row.errors,
        row.warnings,
        row.item_count,
    )
