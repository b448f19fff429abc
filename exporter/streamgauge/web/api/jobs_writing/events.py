"""`POST /api/v1/events`: a batch of events, each of which is judged alone."""

import json
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import pydantic_core
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from streamgauge.web import problem
from streamgauge.web.api import replies
from streamgauge.web.api.jobs_writing.descriptions import body_of, inlined
from streamgauge.web.api.jobs_writing.event_models import EVENT, read_event
from streamgauge.web.api.jobs_writing.reasons import WrongEventError
from streamgauge.web.api.jobs_writing.submitting import Reported, Reporting, stored
from streamgauge.web.problem import ProblemError
from streamgauge.web.workers import Workers

MOST_EVENTS: Final = 1000
"""Of one request."""

FAULTS: Final = (400, 413, 422, 503)
"""How writing may be answered otherwise, beside what the middleware answers."""

_ID_LENGTH: Final = 64
_APART: Final = 1e-6  # seconds between events of one request that have no time: they keep their order

_EXAMPLE: Final = {
    "events": [
        {"id": "5a1b", "time": 1795230000.0, "type": "start", "job": "daily-plan", "run": "2026-11-21"},
        {"id": "5a1c", "time": 1795230000.1, "type": "start", "job": "daily-plan", "run": "2026-11-21", "phase": "P00"},
        {
            "id": "5a1d",
            "time": 1795230004.5,
            "type": "progress",
            "job": "daily-plan",
            "run": "2026-11-21",
            "phase": "P00",
            "done": 120,
        },
    ]
}


class RejectedEvent(BaseModel):
    """An event that will never be taken."""

    model_config = ConfigDict(frozen=True)

    index: int = Field(description="Which of the request's events, from 0.", examples=[2])
    id: str | None = Field(description="Its id; null where it has none.", examples=["5a1d"])
    reason: str = Field(description="What is wrong with it.", examples=["done: is missing"])


class EventsTaken(BaseModel):
    """What became of the events of a request. Those that are not named as rejected are on disk."""

    model_config = ConfigDict(frozen=True)

    accepted: int = Field(description="Events that are new.", examples=[2])
    duplicates: int = Field(description="Events that had been taken before, by their ids.", examples=[0])
    rejected: list[RejectedEvent] = Field(description="Events that are wrong for ever; not to be sent again.")


class Judged(NamedTuple):
    """The events of a request.

    Attributes:
        good: those that can be taken.
        places: where each of them stood.
        bad: the others.
    """

    good: list[Reported]
    places: list[int]
    bad: list[RejectedEvent]


def create_router(reporting: Reporting, workers: Workers, clock: Callable[[], float] = time.time) -> APIRouter:
    """The route of the events.

    Args:
        reporting: where they go.
        workers: the threads that judge them.
        clock: wall-clock seconds since the epoch.
    """
    router = APIRouter(tags=["Reporting"])

    @router.post(
        "/events",
        summary="Report events",
        response_class=Response,
        responses={**replies.described(EventsTaken, csv=False), **problem.described(*FAULTS)},
        openapi_extra=body_of(_body_schema(), _EXAMPLE),
    )
    async def post_events(request: Request) -> Response:
        """Takes events of jobs and applications, at most 1000 in a request of at most 1 MiB, also as gzip.

        Each is judged alone: one that is wrong is named in `rejected`, and the others are taken. The answer comes
        when they are on disk. The same event again (by its `id`) changes nothing, so a request that was not answered
        can be sent again as it is.
        """
        body = await request.body()
        judged = await workers.run(lambda: judge(_events_of(body), clock()))
        return replies.json_reply(request, await take(reporting, judged))

    return router


async def take(reporting: Reporting, judged: Judged) -> EventsTaken:
    """Store the good ones, and name the bad ones of both judges; each judge counts its own."""
    receipt = await stored(reporting.sink, judged.good) if judged.good else None
    reporting.invalid.count += len(judged.bad)
    if receipt is None:
        return EventsTaken(accepted=0, duplicates=0, rejected=judged.bad)
    refused = [
        RejectedEvent(index=judged.places[each.index], id=each.id or None, reason=each.reason)
        for each in receipt.rejected
    ]
    rejected = sorted([*judged.bad, *refused], key=lambda each: each.index)
    return EventsTaken(accepted=receipt.accepted, duplicates=receipt.duplicates, rejected=rejected)


def judge(events: Sequence[object], arrived: float) -> Judged:
    """Judge each event alone."""
    judged = Judged([], [], [])
    for index, said in enumerate(events):
        try:
            judged.good.append(read_event(said, arrived + index * _APART))
            judged.places.append(index)
        except WrongEventError as error:
            judged.bad.append(RejectedEvent(index=index, id=_id_of(said), reason=str(error)))
    return judged


def read_json(body: bytes) -> Any:
    """What a body holds.

    Raises:
        ProblemError: it is no JSON.
    """
    try:
        return pydantic_core.from_json(body)
    except ValueError:
        pass
    try:
        return json.loads(body)  # takes halves of surrogate pairs: the one event that has such is refused, not all
    except (ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON{where}") from None


def at_most(events: list[object]) -> list[object]:
    """The events, where there are not too many.

    Raises:
        ProblemError: there are.
    """
    if len(events) > MOST_EVENTS:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a request takes at most {MOST_EVENTS} events, and this has {len(events)}; send them in halves",
        )
    return events


def _events_of(body: bytes) -> list[object]:
    said = read_json(body)
    if not isinstance(said, dict) or not isinstance(said.get("events"), list):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, 'the body should be {"events": [...]}')
    unknown = sorted(str(name)[:_ID_LENGTH] for name in said if name != "events")
    if unknown:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{unknown[0]}: is not known beside events")
    return at_most(said["events"])


def _id_of(said: object) -> str | None:
    found = said.get("id") if isinstance(said, dict) else None
    return found if isinstance(found, str) and len(found) <= _ID_LENGTH else None


def _body_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["events"],
        "additionalProperties": False,
        "properties": {
            "events": {
                "type": "array",
                "maxItems": MOST_EVENTS,
                "description": "The events, in any order.",
                "items": inlined(EVENT.json_schema(mode="validation")),
            }
        },
    }
