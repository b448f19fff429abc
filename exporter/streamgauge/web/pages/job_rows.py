"""The rows of jobs: each with its run that started last, that run's phases, and when it is expected to end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from streamgauge.model.jobs.completion import Basis
from streamgauge.model.jobs.events import ENDED, Status
from streamgauge.model.jobs.reading import JobReading
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.web.pages import wording
from streamgauge.web.pages.state import row_key
from streamgauge.web.pages.wording import Text, Tone

_MOST_PHASES = 24
_MOST_UNDER_WAY = 2
_TONES: dict[Status, Tone] = {
    Status.PENDING: "quiet",
    Status.RUNNING: "busy",
    Status.COMPLETED: "good",
    Status.FAILED: "bad",
    Status.ABORTED: "quiet",
    Status.LOST: "bad",
}
_MEANINGS = {
    Status.PENDING: "announced, not begun yet",
    Status.RUNNING: "it runs",
    Status.COMPLETED: "it came to its end",
    Status.FAILED: "it ended with an error",
    Status.ABORTED: "it was stopped before its end",
    Status.LOST: "it ran, and has not been heard of for too long",
}
_BASES = {
    Basis.HISTORY: "estimated from what earlier runs took",
    Basis.PROGRESS: "estimated from its progress",
    None: "estimated",
}


@dataclass(frozen=True, slots=True)
class PhaseSegment:
    """A phase in the bar of its run; ``about`` is all that is shown of it, in words."""

    name: str
    status: Status
    about: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that is shown as how long ago, or how far ahead: the page's script counts it on.

    Attributes:
        at: seconds since the epoch; None: ``words`` do not change with time.
        kind: ``ago``, ``until``, or ``span`` for how long since.
    """

    words: Text
    at: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job.

    Attributes:
        link: the address of its latest run in the API.
        now: what is under way in it, or why it ended so.
        progress_ratio: 0 to 1; None: unknown.
    """

    key: str
    name: str
    title: str
    run: str
    link: str
    environment: str
    status: Text
    phases: Sequence[PhaseSegment]
    hidden_phases: int
    now: Text
    progress_ratio: float | None
    progress: Text
    duration: Moment
    end: Moment
    errors: Text
    warnings: Text


def job_row(job: JobReading, now: float) -> JobRow:
    """The row of a job at an instant."""
    run, completion = job.latest, job.completion
    ratio = completion.progress_ratio if completion is not None else None
    ratio = run.itself.progress_ratio if ratio is None else ratio
    segments = [_segment(phase) for phase in run.phases[:_MOST_PHASES]]
    return JobRow(
        key=row_key("job", job.job),
        name=wording.shown(job.job),
        title=wording.shown(run.itself.title) if run.itself.title else "",
        run=wording.shown(run.run),
        link=run_address(run),
        environment=wording.shown(run.environment) if run.environment else "",
        status=Text(run.status, _status_title(job), _TONES[run.status]),
        phases=segments,
        hidden_phases=len(run.phases) - len(segments),
        now=_now(run),
        progress_ratio=ratio,
        progress=wording.not_told("no progress was told") if ratio is None else Text(percent(ratio)),
        duration=_duration(run, now),
        end=_end(job, now),
        errors=_counted(run.errors, "bad"),
        warnings=_counted(run.warnings, "busy"),
    )


def run_address(run: Run) -> str:
    """Where the API tells everything of a run; relative, as every address of the page."""
    job, name = (quote(part, safe="", errors="replace") for part in (run.job, run.run))
    return f"api/v1/jobs/{job}/runs/{name}"


def percent(ratio: float) -> str:
    """A share; what is not whole is never written as 100 %."""
    return f"{math.floor(min(max(ratio, 0.0), 1.0) * 100 + 1e-9)}\N{NO-BREAK SPACE}%"


def _status_title(job: JobReading) -> str:
    others = job.running - (job.latest.status is Status.RUNNING)
    more = f"; {wording.counted(others, 'other run')} of it {'runs' if others == 1 else 'run'}" if others else ""
    return f"{_MEANINGS[job.latest.status]}{more}"


def _segment(phase: Step) -> PhaseSegment:
    name = wording.shown(phase.title or phase.phase)
    about = [f"{name}: {phase.status}"]
    if phase.done is not None or phase.items is not None:
        about.append(_items(phase))
    elif phase.status is Status.RUNNING and phase.progress_ratio is not None:
        about.append(percent(phase.progress_ratio))
    if phase.duration_seconds is not None:
        about.append(f"took {wording.seconds(phase.duration_seconds)}")
    about += [wording.counted(number, noun) for number, noun in _troubles(phase) if number]
    return PhaseSegment(name, phase.status, ", ".join(about))


def _troubles(phase: Step) -> list[tuple[int, str]]:
    errors = phase.errors + sum(step.errors for step in phase.sub_phases)
    warnings = phase.warnings + sum(step.warnings for step in phase.sub_phases)
    return [(errors, "error"), (warnings, "warning")]


def _items(phase: Step) -> str:
    if phase.items is None:
        return f"{wording.number(phase.done or 0)} done"
    done = "?" if phase.done is None else wording.number(phase.done)
    return f"{done} of {wording.number(phase.items)}"


def _now(run: Run) -> Text:
    if run.status in (Status.FAILED, Status.ABORTED):
        steps = [step for step in run.steps() if step.status is run.status and step.message]
        step = steps[-1] if steps else run.itself
        where = f"{step.title or step.phase}: " if step.phase else ""
        tone: Tone = "bad" if run.status is Status.FAILED else "none"
        return Text(wording.shown(f"{where}{step.message}") if step.message else "", "", tone)
    if run.status is not Status.RUNNING:
        return Text("")
    under_way = [phase for phase in run.phases if phase.status is Status.RUNNING]
    parts = [_under_way(phase) for phase in under_way[:_MOST_UNDER_WAY]]
    more = len(under_way) - len(parts)
    return Text(" · ".join(parts) + (f" · {more} more" if more else ""), "", "none")


def _under_way(phase: Step) -> str:
    inner = next((step for step in phase.sub_phases if step.status is Status.RUNNING), None)
    name = phase.title or phase.phase
    if inner is not None:
        name = f"{name} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} {inner.title or inner.sub_phase}"
    told = phase.done is not None or phase.items is not None
    return f"{wording.shown(name)} {_items(phase)}" if told else wording.shown(name)


def _duration(run: Run, now: float) -> Moment:
    took, started = run.itself.duration_seconds, run.itself.started
    if took is not None:
        return Moment(Text(wording.seconds(took)))
    if run.status is Status.RUNNING and started is not None:
        return Moment(Text(wording.span(max(0.0, now - started)), "so far"), started, "span")
    return Moment(wording.not_told("its start and its end were not both told"))


def _end(job: JobReading, now: float) -> Moment:
    run, completion = job.latest, job.completion
    finished = run.itself.finished
    if run.status in ENDED and finished is not None:
        return Moment(Text(wording.ago(now - finished), "when it ended", "none"), finished, "ago")
    if completion is not None and completion.time is not None:
        text = wording.until(completion.time - now)
        return Moment(Text(text, _BASES[completion.basis]), completion.time, "until")
    return Moment(wording.not_told("not enough is known to estimate it"))


def _counted(number: int, tone: Tone) -> Text:
    return Text(wording.count(number), "", tone if number else "none")
