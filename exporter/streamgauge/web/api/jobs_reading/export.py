"""`/api/v1/jobs/{job}/runs/{run}/export`: a run with all that is kept of it, in pieces, so that it may be large."""

import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from streamgauge.jobs.records import Note, NoteKind
from streamgauge.model.jobs.reading import JobReading
from streamgauge.model.jobs.runs import Run
from streamgauge.web.api import replies, tables
from streamgauge.web.api.jobs_reading import detail_models, run_models, views
from streamgauge.web.api.jobs_reading.describing import moment
from streamgauge.web.api.jobs_reading.details import KINDS, resource_sample
from streamgauge.web.api.jobs_reading.parameters import Asked
from streamgauge.web.api.jobs_reading.source import JobName, Jobs, RunName, faults, job_named, run_named
from streamgauge.web.api.jobs_reading.steps import NESTED
from streamgauge.web.api.path_names import NamedPartsRoute
from streamgauge.web.negotiation import accepts_gzip
from streamgauge.web.workers import Workers

MOST_NOTES: Final = 10_000
MOST_SAMPLES: Final = 20_000

_AT_ONCE: Final = 500
_PIECE_BYTES: Final = 64 * 1024
_LEVEL: Final = 4
_GZIP: Final = 16 + zlib.MAX_WBITS


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """The route of exports."""
    router = APIRouter(tags=["Jobs"], route_class=NamedPartsRoute)

    @router.get(
        "/jobs/{job}/runs/{run}/export",
        summary="A run as a whole, to keep",
        response_class=Response,
        responses={**replies.described(detail_models.RunExport), **faults(404, 422)},
    )
    async def export(request: Request, job: JobName, run: RunName, query: Annotated[Asked, Query()]) -> Response:
        """JSON has everything that is kept of the run; CSV is one table of its steps, the run itself first.

        At most 10,000 notes of a kind and 20,000 samples; `left_out` names those that are cut.
        """
        csv = replies.wants_csv(request, query.format)
        return await (_table if csv else _document)(source, workers, request, (job, run))

    return router


async def _table(source: Jobs, workers: Workers, request: Request, names: tuple[str, str]) -> Response:
    def work() -> Response:
        job, run, now = _find(source, *names)
        columns = tables.columns_of(run_models.JobStep, without=NESTED)
        rows = list(_rows(job, run, now, columns))
        columns = ["job", "run", *columns]
        response = replies.csv_reply(request, columns, rows, total=len(rows))
        response.headers["Content-Disposition"] = _disposition(run, "csv")
        return response

    return await workers.run(work)


def _rows(job: JobReading, run: Run, now: float, columns: list[str]) -> Iterator[tables.Row]:
    """The run itself, then its steps; each with its own figures, so that they add up."""
    for step in (run.itself, *run.steps()):
        named = {"job": run.job, "run": run.run}
        row = tables.row_of(views.step_of(step, job.usual, now), columns)
        yield {**named, **row, "phase": row["phase"] or None}


async def _document(source: Jobs, workers: Workers, request: Request, names: tuple[str, str]) -> Response:
    def work() -> tuple[Run, bytes, Iterator[bytes]]:
        job, run, now = _find(source, *names)
        pieces = _joined(_pieces(source, job, run, now))
        return run, next(pieces), pieces

    # What is wrong is answered as a problem while nothing is sent yet: hence the first piece before all others.
    run, first, rest = await workers.run(work)
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Encoding",
        "Content-Disposition": _disposition(run, "json"),
    }
    pieces = chain((first,), rest)
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        pieces = chain(_packed(pieces))
    return StreamingResponse(_sent(pieces, workers), media_type="application/json", headers=headers)


def _find(source: Jobs, job: str, run: str) -> tuple[JobReading, Run, float]:
    reading = source.reading()
    known = job_named(reading, job)
    return known, run_named(source, known, run), reading.time


async def _sent(pieces: Iterator[bytes], workers: Workers) -> AsyncIterator[bytes]:
    """Each piece is made when the one before it is on its way: a slow client keeps no thread."""
    while piece := await workers.run(lambda: next(pieces, b"")):
        yield piece


def _pieces(source: Jobs, job: JobReading, run: Run, now: float) -> Iterator[str]:
    left_out: list[str] = []
    head = detail_models.RunExport.model_construct(exported_at=moment(now), run=views.whole_run(job, run, now))
    yield head.model_dump_json(include={"exported_at", "run"}, exclude_unset=True).removesuffix("}")
    for kind in KINDS:
        yield f',"{kind.path}":['
        yield from _listed(_notes(source, run, kind.kind, partial(left_out.append, kind.path)), kind.make)
        yield "]"
    samples = source.queries.samples(run.job, run.run, limit=MOST_SAMPLES + 1)
    if len(samples) > MOST_SAMPLES:
        left_out.append("samples")
    yield ',"samples":['
    yield from _listed(samples[-MOST_SAMPLES:], resource_sample)
    yield f'],"left_out":[{",".join(f"{chr(34)}{name}{chr(34)}" for name in left_out)}]}}'


def _notes(source: Jobs, run: Run, kind: NoteKind, cut: Callable[[], None]) -> Iterator[Note]:
    """Notes by pages; one that comes meanwhile moves the others on, and none is told twice."""
    told: set[str] = set()
    for offset in range(0, MOST_NOTES, _AT_ONCE):
        found = source.queries.notes(run.job, run.run, kinds=(kind,), offset=offset, limit=_AT_ONCE)
        for note in found.items:
            if note.id not in told:
                told.add(note.id)
                yield note
        if offset + _AT_ONCE >= found.total:
            return
    cut()


def _listed(items: Iterable[Any], make: Callable[[Any], BaseModel]) -> Iterator[str]:
    comma = ""
    for item in items:
        yield comma + make(item).model_dump_json(exclude_unset=True)
        comma = ","


def _joined(texts: Iterable[str]) -> Iterator[bytes]:
    """Pieces of some size: many small ones would each cost a turn of a thread."""
    waiting, size = [], 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _PIECE_BYTES:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _disposition(run: Run, ending: str) -> str:
    """A file name of any characters (RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(f'{run.job} {run.run}.{ending}', safe='')}"
