"""Families about what programs do inside: actions, events, queues. The SDK serves the same under the same names.

Counters add up over an application's processes, those that ended too; gauges that cannot add up tell the process.
"""

from collections.abc import Iterator, Mapping

from streamgauge.metrics.family import Family, Kind, number_text, pairs
from streamgauge.model.jobs.applications import BOUNDS, ApplicationReading, ApplicationTotals, ProcessSnapshot, Work

_APPLICATION = ("application",)
_ACTION = (*_APPLICATION, "action")
_PROCESS = (*_APPLICATION, "process")

ACTIONS = Family(
    "app_actions_total",
    Kind.COUNTER,
    _ACTION,
    "Actions that ended, failed ones too, over all processes of the application.",
)
ACTIONS_FAILED = Family(
    "app_actions_failed_total",
    Kind.COUNTER,
    _ACTION,
    "Actions that failed. Divide its rate by that of app_actions_total.",
)
ACTIONS_RUNNING = Family(
    "app_actions_running",
    Kind.GAUGE,
    _ACTION,
    "Actions that were begun and have not ended, in the processes that live. Growing: they hang.",
)
ACTION_DURATION = Family(
    "app_action_duration_seconds",
    Kind.HISTOGRAM,
    _ACTION,
    "How long actions took from their begin to their end.",
    BOUNDS,
)
EVENTS = Family(
    "app_events_total",
    Kind.COUNTER,
    _APPLICATION,
    "Events that were processed, failed ones too. Absent where the application processes none.",
)
EVENTS_FAILED = Family(
    "app_events_failed_total",
    Kind.COUNTER,
    _APPLICATION,
    "Events whose processing failed. Divide its rate by that of app_events_total.",
)
EVENT_PROCESSING = Family(
    "app_event_processing_seconds",
    Kind.HISTOGRAM,
    _APPLICATION,
    "How long the processing of an event took.",
    BOUNDS,
)
QUEUE_DEPTH = Family(
    "app_queue_depth",
    Kind.GAUGE,
    (*_PROCESS, "queue"),
    "How much waits in a queue of the process. Growing for long: it takes in more than it does.",
)
CPU = Family(
    "app_cpu_seconds_total",
    Kind.COUNTER,
    _APPLICATION,
    "CPU that the application's processes consumed, those that ended too.",
)
MEMORY = Family("app_memory_bytes", Kind.GAUGE, _PROCESS, "Resident memory of the process.")
THREADS = Family("app_threads", Kind.GAUGE, _PROCESS, "Threads that the process has. Growing for ever: they leak.")
PROCESSES = Family("app_processes", Kind.GAUGE, _PROCESS, "How many processes it is, with its children that run.")
LAST_SEEN = Family(
    "app_last_seen_timestamp_seconds",
    Kind.GAUGE,
    _APPLICATION,
    "When something was last heard of the application, in seconds since the epoch, by the exporter's clock.",
)

FAMILIES = (
    ACTIONS,
    ACTIONS_FAILED,
    ACTIONS_RUNNING,
    ACTION_DURATION,
    EVENTS,
    EVENTS_FAILED,
    EVENT_PROCESSING,
    QUEUE_DEPTH,
    CPU,
    MEMORY,
    THREADS,
    PROCESSES,
    LAST_SEEN,
)

SERIES_PER_ACTION = sum(family.samples_each for family in (ACTIONS, ACTIONS_FAILED, ACTIONS_RUNNING, ACTION_DURATION))
_SERIES_OF_ITSELF = sum(family.samples_each for family in (EVENTS, EVENTS_FAILED, EVENT_PROCESSING, CPU, LAST_SEEN))
_SERIES_PER_PROCESS = len((MEMORY, THREADS, PROCESSES))

Sample = tuple[Family, str]


def series_without_actions(reading: ApplicationReading) -> int:
    """How many series an application has at most, its actions apart."""
    queues = sum(len(process.queues) for process in reading.processes)
    return _SERIES_OF_ITSELF + _SERIES_PER_PROCESS * len(reading.processes) + queues


def series_of_actions(reading: ApplicationReading) -> int:
    """How many series its actions have."""
    names = {*reading.totals.actions, *(name for process in reading.processes for name in _names(process))}
    return SERIES_PER_ACTION * len(names)


def samples(reading: ApplicationReading, *, actions: bool) -> Iterator[Sample]:
    """Each family of the application with its lines; its actions if wanted."""
    labels = pairs((("application", reading.application),))
    if actions:
        yield from _actions(labels, reading.totals.actions, reading.processes)
    yield from _events(labels, reading.totals)
    for process in reading.processes:
        yield from _process(f"{labels},{pairs((('process', process.process),))}", process)
    yield _line(LAST_SEEN, labels, reading.last_heard)


def _line(family: Family, labels: str, number: float) -> Sample:
    return family, f"{family.name}{{{labels}}} {number_text(number)}\n"


def _names(process: ProcessSnapshot) -> frozenset[str]:
    return frozenset((*process.actions, *process.running))


def _actions(application: str, totals: Mapping[str, Work], processes: tuple[ProcessSnapshot, ...]) -> Iterator[Sample]:
    names = {*totals, *(name for process in processes for name in _names(process))}
    for name in sorted(names):
        labels = f"{application},{pairs((('action', name),))}"
        work = totals.get(name, Work())
        yield _line(ACTIONS, labels, work.total)
        yield _line(ACTIONS_FAILED, labels, work.failed)
        if processes:
            yield _line(ACTIONS_RUNNING, labels, sum(process.running.get(name, 0) for process in processes))
        yield ACTION_DURATION, ACTION_DURATION.histogram(labels, work.durations.buckets, work.durations.sum_seconds)


def _events(labels: str, totals: ApplicationTotals) -> Iterator[Sample]:
    events = totals.events
    if events is not None:
        yield _line(EVENTS, labels, events.total)
        yield _line(EVENTS_FAILED, labels, events.failed)
        durations = events.durations
        yield EVENT_PROCESSING, EVENT_PROCESSING.histogram(labels, durations.buckets, durations.sum_seconds)
    if totals.cpu_seconds is not None:
        yield _line(CPU, labels, totals.cpu_seconds)


def _process(labels: str, process: ProcessSnapshot) -> Iterator[Sample]:
    for name, depth in sorted(process.queues.items()):
        yield _line(QUEUE_DEPTH, f"{labels},{pairs((('queue', name),))}", depth)
    for family, number in (
        (MEMORY, process.memory_bytes),
        (THREADS, process.threads),
        (PROCESSES, process.processes),
    ):
        if number is not None:
            yield _line(family, labels, number)
