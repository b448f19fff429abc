"""`/api/v1/jobs/{job}/runs/{run}/phases`: phases and sub-phases of a run."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.jobs.reading import JobReading
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_reading import run_models as models
from streamgauge.web.api.jobs_reading import views
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Paged, Statuses
from streamgauge.web.api.jobs_reading.source import (
    JobName,
    Jobs,
    PhaseName,
    RunName,
    SubPhaseName,
    faults,
    job_named,
    run_named,
    step_named,
)
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.workers import Workers

NESTED = ("measured", "sub_phases")
"""What of a step has no place in a flat row."""


class StepQuery(Paged):
    """What a list of phases takes."""

    status: Statuses = Field([], description="Only those that stand so; several, or with commas between.")


class _Found(NamedTuple):
    job: JobReading
    run: Run
    now: float


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of phases and sub-phases."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)
    path = "/jobs/{job}/runs/{run}/phases"
    page = {**replies.described(models.StepPage), **faults(404, 422)}
    one = {**replies.described(models.JobStep, csv=False), **faults(404, 422)}

    @router.get(path, summary="Phases of a run", response_class=Response, responses=page)
    async def phases(request: Request, job: JobName, run: RunName, query: Annotated[StepQuery, Query()]) -> Response:
        """The phases of a run in their order, each with its sub-phases; in CSV without them."""
        return await workers.run(lambda: _list(_find(source, job, run), request, query, lambda found: found.run.phases))

    @router.get(f"{path}/{{phase}}", summary="One phase", response_class=Response, responses=one)
    async def phase(request: Request, job: JobName, run: RunName, phase: PhaseName) -> Response:
        """One phase of a run with its sub-phases."""
        return await workers.run(lambda: _one(_find(source, job, run), request, phase, ""))

    @router.get(
        f"{path}/{{phase}}/sub-phases", summary="Sub-phases of a phase", response_class=Response, responses=page
    )
    async def sub_phases(
        request: Request, job: JobName, run: RunName, phase: PhaseName, query: Annotated[StepQuery, Query()]
    ) -> Response:
        """The sub-phases of a phase in their order."""
        return await workers.run(
            lambda: _list(
                _find(source, job, run), request, query, lambda found: step_named(found.run, phase).sub_phases
            )
        )

    @router.get(
        f"{path}/{{phase}}/sub-phases/{{sub_phase}}", summary="One sub-phase", response_class=Response, responses=one
    )
    async def sub_phase(
        request: Request, job: JobName, run: RunName, phase: PhaseName, sub_phase: SubPhaseName
    ) -> Response:
        """One sub-phase of a phase of a run."""
        return await workers.run(lambda: _one(_find(source, job, run), request, phase, sub_phase))

    return router


def _find(source: Jobs, job: str, run: str) -> _Found:
    reading = source.reading()
    known = job_named(reading, job)
    return _Found(known, run_named(source, known, run), reading.time)


def _one(found: _Found, request: Request, phase: str, sub_phase: str) -> Response:
    step = step_named(found.run, phase, sub_phase)
    return replies.json_reply(request, views.step_of(step, found.job.usual, found.now))


def _list(found: _Found, request: Request, query: StepQuery, steps: Callable[[_Found], tuple[Step, ...]]) -> Response:
    wanted = [step for step in steps(found) if not query.status or step.status in query.status]
    page = wanted[query.offset : query.offset + query.limit]
    items = [views.step_of(step, found.job.usual, found.now) for step in page]
    return list_reply(
        request,
        query,
        items,
        lambda: models.StepPage(
            run=found.run.run, total=len(wanted), limit=query.limit, offset=query.offset, items=items
        ),
        model=models.JobStep,
        total=len(wanted),
        without=NESTED,
    )
