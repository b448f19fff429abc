"""`/api/v1/jobs`: every job with its latest run in short, one of them whole, and all of them in one small answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.summary import SlowPhase, elapsed_seconds, summarised
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_reading import job_models as models
from streamgauge.web.api.jobs_reading import views
from streamgauge.web.api.jobs_reading.applications import added_up
from streamgauge.web.api.jobs_reading.describing import moment
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Paged, Statuses, Text
from streamgauge.web.api.jobs_reading.source import JobName, Jobs, faults, job_named
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.ordering import ordered
from streamgauge.web.workers import Workers

_DAY: Final = 86400.0
_BADNESS: Final = (
    Status.COMPLETED,
    Status.PENDING,
    Status.RUNNING,
    Status.ABORTED,
    Status.LOST,
    Status.FAILED,
)


class JobQuery(Paged):
    """What `/api/v1/jobs` takes."""

    search: Text = Field(None, description="Only jobs whose name or title has this in it, in any case.")
    status: Statuses = Field([], description="Only jobs whose latest run stands so; several, or with commas between.")
    environment: Text = Field(None, description="Only jobs whose latest run is in this environment: its exact name.")
    sort: Literal[
        "name",
        "-name",
        "status",
        "-status",
        "started",
        "-started",
        "duration",
        "-duration",
        "errors",
        "-errors",
        "last_success",
        "-last_success",
    ] = Field(
        "name",
        description="`-` in front for descending; what is unknown comes last. `-status` begins with failed and lost.",
    )


_FIGURES: Final[Mapping[str, Callable[[JobReading], float | None]]] = {
    "status": lambda job: _BADNESS.index(job.latest.status),
    "started": lambda job: job.latest.itself.started,
    "errors": lambda job: job.latest.errors,
    "last_success": lambda job: job.last_success,
}


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)

    @router.get(
        "/jobs",
        summary="Jobs",
        response_class=Response,
        responses={**replies.described(models.JobPage), **faults(422)},
    )
    async def jobs(request: Request, query: Annotated[JobQuery, Query()]) -> Response:
        """Every job with the run that started last, what is usual for it, and when it is due."""
        return await workers.run(lambda: _list(source, request, query))

    @router.get(
        "/jobs/summary",
        summary="All jobs in one answer",
        response_class=Response,
        responses={**replies.described(models.JobsSummary, csv=False), **faults()},
    )
    async def summary(request: Request) -> Response:
        """Jobs by status, what runs and what is lost, failures of a day, the slowest phases, and applications.

        A job that is called `summary` is at `/api/v1/jobs/%73ummary`.
        """
        return await workers.run(lambda: replies.json_reply(request, _summary(source)))

    @router.get(
        "/jobs/{job}",
        summary="One job",
        response_class=Response,
        responses={**replies.described(models.WholeJob, csv=False), **faults(404, 422)},
    )
    async def job(request: Request, job: JobName) -> Response:
        """One job: its latest run whole, and its phases over all runs."""
        return await workers.run(lambda: _whole(source, request, job))

    return router


def _list(source: Jobs, request: Request, query: JobQuery) -> Response:
    reading = source.reading()
    figures = {**_FIGURES, "duration": lambda job: _duration(job, reading.time)}
    found = ordered((job for job in reading.jobs if _wanted(job, query)), query.sort, figures, lambda job: (job.job,))
    page = found[query.offset : query.offset + query.limit]
    items = [views.job_in_short(job, reading.time) for job in page]
    return list_reply(
        request,
        query,
        items,
        lambda: models.JobPage(total=len(found), limit=query.limit, offset=query.offset, items=items),
        model=models.Job,
        total=len(found),
    )


def _wanted(job: JobReading, query: JobQuery) -> bool:
    run, searched = job.latest, (query.search or "").casefold()
    return (
        (not query.status or run.status in query.status)
        and (query.environment is None or run.environment == query.environment)
        and (searched in job.job.casefold() or searched in (run.itself.title or "").casefold())
    )


def _duration(job: JobReading, now: float) -> float | None:
    itself = job.latest.itself
    return elapsed_seconds(itself, now) if itself.duration_seconds is None else itself.duration_seconds


def _whole(source: Jobs, request: Request, name: str) -> Response:
    reading = source.reading()
    return replies.json_reply(request, views.whole_job(job_named(reading, name), reading.time))


def _summary(source: Jobs) -> models.JobsSummary:
    reading, queries = source.reading(), source.queries
    found, since = summarised(reading), reading.time - _DAY
    return models.JobsSummary(
        time=moment(reading.time),
        job_count=len(reading.jobs),
        jobs={status.value: count for status, count in found.jobs.items()},
        runs_running=found.running,
        runs_lost=found.lost,
        runs_last_24h=queries.runs(since=since, limit=1).total,
        runs_failed_last_24h=queries.runs(since=since, statuses=(Status.FAILED,), limit=1).total,
        errors=found.errors,
        warnings=found.warnings,
        slowest_phases=[_slow(phase) for phase in found.slowest],
        applications=_applications(reading),
    )


def _slow(phase: SlowPhase) -> models.SlowPhase:
    return models.SlowPhase(
        job=phase.job,
        run=phase.run,
        phase=phase.step.phase,
        title=phase.title,
        status=phase.status.value,
        duration_seconds=phase.seconds,
        usual_duration_seconds=phase.usual_seconds,
        ratio=phase.ratio,
    )


def _applications(reading: JobsReading) -> models.ApplicationsInAll:
    actions = [added_up(each.totals.actions) for each in reading.applications]
    events = [each.totals.events for each in reading.applications if each.totals.events is not None]
    return models.ApplicationsInAll(
        applications=len(reading.applications),
        processes=sum(len(each.processes) for each in reading.applications),
        actions_total=_sum(each.total for each in actions),
        actions_failed=_sum(each.failed for each in actions),
        events_total=_sum(each.total for each in events),
        events_failed=_sum(each.failed for each in events),
    )


def _sum(parts: Iterable[int | None]) -> int | None:
    """Of those that have it; None where none has."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
