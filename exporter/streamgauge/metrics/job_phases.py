"""Families about phases and sub-phases, and those that a job and its phases share.

``sub_phase`` is empty on a phase. Families called ``job_phase_*`` are never about the job itself; in the others that
have these labels ``phase=""`` is the job itself.
"""

from collections.abc import Iterator

from streamgauge.metrics.family import Family, Kind, number_text, pairs
from streamgauge.model.jobs.durations import BOUNDS
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading, Limits, Totals
from streamgauge.model.jobs.runs import Step

_STEP = ("job_name", "phase", "sub_phase")
_ITSELF = 'phase="" is the job itself, sub_phase="" a phase.'

STATUS = Family(
    "job_phase_status",
    Kind.GAUGE,
    (*_STEP, "status"),
    "1 for how a phase of the run that started last stands: pending, running, completed, failed, aborted or lost; "
    'sub_phase="" is the phase itself. Absent while the run has not come to it.',
)
START = Family(
    "job_phase_start_timestamp_seconds",
    Kind.GAUGE,
    _STEP,
    "When a phase that runs now in the latest run started: subtract it from time() for how long it has been running.",
)
LAST_DURATION = Family(
    "job_phase_last_duration_seconds",
    Kind.GAUGE,
    _STEP,
    "How long the phase took when it was last completed.",
)
DURATION = Family(
    "job_phase_duration_seconds",
    Kind.HISTOGRAM,
    _STEP,
    "How long the phase took each time that it was completed, since the store was made; it outlives restarts and "
    "retention.",
    BOUNDS,
)
USUAL = Family(
    "job_phase_usual_duration_seconds",
    Kind.GAUGE,
    (*_STEP, "quantile"),
    "How long the phase took in the last completed runs (jobs.history_runs of them, without the latest run): half took "
    "less than 0.5 says, 95 of 100 less than 0.95. From the store: it knows each run, which no query can tell.",
)
USUAL_RUNS = Family(
    "job_phase_usual_runs",
    Kind.GAUGE,
    _STEP,
    "How many completed runs job_phase_usual_duration_seconds stands on. Few: it says little.",
)
TREND = Family(
    "job_phase_duration_trend_ratio",
    Kind.GAUGE,
    _STEP,
    "Median duration of the phase in the last five completed runs over that of those before, from the store. 1.25: a "
    "quarter slower than it was. Absent until there are five of each.",
)
PROGRESS = Family(
    "job_phase_progress_ratio",
    Kind.GAUGE,
    _STEP,
    "How much of its items the phase has done in the latest run, 0 to 1; 1 once it is completed. Absent while it tells "
    "no items.",
)
MEMORY = Family(
    "job_phase_memory_bytes",
    Kind.GAUGE,
    _STEP,
    "Resident memory of the process and its children as last told by a phase that runs now.",
)
MEMORY_PEAK = Family(
    "job_phase_memory_peak_bytes",
    Kind.GAUGE,
    _STEP,
    "Most memory that the phase used in the latest run, sub-phases included. Absent while nothing was told.",
)
CPU = Family(
    "job_phase_cpu_seconds_total",
    Kind.COUNTER,
    _STEP,
    "CPU that the phase consumed over all runs; what a sub-phase used is counted there alone, so they add up. Absent "
    "where none was told.",
)
ITEMS = Family(
    "job_phase_items_total",
    Kind.COUNTER,
    _STEP,
    "Items that the phase has done over all runs. Absent where it tells none.",
)
WARNINGS = Family(
    "job_warnings_total",
    Kind.COUNTER,
    _STEP,
    f"Warnings over all runs, without those of its parts, so that they add up; {_ITSELF}",
)
ERRORS_TOTAL = Family(
    "job_errors_total",
    Kind.COUNTER,
    _STEP,
    f"Errors over all runs, without those of its parts, so that they add up; {_ITSELF}",
)
ERRORS = Family(
    "job_run_errors",
    Kind.GAUGE,
    _STEP,
    f"Errors of the run that started last, those of its parts included: compare with job_slo_errors; {_ITSELF}",
)
SLO_DURATION = Family(
    "job_slo_duration_seconds",
    Kind.GAUGE,
    _STEP,
    f"How long it may take (duration in jobs.slos, by the environment of the latest run); {_ITSELF}",
)
SLO_MEMORY = Family(
    "job_slo_memory_bytes",
    Kind.GAUGE,
    _STEP,
    f"How much memory it may use (memory in jobs.slos, by the environment of the latest run); {_ITSELF}",
)
SLO_ERRORS = Family(
    "job_slo_errors",
    Kind.GAUGE,
    _STEP,
    f"How many errors a run may have (errors in jobs.slos, by the environment of the latest run); {_ITSELF}",
)

PHASE_FAMILIES = (
    STATUS,
    START,
    LAST_DURATION,
    DURATION,
    USUAL,
    USUAL_RUNS,
    TREND,
    PROGRESS,
    MEMORY,
    MEMORY_PEAK,
    CPU,
    ITEMS,
)
SHARED_FAMILIES = (WARNINGS, ERRORS_TOTAL, ERRORS, SLO_DURATION, SLO_MEMORY, SLO_ERRORS)
FAMILIES = (*PHASE_FAMILIES, *SHARED_FAMILIES)

SERIES_OF_ITSELF = len(SHARED_FAMILIES)
SERIES_PER_PHASE = sum(family.samples_each for family in FAMILIES) + 1
"""At most; one more for the second quantile."""

Sample = tuple[Family, str]


def phases(job: JobReading) -> dict[StepKey, Step | None]:
    """Every phase and sub-phase that anything is known of; None: the latest run has not come to it."""
    latest: dict[StepKey, Step | None] = {step.key: step for step in job.latest.steps()}
    earlier = dict.fromkeys(sorted({*job.totals, *job.limits} - {RUN, *latest}))
    return latest | earlier


def samples_of_itself(job: JobReading) -> Iterator[Sample]:
    """What a job has of the families that it shares with its phases."""
    yield from _shared(job, RUN, _labels(job.job, RUN), job.latest.errors)


def samples(job: JobReading) -> Iterator[Sample]:
    """Each family of the job's phases with its lines."""
    for key, step in phases(job).items():
        labels = _labels(job.job, key)
        if step is not None:
            yield from _now(step, labels)
        yield from _over_time(job, key, labels)
        totals = job.totals.get(key)
        if totals is not None:
            yield from _added_up(totals, step, labels)
        errors = None if step is None else step.errors + sum(part.errors for part in step.sub_phases)
        yield from _shared(job, key, labels, errors)


def _labels(job: str, key: StepKey) -> str:
    return pairs(zip(_STEP, (job, *key), strict=True))


def _line(family: Family, labels: str, number: float) -> Sample:
    return family, f"{family.name}{{{labels}}} {number_text(number)}\n"


def _now(step: Step, labels: str) -> Iterator[Sample]:
    """How a phase of the latest run stands."""
    yield STATUS, f'{STATUS.name}{{{labels},status="{step.status}"}} 1\n'
    if step.status is Status.RUNNING:
        if step.started is not None:
            yield _line(START, labels, step.started)
        if step.memory_bytes is not None:
            yield _line(MEMORY, labels, step.memory_bytes)
    if step.progress_ratio is not None:
        yield _line(PROGRESS, labels, step.progress_ratio)
    peaks = [one.memory_peak_bytes for one in (step, *step.sub_phases) if one.memory_peak_bytes is not None]
    if peaks:
        yield _line(MEMORY_PEAK, labels, max(peaks))


def _over_time(job: JobReading, key: StepKey, labels: str) -> Iterator[Sample]:
    """What a phase took in earlier runs."""
    last = job.last_duration.get(key)
    if last is not None:
        yield _line(LAST_DURATION, labels, last)
    usual = job.usual.get(key)
    if usual is None:
        return
    for quantile, seconds in (("0.5", usual.median_seconds), ("0.95", usual.p95_seconds)):
        yield USUAL, f'{USUAL.name}{{{labels},quantile="{quantile}"}} {number_text(seconds)}\n'
    yield _line(USUAL_RUNS, labels, usual.runs)
    if usual.trend_ratio is not None:
        yield _line(TREND, labels, usual.trend_ratio)


def _added_up(totals: Totals, step: Step | None, labels: str) -> Iterator[Sample]:
    """What a phase has added up to; what it never told is absent rather than 0."""
    yield DURATION, DURATION.histogram(labels, totals.durations.buckets, totals.durations.sum_seconds)
    if totals.cpu_seconds or (step is not None and step.cpu_seconds is not None):
        yield _line(CPU, labels, totals.cpu_seconds)
    if totals.items or (step is not None and step.done is not None):
        yield _line(ITEMS, labels, totals.items)


def _shared(job: JobReading, key: StepKey, labels: str, errors: int | None) -> Iterator[Sample]:
    totals = job.totals.get(key)
    if totals is not None:
        yield _line(WARNINGS, labels, totals.warnings)
        yield _line(ERRORS_TOTAL, labels, totals.errors)
    if errors is not None:
        yield _line(ERRORS, labels, errors)
    limits = job.limits.get(key, Limits())
    for family, limit in (
        (SLO_DURATION, limits.duration_seconds),
        (SLO_MEMORY, limits.memory_bytes),
        (SLO_ERRORS, limits.errors),
    ):
        if limit is not None:
            yield _line(family, labels, limit)
