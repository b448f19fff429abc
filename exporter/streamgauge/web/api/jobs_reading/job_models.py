"""What is answered of jobs. Null always means unknown (or not there), never zero."""

from datetime import datetime
from typing import Annotated

from streamgauge.model.jobs.completion import Basis
from streamgauge.web.api.jobs_reading.describing import Answer, JobStatus, Listed, about
from streamgauge.web.api.jobs_reading.run_models import WholeRun

_EXAMPLE = "2026-11-21T03:00:00Z"


class Job(Answer):
    """A job in short; from `run` to `warnings` it is about the run that started last."""

    job: Annotated[str, about("The job.", "daily-plan")]
    title: Annotated[str | None, about("Its name for people.", "Daily plan")]
    status: Annotated[JobStatus, about("How its latest run stands.", "running")]
    run: Annotated[str, about("The id of the run that started last.", "2026-11-21")]
    environment: Annotated[str | None, about("Where that runs.", "prod")]
    started: Annotated[datetime | None, about("When it started.", _EXAMPLE)]
    finished: Annotated[datetime | None, about("When it ended; null while it runs.", _EXAMPLE)]
    duration_seconds: Annotated[float | None, about("How long it took; null while it runs.", 620.4)]
    elapsed_seconds: Annotated[float | None, about("For how long it has been running; null when it does not.", 310.0)]
    progress_ratio: Annotated[float | None, about("How far it is: 0 to 1.", 0.52)]
    estimated_completion: Annotated[datetime | None, about("When it is expected to be completed.", _EXAMPLE)]
    estimated_from: Annotated[
        Basis | None, about("What that was estimated from: earlier runs, or its progress alone.", "history")
    ]
    errors: Annotated[int, about("Its errors, its phases' too.", 0)]
    warnings: Annotated[int, about("Its warnings, its phases' too.", 1)]
    running: Annotated[int, about("Runs of the job that run now.", 1)]
    lost: Annotated[int, about("Runs of which nothing was heard for too long.", 0)]
    last_success: Annotated[datetime | None, about("When a run was last completed; null: none was.", _EXAMPLE)]
    last_duration_seconds: Annotated[float | None, about("How long the run took that was completed last.", 598.0)]
    usual_runs: Annotated[int, about("How many completed runs the usual figures stand on.", 30)]
    usual_duration_seconds: Annotated[float | None, about("Their median duration.", 600.0)]
    usual_p95_seconds: Annotated[float | None, about("95 of 100 took less.", 680.0)]
    due: Annotated[datetime | None, about("When it was last due to start; null: it has no schedule.", _EXAMPLE)]
    start_by: Annotated[datetime | None, about("Until when a run must have started for that.", _EXAMPLE)]
    deadline: Annotated[datetime | None, about("Until when a run must be completed (`finish_within`).", _EXAMPLE)]


class JobPage(Listed):
    """Jobs."""

    items: list[Job]


class StepOverRuns(Answer):
    """A phase or sub-phase over all runs of its job; from `ends` to `cpu_seconds` since the store was made."""

    phase: Annotated[str | None, about("The phase; null for the job as a whole.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase; null for a phase.", "validation")]
    ends: Annotated[int, about("How many times it ended, as told of it itself.", 120)]
    failures: Annotated[int, about("How many of them failed.", 2)]
    errors: Annotated[int, about("Errors, without those of its parts.", 3)]
    warnings: Annotated[int, about("Warnings, without those of its parts.", 41)]
    items: Annotated[float | None, about("Items done; null: none were told.", 60000)]
    cpu_seconds: Annotated[float | None, about("CPU time, without that of its parts; null: none was told.", 9120.5)]
    last_duration_seconds: Annotated[float | None, about("Of the last one that was completed.", 301.0)]
    usual_runs: Annotated[int, about("How many completed runs the usual figures stand on.", 30)]
    usual_duration_seconds: Annotated[float | None, about("Their median duration.", 300.0)]
    usual_p95_seconds: Annotated[float | None, about("95 of 100 took less.", 340.0)]
    duration_trend_ratio: Annotated[
        float | None, about("The median of the last five over that of those before; null: not five of each.", 1.02)
    ]
    limit_duration_seconds: Annotated[float | None, about("How long it may take; null: no limit.", 600.0)]
    limit_memory_bytes: Annotated[int | None, about("How much memory it may use; null: no limit.", 1073741824)]
    limit_errors: Annotated[int | None, about("How many errors a run may have; null: no limit.", 0)]


class WholeJob(Job):
    """A job, whole."""

    latest: Annotated[WholeRun, about("The run that started last.")]
    steps: Annotated[list[StepOverRuns], about("The job as a whole first, then its phases and sub-phases by name.")]


class SlowPhase(Answer):
    """A phase of a latest run that takes longer than it usually does."""

    job: Annotated[str, about("The job.", "daily-plan")]
    run: Annotated[str, about("The run's id.", "2026-11-21")]
    phase: Annotated[str, about("The phase.", "P00")]
    title: Annotated[str | None, about("Its name for people.", "Document assembly")]
    status: Annotated[JobStatus, about("Running or completed.", "completed")]
    duration_seconds: Annotated[float, about("What it took, or has taken until now.", 420.0)]
    usual_duration_seconds: Annotated[float, about("The median of earlier runs, at least three.", 300.0)]
    ratio: Annotated[float, about("The one over the other.", 1.4)]


class ApplicationsInAll(Answer):
    """All applications together; null where none tells it."""

    applications: Annotated[int, about("How many.", 2)]
    processes: Annotated[int, about("How many processes of theirs live.", 5)]
    actions_total: Annotated[int | None, about("Actions that ended, since the processes started.", 48210)]
    actions_failed: Annotated[int | None, about("How many of them failed.", 12)]
    events_total: Annotated[int | None, about("Events processed.", 99120)]
    events_failed: Annotated[int | None, about("How many of them failed.", 0)]


class JobsSummary(Answer):
    """Everything in one small answer."""

    time: Annotated[datetime | None, about("When it was read.", _EXAMPLE)]
    job_count: Annotated[int, about("Jobs.", 12)]
    jobs: Annotated[
        dict[str, int], about("Jobs by the status of the run that started last.", {"running": 2, "completed": 10})
    ]
    runs_running: Annotated[int, about("Runs that run now.", 2)]
    runs_lost: Annotated[int, about("Runs of which nothing was heard for too long.", 0)]
    runs_last_24h: Annotated[int, about("Runs that started in the last 24 hours.", 36)]
    runs_failed_last_24h: Annotated[int, about("How many of them have failed.", 1)]
    errors: Annotated[int, about("Errors of the latest runs.", 3)]
    warnings: Annotated[int, about("Warnings of the latest runs.", 9)]
    slowest_phases: Annotated[
        list[SlowPhase], about("The five phases of latest runs that are furthest beyond their usual duration.")
    ]
    applications: ApplicationsInAll
