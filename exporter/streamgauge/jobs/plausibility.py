"""What no job can mean: numbers below nothing, beyond every machine, or no numbers at all; names no database takes."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from streamgauge.model.jobs.applications import BOUNDS, ProcessSnapshot, Work
from streamgauge.model.jobs.events import ENDED, Artifact, Begin, End, JobEvent, Measured, Progress, Resources

_MOST_SECONDS = 1e10
_MOST_BYTES = float(1 << 60)
_MOST_ITEMS = 1e15
_MOST_COUNT = 1e9
_MOST_TOTAL = 1e18
_LONGEST_NAME = 200
_MOST_NAMES = 1000
_NO_TEXT = re.compile("[\x00-\x1f\ud800-\udfff]")

Number = tuple[str, float | None, float]


def implausible(event: JobEvent) -> str | None:
    """What is wrong with an event; None: nothing."""
    step = (("phase", event.step.phase), ("sub_phase", event.step.sub_phase))
    names = (("id", event.id), ("job", event.job), ("run", event.run), *step)
    if not event.job or not event.run or (event.step.sub_phase and not event.step.phase):
        return "job and run, and phase beside sub_phase, must not be empty"
    # Written so that what is no number at all (NaN) is refused too.
    if not abs(event.time) <= _MOST_SECONDS:
        return "time is no time"
    if isinstance(event.fact, Measured) and not abs(event.fact.value) <= sys.float_info.max:
        return "value is no finite number"
    if isinstance(event.fact, End) and event.fact.status not in ENDED:
        return f"nothing ends {event.fact.status}"
    return _wrong_name(names) or _wrong_number(_numbers(event.fact))


def implausible_snapshot(snapshot: ProcessSnapshot) -> str | None:
    """What is wrong with a snapshot of a process; None: nothing."""
    if not snapshot.application or not snapshot.process:
        return "application and process must not be empty"
    works = [*snapshot.actions.items()] + ([] if snapshot.events is None else [("events", snapshot.events)])
    if max(len(snapshot.actions), len(snapshot.running), len(snapshot.queues)) > _MOST_NAMES:
        return f"it has more than {_MOST_NAMES} actions or queues"
    if any(len(work.durations.buckets) != len(BOUNDS) + 1 for _, work in works):
        return f"buckets must be {len(BOUNDS) + 1} counts"
    names = (("application", snapshot.application), ("process", snapshot.process))
    return _wrong_name(names) or _wrong_number(_snapshot_numbers(snapshot, works))


def _wrong_name(names: tuple[tuple[str, str], ...]) -> str | None:
    for what, name in names:
        if len(name) > _LONGEST_NAME:
            return f"{what} is longer than {_LONGEST_NAME} characters"
        if _NO_TEXT.search(name):
            return f"{what} has a character that is no text"
    return None


def _wrong_number(numbers: Iterator[Number]) -> str | None:
    for what, number, most in numbers:
        if number is not None and not 0 <= number <= most:
            return f"{what} is not between 0 and {most:g}"
    return None


def _numbers(fact: Any) -> Iterator[Number]:
    if isinstance(fact, Begin):
        yield "items", fact.items, _MOST_ITEMS
        yield "heartbeat_seconds", fact.heartbeat_seconds, _MOST_SECONDS
        yield "position", None if fact.position is None else abs(fact.position), _MOST_COUNT
    elif isinstance(fact, End):
        yield "duration_seconds", fact.duration_seconds, _MOST_SECONDS
        yield "exit_code", None if fact.exit_code is None else abs(fact.exit_code), _MOST_BYTES
    elif isinstance(fact, Progress):
        yield "done", fact.done, _MOST_ITEMS
        yield "items", fact.items, _MOST_ITEMS
    elif isinstance(fact, Resources):
        yield "cpu_seconds", fact.cpu_seconds, _MOST_COUNT
        yield "interval_seconds", fact.interval_seconds, _MOST_SECONDS
        yield "memory_bytes", fact.memory_bytes, _MOST_BYTES
        yield "memory_peak_bytes", fact.memory_peak_bytes, _MOST_BYTES
        yield "threads", fact.threads, _MOST_COUNT
        yield "processes", fact.processes, _MOST_COUNT
    elif isinstance(fact, Artifact):
        yield "size_bytes", fact.size_bytes, _MOST_BYTES


def _snapshot_numbers(snapshot: ProcessSnapshot, works: list[tuple[str, Work]]) -> Iterator[Number]:
    yield "started", snapshot.started, _MOST_SECONDS
    yield "sequence", snapshot.sequence, _MOST_TOTAL
    yield "time", snapshot.time, _MOST_SECONDS
    yield "cpu_seconds", snapshot.cpu_seconds, _MOST_SECONDS
    yield "memory_bytes", snapshot.memory_bytes, _MOST_BYTES
    yield "threads", snapshot.threads, _MOST_COUNT
    yield "processes", snapshot.processes, _MOST_COUNT
    for name, work in works:
        yield f"total of {name}", work.total, _MOST_TOTAL
        yield f"failed of {name}", work.failed, _MOST_TOTAL
        yield f"sum of {name}", work.durations.sum_seconds, _MOST_TOTAL
        for count in work.durations.buckets:
            yield f"a bucket of {name}", count, _MOST_TOTAL
    for name, number in (*snapshot.running.items(), *snapshot.queues.items()):
        yield name, number, _MOST_TOTAL
