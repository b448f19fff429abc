"""The fields of each kind of event, without what it is about, and the facts that they stand for."""

from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from streamgauge.model.jobs.events import (
    Artifact,
    Begin,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    Measured,
    Progress,
    Resources,
    Status,
    Warned,
)
from streamgauge.web.api.jobs_writing import values


def about(text: str, example: object = None, **more: Any) -> Any:
    """An optional field's description, and an example."""
    return Field(None, description=text, examples=None if example is None else [example], **more)


def required(text: str, example: object) -> Any:
    """A field's description, and an example, where it must be there."""
    return Field(description=text, examples=[example])


class Fields(BaseModel):
    """Fields that are known; others are refused by their names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Beginning(Fields):
    """What is told when a phase or sub-phase starts or is announced."""

    title: values.Title | None = about("Its name for people.", "Document assembly")
    items: values.Amount | None = about("How many items it will process.", 500)
    position: values.Place | None = about("Its place among its siblings.", 1)


class RunBeginning(Beginning):
    """What is told when a run starts; the fields that only a run has are refused of a phase."""

    labels: Annotated[dict[values.MetricName, values.LabelText], Field(max_length=values.LABELS)] | None = about(
        "What tells this run from others; only a run has them.", {"customer": "acme"}
    )
    environment: values.Environment | None = about("Where it runs; only a run has one.", "prod")
    heartbeat_seconds: values.Period | None = about(
        "Announces that an event comes at least this often while it runs: after three that are missing it is lost. "
        "Only a run has it.",
        30,
    )


class Ending(Fields):
    """What is told when something ends."""

    duration_seconds: values.Seconds | None = about("How long it took, by the job's monotonic clock.", 12.5)
    exit_code: values.ExitCode | None = about("What the process ended with.", 0)
    message: values.Message | None = about("Why it ended so.", "stopped by the operator")


class RaisedError(Fields):
    """An error as the program words it."""

    message: values.Message = required("What went wrong.", "division by zero")
    type: values.Title | None = about("The kind of error.", "ZeroDivisionError")
    traceback: values.Traceback | None = about("Where it arose.")


class Failing(Ending):
    """What is told when something fails."""

    error: RaisedError | None = about("What went wrong; only at the innermost level, so that an error is counted once.")


class ProgressFields(Fields):
    """How far it is."""

    done: values.Amount = required("How many items are done, in all.", 120)
    items: values.Amount | None = about("Of how many, where that is known by now.", 500)


class ResourcesFields(Fields):
    """What it uses."""

    cpu_seconds: values.Seconds | None = about("CPU time since the last report of this kind: it is added up.", 2.5)
    memory_bytes: values.Count | None = about("Resident memory now, with that of its children.", 104857600)
    memory_peak_bytes: values.Count | None = about("The most so far.", 209715200)
    threads: values.Few | None = about("Threads now.", 4)
    processes: values.Few | None = about("Processes now.", 1)
    interval_seconds: values.Seconds | None = about("Over how long `cpu_seconds` was used.", 5.0)


class ArtifactFields(Fields):
    """Something that it has read or made."""

    name: values.ArtifactName = required("Its name.", "out.json")
    uri: values.Uri | None = about("Where it is.", "s3://plans/2026-11-21/out.json")
    size_bytes: values.Count | None = about("How large it is.", 104857600)
    kind: Literal["input", "output"] | None = about("Whether it was read or made; without a word, made.", "output")


class WarningFields(Fields):
    """Something that is not right and does not end it."""

    message: values.Message = required("What is not right.", "page 7 skipped")


class ErrorFields(Fields):
    """An error that does not end it."""

    message: values.Message = required("What went wrong.", "page 8 cannot be read")
    error_type: values.Title | None = about("The kind of error.", "ValueError")
    traceback: values.Traceback | None = about("Where it arose.")


class MetricFields(Fields):
    """A number of its own choice."""

    name: values.MetricName = required("What it is.", "pages")
    value: values.Finite = required("How much; the last one of a name counts.", 50)


class HeartbeatFields(Fields):
    """That it lives."""


class FactOf(Protocol):
    """Makes the fact of fields; which fields, the table below says."""

    def __call__(self, fields: Any, /) -> Fact:
        """The fact."""


class Kind(NamedTuple):
    """A kind of event.

    Attributes:
        fields: what it has.
        fact: what that means.
    """

    fields: type[Fields]
    fact: FactOf


def _begin(fields: Beginning, *, running: bool) -> Begin:
    if not isinstance(fields, RunBeginning):
        return Begin(running, fields.title, fields.items, fields.position)
    return Begin(
        running,
        fields.title,
        fields.items,
        fields.position,
        fields.labels,
        fields.environment,
        fields.heartbeat_seconds,
    )


def _end(fields: Ending, *, status: Status) -> End:
    error = fields.error if isinstance(fields, Failing) else None
    fault = None if error is None else Fault(error.message, error.type, error.traceback)
    return End(status, fields.duration_seconds, fields.exit_code, fields.message, fault)


def _resources(fields: ResourcesFields) -> Resources:
    return Resources(
        fields.cpu_seconds or 0.0,
        fields.interval_seconds,
        fields.memory_bytes,
        fields.memory_peak_bytes,
        fields.threads,
        fields.processes,
    )


def _artifact(fields: ArtifactFields) -> Artifact:
    return Artifact(fields.name, fields.uri, fields.size_bytes, fields.kind or "output")


def _error(fields: ErrorFields) -> Erred:
    return Erred(Fault(fields.message, fields.error_type, fields.traceback))


KINDS = {
    "pending": Kind(Beginning, partial(_begin, running=False)),
    "start": Kind(RunBeginning, partial(_begin, running=True)),
    "complete": Kind(Ending, partial(_end, status=Status.COMPLETED)),
    "fail": Kind(Failing, partial(_end, status=Status.FAILED)),
    "abort": Kind(Ending, partial(_end, status=Status.ABORTED)),
    "progress": Kind(ProgressFields, lambda fields: Progress(fields.done, fields.items)),
    "resources": Kind(ResourcesFields, _resources),
    "artifact": Kind(ArtifactFields, _artifact),
    "warning": Kind(WarningFields, lambda fields: Warned(fields.message)),
    "error": Kind(ErrorFields, _error),
    "metric": Kind(MetricFields, lambda fields: Measured(fields.name, fields.value)),
    "heartbeat": Kind(HeartbeatFields, lambda _: Heartbeat()),
}
"""Every kind of event about a job, by the word for it."""
