"""What all answers about jobs have in common."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from streamgauge.model.jobs.events import Status
from streamgauge.web.api.selection import instant

_STATUS_SCHEMA: Final = {"type": "string", "enum": [status.value for status in Status]}

# No enumeration for FastAPI: it would name this one and the groups' statuses after their modules.
JobStatus = Annotated[str, WithJsonSchema(_STATUS_SCHEMA)]
"""How a run or a step stands."""


def about(text: str, example: object = None) -> Any:
    """A field's description and an example."""
    return Field(description=text, examples=None if example is None else [example])


class Answer(BaseModel):
    """An answer or a part of one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listed(Answer):
    """What a page of a list says beside its items."""

    total: Annotated[int, about("Items that match, on all pages.", 1)]
    limit: Annotated[int, about("The most items of a page.", 100)]
    offset: Annotated[int, about("Items before this page.", 0)]


def moment(seconds: float | None) -> datetime | None:
    """A time as a date; None where it is unknown, or beyond the calendar: an estimate may be."""
    if seconds is None:
        return None
    try:
        return instant(seconds)
    except (ValueError, OverflowError, OSError):
        return None
