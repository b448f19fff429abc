"""Writes an application's snapshot as metrics, for programs that Prometheus scrapes themselves.

The families have the exporter's names, so that dashboards and rules do not tell who was scraped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from streamgauge_sdk._application import BOUNDS, Counts
from streamgauge_sdk._application_reporter import Snapshot

_LONG = 6


@dataclass(frozen=True)
class Sample:
    """One line: `suffix` follows the family's name."""

    suffix: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """All lines of one metric; `name` is without the `_total` of a counter."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def families(snapshot: Snapshot) -> list[Family]:
    """Return the metrics of a snapshot; what is unknown has no line, and a family without lines is left out."""
    application = {"application": snapshot.identity.application}
    found = [*_actions(snapshot, application), *_events(snapshot, application), *_gauges(snapshot, application)]
    return [family for family in found if family.samples]


def exposition(snapshot: Snapshot, *, openmetrics: bool = False) -> str:
    """Return a snapshot in Prometheus' text format 0.0.4, or in OpenMetrics 1.0."""
    lines = [line for family in families(snapshot) for line in _lines(family, openmetrics=openmetrics)]
    if openmetrics:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines)


def _actions(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    by_action = [({**application, "action": name}, counts) for name, counts in snapshot.activity.actions.items()]
    yield Family(
        "app_actions",
        "counter",
        "Actions that ended, failed ones included, since the process started.",
        tuple(Sample("_total", labels, counts.total) for labels, counts in by_action),
    )
    yield Family(
        "app_actions_failed",
        "counter",
        "Actions that ended with an exception or were recorded as failed.",
        tuple(Sample("_total", labels, counts.failed) for labels, counts in by_action),
    )
    yield Family(
        "app_actions_running",
        "gauge",
        "Actions that were begun and have not ended.",
        tuple(Sample("", labels, counts.running) for labels, counts in by_action),
    )
    yield Family(
        "app_action_duration_seconds",
        "histogram",
        "How long actions took from their begin to their end.",
        tuple(sample for labels, counts in by_action for sample in _histogram(labels, counts)),
    )


def _events(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    counts = snapshot.activity.events
    if counts is None:
        return
    yield Family(
        "app_events",
        "counter",
        "Events that were processed, failed ones included, since the process started.",
        (Sample("_total", application, counts.total),),
    )
    yield Family(
        "app_events_failed",
        "counter",
        "Events whose processing failed.",
        (Sample("_total", application, counts.failed),),
    )
    yield Family(
        "app_event_processing_seconds",
        "histogram",
        "How long the processing of an event took.",
        tuple(_histogram(application, counts)),
    )


def _gauges(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    process = {**application, "process": snapshot.identity.process}
    system = snapshot.system
    yield Family(
        "app_queue_depth",
        "gauge",
        "How much waits in a queue of the process; absent while that is unknown.",
        tuple(Sample("", {**process, "queue": name}, depth) for name, depth in snapshot.queues.items()),
    )
    yield Family(
        "app_cpu_seconds",
        "counter",
        "CPU that the process consumed, without its children.",
        _one("_total", application, system.cpu_seconds_total),
    )
    yield Family(
        "app_memory_bytes",
        "gauge",
        "Resident memory of the process, without its children.",
        _one("", process, system.memory_bytes),
    )
    yield Family("app_threads", "gauge", "Threads of the process.", _one("", process, system.threads))
    yield Family(
        "app_processes",
        "gauge",
        "The process and its descendants that run.",
        _one("", process, system.processes),
    )


def _one(suffix: str, labels: dict[str, str], value: float | None) -> tuple[Sample, ...]:
    return () if value is None else (Sample(suffix, labels, value),)


def _histogram(labels: dict[str, str], counts: Counts) -> Iterator[Sample]:
    bounds = [*(_number(bound) for bound in BOUNDS), "+Inf"]
    for bound, within in zip(bounds, accumulate(counts.durations.buckets), strict=True):
        yield Sample("_bucket", {**labels, "le": bound}, within)
    yield Sample("_count", labels, counts.durations.count)
    yield Sample("_sum", labels, counts.durations.sum)


def _lines(family: Family, *, openmetrics: bool) -> Iterator[str]:
    # OpenMetrics describes a counter without its suffix, the older format with it.
    described = family.name if openmetrics or family.kind != "counter" else f"{family.name}_total"
    yield f"# HELP {described} {family.help}"
    yield f"# TYPE {described} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(sample.labels.items()))
        yield f"{family.name}{sample.suffix}{{{labels}}} {_number(sample.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """Write a number that is finite and not negative as Go does, whose exponents begin at a million."""
    text = repr(float(value))
    whole, point, fraction = text.partition(".")
    if len(whole) <= _LONG or not point:
        return text
    digits = f"{whole[1:]}{fraction}".rstrip("0")
    return f"{whole[0]}{'.' if digits else ''}{digits}e+{len(whole) - 1:02d}"
