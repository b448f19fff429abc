"""`/api/v1/runs` and `/api/v1/jobs/{job}/runs`: runs in short, one whole, and how far it is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import Run
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_reading import run_models as models
from streamgauge.web.api.jobs_reading import views
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Paged, Statuses, Text, TimeAsked
from streamgauge.web.api.jobs_reading.source import JobName, Jobs, RunName, faults, job_named, run_named
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.workers import Workers


class RunQuery(Paged):
    """What a list of runs takes."""

    status: Statuses = Field([], description="Only runs that stand so; several, or with commas between.")
    environment: Text = Field(None, description="Only runs in this environment: its exact name.")
    since: TimeAsked = Field(None, description="Only runs that began then or later: with its zone, or in seconds.")
    until: TimeAsked = Field(None, description="Only runs that began before then.")
    search: Text = Field(None, description="Only runs whose id, title or job's name has this in it, in any case.")


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of runs."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)
    _add_lists(router, source, workers)

    @router.get(
        "/jobs/{job}/runs/{run}",
        summary="One run",
        response_class=Response,
        responses={**replies.described(models.WholeRun, csv=False), **faults(404, 422)},
    )
    async def run(request: Request, job: JobName, run: RunName) -> Response:
        """One run, whole: its phases and sub-phases with times, CPU, memory, counts and measured numbers."""
        return await workers.run(lambda: _whole(source, request, job, run))

    @router.get(
        "/jobs/{job}/runs/{run}/progress",
        summary="How far a run is",
        response_class=Response,
        responses={**replies.described(models.RunProgress, csv=False), **faults(404, 422)},
    )
    async def progress(request: Request, job: JobName, run: RunName) -> Response:
        """Made to be asked again and again: small, and of the latest run it comes from memory."""
        return await workers.run(lambda: _progress(source, request, job, run))

    return router


def _add_lists(router: APIRouter, source: Jobs, workers: Workers) -> None:
    described = {**replies.described(models.RunPage), **faults(422)}

    @router.get("/runs", summary="Runs of all jobs", response_class=Response, responses=described)
    async def runs(request: Request, query: Annotated[RunQuery, Query()]) -> Response:
        """Runs of all jobs, the one that started last first."""
        return await workers.run(lambda: _list(source, request, query, source.reading()))

    @router.get("/jobs/{job}/runs", summary="Runs of a job", response_class=Response, responses=described | faults(404))
    async def runs_of_job(request: Request, job: JobName, query: Annotated[RunQuery, Query()]) -> Response:
        """Runs of a job, the one that started last first."""
        return await workers.run(lambda: _list_of(source, request, query, job))


def _list_of(source: Jobs, request: Request, query: RunQuery, name: str) -> Response:
    reading = source.reading()
    return _list(source, request, query, reading, job_named(reading, name).job)


def _list(source: Jobs, request: Request, query: RunQuery, reading: JobsReading, job: str | None = None) -> Response:
    found = source.queries.runs(
        job=job,
        statuses=[Status(word) for word in query.status],
        environment=query.environment,
        since=query.since,
        until=query.until,
        search=query.search,
        offset=query.offset,
        limit=query.limit,
    )
    jobs = {each.job: each for each in reading.jobs}
    items = [_in_short(jobs.get(run.job), run, reading.time) for run in found.items]
    return list_reply(
        request,
        query,
        items,
        lambda: models.RunPage(total=found.total, limit=query.limit, offset=query.offset, items=items),
        model=models.JobRun,
        total=found.total,
    )


def _in_short(job: JobReading | None, run: Run, now: float) -> models.JobRun:
    """With the progress that the rest of the API has, where memory knows the job already."""
    if job is None:
        return views.run_in_short(run, now)
    same = job.latest if job.latest.run == run.run else run
    return views.run_in_short(run, now, views.completion_of(job, same, now).progress_ratio)


def _whole(source: Jobs, request: Request, job: str, run: str) -> Response:
    reading = source.reading()
    known = job_named(reading, job)
    return replies.json_reply(request, views.whole_run(known, run_named(source, known, run), reading.time))


def _progress(source: Jobs, request: Request, job: str, run: str) -> Response:
    reading = source.reading()
    known = job_named(reading, job)
    return replies.json_reply(request, views.progress_of(known, run_named(source, known, run), reading.time))
