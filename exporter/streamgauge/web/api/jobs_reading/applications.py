"""`/api/v1/applications`: what programs do inside. Totals alone: their rates are what Prometheus is for."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.model.jobs.applications import BOUNDS, ApplicationReading, ProcessSnapshot, Work
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_reading import application_models as models
from streamgauge.web.api.jobs_reading.describing import moment
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Paged, Text
from streamgauge.web.api.jobs_reading.source import ApplicationName, Jobs, application_named, faults
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.ordering import ordered
from streamgauge.web.workers import Workers


class AddedUp(NamedTuple):
    """Actions of all names together; None where there is none."""

    total: int | None
    failed: int | None


class ApplicationQuery(Paged):
    """What `/api/v1/applications` takes."""

    search: Text = Field(None, description="Only applications whose name has this in it, in any case.")
    sort: Literal["name", "-name", "last_heard", "-last_heard"] = Field(
        "name", description="`-` in front for descending."
    )


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of applications."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)

    @router.get(
        "/applications",
        summary="Applications",
        response_class=Response,
        responses={**replies.described(models.ApplicationPage), **faults(422)},
    )
    async def applications(request: Request, query: Annotated[ApplicationQuery, Query()]) -> Response:
        """Every application that pushes its metrics, with its totals over all of its processes."""
        return await workers.run(lambda: _list(source, request, query))

    @router.get(
        "/applications/{application}",
        summary="One application",
        response_class=Response,
        responses={**replies.described(models.WholeApplication, csv=False), **faults(404, 422)},
    )
    async def application(request: Request, application: ApplicationName) -> Response:
        """One application: its actions and events, and the last snapshot of each process that lives."""
        return await workers.run(
            lambda: replies.json_reply(request, _whole(application_named(source.reading(), application)))
        )

    return router


def added_up(actions: Mapping[str, Work]) -> AddedUp:
    """Actions of all names together."""
    works = actions.values()
    return AddedUp(sum(work.total for work in works), sum(work.failed for work in works)) if works else _NONE


_NONE = AddedUp(None, None)


def _list(source: Jobs, request: Request, query: ApplicationQuery) -> Response:
    searched = (query.search or "").casefold()
    found = ordered(
        (each for each in source.reading().applications if searched in each.application.casefold()),
        query.sort,
        {"last_heard": lambda each: each.last_heard},
        lambda each: (each.application,),
    )
    items = [models.Application(**_figures(each)) for each in found[query.offset : query.offset + query.limit]]
    return list_reply(
        request,
        query,
        items,
        lambda: models.ApplicationPage(total=len(found), limit=query.limit, offset=query.offset, items=items),
        model=models.Application,
        total=len(found),
    )


def _whole(reading: ApplicationReading) -> models.WholeApplication:
    events = reading.totals.events
    return models.WholeApplication(
        **_figures(reading),
        actions=[_work(name, work, _running(reading, name)) for name, work in sorted(_actions(reading).items())],
        events=None if events is None else _work(None, events, None),
        processes=[_process(snapshot) for snapshot in reading.processes],
    )


def _figures(reading: ApplicationReading) -> dict[str, Any]:
    actions, events = added_up(reading.totals.actions), reading.totals.events
    return {
        "application": reading.application,
        "last_heard": moment(reading.last_heard),
        "process_count": len(reading.processes),
        "actions_total": actions.total,
        "actions_failed": actions.failed,
        "actions_running": _all_running(reading),
        "events_total": None if events is None else events.total,
        "events_failed": None if events is None else events.failed,
        "cpu_seconds": reading.totals.cpu_seconds,
        "memory_bytes": _sum(snapshot.memory_bytes for snapshot in reading.processes),
    }


def _actions(reading: ApplicationReading) -> Mapping[str, Work]:
    """With those that run and have never ended yet."""
    running = {name: Work() for snapshot in reading.processes for name in snapshot.running}
    return running | dict(reading.totals.actions)


def _running(reading: ApplicationReading, name: str) -> int | None:
    if not reading.processes:
        return None
    return sum(snapshot.running.get(name, 0) for snapshot in reading.processes)


def _all_running(reading: ApplicationReading) -> int | None:
    return _sum(sum(snapshot.running.values()) for snapshot in reading.processes)


def _work(name: str | None, work: Work, running: int | None) -> models.WorkDone:
    durations = models.Durations(
        count=work.durations.count,
        sum_seconds=work.durations.sum_seconds,
        bounds_seconds=list(BOUNDS),
        buckets=list(work.durations.buckets),
    )
    return models.WorkDone(name=name, total=work.total, failed=work.failed, running=running, durations=durations)


def _process(snapshot: ProcessSnapshot) -> models.Process:
    actions, events = added_up(snapshot.actions), snapshot.events
    return models.Process(
        process=snapshot.process,
        started=moment(snapshot.started),
        time=moment(snapshot.time),
        sequence=snapshot.sequence,
        current_action=snapshot.current_action,
        actions_total=actions.total,
        actions_failed=actions.failed,
        events_total=None if events is None else events.total,
        events_failed=None if events is None else events.failed,
        queues=dict(snapshot.queues),
        cpu_seconds=snapshot.cpu_seconds,
        memory_bytes=snapshot.memory_bytes,
        threads=snapshot.threads,
        processes=snapshot.processes,
    )


def _sum(parts: Iterable[int | None]) -> int | None:
    """None while any part is unknown, or there is none."""
    known = list(parts)
    return sum(part for part in known if part is not None) if known and None not in known else None
