"""What the store answers with: pages, samples, notes, and steps of earlier runs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from streamgauge.model.jobs.events import Status, StepKey

T = TypeVar("T", covariant=True)  # noqa: PLC0105 - read as "items of T"; a name of two words says no more


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A page of what was found.

    Attributes:
        items: of this page.
        total: how many there are on all pages.
    """

    items: tuple[T, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What a step used at one time.

    Attributes:
        id: the event's.
        time: when it was taken, by the job's clock.
        step: of what.
        cpu_seconds: consumed since the sample before.
        interval_seconds: over how long.
        cpu_ratio: the one over the other: 1 is one whole CPU; None: not known.
        memory_bytes: resident then.
        memory_peak_bytes: the most until then.
        threads: how many.
        processes: how many.
    """

    id: str
    time: float
    step: StepKey
    cpu_seconds: float
    interval_seconds: float | None
    cpu_ratio: float | None
    memory_bytes: int | None
    memory_peak_bytes: int | None
    threads: int | None
    processes: int | None


class NoteKind(StrEnum):
    """What a note is about."""

    ARTIFACT = "artifact"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Note:
    """An artifact, a warning or an error.

    Attributes:
        id: the event's.
        time: when it happened, by the job's clock.
        run: of which run.
        step: of which part of it.
        kind: which of the three.
        message: what was said; of an artifact its name.
        uri: of an artifact: where it is.
        size_bytes: of an artifact.
        direction: of an artifact: input or output.
        error_type: of an error, as the program names it.
        traceback: of an error.
    """

    id: str
    time: float
    run: str
    step: StepKey
    kind: NoteKind
    message: str
    uri: str | None = None
    size_bytes: int | None = None
    direction: str | None = None
    error_type: str | None = None
    traceback: str | None = None

    @property
    def name(self) -> str:
        """An artifact's name."""
        return self.message


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A phase, a sub-phase, or the whole, in one of its runs.

    Attributes:
        run: which run.
        step: which part of it.
        status: how it stands.
        started: the start of its last attempt; None: not told.
        finished: its end; None: not yet, or not told.
        duration_seconds: of the last attempt; None: not known.
        cpu_seconds: consumed; None: no sample came.
        memory_peak_bytes: the most; None: no sample came.
        errors: how many, without those of its parts.
        warnings: how many, without those of its parts.
        items: how many it was to process; None: not told.
    """

    run: str
    step: StepKey
    status: Status
    started: float | None
    finished: float | None
    duration_seconds: float | None
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    errors: int
    warnings: int
    items: float | None
