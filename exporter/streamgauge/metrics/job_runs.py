"""Families about a job as a whole: its run that started last, its runs in all, what it is due for.

Which run is the last one is the store's word; no family tells one run from another.
"""

from collections.abc import Callable, Iterator

from streamgauge.metrics.family import Family, Kind, number_text, pairs
from streamgauge.model.jobs.durations import BOUNDS
from streamgauge.model.jobs.events import RUN, Status
from streamgauge.model.jobs.reading import JobReading

_JOB = ("job_name",)

STATUS = Family(
    "job_status",
    Kind.GAUGE,
    (*_JOB, "status"),
    "1 for how the run that started last stands: pending, running, completed, failed, aborted, or lost (nothing was "
    "heard of it for too long). One series a job: compare with == 1, absent is not well.",
)
INFO = Family(
    "job_info",
    Kind.GAUGE,
    (*_JOB, "title", "environment"),
    "1 for each job, with the title and the environment that its latest run told; empty where it told none.",
)
RUNNING = Family(
    "job_runs_running",
    Kind.GAUGE,
    _JOB,
    "Runs of the job that run now; those that are lost are not among them. More than one: they overlap.",
)
LOST = Family(
    "job_runs_lost",
    Kind.GAUGE,
    _JOB,
    "Runs that are kept and of which nothing was heard for too long: three heartbeats, or jobs.max_age where none were "
    "announced. It falls when one is heard of again, or is given up by retention.",
)
RUNS = Family(
    "job_runs_total",
    Kind.COUNTER,
    _JOB,
    "Runs that ended, failed and aborted ones too, since the store was made.",
)
RUNS_FAILED = Family(
    "job_runs_failed_total",
    Kind.COUNTER,
    _JOB,
    "Runs that failed. Divide its increase by that of job_runs_total.",
)
LAST_START = Family(
    "job_last_start_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "When the run that started last did, in seconds since the epoch, by the job's clock.",
)
START = Family(
    "job_start_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "When the latest run started, while it runs: subtract it from time() for how long it has been running. Absent "
    "while it does not.",
)
LAST_SUCCESS = Family(
    "job_last_success_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "When a run was last completed, in seconds since the epoch. Absent where none was.",
)
LAST_DURATION = Family(
    "job_last_duration_seconds",
    Kind.GAUGE,
    _JOB,
    "How long the run that was completed last took.",
)
DURATION = Family(
    "job_duration_seconds",
    Kind.HISTOGRAM,
    _JOB,
    "How long runs that were completed took, since the store was made; it outlives restarts and retention.",
    BOUNDS,
)
PROGRESS = Family(
    "job_progress_ratio",
    Kind.GAUGE,
    _JOB,
    "How far the latest run is, 0 to 1: while it runs, the time spent over the time that its phases are expected to "
    "take in all; 1 once it is completed. Absent while it is not known.",
)
ESTIMATED_COMPLETION = Family(
    "job_estimated_completion_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "When the latest run is expected to be completed, from its phases' progress and from what they usually take. "
    "Absent while none runs or it cannot be told. A lower bound for phases that take longer than usual.",
)
DUE = Family(
    "job_due_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "When the job was last due to start (schedule in jobs.slos). Absent without a schedule.",
)
START_BY = Family(
    "job_start_by_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "Until when a run must have started, for the last time that it was due (start_within in jobs.slos). Passed, with "
    "job_last_start_timestamp_seconds before job_due_timestamp_seconds: it did not.",
)
DEADLINE = Family(
    "job_deadline_timestamp_seconds",
    Kind.GAUGE,
    _JOB,
    "Until when a run must be completed, counted from when it was due or else from when it started (finish_within in "
    "jobs.slos). Compare with job_estimated_completion_timestamp_seconds.",
)
MEMORY_PEAK = Family(
    "job_memory_peak_bytes",
    Kind.GAUGE,
    _JOB,
    "Most memory that the latest run, or one of its phases, was told to use. Absent while nothing was told.",
)
USUAL = Family(
    "job_usual_duration_seconds",
    Kind.GAUGE,
    (*_JOB, "quantile"),
    "How long the last completed runs took (jobs.history_runs of them, without the latest run): half took less than "
    "0.5 says, 95 of 100 less than 0.95. From the store: it knows each run, which no query can tell.",
)
USUAL_RUNS = Family(
    "job_usual_runs",
    Kind.GAUGE,
    _JOB,
    "How many completed runs job_usual_duration_seconds stands on. Few: it says little.",
)
TREND = Family(
    "job_duration_trend_ratio",
    Kind.GAUGE,
    _JOB,
    "Median duration of the last five completed runs over that of those before, from the store. 1.25: a quarter "
    "slower than it was. Absent until there are five of each.",
)

FAMILIES = (
    STATUS,
    INFO,
    RUNNING,
    LOST,
    RUNS,
    RUNS_FAILED,
    LAST_START,
    START,
    LAST_SUCCESS,
    LAST_DURATION,
    DURATION,
    PROGRESS,
    ESTIMATED_COMPLETION,
    DUE,
    START_BY,
    DEADLINE,
    MEMORY_PEAK,
    USUAL,
    USUAL_RUNS,
    TREND,
)

SERIES_PER_JOB = sum(family.samples_each for family in FAMILIES) + 1
"""At most; one more for the second quantile."""


def samples(job: JobReading) -> Iterator[tuple[Family, str]]:
    """Each family of the job with its lines."""
    labels = pairs((("job_name", job.job),))
    itself = job.latest.itself
    info = pairs((("title", itself.title or ""), ("environment", job.latest.environment or "")))
    yield STATUS, f'{STATUS.name}{{{labels},status="{itself.status}"}} 1\n'
    yield INFO, f"{INFO.name}{{{labels},{info}}} 1\n"
    for family, number_of in _NUMBERS:
        number = number_of(job)
        if number is not None:
            yield family, f"{family.name}{{{labels}}} {number_text(number)}\n"
    totals = job.totals.get(RUN)
    if totals is not None:
        yield RUNS, f"{RUNS.name}{{{labels}}} {totals.ends}\n"
        yield RUNS_FAILED, f"{RUNS_FAILED.name}{{{labels}}} {totals.failures}\n"
        yield DURATION, DURATION.histogram(labels, totals.durations.buckets, totals.durations.sum_seconds)
    usual = job.usual.get(RUN)
    if usual is not None:
        for quantile, seconds in (("0.5", usual.median_seconds), ("0.95", usual.p95_seconds)):
            yield USUAL, f'{USUAL.name}{{{labels},quantile="{quantile}"}} {number_text(seconds)}\n'
        yield USUAL_RUNS, f"{USUAL_RUNS.name}{{{labels}}} {usual.runs}\n"
        if usual.trend_ratio is not None:
            yield TREND, f"{TREND.name}{{{labels}}} {number_text(usual.trend_ratio)}\n"


def _start(job: JobReading) -> float | None:
    return job.latest.itself.started if job.latest.status is Status.RUNNING else None


def _progress(job: JobReading) -> float | None:
    if job.completion is not None and job.completion.progress_ratio is not None:
        return job.completion.progress_ratio
    return job.latest.itself.progress_ratio


def _memory_peak(job: JobReading) -> int | None:
    told = (step.memory_peak_bytes for step in (job.latest.itself, *job.latest.steps()))
    return max((peak for peak in told if peak is not None), default=None)


_NUMBERS: tuple[tuple[Family, Callable[[JobReading], float | None]], ...] = (
    (RUNNING, lambda job: job.running),
    (LOST, lambda job: job.lost),
    (LAST_START, lambda job: job.latest.itself.started),
    (START, _start),
    (LAST_SUCCESS, lambda job: job.last_success),
    (LAST_DURATION, lambda job: job.last_duration.get(RUN)),
    (PROGRESS, _progress),
    (ESTIMATED_COMPLETION, lambda job: job.completion.time if job.completion else None),
    (DUE, lambda job: job.due),
    (START_BY, lambda job: job.start_by),
    (DEADLINE, lambda job: job.finish_by),
    (MEMORY_PEAK, _memory_peak),
)
