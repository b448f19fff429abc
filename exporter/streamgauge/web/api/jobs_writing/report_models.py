"""The bodies of requests that are made by hand: what an event has, without what the path and the method say."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from streamgauge.web.api.jobs_writing import facts, values
from streamgauge.web.api.jobs_writing.facts import Fields, about, required


class Stamped(Fields):
    """What every request may have."""

    id: values.EventId | None = about(
        "Unique to the event: the same id again is the same event. Left out, `Idempotency-Key` makes it, or it is new.",
        "4f1c2a9e0b7d4e5f8a6b3c2d1e0f9a8b",
    )
    time: values.Time | None = Field(
        None, description="When it happened: with its zone, or seconds since the epoch. Left out, when it arrived."
    )


class NewRun(Stamped, facts.RunBeginning):
    """A run that starts."""

    run: values.Name | None = about("Its id; left out, it is the event's id.", "2026-11-21")


class NewPhase(Stamped, facts.Beginning):
    """A phase that starts or is announced."""

    phase: values.Name = required("Its name.", "P00")
    status: Literal["pending", "running"] = Field("running", description="Whether it starts now or is announced.")


class NewSubPhase(Stamped, facts.Beginning):
    """A sub-phase that starts or is announced."""

    sub_phase: values.Name = required("Its name.", "validation")
    status: Literal["pending", "running"] = Field("running", description="Whether it starts now or is announced.")


class Completion(Stamped, facts.Ending):
    """How it was completed; all of it may be left out, the body too."""


class Failure(Stamped, facts.Failing):
    """How it failed; all of it may be left out, the body too."""


class Abortion(Stamped, facts.Ending):
    """How it was aborted; all of it may be left out, the body too."""


class Change(Stamped, facts.Failing):
    """What it has come to."""

    status: Literal["completed", "failed", "aborted"] = required("How it ended.", "completed")


class ProgressReport(Stamped, facts.ProgressFields):
    """How far it is."""


class ResourcesReport(Stamped, facts.ResourcesFields):
    """What it uses."""


class ArtifactReport(Stamped, facts.ArtifactFields):
    """Something that it has read or made."""


class WarningReport(Stamped, facts.WarningFields):
    """Something that is not right and does not end it."""


class ErrorReport(Stamped, facts.ErrorFields):
    """An error that does not end it."""


class MetricReport(Stamped, facts.MetricFields):
    """A number of its own choice."""


class HeartbeatReport(Stamped, facts.HeartbeatFields):
    """That it lives; the body may be left out."""


class Taken(BaseModel):
    """What was reported is on disk."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="The event's id.", examples=["4f1c2a9e0b7d4e5f8a6b3c2d1e0f9a8b"])
    job: str = Field(description="The job.", examples=["daily-plan"])
    run: str = Field(description="The run.", examples=["2026-11-21"])
    phase: str | None = Field(description="The phase; null: it is about the run.", examples=["P00"])
    sub_phase: str | None = Field(
        description="The sub-phase; null: it is about what is above.", examples=["validation"]
    )
    duplicate: bool = Field(description="Whether this event had been taken before.", examples=[False])
