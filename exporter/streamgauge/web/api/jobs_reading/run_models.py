"""What is answered of runs and their steps. Null always means unknown (or not there), never zero."""

from datetime import datetime
from typing import Annotated

from streamgauge.model.jobs.completion import Basis
from streamgauge.web.api.jobs_reading.describing import Answer, JobStatus, Listed, about

_EXAMPLE = "2026-11-21T03:00:00Z"


class JobStep(Answer):
    """A phase or sub-phase of a run. Its figures are its own, without those of its sub-phases."""

    phase: Annotated[str, about("The phase.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase; null for a phase.", "validation")]
    title: Annotated[str | None, about("Its name for people.", "Document assembly")]
    status: Annotated[JobStatus, about("How it stands.", "running")]
    started: Annotated[datetime | None, about("The start of its last attempt.", _EXAMPLE)]
    finished: Annotated[datetime | None, about("Its end; null while it runs.", _EXAMPLE)]
    duration_seconds: Annotated[float | None, about("Of the last attempt; null while it runs.", 310.2)]
    elapsed_seconds: Annotated[float | None, about("For how long it has been running; null when it does not.", 12.5)]
    usual_duration_seconds: Annotated[float | None, about("The median of its last completed runs.", 300.0)]
    items: Annotated[float | None, about("How many items it is to process.", 500)]
    done: Annotated[float | None, about("How many it has.", 120)]
    progress_ratio: Annotated[float | None, about("0 to 1; 1 once it is completed.", 0.24)]
    cpu_seconds: Annotated[float | None, about("CPU time, over all attempts.", 84.1)]
    memory_bytes: Annotated[int | None, about("Memory at the last sample.", 268435456)]
    memory_peak_bytes: Annotated[int | None, about("The most memory.", 402653184)]
    attempts: Annotated[int, about("How many times it was started.", 1)]
    exit_code: Annotated[int | None, about("A process's exit code.", 0)]
    message: Annotated[str | None, about("Why it ended so.")]
    errors: Annotated[int, about("Errors.", 0)]
    warnings: Annotated[int, about("Warnings.", 1)]
    artifacts: Annotated[int, about("Artifacts.", 2)]
    measured: Annotated[dict[str, float], about("Numbers by the names that the job gave them.", {"pages": 50})]
    sub_phases: Annotated[list["JobStep"] | None, about("Its sub-phases, in their order; only of a phase.")] = None


class JobRun(Answer):
    """A run in short. Its figures are over the run and all of its steps."""

    job: Annotated[str, about("The job.", "daily-plan")]
    run: Annotated[str, about("The run's id.", "2026-11-21")]
    title: Annotated[str | None, about("Its name for people.", "Daily plan")]
    status: Annotated[JobStatus, about("How it stands.", "running")]
    environment: Annotated[str | None, about("Where it runs.", "prod")]
    started: Annotated[datetime | None, about("The start of its last attempt.", _EXAMPLE)]
    finished: Annotated[datetime | None, about("Its end; null while it runs.", _EXAMPLE)]
    duration_seconds: Annotated[float | None, about("Of the last attempt; null while it runs.", 620.4)]
    elapsed_seconds: Annotated[float | None, about("For how long it has been running; null when it does not.", 12.5)]
    progress_ratio: Annotated[float | None, about("How far it is: 0 to 1.", 0.52)]
    cpu_seconds: Annotated[float | None, about("CPU time in all.", 512.0)]
    memory_peak_bytes: Annotated[int | None, about("The most memory that any part of it used.", 402653184)]
    errors: Annotated[int, about("Errors in all.", 0)]
    warnings: Annotated[int, about("Warnings in all.", 1)]
    artifacts: Annotated[int, about("Artifacts in all.", 3)]
    phase_count: Annotated[int, about("Phases that are known of it.", 4)]
    completed_phase_count: Annotated[int, about("Those of them that are completed.", 2)]
    last_heard: Annotated[datetime | None, about("When its last event arrived, by the exporter's clock.", _EXAMPLE)]


class RunPage(Listed):
    """Runs, the one that started last first."""

    items: list[JobRun]


class WholeRun(JobRun):
    """A run, whole."""

    labels: Annotated[dict[str, str], about("What tells it from others.", {"customer": "acme"})]
    heartbeat_seconds: Annotated[float | None, about("How often it promised to be heard; null: it did not.", 10.0)]
    attempts: Annotated[int, about("How many times it was started.", 1)]
    exit_code: Annotated[int | None, about("A process's exit code.", 0)]
    message: Annotated[str | None, about("Why it ended so.")]
    items: Annotated[float | None, about("How many items it is to process, as told of the run itself.", 500)]
    done: Annotated[float | None, about("How many it has, likewise.", 120)]
    memory_bytes: Annotated[int | None, about("Memory at the run's own last sample.", 268435456)]
    measured: Annotated[dict[str, float], about("Numbers by the names that the job gave them.", {"pages": 50})]
    own_errors: Annotated[int, about("Errors of the run itself, without its steps'.", 0)]
    own_warnings: Annotated[int, about("Warnings of the run itself, without its steps'.", 0)]
    usual_duration_seconds: Annotated[float | None, about("The median of the last completed runs.", 600.0)]
    remaining_seconds: Annotated[float | None, about("Until it is expected to be completed.", 290.0)]
    estimated_completion: Annotated[datetime | None, about("When it is expected to be completed.", _EXAMPLE)]
    estimated_from: Annotated[
        Basis | None, about("What that was estimated from: earlier runs, or its progress alone.", "history")
    ]
    phases: Annotated[list[JobStep], about("Its phases, in their order.")]


class StepPage(Listed):
    """Phases or sub-phases of a run, in their order."""

    run: Annotated[str, about("The run's id.", "2026-11-21")]
    items: list[JobStep]


class CurrentStep(Answer):
    """A phase or sub-phase that runs now."""

    phase: Annotated[str, about("The phase.", "P01")]
    sub_phase: Annotated[str | None, about("The sub-phase; null for a phase.")]
    title: Annotated[str | None, about("Its name for people.", "Planning")]
    started: Annotated[datetime | None, about("The start of its last attempt.", _EXAMPLE)]
    elapsed_seconds: Annotated[float | None, about("For how long it has been running.", 12.5)]
    usual_duration_seconds: Annotated[float | None, about("The median of its last completed runs.", 300.0)]
    items: Annotated[float | None, about("How many items it is to process.", 500)]
    done: Annotated[float | None, about("How many it has.", 120)]
    progress_ratio: Annotated[float | None, about("0 to 1.", 0.24)]


class RunProgress(Answer):
    """How far a run is: small, to be asked again and again."""

    job: Annotated[str, about("The job.", "daily-plan")]
    run: Annotated[str, about("The run's id.", "2026-11-21")]
    time: Annotated[datetime | None, about("When this was read; seconds count from here.", _EXAMPLE)]
    status: Annotated[JobStatus, about("How it stands.", "running")]
    started: Annotated[datetime | None, about("The start of its last attempt.", _EXAMPLE)]
    finished: Annotated[datetime | None, about("Its end; null while it runs.", _EXAMPLE)]
    duration_seconds: Annotated[float | None, about("Of the last attempt; null while it runs.", 620.4)]
    elapsed_seconds: Annotated[float | None, about("For how long it has been running; null when it does not.", 310.0)]
    progress_ratio: Annotated[float | None, about("How far it is: 0 to 1.", 0.52)]
    remaining_seconds: Annotated[
        float | None, about("Until it is expected to be completed; a lower bound where a phase is overdue.", 290.0)
    ]
    estimated_completion: Annotated[datetime | None, about("When that will be.", _EXAMPLE)]
    estimated_from: Annotated[
        Basis | None, about("What that was estimated from: earlier runs, or its progress alone.", "history")
    ]
    phase_count: Annotated[int, about("Phases that are known of it.", 4)]
    completed_phase_count: Annotated[int, about("Those of them that are completed.", 2)]
    errors: Annotated[int, about("Errors in all.", 0)]
    warnings: Annotated[int, about("Warnings in all.", 1)]
    current: Annotated[list[CurrentStep], about("Phases and sub-phases that run now.")]
