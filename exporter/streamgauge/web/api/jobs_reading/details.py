"""What is kept of a run beside its state: samples of CPU and memory, errors, warnings and artifacts."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from streamgauge.jobs.records import Found, Note, NoteKind, Sample
from streamgauge.model.jobs.events import RUN, StepKey
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.model.jobs.summary import whole_artifacts
from streamgauge.web.answer import answer
from streamgauge.web.api import replies, tables
from streamgauge.web.api.jobs_reading import detail_models as models
from streamgauge.web.api.jobs_reading.describing import Answer, moment
from streamgauge.web.api.jobs_reading.pages import list_reply
from streamgauge.web.api.jobs_reading.parameters import Asked, OfStep, Paged, TimeAsked
from streamgauge.web.api.jobs_reading.source import (
    JobName,
    Jobs,
    PhaseName,
    RunName,
    SubPhaseName,
    faults,
    job_named,
    run_named,
    step_key,
    step_named,
)
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.workers import Workers

MOST_SAMPLES: Final = 5000

Kept = TypeVar("Kept", bound=Answer)


class NoteQuery(Paged, OfStep):
    """What a list of errors, warnings or artifacts of a run or job takes."""


class SampleQuery(Asked):
    """What a list of samples of a step takes."""

    since: TimeAsked = Field(None, description="Only samples later than that: with its zone, or in seconds.")
    limit: int = Field(1000, ge=1, le=MOST_SAMPLES, description="The most samples of an answer: the newest.")


class RunSampleQuery(SampleQuery, OfStep):
    """What a list of samples of a run takes."""


class _Kind(NamedTuple, Generic[Kept]):
    """One of the three kinds of notes.

    Attributes:
        path: the last part of the path.
        kind: the store's word.
        model: of one.
        page: of several.
        make: one as it is answered.
        of_step: how many a step has counted.
        of_run: how many a run has counted in all.
    """

    path: str
    kind: NoteKind
    model: type[Kept]
    page: type[Answer]
    make: Callable[[Note], Kept]
    of_step: Callable[[Step], int]
    of_run: Callable[[Run], int]


class _Where(NamedTuple):
    """What a path names."""

    job: str
    run: str | None = None
    phase: str | None = None
    sub_phase: str | None = None


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The routes of samples and notes, of a run and of each of its steps; notes of a whole job too."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)
    _add_samples(router, source, workers)
    for kind in KINDS:
        _add_notes(router, source, workers, kind)
    return router


def error_note(note: Note) -> models.ErrorNote:
    """An error as it is answered."""
    return models.ErrorNote(**_noted(note), message=note.message, error_type=note.error_type, traceback=note.traceback)


def warning_note(note: Note) -> models.WarningNote:
    """A warning as it is answered."""
    return models.WarningNote(**_noted(note), message=note.message)


def artifact_note(note: Note) -> models.ArtifactNote:
    """An artifact as it is answered."""
    told: dict[str, Any] = {"name": note.name, "uri": note.uri, "size_bytes": note.size_bytes, "kind": note.direction}
    return models.ArtifactNote(**_noted(note), **told)


def resource_sample(sample: Sample) -> models.ResourceSample:
    """A sample as it is answered."""
    return models.ResourceSample(
        **_when(sample.time, sample.step),
        cpu_seconds=sample.cpu_seconds,
        interval_seconds=sample.interval_seconds,
        cpu_ratio=sample.cpu_ratio,
        memory_bytes=sample.memory_bytes,
        memory_peak_bytes=sample.memory_peak_bytes,
        threads=sample.threads,
        processes=sample.processes,
    )


KINDS: Final[tuple[_Kind[Any], ...]] = (
    _Kind(
        "errors",
        NoteKind.ERROR,
        models.ErrorNote,
        models.ErrorPage,
        error_note,
        lambda step: step.errors,
        lambda run: run.errors,
    ),
    _Kind(
        "warnings",
        NoteKind.WARNING,
        models.WarningNote,
        models.WarningPage,
        warning_note,
        lambda step: step.warnings,
        lambda run: run.warnings,
    ),
    _Kind(
        "artifacts",
        NoteKind.ARTIFACT,
        models.ArtifactNote,
        models.ArtifactPage,
        artifact_note,
        lambda step: step.artifacts,
        whole_artifacts,
    ),
)

_RUN: Final = "/jobs/{job}/runs/{run}"
_PHASE: Final = f"{_RUN}/phases/{{phase}}"
_SUB_PHASE: Final = f"{_PHASE}/sub-phases/{{sub_phase}}"


def _add_samples(router: APIRouter, source: Jobs, workers: Workers) -> None:
    described = {**replies.described(models.SamplePage), **faults(404, 422)}
    get = partial(router.get, response_class=Response, responses=described)

    async def reply(request: Request, query: SampleQuery, where: _Where) -> Response:
        return await workers.run(lambda: _samples(source, request, query, where))

    @get(f"{_RUN}/resources", summary="Resources of a run")
    async def of_run(
        request: Request, job: JobName, run: RunName, query: Annotated[RunSampleQuery, Query()]
    ) -> Response:
        """The newest samples of CPU, memory, threads and processes of a run and its steps, in time's order."""
        return await reply(request, query, _Where(job, run, query.phase, query.sub_phase))

    @get(f"{_PHASE}/resources", summary="Resources of a phase")
    async def of_phase(
        request: Request, job: JobName, run: RunName, phase: PhaseName, query: Annotated[SampleQuery, Query()]
    ) -> Response:
        """The newest samples of a phase itself, in time's order."""
        return await reply(request, query, _Where(job, run, phase))

    @get(f"{_SUB_PHASE}/resources", summary="Resources of a sub-phase")
    async def of_sub_phase(  # noqa: PLR0913, PLR0917 - FastAPI's way to name what a route takes
        request: Request,
        job: JobName,
        run: RunName,
        phase: PhaseName,
        sub_phase: SubPhaseName,
        query: Annotated[SampleQuery, Query()],
    ) -> Response:
        """The newest samples of a sub-phase, in time's order."""
        return await reply(request, query, _Where(job, run, phase, sub_phase))


def _add_notes(router: APIRouter, source: Jobs, workers: Workers, kind: _Kind[Any]) -> None:
    described = {**replies.described(kind.page), **faults(404, 422)}
    noun = kind.path.capitalize()

    def get(path: str, of_what: str, description: str) -> Callable[[Any], Any]:
        return router.get(
            f"{path}/{kind.path}",
            summary=f"{noun} of a {of_what}",
            description=f"{noun} {description}, the newest first.",
            operation_id=f"{kind.path}_of_{of_what}",
            response_class=Response,
            responses=described,
        )

    async def reply(request: Request, query: Paged, where: _Where) -> Response:
        return await workers.run(lambda: _notes(source, request, query, kind, where))

    @get("/jobs/{job}", "job", "of all runs of a job that are kept")
    async def of_job(request: Request, job: JobName, query: Annotated[NoteQuery, Query()]) -> Response:
        return await reply(request, query, _Where(job, None, query.phase, query.sub_phase))

    @get(_RUN, "run", "of a run and all of its steps")
    async def of_run(request: Request, job: JobName, run: RunName, query: Annotated[NoteQuery, Query()]) -> Response:
        return await reply(request, query, _Where(job, run, query.phase, query.sub_phase))

    @get(_PHASE, "phase", "of a phase itself, without those of its sub-phases")
    async def of_phase(
        request: Request, job: JobName, run: RunName, phase: PhaseName, query: Annotated[Paged, Query()]
    ) -> Response:
        return await reply(request, query, _Where(job, run, phase))

    @get(_SUB_PHASE, "sub_phase", "of a sub-phase")
    async def of_sub_phase(  # noqa: PLR0913, PLR0917 - FastAPI's way to name what a route takes
        request: Request,
        job: JobName,
        run: RunName,
        phase: PhaseName,
        sub_phase: SubPhaseName,
        query: Annotated[Paged, Query()],
    ) -> Response:
        return await reply(request, query, _Where(job, run, phase, sub_phase))


def _samples(source: Jobs, request: Request, query: SampleQuery, where: _Where) -> Response:
    key = step_key(where.phase, where.sub_phase)
    job = job_named(source.reading(), where.job)
    run = run_named(source, job, where.run or "")
    _look_for(run, key)
    found = source.queries.samples(job.job, run.run, step=key, since=query.since, limit=query.limit + 1)
    more = len(found) > query.limit
    items = [resource_sample(sample) for sample in found[-query.limit :]]
    if not replies.wants_csv(request, query.format):
        page = models.SamplePage(run=run.run, limit=query.limit, more=more, items=items)
        return replies.json_reply(request, page)
    columns = tables.columns_of(models.ResourceSample)
    table = tables.to_csv(columns, (tables.row_of(item, columns) for item in items))
    return answer(request, table, replies.CSV, {"X-More": "true" if more else "false"})


def _notes(source: Jobs, request: Request, query: Paged, kind: _Kind[Any], where: _Where) -> Response:
    key = step_key(where.phase, where.sub_phase)
    job = job_named(source.reading(), where.job)
    run = None if where.run is None else run_named(source, job, where.run)
    counted = None
    if run is not None:
        step = _look_for(run, key)
        counted = kind.of_run(run) if step is None else kind.of_step(step)
    found: Found[Note] = source.queries.notes(
        job.job,
        None if run is None else run.run,
        kinds=(kind.kind,),
        step=key,
        offset=query.offset,
        limit=query.limit,
    )
    items = [kind.make(note) for note in found.items]
    page = {"total": found.total, "limit": query.limit, "offset": query.offset, "counted": counted, "items": items}
    return list_reply(
        request, query, items, lambda: kind.page.model_validate(page), model=kind.model, total=found.total
    )


def _look_for(run: Run, key: StepKey | None) -> Step | None:
    """The step that is asked for, or a 404: a misspelt phase is not one without errors."""
    return None if key is None else step_named(run, key.phase, key.sub_phase)


def _noted(note: Note) -> dict[str, Any]:
    return {**_when(note.time, note.step), "id": note.id, "run": note.run}


def _when(time: float, step: StepKey) -> dict[str, Any]:
    named = step if step != RUN else None
    return {
        "time": moment(time),
        "phase": named.phase if named else None,
        "sub_phase": (named.sub_phase or None) if named else None,
    }
