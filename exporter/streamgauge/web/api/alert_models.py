"""What the API takes and answers about alerts. Null always means unknown (or not there), never zero."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streamgauge.model.alerts import AlertState

DEFAULT_SECONDS: Final = 4 * 3600.0
SHORTEST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 30 * 86400.0

_LONGEST_AUTHOR = 200
_LONGEST_REASON = 1000
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?=\d)(?:(\d{1,7})d)?(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?", re.ASCII)


def _about(text: str, example: object = None) -> Any:
    """A field's description and an example."""
    return Field(description=text, examples=None if example is None else [example])


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alert(_Model):
    """An alert that Alertmanager has."""

    fingerprint: Annotated[str, _about("Alertmanager's hash of its labels: its name in this API.", "a1b2c3d4e5f60718")]
    name: Annotated[str, _about("Its rule's name: the label `alertname`.", "KafkaConsumerGroupStopped")]
    severity: Annotated[str | None, _about("The label `severity`.", "critical")]
    state: Annotated[AlertState, _about("Whether Alertmanager tells of it, or a silence or another alert keeps it.")]
    job_name: Annotated[str | None, _about("The job that it is about: the label `job_name`.", "daily-plan")]
    group: Annotated[str | None, _about("The consumer group that it is about: `consumergroup`.", "billing")]
    summary: Annotated[str | None, _about("Its annotation `summary`.", "billing has stopped reading orders")]
    description: Annotated[str | None, _about("Its annotation `description`.")]
    starts_at: Annotated[datetime, _about("Since when it fires.", "2026-01-01T12:00:00Z")]
    acknowledged: Annotated[bool, _about("Whether an active silence silences it, whoever made that.", example=True)]
    silence_id: Annotated[str | None, _about("That silence; of several, ours, then the one that ends last.")]
    author: Annotated[str | None, _about("Who made it.", "ana")]
    reason: Annotated[str | None, _about("Why.", "the broker is being replaced")]
    ends_at: Annotated[datetime | None, _about("When the silence ends.", "2026-01-01T16:00:00Z")]
    runbook_url: Annotated[str | None, _about("What to do: its annotation `runbook_url`.")]
    labels: Annotated[Mapping[str, str], _about("All of its labels.", {"alertname": "KafkaConsumerGroupStopped"})]


class AlertPage(_Model):
    """Alerts."""

    total: Annotated[int, _about("Items that match, on all pages.", 1)]
    limit: Annotated[int, _about("The most items of a page.", 100)]
    offset: Annotated[int, _about("Items before this page.", 0)]
    read_at: Annotated[datetime, _about("When Alertmanager was asked.", "2026-01-01T12:00:00Z")]
    items: list[Alert]


def _printable(text: str) -> str:
    if not all(char.isprintable() or char == "\n" for char in text):
        raise ValueError("holds a character that cannot be printed")
    return text


def _seconds(text: str) -> float:
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise ValueError("write whole numbers with d, h, m and s, the largest first: 4h, 1d12h, 90m")
    return math.fsum(int(number or 0) * unit for number, unit in zip(parts.groups(), _UNITS.values(), strict=True))


def _duration(text: str) -> str:
    if not SHORTEST_SECONDS <= _seconds(text) <= LONGEST_SECONDS:
        raise ValueError("must be from 1m to 30d")
    return text


class Acknowledge(_Model):
    """Who acknowledges an alert, why, and for how long."""

    author: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST_AUTHOR),
        AfterValidator(_printable),
        _about("Who.", "ana"),
    ]
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST_REASON),
        AfterValidator(_printable),
        _about("Why; others read it in Alertmanager too.", "the broker is being replaced"),
    ]
    duration: Annotated[str, AfterValidator(_duration)] | None = Field(
        None,
        description="For how long, from 1m to 30d; 4h where neither this nor `ends_at` is given.",
        examples=["4h"],
    )
    ends_at: AwareDatetime | None = Field(
        None, description="Until when, with a zone, in place of `duration`.", examples=["2026-01-01T16:00:00Z"]
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.duration is not None and self.ends_at is not None:
            raise ValueError("give duration or ends_at, not both")
        return self

    def until(self, now: float) -> float:
        """When it ends, in whole seconds since the epoch: Alertmanager keeps no more than milliseconds.

        Raises:
            ValueError: sooner than a minute from now, or later than 30 days.
        """
        if self.ends_at is None:
            return math.ceil(now + (DEFAULT_SECONDS if self.duration is None else _seconds(self.duration)))
        seconds = self.ends_at.timestamp()
        if not SHORTEST_SECONDS <= seconds - now <= LONGEST_SECONDS:
            raise ValueError("must be from 1 minute to 30 days from now")
        return math.ceil(seconds)


class Acknowledged(_Model):
    """An alert that is acknowledged now."""

    fingerprint: Annotated[str, _about("The alert.", "a1b2c3d4e5f60718")]
    silence_id: Annotated[str, _about("The silence in Alertmanager.", "f2a5dd1c-7a92-4b8a-9c1e-0d4f6a3b2c1d")]
    author: Annotated[str, _about("Who acknowledged it.", "ana")]
    reason: Annotated[str, _about("Why.", "the broker is being replaced")]
    ends_at: Annotated[datetime, _about("When the silence ends.", "2026-01-01T16:00:00Z")]


class Cleared(_Model):
    """An alert that is acknowledged through us no longer."""

    fingerprint: Annotated[str, _about("The alert.", "a1b2c3d4e5f60718")]
    silence_ids: Annotated[list[str], _about("The silences that were ended; none where there was none.", [])]
