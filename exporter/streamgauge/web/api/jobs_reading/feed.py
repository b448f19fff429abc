"""The items of the WebSocket's topic ``jobs``: each job with its latest run and that run's phases.

Times are seconds since the epoch. Figures that change all the time are rounded to what a page shows, so that an item
that looks the same is the same.
"""

from collections.abc import Mapping

from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import Step
from streamgauge.web.api.jobs_reading.views import completion_of
from streamgauge.web.live.versions import Item


def job_feed(reading: JobsReading) -> Mapping[str, Item]:
    """Every job, by its name."""
    return {job.job: _job(job, reading.time) for job in reading.jobs}


def _job(job: JobReading, now: float) -> Item:
    run, completion = job.latest, completion_of(job, job.latest, now)
    return {
        "job": job.job,
        "run": run.run,
        "title": run.itself.title,
        "status": run.status.value,
        "started": _rounded(run.itself.started),
        "finished": _rounded(run.itself.finished),
        "duration_seconds": _rounded(run.itself.duration_seconds),
        "progress_ratio": _rounded(completion.progress_ratio),
        "estimated_completion": _rounded(completion.time, 0),
        "estimated_from": None if completion.basis is None else completion.basis.value,
        "environment": run.environment,
        "errors": run.errors,
        "warnings": run.warnings,
        "running": job.running,
        "phases": [{**_step(phase), "sub_phases": [_step(part) for part in phase.sub_phases]} for phase in run.phases],
    }


def _step(step: Step) -> Item:
    # A sub-phase has the fields of a phase: by its own name under ``phase``, as its place says whose it is.
    return {
        "phase": step.sub_phase or step.phase,
        "title": step.title,
        "status": step.status.value,
        "started": _rounded(step.started),
        "finished": _rounded(step.finished),
        "duration_seconds": _rounded(step.duration_seconds),
        "progress_ratio": _rounded(step.progress_ratio),
        "items": step.items,
        "done": step.done,
        "memory_peak_bytes": step.memory_peak_bytes,
        "cpu_seconds": _rounded(step.cpu_seconds),
        "errors": step.errors,
        "warnings": step.warnings,
    }


def _rounded(number: float | None, digits: int = 3) -> float | None:
    return None if number is None else round(number, digits)
