"""What a text, a number or a time of a report must be; each bound is here, and in the API's description."""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

NAME_LENGTH: Final = 200
MESSAGE_LENGTH: Final = 1000
TRACEBACK_LENGTH: Final = 8000
URI_LENGTH: Final = 2000
LABELS: Final = 16

_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
_YEAR_10000: Final = 253402300800.0
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def _without_nul(text: str) -> str:
    """PostgreSQL keeps every character but this one; a message is not refused for it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def seconds_of(value: object) -> float:
    """A time as seconds since the epoch.

    Args:
        value: such a number, or a text as of RFC 3339.

    Raises:
        PydanticCustomError: it is neither.
    """
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC).timestamp()
        except (ValueError, OverflowError) as error:
            raise PydanticCustomError("time", "is no date that there is") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("time", "should be a time with its zone (RFC 3339), or seconds since the epoch")
    if not 0 <= value < _YEAR_10000 or not math.isfinite(value):
        raise PydanticCustomError("time", "should be seconds since the epoch, not milliseconds, and not negative")
    return float(value)


_TIME_SCHEMA: Final = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
    "example": "2026-11-21T03:00:00Z",
}

Time = Annotated[float, BeforeValidator(seconds_of), WithJsonSchema(_TIME_SCHEMA)]
"""A time: a text with its zone or a number of seconds."""

EventId = Annotated[str, Field(min_length=1, max_length=64, pattern=_NO_CONTROLS)]
"""The id of an event."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, pattern=_NO_CONTROLS)]
"""A name of a job, run, phase, sub-phase, application or process."""

MetricName = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROLS)]
"""A name of a number, an action or a queue."""

Title = Annotated[str, Field(max_length=NAME_LENGTH, pattern=_NO_CONTROLS)]
"""A name for people."""

Environment = Annotated[str, Field(max_length=100, pattern=_NO_CONTROLS)]
"""Where a run runs."""

LabelText = Annotated[str, Field(max_length=NAME_LENGTH, pattern=_NO_CONTROLS)]
"""The value of a label."""

Message = Annotated[str, Field(max_length=MESSAGE_LENGTH), AfterValidator(_without_nul)]
"""What a program has to say."""

Traceback = Annotated[str, Field(max_length=TRACEBACK_LENGTH), AfterValidator(_without_nul)]
"""Where an error arose."""

ArtifactName = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), AfterValidator(_without_nul)]
"""A name of a file or table; a file's may hold anything."""

Uri = Annotated[str, Field(max_length=URI_LENGTH), AfterValidator(_without_nul)]
"""Where something is."""

Amount = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]
"""A number of items."""

Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
"""A duration; three centuries are enough."""

Period = Annotated[float, Field(gt=0, le=1e10, allow_inf_nan=False)]
"""A duration that is not nothing."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""Any number."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""How many, or how many bytes."""

Few = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""How many threads or processes."""

Place = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""A place among siblings."""

ExitCode = Annotated[int, Field(ge=-(2**31), le=2**32 - 1)]
"""What a process ended with, on any system."""
