"""A run as the database has it: its states, and the columns that queries need, made of them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from streamgauge.jobs.state_json import state_from_json, state_to_json
from streamgauge.jobs.tables import RUNS, STEPS
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.runs import Run, Step, silence, view
from streamgauge.model.jobs.states import StepState


@dataclass(frozen=True, slots=True)
class RunImage:
    """A run.

    Attributes:
        id: its row's.
        job_id: its job's row's.
        job: the job's name.
        run: the run's id.
        last_heard: when its last event arrived.
        notes_kept: how many.
        samples_kept: how many.
        states: by step.
        columns: of its row, those that are made of its states.
        steps: by step, the columns of its row but the state itself.
    """

    id: int
    job_id: int
    job: str
    run: str
    last_heard: float
    notes_kept: int = 0
    samples_kept: int = 0
    states: Mapping[StepKey, StepState] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[StepKey, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def order(self) -> tuple[float, str]:
        """What runs of a job are ordered by."""
        return (self.columns["began"], self.run)

    @property
    def running(self) -> bool:
        """Whether it runs, as it was told: it may be lost."""
        return bool(self.columns["status"] == Status.RUNNING)

    def seen_at(self, now: float, silent_after: float) -> Run:
        """As it stands at a time."""
        return view(self.job, self.run, self.states, last_heard=self.last_heard, now=now, silent_after=silent_after)


def columns_of(image: RunImage) -> tuple[dict[str, Any], dict[StepKey, dict[str, Any]]]:
    """The columns of a run's row, and of the rows of its steps, that its states make."""
    run = view(image.job, image.run, image.states, last_heard=0.0, now=0.0, silent_after=math.inf)
    began = image.states[RUN].first if run.itself.started is None else run.itself.started
    columns = {
        "title": _storable(run.itself.title),
        "status": run.status.value,
        "began": began,
        "started": run.itself.started,
        "finished": run.itself.finished,
        "duration_seconds": run.itself.duration_seconds,
        "environment": _storable(run.environment),
        "silent_after": silence(run.heartbeat_seconds),
        "errors": run.errors,
        "warnings": run.warnings,
    }
    shown = {step.key: step for step in (run.itself, *run.steps())}
    steps = {key: {"job_id": image.job_id, "began": began, **_step(shown.get(key))} for key in image.states}
    return columns, steps


def changed_rows(before: RunImage | None, after: RunImage) -> Iterator[dict[str, Any]]:
    """The rows of steps that are to be written."""
    states = {} if before is None else before.states
    steps = {} if before is None else before.steps
    for key, state in after.states.items():
        if states.get(key) is not state or steps.get(key) != after.steps[key]:
            names = {"run_id": after.id, "phase": key.phase, "sub_phase": key.sub_phase}
            yield {**names, **after.steps[key], "state": state_to_json(state)}


def load(connection: Connection, job: str, row: Row[Any]) -> RunImage:
    """A run, of its row."""
    values = row._mapping  # noqa: SLF001 - a row's public view of its columns, in spite of its name
    found = connection.execute(select(STEPS.c.phase, STEPS.c.sub_phase, STEPS.c.state).where(STEPS.c.run_id == row.id))
    states = {StepKey(phase, sub_phase): state_from_json(state) for phase, sub_phase, state in found}
    heard, notes, samples = values["last_heard"], values["notes_kept"], values["samples_kept"]
    return with_columns(RunImage(row.id, row.job_id, job, row.run, heard, notes, samples, states))


def load_named(connection: Connection, job_id: int, job: str, run: str) -> RunImage | None:
    """A run by its name; None: there is none."""
    row = connection.execute(select(RUNS).where(RUNS.c.job_id == job_id, RUNS.c.run == run)).one_or_none()
    return None if row is None else load(connection, job, row)


def with_columns(image: RunImage) -> RunImage:
    """With the columns that its states make."""
    columns, steps = columns_of(image)
    return RunImage(
        image.id,
        image.job_id,
        image.job,
        image.run,
        image.last_heard,
        image.notes_kept,
        image.samples_kept,
        image.states,
        columns,
        steps,
    )


def _step(step: Step | None) -> dict[str, Any]:
    """The columns of a step; of one that is hidden, that it is there."""
    return {
        "status": None if step is None else step.status.value,
        "started": None if step is None else step.started,
        "finished": None if step is None else step.finished,
        "duration_seconds": None if step is None else step.duration_seconds,
        "cpu_seconds": None if step is None else step.cpu_seconds,
        "memory_peak_bytes": None if step is None else step.memory_peak_bytes,
        "errors": 0 if step is None else step.errors,
        "warnings": 0 if step is None else step.warnings,
        "item_count": None if step is None else step.items,
    }


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)


def storable(text: str) -> str:
    """Text as every database takes it: a NUL and lone surrogates are replaced."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
