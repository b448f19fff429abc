"""What an application tells of itself: everything that it has counted since it started."""

from typing import Annotated, Literal

from pydantic import Field

from streamgauge.model.jobs.applications import BOUNDS, Durations, ProcessSnapshot, Work
from streamgauge.web.api.jobs_writing import values
from streamgauge.web.api.jobs_writing.facts import Fields, about, required

_BUCKETS = len(BOUNDS) + 1
_NAMES = 101  # a hundred, and "other"

_Total = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class HistogramFields(Fields):
    """How long something took, counted in buckets."""

    sum: _Total = required("All durations added up, in seconds.", 12.5)
    count: values.Count | None = about("How many; the buckets tell it too.", 40)
    buckets: Annotated[list[values.Count], Field(min_length=_BUCKETS, max_length=_BUCKETS)] = required(
        f"How many durations are in each bucket alone. The upper bounds in seconds are {', '.join(map(str, BOUNDS))}; "
        "one more at the end counts those that are longer.",
        [0, 0, 3, 10, 20, 5, 2, 0, 0, 0, 0, 0, 0, 0],
    )

    def durations(self) -> Durations:
        """As the model has it."""
        return Durations(tuple(self.buckets), self.sum)


class ActionFields(Fields):
    """What an application has done under one name."""

    total: values.Count = required("How many were done.", 40)
    failed: values.Count = Field(0, description="How many of them failed.")
    running: values.Count = Field(0, description="How many run now.")
    duration_seconds: HistogramFields | None = about("How long they took.")


class ProcessedFields(Fields):
    """Events that an application has processed."""

    total: values.Count = required("How many were processed.", 1200)
    failed: values.Count = Field(0, description="How many of them failed.")
    processing_seconds: HistogramFields | None = about("How long they took.")


class SystemFields(Fields):
    """What the process uses."""

    cpu_seconds_total: _Total | None = about("CPU time since it started.", 42.5)
    memory_bytes: values.Count | None = about("Resident memory now.", 104857600)
    threads: values.Few | None = about("Threads now.", 8)
    processes: values.Few | None = about("Processes now: it and its children.", 1)


class ApplicationEvent(Fields):
    """What one process of an application has counted since it started; a later one takes the place of this."""

    type: Literal["application"]
    id: values.EventId | None = about("Unique to the event.", "4f1c2a9e0b7d4e5f8a6b3c2d1e0f9a8b")
    time: values.Time | None = Field(None, description="When it was counted. Left out, when it arrived.")
    application: values.Name = required("The application.", "planner")
    process: values.Name = required("Which process of it.", "host-1-4711")
    started: values.Time = Field(description="When the process started.")
    sequence: values.Count = required("Counts up with each such event of this process.", 17)
    actions: Annotated[dict[values.MetricName, ActionFields], Field(max_length=_NAMES)] | None = about(
        "Actions by name; what is beyond a hundred names goes under `other`."
    )
    events: ProcessedFields | None = about("Events that it has processed.")
    queues: Annotated[dict[values.MetricName, values.Amount], Field(max_length=_NAMES)] | None = about(
        "Depths of its queues by name.", {"incoming": 12}
    )
    current_action: values.MetricName | None = about("What it does now.", "click")
    system: SystemFields | None = about("What it uses.")

    def snapshot(self, arrived: float) -> ProcessSnapshot:
        """As the model has it; without a time it was made when it arrived."""
        actions, system = self.actions or {}, self.system or SystemFields()
        return ProcessSnapshot(
            application=self.application,
            process=self.process,
            started=self.started,
            sequence=self.sequence,
            time=arrived if self.time is None else self.time,
            actions={name: _work(each, each.duration_seconds) for name, each in actions.items()},
            running={name: each.running for name, each in actions.items()},
            events=None if self.events is None else _work(self.events, self.events.processing_seconds),
            queues=self.queues or {},
            current_action=self.current_action,
            cpu_seconds=system.cpu_seconds_total,
            memory_bytes=system.memory_bytes,
            threads=system.threads,
            processes=system.processes,
        )


def _work(counted: ActionFields | ProcessedFields, durations: HistogramFields | None) -> Work:
    return Work(counted.total, counted.failed, durations.durations() if durations else Durations())
