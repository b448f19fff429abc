"""What the lists take: pages, filters and times."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from streamgauge.web.api.jobs_writing.values import seconds_of

LONGEST_SEARCH: Final = 200

_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)
_EXAMPLE: Final = "2026-11-21T03:00:00Z"


def _empty_is_none(asked: object) -> object:
    return None if asked == "" else asked


def _storable(asked: str) -> str:
    """No database takes a NUL, nor what was sent as bytes that are no UTF-8."""
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in asked):
        raise PydanticCustomError("name", "holds a character that is in no name")
    return asked


def _time(asked: object) -> object:
    if asked is None or asked == "":
        return None
    return seconds_of(float(asked) if isinstance(asked, str) and _NUMBER.fullmatch(asked) else asked)


def words(asked: Any) -> list[str]:
    """``failed,lost``, or the parameter twice, or both; in any case."""
    parts = [asked] if isinstance(asked, str) else asked or ()
    return [word.casefold() for part in parts for word in str(part).split(",") if word]


TimeAsked = Annotated[
    float | None,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "example": _EXAMPLE}),
]
"""A time: RFC 3339 with its zone, or seconds since the epoch."""

StatusWord = Literal["pending", "running", "completed", "failed", "aborted", "lost"]
"""A status in a request."""

Statuses = Annotated[list[StatusWord], BeforeValidator(words)]
"""Any number of statuses."""

Name = Annotated[str, AfterValidator(_storable)]
"""A name as it may be looked for; it may be longer than any that there is."""

Text = Annotated[Annotated[Name, Field(max_length=LONGEST_SEARCH)] | None, BeforeValidator(_empty_is_none)]
"""A name or a part of one; empty: no filter."""


class Asked(BaseModel):
    """What every route with parameters takes; an unknown one is an error: a misspelt filter is not a missing one."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv"] | None = Field(None, description="Wins over `Accept`.")


class Paged(Asked):
    """What every list takes."""

    limit: int = Field(100, ge=1, le=1000, description="The most items of a page.")
    offset: int = Field(0, ge=0, le=10**9, description="Items before the page.")


class OfStep(BaseModel):
    """Which part of a run."""

    phase: Text = Field(None, description="Only this phase itself, without its sub-phases: its exact name.")
    sub_phase: Text = Field(None, description="Only this sub-phase of `phase`: its exact name.")
