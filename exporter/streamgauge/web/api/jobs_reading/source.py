"""The store as it is read: finds what a path names, or says what there is instead."""

from collections.abc import Iterable
from difflib import get_close_matches
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import Path

from streamgauge.jobs.queries import JobQueries
from streamgauge.model.jobs.applications import ApplicationReading
from streamgauge.model.jobs.events import StepKey
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.web import problem
from streamgauge.web.api.jobs_reading.parameters import Name
from streamgauge.web.problem import ProblemError

LATEST = "latest"
"""In place of a run's id: the one that started last."""

MOST_SIMILAR = 5
MOST_COMPARED = 500_000
"""Characters of the name times those of all that it is compared with: some 30 ms."""

JobName = Annotated[Name, Path(description="The job's name, percent-encoded.")]
RunName = Annotated[
    Name, Path(description="The run's id, percent-encoded; `latest` is the one that started last, whatever its id.")
]
PhaseName = Annotated[Name, Path(description="The phase's name, percent-encoded.")]
SubPhaseName = Annotated[Name, Path(description="The sub-phase's name, percent-encoded.")]
ApplicationName = Annotated[Name, Path(description="The application's name, percent-encoded.")]


class Jobs(Protocol):
    """The store of jobs as it is read; safe to call from any thread, and slow: never on the event loop."""

    def reading(self) -> JobsReading:
        """All jobs and applications now.

        Raises:
            StoreUnavailableError: they were not read yet.
        """

    @property
    def queries(self) -> JobQueries:
        """What the database can be asked."""


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes the errors of a route: these, and that the store is away."""
    return problem.described(*statuses, HTTPStatus.SERVICE_UNAVAILABLE)


def job_named(reading: JobsReading, name: str) -> JobReading:
    """A job.

    Raises:
        ProblemError: 404, with names that look like it.
    """
    found = next((job for job in reading.jobs if job.job == name), None)
    if found is None:
        raise unknown(f"no job is named {name!r}", name, (job.job for job in reading.jobs))
    return found


def run_named(source: Jobs, job: JobReading, name: str) -> Run:
    """A run of a job; the one that started last comes from memory, so asking for it again and again costs little.

    Raises:
        ProblemError: 404, with the id of the run that started last.
        StoreUnavailableError: the database is away.
    """
    if name in {LATEST, job.latest.run}:
        return job.latest
    found = source.queries.run(job.job, name)
    if found is None:
        detail = f"job {job.job!r} has no run {name!r}, or keeps it no longer (jobs.retention)"
        raise ProblemError(HTTPStatus.NOT_FOUND, detail, latest_run=job.latest.run)
    return found


def step_named(run: Run, phase: str, sub_phase: str = "") -> Step:
    """A phase or sub-phase of a run.

    Raises:
        ProblemError: 404, with names that look like it.
    """
    whole = next((step for step in run.phases if step.phase == phase), None)
    if whole is None:
        raise unknown(f"run {run.run!r} has no phase {phase!r}", phase, (step.phase for step in run.phases))
    if not sub_phase:
        return whole
    part = next((step for step in whole.sub_phases if step.sub_phase == sub_phase), None)
    if part is None:
        names = (step.sub_phase for step in whole.sub_phases)
        raise unknown(f"phase {phase!r} of run {run.run!r} has no sub-phase {sub_phase!r}", sub_phase, names)
    return part


def application_named(reading: JobsReading, name: str) -> ApplicationReading:
    """An application.

    Raises:
        ProblemError: 404, with names that look like it.
    """
    found = next((each for each in reading.applications if each.application == name), None)
    if found is None:
        names = (each.application for each in reading.applications)
        raise unknown(f"no application is named {name!r}", name, names)
    return found


def step_key(phase: str | None, sub_phase: str | None) -> StepKey | None:
    """The step that two parameters name; None: they name none.

    Raises:
        ProblemError: 422, a sub-phase without its phase.
    """
    if sub_phase and not phase:
        detail = "sub_phase: needs phase beside it: a sub-phase is one of a phase"
        errors = [{"parameter": "sub_phase", "message": "needs phase beside it"}]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)
    return StepKey(phase, sub_phase or "") if phase else None


def unknown(detail: str, name: str, known: Iterable[str]) -> ProblemError:
    """A 404 that names what looks like the name, where that is cheap: a slip of the hand is seen at once."""
    by_case = {each.casefold(): each for each in known}
    cheap = len(name) * sum(map(len, by_case)) <= MOST_COMPARED
    close = get_close_matches(name.casefold(), by_case, MOST_SIMILAR) if cheap else ()
    return ProblemError(HTTPStatus.NOT_FOUND, detail, similar=[by_case[each] for each in close])
