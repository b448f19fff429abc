"""What is answered of earlier runs: histories, trends, comparisons. Null always means unknown, never zero."""

from datetime import datetime
from typing import Annotated

from streamgauge.model.jobs.comparison import Side
from streamgauge.model.jobs.trend import Direction
from streamgauge.web.api.jobs_reading.describing import Answer, JobStatus, about

_EXAMPLE = "2026-11-21T03:00:00Z"


class PastStep(Answer):
    """A run with all of its parts, or a phase or sub-phase of one without its parts."""

    run: Annotated[str, about("The run's id.", "2026-11-21")]
    phase: Annotated[str | None, about("The phase; null for the run as a whole.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase.", "validation")]
    status: Annotated[JobStatus, about("How it stands.", "completed")]
    started: Annotated[datetime | None, about("The start of its last attempt.", _EXAMPLE)]
    finished: Annotated[datetime | None, about("Its end.", _EXAMPLE)]
    duration_seconds: Annotated[float | None, about("Of the last attempt.", 310.2)]
    cpu_seconds: Annotated[float | None, about("CPU time.", 84.1)]
    memory_peak_bytes: Annotated[int | None, about("The most memory.", 402653184)]
    errors: Annotated[int, about("Errors.", 0)]
    warnings: Annotated[int, about("Warnings.", 1)]
    items: Annotated[float | None, about("How many items it was to process.", 500)]


class History(Answer):
    """A job, phase or sub-phase in its last runs, the oldest first."""

    job: Annotated[str, about("The job.", "daily-plan")]
    phase: Annotated[str | None, about("The phase; null for whole runs.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase.", "validation")]
    last: Annotated[int, about("How many runs at most.", 30)]
    items: list[PastStep]


class TrendValue(Answer):
    """A figure of one run."""

    run: Annotated[str, about("The run's id.", "2026-11-21")]
    started: Annotated[datetime | None, about("When it started.", _EXAMPLE)]
    value: Annotated[float | None, about("The figure; null where the run did not tell it.", 310.2)]


class MetricTrend(Answer):
    """How a figure has gone over the last runs."""

    metric: Annotated[str, about("Which figure.", "duration")]
    unit: Annotated[str, about("Its unit.", "seconds")]
    count: Annotated[int, about("Runs that told it.", 30)]
    unknown: Annotated[int, about("Runs that did not.", 0)]
    average: Annotated[float | None, about("The mean.", 305.2)]
    minimum: Annotated[float | None, about("The least.", 290.1)]
    maximum: Annotated[float | None, about("The most.", 340.0)]
    median: Annotated[float | None, about("Half are below.", 301.0)]
    p90: Annotated[float | None, about("90 of 100 are below.", 320.4)]
    p95: Annotated[float | None, about("95 of 100 are below.", 330.1)]
    p99: Annotated[float | None, about("99 of 100 are below.", 338.0)]
    standard_deviation: Annotated[float | None, about("Of the sample; null for fewer than two.", 11.3)]
    slope_per_run: Annotated[float | None, about("The median of the slopes between every two runs.", 0.4)]
    change_ratio: Annotated[
        float | None, about("That slope over the window, relative to the median; null for fewer than five.", 0.04)
    ]
    direction: Annotated[
        Direction,
        about("`rising` or `falling` from a change of a tenth on that noise does not explain.", "steady"),
    ]
    values: Annotated[list[TrendValue], about("The runs, the oldest first; in JSON alone.")]


class Trends(Answer):
    """Where figures of a job, phase or sub-phase go."""

    job: Annotated[str, about("The job.", "daily-plan")]
    phase: Annotated[str | None, about("The phase; null for whole runs.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase.", "validation")]
    last: Annotated[int, about("How many runs at most.", 30)]
    items: list[MetricTrend]


class ComparedFigure(Answer):
    """A figure on both sides."""

    value: Annotated[float | None, about("The run's.", 310.2)]
    baseline: Annotated[float | None, about("What it is compared with.", 300.0)]
    difference: Annotated[float | None, about("How much more the run's is.", 10.2)]
    ratio: Annotated[float | None, about("The run's over the baseline; null where that is 0.", 1.034)]


class ComparedStep(Answer):
    """A step on both sides. The whole run's figures are over all of its parts, a part's are its own."""

    phase: Annotated[str | None, about("The phase; null for the run as a whole.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase.", "validation")]
    title: Annotated[str | None, about("Its name for people.", "Document assembly")]
    only_in: Annotated[Side | None, about("The side that alone has the step; null: both have it.")]
    status: Annotated[JobStatus | None, about("How the run's stands; null where it has none.", "completed")]
    baseline_status: Annotated[
        JobStatus | None, about("How the baseline's stands; null where it has none, or is a median.", "completed")
    ]
    baseline_run_count: Annotated[int, about("How many runs of the baseline have the step.", 10)]
    duration_seconds: ComparedFigure
    cpu_seconds: ComparedFigure
    memory_peak_bytes: ComparedFigure
    errors: ComparedFigure
    warnings: ComparedFigure
    items_per_second: ComparedFigure


class Comparison(Answer):
    """A run beside another, or beside the median of earlier ones."""

    job: Annotated[str, about("The job.", "daily-plan")]
    run: Annotated[str, about("The run.", "2026-11-21")]
    baseline: Annotated[str, about("What was asked for: `median`, `previous`, or a run's id.", "median")]
    baseline_runs: Annotated[list[str], about("The runs that the baseline is made of.", ["2026-11-20", "2026-11-19"])]
    items: list[ComparedStep]
