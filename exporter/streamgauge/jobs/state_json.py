"""States of steps, and snapshots of processes, as JSON and back, without loss."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from streamgauge.model.jobs.applications import ApplicationTotals, Durations, ProcessSnapshot, Work
from streamgauge.model.jobs.events import Status
from streamgauge.model.jobs.states import Ended, Stamp, StepState, Told

_COUNTS = ("cpu_microseconds", "starts", "ends", "failures", "warnings", "errors", "artifacts")
_MAXIMA = ("memory_peak_bytes", "most_done")


def state_to_json(state: StepState) -> str:
    """A state; what is at its default is left out."""
    values: dict[str, Any] = {"first": state.first, "implicit": state.implicit}
    values |= {name: count for name in _COUNTS if (count := getattr(state, name))}
    values |= {name: most for name in _MAXIMA if (most := getattr(state, name)) is not None}
    for name in ("pending", "start"):
        if (stamp := getattr(state, name)) is not None:
            values[name] = list(stamp)
    if state.end is not None:
        values["end"] = [list(state.end.stamp), *state.end[1:]]
    for name in ("told", "measured"):
        if words := getattr(state, name):
            values[name] = {word: [list(told.stamp), told.value] for word, told in words.items()}
    return _dumps(values)


def state_from_json(text: str) -> StepState:
    """And back."""
    values: dict[str, Any] = json.loads(text)
    end = values.pop("end", None)
    stamps: dict[str, Any] = {name: Stamp(*values.pop(name)) for name in ("pending", "start") if name in values}
    words: dict[str, Any] = {
        name: {word: Told(Stamp(*stamp), value) for word, (stamp, value) in values.pop(name).items()}
        for name in ("told", "measured")
        if name in values
    }
    return StepState(**values, **stamps, **words, end=None if end is None else _ended(*end))


def snapshot_to_json(snapshot: ProcessSnapshot) -> str:
    """A snapshot, without its application's and its process's names."""
    own = (field.name for field in fields(ProcessSnapshot) if field.name not in ("application", "process"))
    values = {name: value for name in own if (value := getattr(snapshot, name)) is not None}
    values["actions"] = _works(snapshot.actions)
    if snapshot.events is not None:
        values["events"] = asdict(snapshot.events)
    return _dumps({name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()})


def snapshot_from_json(application: str, process: str, text: str) -> ProcessSnapshot:
    """And back."""
    values: dict[str, Any] = json.loads(text)
    values["actions"] = {name: _work(work) for name, work in values["actions"].items()}
    if "events" in values:
        values["events"] = _work(values["events"])
    return ProcessSnapshot(application, process, **values)


def totals_to_json(totals: ApplicationTotals) -> str:
    """What processes have added up to."""
    events = None if totals.events is None else asdict(totals.events)
    return _dumps({"actions": _works(totals.actions), "events": events, "cpu_seconds": totals.cpu_seconds})


def totals_from_json(text: str) -> ApplicationTotals:
    """And back."""
    values = json.loads(text)
    return ApplicationTotals(
        {name: _work(work) for name, work in values["actions"].items()},
        None if values["events"] is None else _work(values["events"]),
        values["cpu_seconds"],
    )


def _ended(stamp: list[Any], status: str, *rest: Any) -> Ended:
    return Ended(Stamp(*stamp), Status(status), *rest)


def _works(works: Mapping[str, Work]) -> dict[str, Any]:
    return {name: asdict(work) for name, work in works.items()}


def _work(values: Mapping[str, Any]) -> Work:
    durations = values["durations"]
    return Work(values["total"], values["failed"], Durations(tuple(durations["buckets"]), durations["sum_seconds"]))


def _dumps(values: Mapping[str, Any]) -> str:
    # Plain ASCII: a lone surrogate or a NUL, which no database takes, are escapes here.
    return json.dumps(values, separators=(",", ":"))
