"""What a job tells of itself: one event is one fact about a run, a phase or a sub-phase, at one time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """How a run or a phase stands; ``LOST`` is never told, only derived when it is read."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    LOST = "lost"


ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.ABORTED})
"""The statuses after which nothing more is expected."""


class StepKey(NamedTuple):
    """Which part of a run: the run itself has neither name, a phase has the first, a sub-phase has both."""

    phase: str = ""
    sub_phase: str = ""

    @property
    def parent(self) -> "StepKey":
        """The phase of a sub-phase, the run of a phase; the run is its own parent."""
        return StepKey(self.phase) if self.sub_phase else StepKey()


RUN = StepKey()
"""The run itself."""


class Fault(NamedTuple):
    """An error as a program words it."""

    message: str
    type: str | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """It starts (``running``), or is announced (``pending``).

    Attributes:
        running: whether it starts now.
        title: its name for people.
        items: how many items it will process.
        position: its place among its siblings.
        labels: of a run: what tells it from others.
        environment: of a run: where it runs (``prod``).
        heartbeat_seconds: of a run: an event comes at least this often while it runs.
    """

    running: bool
    title: str | None = None
    items: float | None = None
    position: int | None = None
    labels: Mapping[str, str] | None = None
    environment: str | None = None
    heartbeat_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class End:
    """It ends.

    Attributes:
        status: completed, failed or aborted.
        duration_seconds: how long it took by the job's own monotonic clock.
        exit_code: a process's.
        message: why.
        error: what went wrong, where this is the place at which it did.
    """

    status: Status
    duration_seconds: float | None = None
    exit_code: int | None = None
    message: str | None = None
    error: Fault | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many items are done, of how many where that is known by now."""

    done: float
    items: float | None = None


@dataclass(frozen=True, slots=True)
class Resources:
    """What it uses.

    Attributes:
        cpu_seconds: consumed since the last event of this kind for the same step.
        interval_seconds: over how long.
        memory_bytes: resident now.
        memory_peak_bytes: the most so far.
        threads: how many now.
        processes: how many now.
    """

    cpu_seconds: float = 0.0
    interval_seconds: float | None = None
    memory_bytes: int | None = None
    memory_peak_bytes: int | None = None
    threads: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that it read or made."""

    name: str
    uri: str | None = None
    size_bytes: int | None = None
    kind: str = "output"


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that is not right but does not end it."""

    message: str


@dataclass(frozen=True, slots=True)
class Erred:
    """An error that does not end it."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Measured:
    """A number of its own choice; the last one of a name counts."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """It lives."""


Fact = Begin | End | Progress | Resources | Artifact | Warned | Erred | Measured | Heartbeat


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One fact.

    Attributes:
        id: unique to the event: the same id twice is the same event.
        time: when it happened, in seconds since the epoch, by the job's clock.
        job: the job's name.
        run: the run's id.
        step: what it is about.
        fact: what happened.
        implicit: of a step that stands for its whole run because nothing finer is known; hidden where something is.
    """

    id: str
    time: float
    job: str
    run: str
    fact: Fact
    step: StepKey = field(default=RUN)
    implicit: bool = False
