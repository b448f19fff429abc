"""`/api/v1/alerts`: Alertmanager's alerts, acknowledging and clearing them; and the items of the topic `alerts`."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Literal, Protocol, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.errors import (
    AlertmanagerError,
    AlertmanagerTimeoutError,
    ForeignSilenceError,
    NoAlertmanagerError,
    StreamgaugeError,
    UnknownAlertError,
)
from streamgauge.model.alerts import (
    Acknowledgement,
    AlertFilter,
    AlertReading,
    ListedAlert,
    Silence,
    severity_rank,
)
from streamgauge.web import problem
from streamgauge.web.api import alert_models as models
from streamgauge.web.api import replies, tables
from streamgauge.web.api.selection import NamePattern, PageQuery, instant, name_filter, page_of
from streamgauge.web.ordering import ordered
from streamgauge.web.problem import ProblemError

Result = TypeVar("Result")

# Alertmanager may hang. What waits for it has threads of its own, and so few requests wait that the server has room
# for all others, scrapes above all.
_THREADS = 4
_WAITING = 16
_FAULTS = (502, 503, 504)

_STATUSES: Mapping[type[StreamgaugeError], HTTPStatus] = {
    UnknownAlertError: HTTPStatus.NOT_FOUND,
    ForeignSilenceError: HTTPStatus.CONFLICT,
    NoAlertmanagerError: HTTPStatus.SERVICE_UNAVAILABLE,
    AlertmanagerTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    AlertmanagerError: HTTPStatus.BAD_GATEWAY,
}


class Alerts(Protocol):
    """Alertmanager as the web sees it; safe to call from any thread."""

    def read(self) -> AlertReading:
        """The alerts as they are now; may take seconds."""

    def recent(self) -> AlertReading:
        """The alerts as they were a few seconds ago."""

    def acknowledge(self, fingerprint: str, said: Acknowledgement) -> Silence:
        """Silence an alert, and answer the silence."""

    def clear(self, fingerprint: str) -> tuple[str, ...]:
        """End the silences that were made so, and answer their ids."""


class AlertQuery(PageQuery):
    """What `/api/v1/alerts` takes."""

    name: NamePattern = Field(None, description="Only alerts whose whole name matches this regular expression.")
    job: NamePattern = Field(None, description="Only alerts about a job whose whole name (`job_name`) matches.")
    group: NamePattern = Field(None, description="Only alerts about a consumer group whose whole name matches.")
    severity: str | None = Field(None, description="Only alerts of this severity: `critical`, `warning`, `info`.")
    acknowledged: bool | None = Field(None, description="Only alerts that are acknowledged, or are not.")
    sort: Literal["name", "-name", "severity", "-severity", "starts_at", "-starts_at"] = Field(
        "-severity", description="`-` in front for descending: `-severity` begins with the worst, and unknown is last."
    )


_FIGURES: Mapping[str, Callable[[ListedAlert], float | None]] = {
    "severity": lambda each: severity_rank(each.severity),
    "starts_at": lambda each: each.alert.starts_at,
}


def create_router(alerts: Alerts | None, clock: Callable[[], float] = time.time) -> APIRouter:
    """The routes of the alerts.

    Args:
        alerts: whom to ask; None: there is no Alertmanager.
        clock: wall-clock seconds since the epoch.
    """
    router = APIRouter(tags=["API"])
    asked = _Calls()

    @router.get(
        "/alerts",
        summary="Alerts",
        response_class=Response,
        responses={**replies.described(models.AlertPage), **problem.described(422, *_FAULTS)},
    )
    async def list_alerts(request: Request, query: Annotated[AlertQuery, Query()]) -> Response:
        """The alerts that Alertmanager has now, at most a second old; the worst first.

        An alert is acknowledged while an active silence silences it, made here or in Alertmanager.
        """
        return await asked.run(lambda: _list(_there(alerts), request, query))

    @router.post(
        "/alerts/{fingerprint}/acknowledge",
        summary="Acknowledge an alert",
        responses=problem.described(404, 422, *_FAULTS),
    )
    async def acknowledge(fingerprint: str, body: models.Acknowledge) -> models.Acknowledged:
        """Silences the alert in Alertmanager for a time: a silence that matches all of its labels.

        Again for the same alert it changes that silence, its author, reason and end.
        """
        return await asked.run(lambda: _acknowledge(_there(alerts), fingerprint, body, clock()))

    @router.delete(
        "/alerts/{fingerprint}/acknowledge",
        summary="Take an acknowledgement back",
        responses=problem.described(404, 409, *_FAULTS),
    )
    @router.post(
        "/alerts/{fingerprint}/clear",
        summary="Clear an alert's acknowledgement",
        responses=problem.described(404, 409, *_FAULTS),
    )
    async def clear(fingerprint: str) -> models.Cleared:
        """Ends the silences of the alert that were made here; 409 where others alone silence it."""
        return await asked.run(
            lambda: models.Cleared(fingerprint=fingerprint, silence_ids=list(_there(alerts).clear(fingerprint)))
        )

    return router


def alerts_feed(alerts: Alerts) -> Callable[[], Mapping[str, Mapping[str, object]]]:
    """What makes the items of the WebSocket's topic `alerts`, by fingerprint; times are seconds since the epoch.

    It raises ``AlertmanagerError`` while nobody knows: no alerts and unknown alerts are not the same.
    """
    return lambda: {fingerprint: _item(found) for fingerprint, found in alerts.recent().alerts.items()}


class _Calls:
    """Runs what waits for Alertmanager: a few at once, some more in line, no more than that."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_THREADS)
        self._waiting = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do the work in a thread; its errors become problems."""
        if self._waiting >= _WAITING:
            detail = f"{_WAITING} requests wait for Alertmanager already; ask again in a few seconds"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail)
        self._waiting += 1
        try:
            with _problems():
                return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._waiting -= 1


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except StreamgaugeError as error:
        status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), None)
        if status is None:
            raise
        members = {}
        if isinstance(error, ForeignSilenceError):
            members = {"authors": error.authors, "silence_ids": error.silence_ids}
        raise ProblemError(status, str(error), **members) from error


def _there(alerts: Alerts | None) -> Alerts:
    if alerts is None:
        raise NoAlertmanagerError("no Alertmanager is configured; write its address under alertmanager.url")
    return alerts


def _list(alerts: Alerts, request: Request, query: AlertQuery) -> Response:
    wanted = AlertFilter(
        name=name_filter("name", query.name) if query.name else None,
        job=name_filter("job", query.job) if query.job else None,
        group=name_filter("group", query.group) if query.group else None,
        cluster=query.cluster or None,
        severity=query.severity or None,
        acknowledged=query.acknowledged,
    )
    reading = alerts.read()
    found = ordered(
        filter(wanted.takes, reading.alerts.values()), query.sort, _FIGURES, lambda each: (each.name, each.fingerprint)
    )
    items = [_alert(each) for each in page_of(found, query)]
    if replies.wants_csv(request, query.format):
        columns = tables.columns_of(models.Alert, without=("labels",))
        return replies.csv_reply(request, columns, (tables.row_of(item, columns) for item in items), total=len(found))
    page = models.AlertPage(
        total=len(found), limit=query.limit, offset=query.offset, read_at=instant(reading.read_at), items=items
    )
    return replies.json_reply(request, page)


def _acknowledge(alerts: Alerts, fingerprint: str, body: models.Acknowledge, now: float) -> models.Acknowledged:
    try:
        ends_at = body.until(now)
    except ValueError as error:
        errors = [{"parameter": "ends_at", "message": str(error)}]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"ends_at: {error}", errors=errors) from error
    made = alerts.acknowledge(fingerprint, Acknowledgement(body.author, body.reason, ends_at))
    return models.Acknowledged(
        fingerprint=fingerprint,
        silence_id=made.silence_id,
        author=made.author,
        reason=made.reason,
        ends_at=instant(made.ends_at),
    )


def _alert(found: ListedAlert) -> models.Alert:
    silence = found.silence
    return models.Alert.model_validate(
        {
            **_item(found),
            "fingerprint": found.fingerprint,
            "group": found.label("consumergroup"),
            "starts_at": instant(found.alert.starts_at),
            "ends_at": None if silence is None else instant(silence.ends_at),
        }
    )


def _item(found: ListedAlert) -> dict[str, object]:
    silence = found.silence
    return {
        "name": found.name,
        "severity": found.severity,
        "state": found.alert.state,
        "job_name": found.label("job_name"),
        "summary": found.annotation("summary"),
        "description": found.annotation("description"),
        "starts_at": found.alert.starts_at,
        "acknowledged": found.acknowledged,
        "silence_id": None if silence is None else silence.silence_id,
        "author": None if silence is None else silence.author,
        "reason": None if silence is None else silence.reason,
        "ends_at": None if silence is None else silence.ends_at,
        "runbook_url": found.annotation("runbook_url"),
        "labels": dict(found.alert.labels),
    }
