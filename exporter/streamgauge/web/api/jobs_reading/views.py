"""Jobs, runs and steps as answers."""

from collections.abc import Mapping
from typing import Any

from streamgauge.model.jobs.completion import Completion, expected
from streamgauge.model.jobs.durations import Usual
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading, Limits, Totals
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.model.jobs.summary import (
    elapsed_seconds,
    whole_artifacts,
    whole_cpu_seconds,
    whole_memory_peak_bytes,
)
from streamgauge.web.api.jobs_reading import job_models, run_models
from streamgauge.web.api.jobs_reading.describing import moment

Usuals = Mapping[StepKey, Usual]


def completion_of(job: JobReading, run: Run, now: float) -> Completion:
    """How far a run is and when it is expected to be completed, the latest or another one."""
    known = Completion()
    if run is job.latest:
        known = job.completion or known
    elif run.status is Status.RUNNING:
        # What is usual may know of phases that the job has no more.
        phases = {RUN} | {step.key for other in (run, job.latest) for step in other.phases}
        known = expected(run, {key: usual for key, usual in job.usual.items() if key in phases}, now)
    if known.progress_ratio is None:
        return Completion(run.itself.progress_ratio, known.remaining_seconds, known.time, known.basis)
    return known


def job_in_short(job: JobReading, now: float) -> job_models.Job:
    """A job."""
    return job_models.Job(**_job_figures(job, now))


def whole_job(job: JobReading, now: float) -> job_models.WholeJob:
    """A job with its latest run and its steps over all runs."""
    steps = sorted(job.totals.keys() | job.usual.keys() | job.limits.keys() | {RUN})
    return job_models.WholeJob(
        **_job_figures(job, now), latest=whole_run(job, job.latest, now), steps=[_over_runs(job, key) for key in steps]
    )


def run_in_short(run: Run, now: float, progress_ratio: float | None = None) -> run_models.JobRun:
    """A run; without a ratio that was estimated it has the one that was told."""
    ratio = run.itself.progress_ratio if progress_ratio is None else progress_ratio
    return run_models.JobRun(**_run_figures(run, now, ratio))


def whole_run(job: JobReading, run: Run, now: float) -> run_models.WholeRun:
    """A run with all of its steps."""
    itself, completion = run.itself, completion_of(job, run, now)
    return run_models.WholeRun(
        **_run_figures(run, now, completion.progress_ratio),
        labels=dict(run.labels),
        heartbeat_seconds=run.heartbeat_seconds,
        attempts=itself.attempts,
        exit_code=itself.exit_code,
        message=itself.message,
        items=itself.items,
        done=itself.done,
        memory_bytes=itself.memory_bytes,
        measured=dict(itself.measured),
        own_errors=itself.errors,
        own_warnings=itself.warnings,
        usual_duration_seconds=median(job.usual, RUN),
        **_estimate(completion),
        remaining_seconds=completion.remaining_seconds,
        phases=[step_of(step, job.usual, now) for step in run.phases],
    )


def progress_of(job: JobReading, run: Run, now: float) -> run_models.RunProgress:
    """How far a run is."""
    completion, itself = completion_of(job, run, now), run.itself
    return run_models.RunProgress(
        job=run.job,
        run=run.run,
        time=moment(now),
        status=run.status.value,
        **_times(itself, now),
        progress_ratio=completion.progress_ratio,
        remaining_seconds=completion.remaining_seconds,
        **_estimate(completion),
        **_phase_counts(run),
        errors=run.errors,
        warnings=run.warnings,
        current=[_current(step, job.usual, now) for step in run.steps() if step.status is Status.RUNNING],
    )


def step_of(step: Step, usual: Usuals, now: float) -> run_models.JobStep:
    """A phase with its sub-phases, or a sub-phase."""
    parts: dict[str, Any] = (
        {} if step.sub_phase else {"sub_phases": [step_of(part, usual, now) for part in step.sub_phases]}
    )
    return run_models.JobStep(
        phase=step.phase,
        sub_phase=step.sub_phase or None,
        title=step.title,
        status=step.status.value,
        **_times(step, now),
        usual_duration_seconds=median(usual, step.key),
        items=step.items,
        done=step.done,
        progress_ratio=step.progress_ratio,
        cpu_seconds=step.cpu_seconds,
        memory_bytes=step.memory_bytes,
        memory_peak_bytes=step.memory_peak_bytes,
        attempts=step.attempts,
        exit_code=step.exit_code,
        message=step.message,
        errors=step.errors,
        warnings=step.warnings,
        artifacts=step.artifacts,
        measured=dict(step.measured),
        **parts,
    )


def median(usual: Usuals, key: StepKey) -> float | None:
    """What a step usually takes."""
    known = usual.get(key)
    return None if known is None else known.median_seconds


def _current(step: Step, usual: Usuals, now: float) -> run_models.CurrentStep:
    return run_models.CurrentStep(
        phase=step.phase,
        sub_phase=step.sub_phase or None,
        title=step.title,
        started=moment(step.started),
        elapsed_seconds=elapsed_seconds(step, now),
        usual_duration_seconds=median(usual, step.key),
        items=step.items,
        done=step.done,
        progress_ratio=step.progress_ratio,
    )


def _job_figures(job: JobReading, now: float) -> dict[str, Any]:
    run, completion = job.latest, completion_of(job, job.latest, now)
    usual = job.usual.get(RUN)
    return {
        "job": job.job,
        "title": run.itself.title,
        "status": run.status.value,
        "run": run.run,
        "environment": run.environment,
        **_times(run.itself, now),
        "progress_ratio": completion.progress_ratio,
        **_estimate(completion),
        "errors": run.errors,
        "warnings": run.warnings,
        "running": job.running,
        "lost": job.lost,
        "last_success": moment(job.last_success),
        "last_duration_seconds": job.last_duration.get(RUN),
        "usual_runs": usual.runs if usual else 0,
        "usual_duration_seconds": usual.median_seconds if usual else None,
        "usual_p95_seconds": usual.p95_seconds if usual else None,
        "due": moment(job.due),
        "start_by": moment(job.start_by),
        "deadline": moment(job.finish_by),
    }


def _run_figures(run: Run, now: float, progress_ratio: float | None) -> dict[str, Any]:
    return {
        "job": run.job,
        "run": run.run,
        "title": run.itself.title,
        "status": run.status.value,
        "environment": run.environment,
        **_times(run.itself, now),
        "progress_ratio": progress_ratio,
        "cpu_seconds": whole_cpu_seconds(run),
        "memory_peak_bytes": whole_memory_peak_bytes(run),
        "errors": run.errors,
        "warnings": run.warnings,
        "artifacts": whole_artifacts(run),
        **_phase_counts(run),
        "last_heard": moment(run.last_heard),
    }


def _times(step: Step, now: float) -> dict[str, Any]:
    return {
        "started": moment(step.started),
        "finished": moment(step.finished),
        "duration_seconds": step.duration_seconds,
        "elapsed_seconds": elapsed_seconds(step, now),
    }


def _estimate(completion: Completion) -> dict[str, Any]:
    return {"estimated_completion": moment(completion.time), "estimated_from": completion.basis}


def _phase_counts(run: Run) -> dict[str, Any]:
    completed = sum(phase.status is Status.COMPLETED for phase in run.phases)
    return {"phase_count": len(run.phases), "completed_phase_count": completed}


def _over_runs(job: JobReading, key: StepKey) -> job_models.StepOverRuns:
    totals, limits, usual = job.totals.get(key, Totals()), job.limits.get(key, Limits()), job.usual.get(key)
    return job_models.StepOverRuns(
        phase=key.phase or None,
        sub_phase=key.sub_phase or None,
        ends=totals.ends,
        failures=totals.failures,
        errors=totals.errors,
        warnings=totals.warnings,
        items=totals.items or None,  # a sum of nothing is not known to be 0
        cpu_seconds=totals.cpu_seconds or None,
        last_duration_seconds=job.last_duration.get(key),
        usual_runs=usual.runs if usual else 0,
        usual_duration_seconds=usual.median_seconds if usual else None,
        usual_p95_seconds=usual.p95_seconds if usual else None,
        duration_trend_ratio=usual.trend_ratio if usual else None,
        limit_duration_seconds=limits.duration_seconds,
        limit_memory_bytes=limits.memory_bytes,
        limit_errors=limits.errors,
    )
