"""The rows of what is kept beside the states: artifacts, warnings, errors, and samples."""

from typing import Any

from streamgauge.jobs.records import NoteKind
from streamgauge.jobs.run_image import storable
from streamgauge.model.jobs.events import Artifact, End, Erred, Fault, JobEvent, Resources, Warned


def note_of(event: JobEvent, run_id: int, job_id: int) -> dict[str, Any] | None:
    """The row of what an event notes; None: it notes nothing."""
    fact = event.fact
    if isinstance(fact, Artifact):
        told = {"message": fact.name, "uri": fact.uri, "size_bytes": fact.size_bytes, "direction": fact.kind}
        return _note(event, run_id, job_id, NoteKind.ARTIFACT, told)
    if isinstance(fact, Warned):
        return _note(event, run_id, job_id, NoteKind.WARNING, {"message": fact.message})
    fault: Fault | None = None
    if isinstance(fact, Erred):
        fault = fact.fault
    elif isinstance(fact, End):
        fault = fact.error
    if fault is None:
        return None
    told = {"message": fault.message, "error_type": fault.type, "traceback": fault.traceback}
    return _note(event, run_id, job_id, NoteKind.ERROR, told)


def sample_of(event: JobEvent, run_id: int) -> dict[str, Any] | None:
    """The row of what an event samples; None: it samples nothing."""
    fact = event.fact
    if not isinstance(fact, Resources):
        return None
    return {
        "run_id": run_id,
        "phase": event.step.phase,
        "sub_phase": event.step.sub_phase,
        "time": event.time,
        "event_id": storable(event.id),
        "cpu_seconds": fact.cpu_seconds,
        "interval_seconds": fact.interval_seconds,
        "memory_bytes": fact.memory_bytes,
        "memory_peak_bytes": fact.memory_peak_bytes,
        "threads": fact.threads,
        "processes": fact.processes,
    }


def _note(event: JobEvent, run_id: int, job_id: int, kind: NoteKind, told: dict[str, Any]) -> dict[str, Any]:
    """All columns in each row: rows are written many at a time."""
    nothing = dict.fromkeys(("uri", "size_bytes", "direction", "error_type", "traceback"))
    texts = {name: storable(value) if isinstance(value, str) else value for name, value in told.items()}
    names = {"run_id": run_id, "job_id": job_id, "event_id": storable(event.id), "time": event.time}
    step = {"phase": event.step.phase, "sub_phase": event.step.sub_phase, "kind": kind.value}
    return {**names, **step, **nothing, **texts}
