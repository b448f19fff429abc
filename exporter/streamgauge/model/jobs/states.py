"""What was told of a run: its events merged, so that order, repetition and delay change nothing.

Each part of the state is a maximum, a minimum, the latest word by time, or a sum over events that are counted once
(by their ids, which is the caller's part): so merging commutes. ``tests/model/jobs/test_states.py`` holds the law.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from streamgauge.model.jobs.events import (
    RUN,
    Artifact,
    Begin,
    End,
    Erred,
    Fact,
    Heartbeat,
    JobEvent,
    Measured,
    Progress,
    Resources,
    Status,
    StepKey,
    Warned,
)

MICROSECONDS = 1_000_000
"""In a second."""

_MOST_MEASURED = 100


class Stamp(NamedTuple):
    """The order of events: by time, then what ends after what begins, then by id."""

    time: float
    rank: int
    id: str


class Told(NamedTuple):
    """A word and when it was said; the later one counts."""

    stamp: Stamp
    value: Any


class Ended(NamedTuple):
    """The last end that was told."""

    stamp: Stamp
    status: Status
    duration_seconds: float | None = None
    exit_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class StepState:
    """All that was told of a run, phase or sub-phase.

    Attributes:
        first: the time of its first event.
        pending: the last announcement.
        start: the last start.
        end: the last end.
        told: the latest word by its name: title, items, position, labels, environment, heartbeat_seconds, done,
            memory_bytes, threads, processes.
        measured: the latest number by the name that the job gave it; of more than 100 names the first in their order.
        cpu_microseconds: consumed; whole, so that sums do not depend on their order.
        memory_peak_bytes: the most that was told; None: nothing was.
        most_done: the most items that were done at any time; None: nothing was told.
        starts: how many starts were told: attempts.
        ends: how many ends were told.
        failures: how many of them were failures.
        warnings: how many warnings.
        errors: how many errors, those that ended something too.
        artifacts: how many artifacts.
        implicit: whether everything told of it was implied only.
    """

    first: float
    pending: Stamp | None = None
    start: Stamp | None = None
    end: Ended | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    measured: Mapping[str, Told] = field(default_factory=dict)
    cpu_microseconds: int = 0
    memory_peak_bytes: int | None = None
    most_done: float | None = None
    starts: int = 0
    ends: int = 0
    failures: int = 0
    warnings: int = 0
    errors: int = 0
    artifacts: int = 0
    implicit: bool = True

    def word(self, name: str) -> Any:
        """The latest word of that name; None where there is none."""
        told = self.told.get(name)
        return None if told is None else told.value


def counted_once(fact: Fact) -> bool:
    """Whether an event must be taken into a state once only; the others may come again without harm."""
    return not isinstance(fact, Progress | Measured | Heartbeat)


def merge(state: StepState | None, event: JobEvent) -> StepState:
    """Take an event into the state of the step that it is about.

    Args:
        state: what is known; None: nothing yet.
        event: one that is new, if it is of those that are counted once.
    """
    state = state or StepState(first=event.time)
    state = replace(state, first=min(state.first, event.time), implicit=state.implicit and event.implicit)
    fact = event.fact
    if isinstance(fact, Begin):
        return _begun(state, Stamp(event.time, int(fact.running), event.id), fact)
    if isinstance(fact, End):
        return _ended(state, Stamp(event.time, 2, event.id), fact)
    stamp = Stamp(event.time, 1, event.id)
    if isinstance(fact, Progress):
        most = fact.done if state.most_done is None else max(state.most_done, fact.done)
        return replace(_telling(state, stamp, done=fact.done, items=fact.items), most_done=most)
    if isinstance(fact, Resources):
        return _using(state, stamp, fact)
    if isinstance(fact, Measured):
        return replace(state, measured=_first_names(_later(state.measured, stamp, {fact.name: fact.value})))
    return _noted(state, fact)


def observed_duration(before: StepState | None, after: StepState, event: JobEvent) -> float | None:
    """The duration that an event makes known, for a histogram of completed attempts, each of them once.

    An end that does not tell it itself is held against the last start that is known before it; where that start comes
    late, it makes it known.

    Args:
        before: the state of the event's step before it.
        after: and with it.
        event: one that is new.
    """
    fact, end = event.fact, after.end
    if isinstance(fact, End):
        if fact.status is not Status.COMPLETED:
            return None
        if fact.duration_seconds is not None:
            return fact.duration_seconds
        known = after.start is not None and after.start < Stamp(event.time, 2, event.id)
        return event.time - after.start.time if known and after.start is not None else None
    late = isinstance(fact, Begin) and fact.running and (before is None or before.start is None)
    if not late or end is None or end.status is not Status.COMPLETED or end.duration_seconds is not None:
        return None
    return end.stamp.time - event.time if event.time <= end.stamp.time else None


def fold(events: Iterable[JobEvent]) -> dict[StepKey, StepState]:
    """Merge the events of one run, each id once, into the states of its steps; the run itself is always there.

    Args:
        events: at least one.
    """
    states: dict[StepKey, StepState] = {}
    seen: set[str] = set()
    for event in events:
        if counted_once(event.fact) and event.id in seen:
            continue
        seen.add(event.id)
        states.update(merged(states, event))
    return states


def merged(states: Mapping[StepKey, StepState], event: JobEvent) -> dict[StepKey, StepState]:
    """The states that an event changes: its step, and the steps above it, which begin to be by it."""
    changed = {event.step: merge(states.get(event.step), event)}
    key = event.step
    while key != RUN:
        key = key.parent
        above = states.get(key)
        first = event.time if above is None else min(above.first, event.time)
        implicit = event.implicit and (above is None or above.implicit)
        changed[key] = replace(above or StepState(first), first=first, implicit=implicit)
    return changed


def _begun(state: StepState, stamp: Stamp, fact: Begin) -> StepState:
    words = {name: getattr(fact, name) for name in ("title", "items", "position", "environment", "heartbeat_seconds")}
    state = _telling(state, stamp, **words, labels=dict(fact.labels) if fact.labels else None)
    if not fact.running:
        return replace(state, pending=max(state.pending or stamp, stamp))
    return replace(state, start=max(state.start or stamp, stamp), starts=state.starts + 1)


def _ended(state: StepState, stamp: Stamp, fact: End) -> StepState:
    end = Ended(stamp, fact.status, fact.duration_seconds, fact.exit_code, fact.message or _message(fact))
    later = end if state.end is None or state.end.stamp < stamp else state.end
    return replace(
        state,
        end=later,
        ends=state.ends + 1,
        failures=state.failures + (fact.status is Status.FAILED),
        errors=state.errors + (fact.error is not None),
    )


def _message(fact: End) -> str | None:
    return fact.error.message if fact.error else None


def _using(state: StepState, stamp: Stamp, fact: Resources) -> StepState:
    peaks = [peak for peak in (state.memory_peak_bytes, fact.memory_peak_bytes, fact.memory_bytes) if peak is not None]
    state = _telling(state, stamp, memory_bytes=fact.memory_bytes, threads=fact.threads, processes=fact.processes)
    return replace(
        state,
        cpu_microseconds=state.cpu_microseconds + round(fact.cpu_seconds * MICROSECONDS),
        memory_peak_bytes=max(peaks, default=None),
    )


def _noted(state: StepState, fact: Fact) -> StepState:
    return replace(
        state,
        warnings=state.warnings + isinstance(fact, Warned),
        errors=state.errors + isinstance(fact, Erred),
        artifacts=state.artifacts + isinstance(fact, Artifact),
    )


def _telling(state: StepState, stamp: Stamp, **words: Any) -> StepState:
    return replace(state, told=_later(state.told, stamp, words))


def _later(known: Mapping[str, Told], stamp: Stamp, words: Mapping[str, Any]) -> Mapping[str, Told]:
    news = {
        name: Told(stamp, value)
        for name, value in words.items()
        if value is not None and (name not in known or known[name].stamp < stamp)
    }
    return {**known, **news} if news else known


def _first_names(words: Mapping[str, Told]) -> Mapping[str, Told]:
    """Not more than a state may hold; which ones stay does not depend on the order in which they came."""
    if len(words) <= _MOST_MEASURED:
        return words
    return {name: words[name] for name in sorted(words)[:_MOST_MEASURED]}
