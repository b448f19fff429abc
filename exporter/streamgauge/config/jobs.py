"""The part of the schema that is about jobs: where runs are kept and for how long, and what they are held against."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, Field, SecretStr, model_validator

from streamgauge.config.client import STRICT, Conflict, conflicting
from streamgauge.config.secrets import MASK
from streamgauge.config.values import DefaultText, Duration, Integer, Regex, Size, Value, refused, text_of

_ANYTHING: Final = re.compile(".*", re.DOTALL)
_TERABYTE: Final = 1024**4
_EXAMPLE_TIME: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - only to see whether a schedule can be read


@dataclass(frozen=True)
class DatabaseUrl(Value[SecretStr]):
    """Where runs are kept; its password is shown nowhere."""

    kind = "URL"

    def _read(self, value: object) -> SecretStr:
        allowed = "write postgresql://user:password@host:5432/database, or sqlite:////absolute/path"
        if isinstance(value, SecretStr):
            return value
        text = text_of(value, allowed)
        try:
            url = urlsplit(text)
            whole = bool(url.hostname and url.port != 0) if url.scheme == "postgresql" else len(url.path) > 1
        except ValueError:
            url, whole = None, False
        if url is None or url.scheme not in ("postgresql", "sqlite") or not whole:
            raise refused("is no address of a database", allowed, safe=True)
        return SecretStr(text)

    def _write(self, value: SecretStr) -> str:
        url = urlsplit(value.get_secret_value())
        user, at, host = url.netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        shown = f"{name}{colon}{MASK if colon else ''}{at}{host}"
        query = MASK if "password" in url.query.lower() else url.query
        return urlunsplit(url._replace(netloc=shown, query=query))

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "pattern": "^(postgresql|sqlite)://"}


@dataclass(frozen=True)
class Schedule(Value[str]):
    """When something is due, as cron has it."""

    kind = "cron expression"

    def _read(self, value: object) -> str:
        allowed = 'write minute, hour, day of month, month and day of week, for example "0 3 * * *"'
        text = text_of(value, allowed)
        try:
            next(CronSim(text, _EXAMPLE_TIME))
        except CronSimError:
            raise refused("is no cron expression", allowed) from None
        except StopIteration:
            raise refused("is never due", allowed) from None
        return text


@dataclass(frozen=True)
class TimeZone(Value[str]):
    """A time zone by its name."""

    kind = "time zone"

    def _read(self, value: object) -> str:
        allowed = "write a name of the time zone database, for example Europe/Berlin or UTC"
        text = text_of(value, allowed)
        try:
            ZoneInfo(text)
        except (ValueError, OSError, LookupError):
            raise refused("is no time zone that this machine knows", allowed) from None
        return text


class JobRetention(BaseModel):
    """How long runs are kept."""

    model_config = STRICT

    runs: Annotated[int, Integer(1, 100_000)] = Field(
        default=100, description="How many runs of each phase are kept; those that run are never given up."
    )
    age: Annotated[float, Duration("1h", "10y")] = Field(
        default=90 * 86400.0, description="How old a run may grow, counted from its last event."
    )


class JobLimits(BaseModel):
    """What jobs may fill; what is beyond is refused with a reason, and counted."""

    model_config = STRICT

    jobs: Annotated[int, Integer(1, 100_000)] = Field(default=1000, description="Different jobs.")
    steps: Annotated[int, Integer(1, 10_000)] = Field(default=500, description="Phases and sub-phases of one run.")
    notes: Annotated[int, Integer(1, 1_000_000)] = Field(
        default=10_000, description="Artifacts, warnings and errors of one run that are kept; more are only counted."
    )
    samples: Annotated[int, Integer(1, 1_000_000)] = Field(
        default=20_000, description="Samples of CPU and memory of one run that are kept; more only add up."
    )
    applications: Annotated[int, Integer(1, 10_000)] = Field(
        default=100, description="Different applications that push their metrics."
    )


class JobSlo(BaseModel):
    """What jobs, or phases of them, are held against. The first entry that matches and has the limit counts."""

    model_config = STRICT

    job: Annotated[re.Pattern[str], Regex()] = Field(default=_ANYTHING, description="The jobs that it is for.")
    phase: Annotated[re.Pattern[str], Regex()] | None = Field(
        default=None, description="The phases that it is for; left out, it is for the job as a whole."
    )
    sub_phase: Annotated[re.Pattern[str], Regex()] | None = Field(
        default=None, description="The sub-phases that it is for; needs `phase`."
    )
    environment: Annotated[re.Pattern[str], Regex()] = Field(
        default=_ANYTHING, description="The environments that it is for; a run that names none has an empty one."
    )
    duration: Annotated[float, Duration("1s", "1y")] | None = Field(
        default=None, description="How long it may take, from its start to its end."
    )
    memory: Annotated[int, Size(1024, 1024 * _TERABYTE)] | None = Field(
        default=None, description="How much memory it may use."
    )
    errors: Annotated[int, Integer(0, 1_000_000_000)] | None = Field(
        default=None, description="How many errors a run may have."
    )
    schedule: Annotated[str, Schedule()] | None = Field(default=None, description="When the job is due to start.")
    timezone: Annotated[str, TimeZone()] = Field(default="UTC", description="The time zone of `schedule`.")
    start_within: Annotated[float, Duration("1s", "30d")] = Field(
        default=900.0, description="How long after it was due a run may start."
    )
    finish_within: Annotated[float, Duration("1s", "1y")] | None = Field(
        default=None,
        description="How long after it was due (without `schedule`: after it started) a run must be completed.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        conflicts = []
        if self.sub_phase is not None and self.phase is None:
            conflicts.append(Conflict("sub_phase", "needs phase beside it: the phases whose sub-phases are meant"))
        if self.phase is not None:
            fault = "is for a job as a whole; leave phase out, or write another entry"
            wrong = [name for name in ("schedule", "finish_within") if getattr(self, name) is not None]
            conflicts += [Conflict(name, fault) for name in wrong]
        if conflicts:
            raise conflicting(conflicts)
        return self


class JobsConfig(BaseModel):
    """Jobs and their phases: where their runs are kept, and what they are held against."""

    model_config = STRICT

    database: Annotated[SecretStr, DatabaseUrl(), DefaultText("an SQLite file in `state.dir`")] | None = Field(
        default=None,
        description="Where runs are kept: `postgresql://user:password@host/database`, or `sqlite:////path`. With no "
        "`state.dir` they are in a temporary file that ends with the process. docs/jobs.md says more.",
    )
    retention: JobRetention = Field(default_factory=JobRetention, description="How long runs are kept.")
    max_age: Annotated[float, Duration("1m", "1y")] = Field(
        default=7 * 86400.0,
        description="After how much silence a run that announced no heartbeat counts as lost (curl and OpenLineage "
        "announce none; the SDK does, and its runs are lost after three that are missing).",
    )
    limits: JobLimits = Field(default_factory=JobLimits, description="What jobs may fill.")
    series_budget: Annotated[int, Integer(1)] = Field(
        default=20_000,
        description="The most series of jobs and applications that are served. Above it jobs are served without their "
        "phases, those with the most series first; applications lose their actions once no job has phases left to "
        "give. `streamgauge_job_series_dropped` says how many that saves.",
    )
    history_runs: Annotated[int, Integer(2, 1000)] = Field(
        default=30, description="How many earlier runs tell what is usual for a phase."
    )
    slos: tuple[JobSlo, ...] = Field(default=(), description="What jobs and phases are held against.")
