"""The routes for requests that are made by hand, made from their table: one request is one event."""

import hashlib
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError

from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.jobs.events import JobEvent, StepKey
from streamgauge.web import problem
from streamgauge.web.answer import answer
from streamgauge.web.api.jobs_writing import values
from streamgauge.web.api.jobs_writing.event_models import new_id
from streamgauge.web.api.jobs_writing.events import FAULTS
from streamgauge.web.api.jobs_writing.report_models import Stamped, Taken
from streamgauge.web.api.jobs_writing.report_table import Report, reports
from streamgauge.web.api.jobs_writing.submitting import JobSink, Rejection, Reporting, stored
from streamgauge.web.api.path_names import NamedPartsRoute, path_of
from streamgauge.web.problem import ProblemError

_FORGOTTEN: Final = "forgotten"

_ABOUT: Final = {
    "job": "The job's name, percent-encoded.",
    "run": "The run's id, percent-encoded.",
    "phase": "The phase's name, percent-encoded.",
    "sub_phase": "The sub-phase's name, percent-encoded.",
}
_KEY: Final = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Whatever this client uses once: the same key on the same path is the same event, which is taken "
        "once however often it is sent.",
    ),
]


def create_router(reporting: Reporting, clock: Callable[[], float] = time.time) -> APIRouter:
    """The routes of the table.

    Args:
        reporting: where the events go.
        clock: wall-clock seconds since the epoch.
    """
    router = APIRouter(tags=["Reporting"], route_class=_counting(reporting.invalid))
    for report in reports():
        status = HTTPStatus.CREATED if report.named else HTTPStatus.OK
        router.add_api_route(
            report.path,
            _endpoint(report, reporting.sink, clock),
            methods=[report.action.method],
            summary=report.action.summary.format(noun=report.level.noun),
            description=report.action.description,
            operation_id=_operation_id(report),
            status_code=status,
            response_class=Response,
            responses={status.value: _described(status, report), **problem.described(*FAULTS, HTTPStatus.GONE)},
        )
    return router


def _counting(invalid: InvalidEvents) -> type[NamedPartsRoute]:
    """Routes that count the requests which FastAPI refuses before an endpoint sees them."""

    class Counting(NamedPartsRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def counted(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError:
                    invalid.count += 1
                    raise

            return counted

    return Counting


def _operation_id(report: Report) -> str:
    return f"{report.action.method}{report.path}".lower().replace("/", "_").replace("{", "").replace("}", "")


def _described(status: HTTPStatus, report: Report) -> dict[str, Any]:
    described: dict[str, Any] = {"model": Taken, "description": "It is on disk.", "content": {"application/json": {}}}
    if status is HTTPStatus.CREATED:
        location = {"description": f"Where the {report.named} is.", "schema": {"type": "string"}}
        described["headers"] = {"Location": location}
    return described


def _endpoint(report: Report, sink: JobSink, clock: Callable[[], float]) -> Callable[..., Any]:
    """The function of a route; its signature tells FastAPI what to read and to describe."""

    async def take(request: Request, body: Stamped | None, key: str | None, **names: str) -> Response:
        said = report.action.body.model_validate({}) if body is None else body
        event = _event(report, said, names, key, clock())
        receipt = await stored(sink, [event])
        for rejection in receipt.rejected:
            raise _refused(rejection)
        return _reply(request, event, created=bool(report.named), duplicate=receipt.duplicates > 0)

    take.__signature__ = _signature(report)  # type: ignore[attr-defined]  # functions take any attribute
    return take


def _signature(report: Report) -> Signature:
    action, by_name = report.action, Parameter.KEYWORD_ONLY
    body = Annotated[action.body | None, Body()] if action.bare else Annotated[action.body, Body()]
    names = [
        Parameter(name, by_name, annotation=Annotated[values.Name, Path(description=_ABOUT[name])])
        for name in report.level.names
    ]
    return Signature(
        [
            Parameter("request", by_name, annotation=Request),
            *names,
            Parameter("body", by_name, annotation=body, default=None if action.bare else Parameter.empty),
            Parameter("key", by_name, annotation=_KEY, default=None),
        ]
    )


def _event(report: Report, said: Stamped, names: dict[str, str], key: str | None, arrived: float) -> JobEvent:
    """The event that a request stands for."""
    identity = said.id or (_keyed(report, names, key) if key else new_id())
    if report.named:
        names = {**names, report.named: getattr(said, report.named) or identity}
    return JobEvent(
        id=identity,
        time=arrived if said.time is None else said.time,
        job=names["job"],
        run=names["run"],
        fact=report.action.fact(said),
        step=StepKey(names.get("phase", ""), names.get("sub_phase", "")),
    )


def _keyed(report: Report, names: dict[str, str], key: str) -> str:
    """An id that this key has on this path and nowhere else."""
    whole = "\0".join([report.action.method, report.path, *(names[name] for name in report.level.names), key])
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _refused(rejection: Rejection) -> ProblemError:
    status = HTTPStatus.GONE if rejection.code == _FORGOTTEN else HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, rejection.reason, code=rejection.code)


def _reply(request: Request, event: JobEvent, *, created: bool, duplicate: bool) -> Response:
    step = event.step
    taken = Taken(
        id=event.id,
        job=event.job,
        run=event.run,
        phase=step.phase or None,
        sub_phase=step.sub_phase or None,
        duplicate=duplicate,
    )
    headers = {"Location": _location(event)} if created else {}
    response = answer(request, taken.model_dump_json().encode(), "application/json", headers)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return response


def _location(event: JobEvent) -> str:
    parts = ["api", "v1", "jobs", event.job, "runs", event.run]
    if event.step.phase:
        parts += ["phases", event.step.phase]
    if event.step.sub_phase:
        parts += ["sub-phases", event.step.sub_phase]
    return path_of(*parts)
