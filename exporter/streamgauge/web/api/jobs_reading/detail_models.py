"""What is answered of samples, errors, warnings and artifacts. Null always means unknown (or not there), never zero."""

from datetime import datetime
from typing import Annotated

from streamgauge.web.api.jobs_reading.describing import Answer, Listed, about
from streamgauge.web.api.jobs_reading.run_models import WholeRun

_EXAMPLE = "2026-11-21T03:00:00Z"


class _OfStep(Answer):
    time: Annotated[datetime | None, about("When, by the job's clock.", _EXAMPLE)]
    phase: Annotated[str | None, about("The phase; null for the run itself.", "P00")]
    sub_phase: Annotated[str | None, about("The sub-phase.", "validation")]


class ResourceSample(_OfStep):
    """What a step used at one time."""

    cpu_seconds: Annotated[float, about("CPU time consumed since the sample before.", 4.8)]
    interval_seconds: Annotated[float | None, about("Over how long.", 5.0)]
    cpu_ratio: Annotated[float | None, about("The one over the other: 1 is one whole CPU.", 0.96)]
    memory_bytes: Annotated[int | None, about("Memory then, with child processes.", 268435456)]
    memory_peak_bytes: Annotated[int | None, about("The most until then.", 402653184)]
    threads: Annotated[int | None, about("Threads.", 8)]
    processes: Annotated[int | None, about("Processes.", 1)]


class SamplePage(Answer):
    """The newest samples of a run or a step, in time's order."""

    run: Annotated[str, about("The run's id.", "2026-11-21")]
    limit: Annotated[int, about("The most samples of an answer.", 1000)]
    more: Annotated[bool, about("Whether older ones match too, and were left out.", example=False)]
    items: list[ResourceSample]


class _Noted(_OfStep):
    id: Annotated[str, about("The event's id.", "4f1c2a9e0b7d4e5f8a6b3c2d1e0f9a8b")]
    run: Annotated[str, about("The run's id.", "2026-11-21")]


class ErrorNote(_Noted):
    """An error."""

    message: Annotated[str, about("What went wrong.", "page 7 cannot be read")]
    error_type: Annotated[str | None, about("As the program names it.", "ValueError")]
    traceback: Annotated[str | None, about("Where it arose.")]


class WarningNote(_Noted):
    """A warning."""

    message: Annotated[str, about("What is not right.", "page 7 skipped")]


class ArtifactNote(_Noted):
    """Something that was read or made."""

    name: Annotated[str, about("Its name.", "out.json")]
    uri: Annotated[str | None, about("Where it is.", "s3://plans/2026-11-21/out.json")]
    size_bytes: Annotated[int | None, about("Its size.", 18234)]
    kind: Annotated[str | None, about("`input` or `output`.", "output")]


class _NotePage(Listed):
    counted: Annotated[
        int | None,
        about("How many were counted; more than `total` where not all were kept. Null over several runs.", 1),
    ]


class ErrorPage(_NotePage):
    """Errors, the newest first."""

    items: list[ErrorNote]


class WarningPage(_NotePage):
    """Warnings, the newest first."""

    items: list[WarningNote]


class ArtifactPage(_NotePage):
    """Artifacts, the newest first."""

    items: list[ArtifactNote]


class RunExport(Answer):
    """A run with everything that is kept of it."""

    exported_at: Annotated[datetime | None, about("When it was read.", _EXAMPLE)]
    run: WholeRun
    errors: Annotated[list[ErrorNote], about("Its errors, the newest first.")]
    warnings: Annotated[list[WarningNote], about("Its warnings, the newest first.")]
    artifacts: Annotated[list[ArtifactNote], about("Its artifacts, the newest first.")]
    samples: Annotated[list[ResourceSample], about("Its newest samples, in time's order.")]
    left_out: Annotated[
        list[str], about("Those of the lists above that are cut: 10,000 notes of a kind, 20,000 samples.", [])
    ]
