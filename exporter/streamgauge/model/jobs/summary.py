"""Sums: what a run has taken in all, and how all jobs are doing together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import Run, Step

MOST_SLOW_PHASES = 5
"""How many of the slowest phases a summary names."""

_LEAST_RUNS = 3


def whole_cpu_seconds(run: Run) -> float | None:
    """CPU of a run and all of its parts, each of which was told apart; None: no sample came."""
    known = [step.cpu_seconds for step in _all(run) if step.cpu_seconds is not None]
    return sum(known) if known else None


def whole_memory_peak_bytes(run: Run) -> int | None:
    """The most memory that a run or one of its parts was told to use; None: nothing was told."""
    return max((step.memory_peak_bytes for step in _all(run) if step.memory_peak_bytes is not None), default=None)


def whole_artifacts(run: Run) -> int:
    """Artifacts of a run and all of its parts."""
    return sum(step.artifacts for step in _all(run))


def elapsed_seconds(step: Step, now: float) -> float | None:
    """For how long a step has been running; None: it does not, or nobody told since when."""
    if step.status is not Status.RUNNING or step.started is None:
        return None
    return max(0.0, now - step.started)


@dataclass(frozen=True, slots=True)
class SlowPhase:
    """A phase of a latest run that takes, or took, longer than it usually does.

    Attributes:
        job: the job's name.
        run: the run's id.
        step: which phase.
        title: for people.
        status: how it stands: running or completed.
        seconds: what it took, or has taken until now.
        usual_seconds: the median of earlier runs.
        ratio: the one over the other.
    """

    job: str
    run: str
    step: StepKey
    title: str | None
    status: Status
    seconds: float
    usual_seconds: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All jobs together.

    Attributes:
        jobs: how many, by the status of the run that started last; each status is there.
        running: runs that run now.
        lost: runs that are lost.
        errors: of the latest runs.
        warnings: of the latest runs.
        slowest: the phases that are the furthest beyond what is usual for them, the worst first.
    """

    jobs: Mapping[Status, int]
    running: int
    lost: int
    errors: int
    warnings: int
    slowest: tuple[SlowPhase, ...]


def summarised(reading: JobsReading) -> Summary:
    """Sum all jobs up."""
    found = Counter(job.latest.status for job in reading.jobs)
    slow = [phase for job in reading.jobs for phase in _slow(job, reading.time)]
    slow.sort(key=lambda phase: (-phase.ratio, phase.job, phase.step))
    return Summary(
        jobs={status: found[status] for status in Status},
        running=sum(job.running for job in reading.jobs),
        lost=sum(job.lost for job in reading.jobs),
        errors=sum(job.latest.errors for job in reading.jobs),
        warnings=sum(job.latest.warnings for job in reading.jobs),
        slowest=tuple(slow[:MOST_SLOW_PHASES]),
    )


def _slow(job: JobReading, now: float) -> Iterator[SlowPhase]:
    """The phases that take longer than the median of at least three runs."""
    for phase in job.latest.phases:
        usual = job.usual.get(phase.key)
        seconds = phase.duration_seconds if phase.status is Status.COMPLETED else elapsed_seconds(phase, now)
        if usual is None or usual.runs < _LEAST_RUNS or usual.median_seconds <= 0 or seconds is None:
            continue
        ratio = seconds / usual.median_seconds
        if ratio > 1:
            named = (job.job, job.latest.run, phase.key, phase.title, phase.status)
            yield SlowPhase(*named, seconds, usual.median_seconds, ratio)


def _all(run: Run) -> Iterable[Step]:
    return (run.itself, *run.steps())
