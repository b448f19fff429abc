"""`POST /api/v1/lineage`: OpenLineage's events, one or several in a request."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.lineage import LineageRules, job_events
from streamgauge.web import problem
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_writing import values
from streamgauge.web.api.jobs_writing.descriptions import body_of, inlined
from streamgauge.web.api.jobs_writing.events import FAULTS, MOST_EVENTS, RejectedEvent, at_most, read_json
from streamgauge.web.api.jobs_writing.lineage_models import RunEvent, is_static
from streamgauge.web.api.jobs_writing.reasons import WrongEventError, reason_of
from streamgauge.web.api.jobs_writing.submitting import Receipt, Reporting, stored
from streamgauge.web.problem import ProblemError
from streamgauge.web.workers import Workers

_ID_LENGTH: Final = 64

_EXAMPLE: Final = {
    "eventType": "START",
    "eventTime": "2026-11-21T03:00:00Z",
    "producer": "https://github.com/OpenLineage/OpenLineage",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {
        "runId": "0190f3a2-5c1b-7d3e-8f4a-2b6c9d0e1f23",
        "facets": {
            "parent": {
                "run": {"runId": "0190f3a2-0000-7000-8000-000000000001"},
                "job": {"namespace": "airflow", "name": "daily_plan"},
            }
        },
    },
    "job": {"namespace": "airflow", "name": "daily_plan.assemble"},
    "inputs": [{"namespace": "s3://plans", "name": "2026-11-21/pages"}],
}


class LineageQuery(BaseModel):
    """What the endpoint's address may say; clients keep it in their settings."""

    model_config = ConfigDict(extra="forbid")

    with_namespace: bool = Field(
        default=False,
        description="Put the namespace before the job's name (`airflow/daily_plan`): the same name may be in several.",
    )
    environment: values.Environment | None = Field(None, description="The environment of the runs that are reported.")


class LineageTaken(BaseModel):
    """What became of OpenLineage's events; what was taken is on disk."""

    model_config = ConfigDict(frozen=True)

    events: int = Field(description="Events of OpenLineage that were read.", examples=[1])
    ignored: int = Field(description="Those of them that are about no run (DatasetEvent, JobEvent).", examples=[0])
    accepted: int = Field(description="What they told of jobs that is new.", examples=[3])
    duplicates: int = Field(description="What they told that had been told before.", examples=[0])
    rejected: list[RejectedEvent] = Field(description="Events that are wrong for ever; not to be sent again.")


@dataclass(slots=True)
class _Judged:
    """The events of a request, and of which of them each part of their meaning is."""

    events: int = 0
    ignored: int = 0
    good: list[JobEvent] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    bad: list[RejectedEvent] = field(default_factory=list)


def create_router(reporting: Reporting, workers: Workers) -> APIRouter:
    """The routes of OpenLineage.

    Args:
        reporting: where the events go.
        workers: the threads that read them.
    """
    router = APIRouter(tags=["Reporting"])
    one = inlined(RunEvent.model_json_schema())
    several = {"type": "array", "maxItems": MOST_EVENTS, "items": one}

    @router.post(
        "/lineage",
        summary="Report an OpenLineage event",
        status_code=HTTPStatus.CREATED,
        response_class=Response,
        responses={201: _described(), **problem.described(*FAULTS, HTTPStatus.GONE)},
        openapi_extra=body_of(one, _EXAMPLE),
    )
    async def post_lineage(request: Request, query: Annotated[LineageQuery, Query()]) -> Response:
        """Takes an event as OpenLineage 2-0-2 has it.

        The root of the parent facet is the job, its children are phases, what is deeper is sub-phases; without a
        parent it is a job with one phase. DatasetEvent and JobEvent are taken and mean nothing here. Facets that are
        not known are passed over.
        """
        body = await request.body()
        judged = await workers.run(lambda: _judge([read_json(body)], query))
        for wrong in judged.bad:
            reporting.invalid.count += 1
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, wrong.reason)
        return _created(request, await _take(reporting, judged, alone=True))

    @router.post(
        "/lineage/batch",
        summary="Report OpenLineage events",
        response_class=Response,
        responses={**replies.described(LineageTaken, csv=False), **problem.described(*FAULTS)},
        openapi_extra=body_of(several, [_EXAMPLE]),
    )
    async def post_lineage_batch(request: Request, query: Annotated[LineageQuery, Query()]) -> Response:
        """Takes a list of at most 1000 such events; each is judged alone, and wrong ones are named in `rejected`."""
        body = await request.body()
        judged = await workers.run(lambda: _judge(_list_of(body), query))
        return replies.json_reply(request, await _take(reporting, judged, alone=False))

    return router


def _described() -> dict[str, Any]:
    return {"model": LineageTaken, "description": "It is on disk.", "content": {"application/json": {}}}


def _list_of(body: bytes) -> list[object]:
    said = read_json(body)
    if not isinstance(said, list):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body should be a list of OpenLineage events")
    return at_most(said)


def _judge(events: Sequence[object], query: LineageQuery) -> _Judged:
    rules = LineageRules(query.with_namespace, query.environment or None)
    judged = _Judged(events=len(events))
    for index, said in enumerate(events):
        if is_static(said):
            judged.ignored += 1
            continue
        try:
            found = _read(said, rules)
        except WrongEventError as error:
            judged.bad.append(RejectedEvent(index=index, id=None, reason=str(error)))
            continue
        judged.good += found
        judged.places += [index] * len(found)
    return judged


def _read(said: object, rules: LineageRules) -> tuple[JobEvent, ...]:
    try:
        event = RunEvent.model_validate(said)
    except ValidationError as error:
        raise WrongEventError(reason_of(error)) from None
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return job_events(event.known(_hash(canonical)), rules, _hash)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_ID_LENGTH]


async def _take(reporting: Reporting, judged: _Judged, *, alone: bool) -> LineageTaken:
    """Store what the good ones mean; where there is one event alone and nothing of it was taken, that is a problem."""
    receipt: Receipt | None = await stored(reporting.sink, judged.good) if judged.good else None
    reporting.invalid.count += len(judged.bad)
    refused = receipt.rejected if receipt else ()
    if alone and refused and len(refused) == len(judged.good):
        code = refused[0].code
        status = HTTPStatus.GONE if code == "forgotten" else HTTPStatus.UNPROCESSABLE_ENTITY
        raise ProblemError(status, refused[0].reason, code=code)
    rejected = [RejectedEvent(index=judged.places[each.index], id=each.id, reason=each.reason) for each in refused]
    return LineageTaken(
        events=judged.events,
        ignored=judged.ignored,
        accepted=receipt.accepted if receipt else 0,
        duplicates=receipt.duplicates if receipt else 0,
        rejected=sorted([*judged.bad, *rejected], key=lambda each: each.index),
    )


def _created(request: Request, taken: LineageTaken) -> Response:
    response = replies.json_reply(request, taken)
    response.status_code = HTTPStatus.CREATED
    return response
