"""`/api/v1/jobs/{job}/compare`: a run beside another one, the one before it, or the median of earlier ones."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.jobs.comparison import FIGURES, Measures, Row, compare, measures_of, median_of
from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading
from streamgauge.model.jobs.runs import Run
from streamgauge.web.api import replies, tables
from streamgauge.web.api.jobs_reading import past_models as models
from streamgauge.web.api.jobs_reading.parameters import Asked, Name
from streamgauge.web.api.jobs_reading.source import LATEST, JobName, Jobs, faults, job_named, run_named
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.problem import ProblemError
from streamgauge.web.workers import Workers

MEDIAN, PREVIOUS = "median", "previous"

_MOST_RUNS: Final = 50
_LONGEST_NAME: Final = 200


class CompareQuery(Asked):
    """What `/api/v1/jobs/{job}/compare` takes."""

    run: Name = Field(
        LATEST, min_length=1, max_length=_LONGEST_NAME, description="The run's id, or `latest` (the default)."
    )
    baseline: Name = Field(
        MEDIAN,
        alias="with",
        min_length=1,
        max_length=_LONGEST_NAME,
        description="What it is compared with: `median` (the default: of the last completed runs before it), "
        "`previous` (the run before it), `latest`, or a run's id.",
    )
    last: int = Field(
        10, ge=1, le=_MOST_RUNS, description="How many runs make the median, at most; of the same environment."
    )


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The route of comparisons."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)

    @router.get(
        "/jobs/{job}/compare",
        summary="Two runs beside each other",
        response_class=Response,
        responses={**replies.described(models.Comparison), **faults(404, 422)},
    )
    async def compared(request: Request, job: JobName, query: Annotated[CompareQuery, Query()]) -> Response:
        """Step by step the duration, CPU, memory peak, errors, warnings and items per second of both sides.

        The first row is the run as a whole, with all of its parts; a part's figures are its own.
        """
        return await workers.run(lambda: _reply(source, request, job, query))

    return router


def _reply(source: Jobs, request: Request, name: str, query: CompareQuery) -> Response:
    job = job_named(source.reading(), name)
    run = run_named(source, job, query.run)
    runs = _baseline(source, job, run, query)
    baseline = median_of(runs) if query.baseline == MEDIAN else measures_of(runs[0])
    rows = compare(measures_of(run), baseline, runs=len(runs))
    if replies.wants_csv(request, query.format):
        columns, table = _table(rows)
        return replies.csv_reply(request, columns, table, total=len(rows))
    ids = [each.run for each in runs]
    items = [_step(row) for row in rows]
    page = models.Comparison(job=job.job, run=run.run, baseline=query.baseline, baseline_runs=ids, items=items)
    return replies.json_reply(request, page)


def _baseline(source: Jobs, job: JobReading, run: Run, query: CompareQuery) -> Sequence[Run]:
    """At least one run, the newest first.

    Raises:
        ProblemError: 404, there is none.
    """
    if query.baseline not in {MEDIAN, PREVIOUS}:
        return (run_named(source, job, query.baseline),)
    wanted = 1 if query.baseline == PREVIOUS else query.last
    found = source.queries.runs(
        job=job.job,
        statuses=() if query.baseline == PREVIOUS else (Status.COMPLETED,),
        environment=run.environment,
        until=_began(run),
        limit=wanted + 1,
    )
    earlier = [each for each in found.items if each.run != run.run][:wanted]
    if not earlier:
        which = "run" if query.baseline == PREVIOUS else "completed run"
        where = "" if run.environment is None else f" in environment {run.environment!r}"
        detail = f"job {job.job!r} has no {which}{where} before {run.run!r}; name another one by with=..."
        raise ProblemError(HTTPStatus.NOT_FOUND, detail)
    return earlier


def _began(run: Run) -> float | None:
    """When a run began; a phase may have been heard of before it."""
    told = [step.started for step in (run.itself, *run.steps()) if step.started is not None]
    return min(told, default=None)


def _step(row: Row) -> models.ComparedStep:
    named = row.run or row.baseline
    figures = {
        name: models.ComparedFigure(
            value=pair.value, baseline=pair.baseline, difference=pair.difference, ratio=pair.ratio
        )
        for name, pair in row.figures.items()
    }
    return models.ComparedStep(
        phase=row.step.phase or None,
        sub_phase=row.step.sub_phase or None,
        title=named.title if named else None,
        only_in=row.only_in,
        status=_status(row.run),
        baseline_status=_status(row.baseline),
        baseline_run_count=row.baseline.runs if row.baseline else 0,
        **figures,
    )


def _status(side: Measures | None) -> str | None:
    return None if side is None or side.status is None else side.status.value


def _table(rows: Sequence[Row]) -> tuple[list[str], Iterator[tables.Row]]:
    """A row a step; a figure is four columns."""
    plain = tables.columns_of(models.ComparedStep, without=FIGURES)
    parts = tables.columns_of(models.ComparedFigure)
    columns = [*plain, *(_column(name, part) for name in FIGURES for part in parts)]
    return columns, (_flat(_step(row), plain, parts) for row in rows)


def _flat(step: models.ComparedStep, plain: Sequence[str], parts: Sequence[str]) -> dict[str, Any]:
    figures = {_column(name, part): getattr(getattr(step, name), part) for name in FIGURES for part in parts}
    return tables.row_of(step, plain) | figures


def _column(figure: str, part: str) -> str:
    return figure if part == "value" else f"{figure}_{part}"
