"""Whole events as the SDK sends them: what they are about beside the fields of their kind."""

import uuid
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import JobEvent, StepKey
from streamgauge.web.api.jobs_writing import facts, values
from streamgauge.web.api.jobs_writing.application_models import ApplicationEvent
from streamgauge.web.api.jobs_writing.facts import Fields, about, required
from streamgauge.web.api.jobs_writing.reasons import WrongEventError, reason_of

_OF_RUNS: Final = ("labels", "environment", "heartbeat_seconds")


class About(Fields):
    """What an event is about."""

    id: values.EventId | None = about(
        "Unique to the event: the same id again is the same event. Left out, every event is a new one.",
        "4f1c2a9e0b7d4e5f8a6b3c2d1e0f9a8b",
    )
    time: values.Time | None = Field(
        None, description="When it happened: with its zone, or seconds since the epoch. Left out, when it arrived."
    )
    job: values.Name = required("The job.", "daily-plan")
    run: values.Name = required("Its run.", "2026-11-21")
    phase: values.Name | None = about("The phase; left out, it is about the run itself.", "P00")
    sub_phase: values.Name | None = about("The sub-phase; needs `phase`.", "validation")


class PendingEvent(About, facts.Beginning):
    """It will start."""

    type: Literal["pending"]


class StartEvent(About, facts.RunBeginning):
    """It starts; after an end it is a new attempt."""

    type: Literal["start"]


class CompleteEvent(About, facts.Ending):
    """It has done what it should."""

    type: Literal["complete"]


class FailEvent(About, facts.Failing):
    """It has failed."""

    type: Literal["fail"]


class AbortEvent(About, facts.Ending):
    """Somebody has ended it."""

    type: Literal["abort"]


class ProgressEvent(About, facts.ProgressFields):
    """How far it is."""

    type: Literal["progress"]


class ResourcesEvent(About, facts.ResourcesFields):
    """What it uses."""

    type: Literal["resources"]


class ArtifactEvent(About, facts.ArtifactFields):
    """What it has read or made."""

    type: Literal["artifact"]


class WarningEvent(About, facts.WarningFields):
    """Something is not right."""

    type: Literal["warning"]


class ErrorEvent(About, facts.ErrorFields):
    """Something went wrong, and it goes on."""

    type: Literal["error"]


class MetricEvent(About, facts.MetricFields):
    """A number of its own choice."""

    type: Literal["metric"]


class HeartbeatEvent(About, facts.HeartbeatFields):
    """It lives."""

    type: Literal["heartbeat"]


AnyEvent = Annotated[
    PendingEvent
    | StartEvent
    | CompleteEvent
    | FailEvent
    | AbortEvent
    | ProgressEvent
    | ResourcesEvent
    | ArtifactEvent
    | WarningEvent
    | ErrorEvent
    | MetricEvent
    | HeartbeatEvent
    | ApplicationEvent,
    Field(discriminator="type"),
]

EVENT: Final[TypeAdapter[Any]] = TypeAdapter(AnyEvent)
"""Reads one event."""


def read_event(said: object, arrived: float) -> JobEvent | ProcessSnapshot:
    """An event as the model has it.

    Args:
        said: what was sent, as JSON has it.
        arrived: when; the time of an event that has none.

    Raises:
        WrongEventError: it is none; the message names the field.
    """
    try:
        event = EVENT.validate_python(said)
    except ValidationError as error:
        raise WrongEventError(reason_of(error, tagged=True)) from None
    if isinstance(event, ApplicationEvent):
        return event.snapshot(arrived)
    if event.sub_phase is not None and event.phase is None:
        raise WrongEventError("phase: is missing; a sub-phase is one of a phase")
    if event.phase is not None and isinstance(event, facts.RunBeginning):
        refuse_of_parts(event)
    time = arrived if event.time is None else event.time
    step = StepKey(event.phase or "", event.sub_phase or "")
    fact = facts.KINDS[event.type].fact(event)
    return JobEvent(event.id or new_id(), time, event.job, event.run, fact, step)


def refuse_of_parts(fields: facts.RunBeginning) -> None:
    """Refuse what only a run may have.

    Raises:
        WrongEventError: a phase has it.
    """
    for name in _OF_RUNS:
        if getattr(fields, name) is not None:
            raise WrongEventError(f"{name}: only a run has it, and this is about a phase")


def new_id() -> str:
    """The id of an event that came without one."""
    return uuid.uuid4().hex
