"""What is known of all jobs and applications at a time: the one answer that metrics, the page and the API show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamgauge.model.jobs.applications import ApplicationReading
from streamgauge.model.jobs.completion import Completion
from streamgauge.model.jobs.durations import DurationHistogram, Usual
from streamgauge.model.jobs.events import StepKey
from streamgauge.model.jobs.runs import Run


@dataclass(frozen=True, slots=True)
class Totals:
    """What a job, phase or sub-phase has added up to since the store was made; never falls, not by retention either.

    Attributes:
        ends: runs (or phases) that ended.
        failures: those that failed.
        warnings: how many.
        errors: how many.
        items: items done.
        cpu_seconds: consumed.
        durations: of those that were completed.
    """

    ends: int = 0
    failures: int = 0
    warnings: int = 0
    errors: int = 0
    items: float = 0.0
    cpu_seconds: float = 0.0
    durations: DurationHistogram = field(default_factory=DurationHistogram)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job, phase or sub-phase is held against (`jobs.slos`); None: nothing.

    Attributes:
        duration_seconds: how long it may take.
        memory_bytes: how much it may use.
        errors: how many a run may have.
    """

    duration_seconds: float | None = None
    memory_bytes: int | None = None
    errors: int | None = None


@dataclass(frozen=True, slots=True)
class JobReading:
    """A job at a time.

    Attributes:
        latest: the run that started last, as it stands.
        running: how many of its runs run; lost ones do not.
        lost: how many are lost.
        last_success: when a run was last completed, in seconds since the epoch; None: none was.
        totals: by step; the job itself is under ``RUN``.
        last_duration: by step: of the last one that was completed, in seconds.
        usual: by step: what its last completed runs took, without the latest run.
        limits: by step: what the latest run is held against.
        completion: when the latest run is expected to be completed; None: it does not run.
        due: when it was last due to start (`schedule`); None: it has no schedule.
        start_by: until when a run must have started, for the last time that it was due.
        finish_by: until when a run must be completed (`finish_within`); None: not said.
    """

    latest: Run
    running: int
    lost: int
    last_success: float | None
    totals: Mapping[StepKey, Totals]
    last_duration: Mapping[StepKey, float]
    usual: Mapping[StepKey, Usual]
    limits: Mapping[StepKey, Limits]
    completion: Completion | None = None
    due: float | None = None
    start_by: float | None = None
    finish_by: float | None = None

    @property
    def job(self) -> str:
        """The job's name."""
        return self.latest.job


@dataclass(frozen=True, slots=True)
class JobsReading:
    """All jobs and applications at a time.

    Attributes:
        time: of the reading, in seconds since the epoch.
        jobs: by name, in its order.
        applications: by name, in its order.
    """

    time: float
    jobs: tuple[JobReading, ...] = ()
    applications: tuple[ApplicationReading, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How the store of runs is doing.

    Attributes:
        up: whether it can be read and written; None: it was not tried yet.
        accepted: events that were taken, by kind.
        duplicates: events that had been taken before.
        rejected: events that were refused, by reason: a fixed list of words.
        waiting: events that wait to be written.
        errors: reads and writes that failed.
        runs_trimmed: runs that retention has given up.
        write_seconds: what writing has taken in all.
    """

    up: bool | None = None
    accepted: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    errors: int = 0
    runs_trimmed: int = 0
    write_seconds: float = 0.0
