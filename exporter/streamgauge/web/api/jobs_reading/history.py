"""A job or a step in its last runs: each of them, and where its figures go."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field

from streamgauge.jobs.records import StepRecord
from streamgauge.model.jobs.events import ENDED, RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading
from streamgauge.model.jobs.runs import Run
from streamgauge.model.jobs.summary import whole_cpu_seconds, whole_memory_peak_bytes
from streamgauge.model.jobs.trend import trend
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_reading import past_models as models
from streamgauge.web.api.jobs_reading.describing import moment
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Asked, StatusWord, Text, words
from streamgauge.web.api.jobs_reading.source import JobName, Jobs, PhaseName, faults, job_named, step_key, unknown
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.workers import Workers

MOST_RUNS: Final = 200
"""A trend looks at every two of them, and a history of whole runs reads each with its steps."""

_DEFAULT_RUNS: Final = 30

Metric = Literal["duration", "memory", "cpu", "errors"]

_ALL_METRICS: Final[tuple[Metric, ...]] = ("duration", "memory", "cpu", "errors")


class LastQuery(Asked):
    """How far back."""

    last: int = Field(_DEFAULT_RUNS, ge=1, le=MOST_RUNS, description="How many runs at most: the newest.")


class HistoryQuery(LastQuery):
    """What a history of whole runs takes."""

    status: Annotated[StatusWord | None, BeforeValidator(lambda asked: asked.casefold() or None)] = Field(
        None, description="Only where it stands so."
    )


class TrendQuery(LastQuery):
    """What trends of whole runs take."""

    metric: Annotated[list[Metric], BeforeValidator(words)] = Field(
        [], description="Only these figures; several, or with commas between. By default all of them."
    )


class _OfSubPhase(Asked):
    sub_phase: Text = Field(None, description="This sub-phase of the phase: its exact name.")


class StepHistoryQuery(HistoryQuery, _OfSubPhase):
    """What a history of a phase takes."""


class StepTrendQuery(TrendQuery, _OfSubPhase):
    """What trends of a phase take."""


class _Figure(NamedTuple):
    unit: str
    of: Callable[[StepRecord], float | None]


_FIGURES: Final[Mapping[Metric, _Figure]] = {
    "duration": _Figure("seconds", lambda record: record.duration_seconds),
    "memory": _Figure("bytes", lambda record: record.memory_peak_bytes),
    "cpu": _Figure("seconds", lambda record: record.cpu_seconds),
    "errors": _Figure("errors", lambda record: record.errors),
}


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of histories and trends."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)
    history = {**replies.described(models.History), **faults(404, 422)}
    trends = {**replies.described(models.Trends), **faults(404, 422)}
    phase_path = "/jobs/{job}/phases/{phase}"

    @router.get("/jobs/{job}/history", summary="A job's last runs", response_class=Response, responses=history)
    async def of_job(request: Request, job: JobName, query: Annotated[HistoryQuery, Query()]) -> Response:
        """The last runs of a job, the oldest first: durations, CPU, memory, errors, over all steps of each."""
        return await workers.run(lambda: _history(source, request, job, RUN, query))

    @router.get(f"{phase_path}/history", summary="A phase's last runs", response_class=Response, responses=history)
    async def of_phase(
        request: Request, job: JobName, phase: PhaseName, query: Annotated[StepHistoryQuery, Query()]
    ) -> Response:
        """A phase, or one of its sub-phases, in its last runs, the oldest first."""
        return await workers.run(lambda: _history(source, request, job, _step(phase, query), query))

    @router.get("/jobs/{job}/trend", summary="Where a job's figures go", response_class=Response, responses=trends)
    async def trend_of_job(request: Request, job: JobName, query: Annotated[TrendQuery, Query()]) -> Response:
        """Duration, memory and CPU over the last completed runs, errors over the last that ended in any way."""
        return await workers.run(lambda: _trends(source, request, job, RUN, query))

    @router.get(f"{phase_path}/trend", summary="Where a phase's figures go", response_class=Response, responses=trends)
    async def trend_of_phase(
        request: Request, job: JobName, phase: PhaseName, query: Annotated[StepTrendQuery, Query()]
    ) -> Response:
        """The same for a phase or one of its sub-phases, without the figures of its parts."""
        return await workers.run(lambda: _trends(source, request, job, _step(phase, query), query))

    return router


def _step(phase: str, query: _OfSubPhase) -> StepKey:
    return step_key(phase, query.sub_phase) or RUN


def _history(source: Jobs, request: Request, name: str, step: StepKey, query: HistoryQuery) -> Response:
    job = job_named(source.reading(), name)
    _look_for(source, job, step)
    status = None if query.status is None else Status(query.status)
    items = [_past(record) for record in _records(source, job.job, step, query.last, status)]
    return list_reply(
        request,
        query,
        items,
        lambda: models.History(**_named(job.job, step), last=query.last, items=items),
        model=models.PastStep,
        total=len(items),
    )


def _trends(source: Jobs, request: Request, name: str, step: StepKey, query: TrendQuery) -> Response:
    job = job_named(source.reading(), name)
    _look_for(source, job, step)
    asked = [metric for metric in _ALL_METRICS if not query.metric or metric in query.metric]
    completed: tuple[StepRecord, ...] = ()
    if asked != ["errors"]:
        completed = _records(source, job.job, step, query.last, Status.COMPLETED)
    ended = _ended(source, job.job, step, query.last) if "errors" in asked else ()
    items = [_trend(metric, ended if metric == "errors" else completed) for metric in asked]
    return list_reply(
        request,
        query,
        items,
        lambda: models.Trends(**_named(job.job, step), last=query.last, items=items),
        model=models.MetricTrend,
        total=len(items),
        without=("values",),
    )


def _trend(metric: Metric, records: Iterable[StepRecord]) -> models.MetricTrend:
    figure = _FIGURES[metric]
    values = [(record, figure.of(record)) for record in records]
    found = trend([value for _, value in values])
    return models.MetricTrend(
        metric=metric,
        unit=figure.unit,
        count=found.count,
        unknown=found.unknown,
        average=found.average,
        minimum=found.minimum,
        maximum=found.maximum,
        median=found.median,
        p90=found.p90,
        p95=found.p95,
        p99=found.p99,
        standard_deviation=found.standard_deviation,
        slope_per_run=found.slope_per_run,
        change_ratio=found.change_ratio,
        direction=found.direction,
        values=[
            models.TrendValue(run=record.run, started=moment(record.started), value=value) for record, value in values
        ],
    )


def _ended(source: Jobs, job: str, step: StepKey, last: int) -> tuple[StepRecord, ...]:
    """The last runs that will tell no more errors: one that runs has not made all of its own yet."""
    records = _records(source, job, step, min(MOST_RUNS, 2 * last), None)
    return tuple(record for record in records if record.status in ENDED or record.status is Status.LOST)[-last:]


def _records(source: Jobs, job: str, step: StepKey, last: int, status: Status | None) -> tuple[StepRecord, ...]:
    """The oldest first; of whole runs with the figures of all of their steps, which the store has apart."""
    if step != RUN:
        return source.queries.history(job, step, last=last, status=status)
    found = source.queries.runs(job=job, statuses=() if status is None else (status,), limit=last)
    return tuple(_record(run) for run in reversed(found.items))


def _record(run: Run) -> StepRecord:
    itself = run.itself
    return StepRecord(
        run=run.run,
        step=RUN,
        status=run.status,
        started=itself.started,
        finished=itself.finished,
        duration_seconds=itself.duration_seconds,
        cpu_seconds=whole_cpu_seconds(run),
        memory_peak_bytes=whole_memory_peak_bytes(run),
        errors=run.errors,
        warnings=run.warnings,
        items=itself.items,
    )


def _look_for(source: Jobs, job: JobReading, step: StepKey) -> None:
    """Raise a 404 for a step that no run has: a misspelt phase is not one without a past."""
    if step == RUN or step in job.totals or step in job.usual or any(step == each.key for each in job.latest.steps()):
        return
    if source.queries.history(job.job, step, last=1, status=None):
        return
    known = {each.key for each in job.latest.steps()} | job.totals.keys()
    if step.sub_phase:
        of_phase = (each.sub_phase for each in known if each.phase == step.phase and each.sub_phase)
        detail = f"phase {step.phase!r} of job {job.job!r} has had no sub-phase {step.sub_phase!r}"
        raise unknown(detail, step.sub_phase, of_phase)
    raise unknown(
        f"job {job.job!r} has had no phase {step.phase!r}", step.phase, (each.phase for each in known if each.phase)
    )


def _past(record: StepRecord) -> models.PastStep:
    return models.PastStep(
        run=record.run,
        phase=record.step.phase or None,
        sub_phase=record.step.sub_phase or None,
        status=record.status.value,
        started=moment(record.started),
        finished=moment(record.finished),
        duration_seconds=record.duration_seconds,
        cpu_seconds=record.cpu_seconds,
        memory_peak_bytes=record.memory_peak_bytes,
        errors=record.errors,
        warnings=record.warnings,
        items=record.items,
    )


def _named(job: str, step: StepKey) -> dict[str, Any]:
    return {"job": job, "phase": step.phase or None, "sub_phase": step.sub_phase or None}
