"""What is answered of applications. Null always means unknown (or not there), never zero."""

from datetime import datetime
from typing import Annotated

from streamgauge.web.api.jobs_reading.describing import Answer, Listed, about

_EXAMPLE = "2026-11-21T03:00:00Z"


class Application(Answer):
    """An application in short: counters over all of its processes, ended ones too; the rest over those that live."""

    application: Annotated[str, about("The application.", "planner")]
    last_heard: Annotated[datetime | None, about("When it was last heard of.", _EXAMPLE)]
    process_count: Annotated[int, about("Processes that live.", 2)]
    actions_total: Annotated[int | None, about("Actions that ended; null: it has none.", 48210)]
    actions_failed: Annotated[int | None, about("How many of them failed.", 12)]
    actions_running: Annotated[int | None, about("Actions that run now; null: no process lives.", 3)]
    events_total: Annotated[int | None, about("Events processed; null: it processes none.", 99120)]
    events_failed: Annotated[int | None, about("How many of them failed.", 0)]
    cpu_seconds: Annotated[float | None, about("CPU time consumed.", 812.4)]
    memory_bytes: Annotated[int | None, about("Memory of the processes; null while one's is unknown.", 268435456)]


class ApplicationPage(Listed):
    """Applications."""

    items: list[Application]


class Durations(Answer):
    """A histogram of durations."""

    count: Annotated[int, about("How many.", 48210)]
    sum_seconds: Annotated[float, about("All of them added up.", 1210.5)]
    bounds_seconds: Annotated[list[float], about("The upper bounds of the buckets.", [0.005, 0.01])]
    buckets: Annotated[
        list[int], about("Counts of each bucket alone; one more at the end for what is above the last bound.", [3, 1])
    ]


class WorkDone(Answer):
    """Actions of one name, or events."""

    name: Annotated[str | None, about("The action; null for events.", "click")]
    total: Annotated[int, about("How many ended.", 48210)]
    failed: Annotated[int, about("How many of them failed.", 12)]
    running: Annotated[int | None, about("How many run now; null for events, and while no process lives.", 3)]
    durations: Durations


class Process(Answer):
    """One process as it told of itself last; its counters are from its start."""

    process: Annotated[str, about("Which process.", "host-1-4711")]
    started: Annotated[datetime | None, about("When it started, by its clock.", _EXAMPLE)]
    time: Annotated[datetime | None, about("When the snapshot was taken, by its clock.", _EXAMPLE)]
    sequence: Annotated[int, about("Counts its snapshots.", 720)]
    current_action: Annotated[str | None, about("The action that was begun last and still runs.", "click")]
    actions_total: Annotated[int | None, about("Actions that ended; null: it has none.", 24105)]
    actions_failed: Annotated[int | None, about("How many of them failed.", 6)]
    events_total: Annotated[int | None, about("Events processed; null: it processes none.", 49560)]
    events_failed: Annotated[int | None, about("How many of them failed.", 0)]
    queues: Annotated[dict[str, float], about("How deep its queues are.", {"orders": 4})]
    cpu_seconds: Annotated[float | None, about("CPU time consumed.", 406.2)]
    memory_bytes: Annotated[int | None, about("Memory now.", 134217728)]
    threads: Annotated[int | None, about("Threads.", 12)]
    processes: Annotated[int | None, about("Processes, with its children.", 1)]


class WholeApplication(Application):
    """An application, whole."""

    actions: Annotated[list[WorkDone], about("Its actions by name.")]
    events: Annotated[WorkDone | None, about("Its events; null: it processes none.")]
    processes: Annotated[list[Process], about("The processes that live.")]
