"""What the states of a run mean, read at a time: statuses, times, progress."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from streamgauge.model.jobs.events import ENDED, RUN, Status, StepKey
from streamgauge.model.jobs.states import MICROSECONDS, Ended, StepState

_MISSED_HEARTBEATS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A phase or sub-phase as it stands.

    Attributes:
        phase: the phase's name.
        sub_phase: the sub-phase's name; "" for a phase.
        title: for people; None where none was told.
        status: pending, running, completed, failed, aborted or lost.
        started: the start of the last attempt, in seconds since the epoch; None: not told.
        finished: its end; None: it runs, or its end was not told.
        duration_seconds: of the last attempt, to its end; None while it runs and where it is not known.
        items: how many items it is to process.
        done: how many it has.
        progress_ratio: 0 to 1; 1 where completed; None: not known.
        cpu_seconds: consumed, over all attempts; None: no sample came.
        memory_bytes: the last sample.
        memory_peak_bytes: the most.
        attempts: how many times it was started.
        exit_code: a process's.
        message: why it ended so.
        warnings: how many, without those of its sub-phases.
        errors: how many, without those of its sub-phases.
        artifacts: how many, without those of its sub-phases.
        measured: numbers by the names that the job gave them.
        sub_phases: in their order.
    """

    phase: str
    sub_phase: str
    title: str | None
    status: Status
    started: float | None
    finished: float | None
    duration_seconds: float | None
    items: float | None
    done: float | None
    progress_ratio: float | None
    cpu_seconds: float | None
    memory_bytes: int | None
    memory_peak_bytes: int | None
    attempts: int
    exit_code: int | None
    message: str | None
    warnings: int
    errors: int
    artifacts: int
    measured: Mapping[str, float]
    sub_phases: tuple["Step", ...] = ()

    @property
    def key(self) -> StepKey:
        """Which part of its run it is."""
        return StepKey(self.phase, self.sub_phase)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands.

    Attributes:
        job: the job's name.
        run: the run's id.
        itself: what was told of the run as a whole; its warnings, errors and artifacts are its own alone.
        environment: where it runs; None: not told.
        labels: what tells it from others.
        phases: in their order.
        heartbeat_seconds: how often it promised to be heard.
        last_heard: when its last event arrived, by the exporter's clock.
    """

    job: str
    run: str
    itself: Step
    environment: str | None
    labels: Mapping[str, str]
    phases: tuple[Step, ...]
    heartbeat_seconds: float | None
    last_heard: float

    @property
    def status(self) -> Status:
        """How the run stands."""
        return self.itself.status

    def steps(self) -> Iterable[Step]:
        """Every phase, each followed by its sub-phases."""
        for phase in self.phases:
            yield phase
            yield from phase.sub_phases

    @property
    def warnings(self) -> int:
        """All warnings of the run and its phases."""
        return self.itself.warnings + sum(step.warnings for step in self.steps())

    @property
    def errors(self) -> int:
        """All errors of the run and its phases."""
        return self.itself.errors + sum(step.errors for step in self.steps())


def view(  # noqa: PLR0913 - names, what is known, and three times
    job: str,
    run: str,
    states: Mapping[StepKey, StepState],
    *,
    last_heard: float,
    now: float,
    silent_after: float,
) -> Run:
    """Read the states of a run at a time.

    Args:
        job: the job's name.
        run: the run's id.
        states: by step; the run itself must be there.
        last_heard: when its last event arrived.
        now: the time of reading.
        silent_after: seconds of silence after which a run that announced no heartbeat is lost.
    """
    shown = _shown(states)
    own = states[RUN]
    heartbeat = own.word("heartbeat_seconds")
    limit = silence(heartbeat) or silent_after
    status = _status(own, (shown[key] for key in _parts(shown, RUN)))
    if status is Status.RUNNING and now - last_heard > limit:
        status = Status.LOST
    phases = tuple(_phase(key, shown, status) for key in _parts(shown, RUN))
    itself = _step(RUN, own, status)
    itself = itself if _spoken_for(own) else _spanning(itself, phases)
    return Run(job, run, itself, own.word("environment"), own.word("labels") or {}, phases, heartbeat, last_heard)


def silence(heartbeat_seconds: float | None) -> float | None:
    """After how many seconds of silence a run that announced a heartbeat is lost; None: it announced none."""
    return None if heartbeat_seconds is None else _MISSED_HEARTBEATS * heartbeat_seconds


def told_status(state: StepState) -> Status:
    """The status that a step's own events tell; what is announced after its end waits to be started again."""
    ended = None if state.end is None else state.end.stamp
    if state.start is not None and (ended is None or ended < state.start):
        return Status.RUNNING
    if state.pending is not None and (ended is None or ended < state.pending):
        return Status.PENDING
    return Status.RUNNING if state.end is None else state.end.status


def _shown(states: Mapping[StepKey, StepState]) -> dict[StepKey, StepState]:
    """Without the phase that stands for the whole run, where there are others."""
    steps = {key: state for key, state in states.items() if key != RUN}
    return {key: state for key, state in steps.items() if not state.implicit} or steps


def _spoken_for(state: StepState) -> bool:
    """Whether anything was told of the step itself that says how it stands."""
    return not (state.start is None and state.end is None)


def _status(own: StepState, parts: Iterable[StepState]) -> Status:
    """What is told of a whole, or what its parts tell where nothing is."""
    told = {told_status(part) for part in parts}
    if _spoken_for(own) or not told:
        return told_status(own)
    if Status.RUNNING in told or (Status.PENDING in told and len(told) > 1):
        return Status.RUNNING
    order = (Status.FAILED, Status.ABORTED, Status.COMPLETED, Status.PENDING)
    return next(status for status in order if status in told)


def _under(told: Status, above: Status) -> Status:
    """The status of a part whose whole has come to an end without a word about the part."""
    if told is not Status.RUNNING or above in {Status.RUNNING, Status.PENDING}:
        return told
    return above if above in {Status.COMPLETED, Status.LOST} else Status.ABORTED


def _phase(key: StepKey, states: Mapping[StepKey, StepState], run: Status) -> Step:
    state, below = states[key], _parts(states, key)
    status = _under(_status(state, (states[part] for part in below)), run)
    parts = tuple(_step(part, states[part], _under(told_status(states[part]), status)) for part in below)
    step = _step(key, state, status)
    return replace(step if _spoken_for(state) else _spanning(step, parts), sub_phases=parts)


def _parts(states: Mapping[StepKey, StepState], above: StepKey) -> list[StepKey]:
    """The parts of a step, by the place that was told, then by when they were first heard of, then by name."""

    def order(key: StepKey) -> tuple[float, float, StepKey]:
        position = states[key].word("position")
        return (math.inf if position is None else position, states[key].first, key)

    return sorted((key for key in states if key != RUN and key.parent == above), key=order)


def _step(key: StepKey, state: StepState, status: Status) -> Step:
    end = state.end if told_status(state) in ENDED else None
    started = None if told_status(state) is Status.PENDING else _started(state, end)
    items, done = state.word("items"), _done(state)
    sampled = state.cpu_microseconds > 0 or state.memory_peak_bytes is not None
    return Step(
        phase=key.phase,
        sub_phase=key.sub_phase,
        title=state.word("title"),
        status=status,
        started=started,
        finished=end.stamp.time if end else None,
        duration_seconds=_duration(end, started),
        items=items,
        done=done,
        progress_ratio=1.0 if status is Status.COMPLETED else _ratio(done, items),
        cpu_seconds=state.cpu_microseconds / MICROSECONDS if sampled else None,
        memory_bytes=state.word("memory_bytes"),
        memory_peak_bytes=state.memory_peak_bytes,
        attempts=state.starts,
        exit_code=end.exit_code if end else None,
        message=end.message if end else None,
        warnings=state.warnings,
        errors=state.errors,
        artifacts=state.artifacts,
        measured={name: told.value for name, told in state.measured.items()},
    )


def _started(state: StepState, end: Ended | None) -> float | None:
    if state.start is not None:
        return state.start.time
    if end is not None and end.duration_seconds is not None:
        return end.stamp.time - end.duration_seconds
    return None


def _done(state: StepState) -> float | None:
    """Items done in this attempt: what an earlier one had done is begun anew."""
    done = state.told.get("done")
    if done is None or (state.start is not None and done.stamp.time < state.start.time):
        return None
    value: float = done.value
    return value


def _duration(end: Ended | None, started: float | None) -> float | None:
    if end is None:
        return None
    if end.duration_seconds is not None:
        return end.duration_seconds
    return None if started is None else max(0.0, end.stamp.time - started)


def _ratio(done: float | None, items: float | None) -> float | None:
    return None if done is None or not items else min(1.0, done / items)


def _spanning(step: Step, parts: Iterable[Step]) -> Step:
    """A whole of which nothing was told itself: from the first of its parts to the last."""
    parts = tuple(parts)
    started = min((part.started for part in parts if part.started is not None), default=None)
    finished = max((part.finished for part in parts if part.finished is not None), default=None)
    if step.status not in ENDED or started is None or finished is None:
        return replace(step, started=started)
    return replace(step, started=started, finished=finished, duration_seconds=finished - started)
