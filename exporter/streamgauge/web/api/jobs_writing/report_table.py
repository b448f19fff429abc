"""The routes for requests that are made by hand, as one table: what can be reported, and of what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from streamgauge.model.jobs.events import Fact
from streamgauge.web.api.jobs_writing import report_models as models
from streamgauge.web.api.jobs_writing.facts import KINDS
from streamgauge.web.api.jobs_writing.report_models import Stamped


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be reported of a run, a phase or a sub-phase.

    Attributes:
        path: the last part of the path; "": none.
        body: what the body may have.
        fact: what it means.
        summary: in the API's description, with the name of the level.
        description: what it does.
        method: POST or PATCH.
        bare: whether the body may be left out.
    """

    path: str
    body: type[Stamped]
    fact: Callable[[Any], Fact]
    summary: str
    description: str
    method: str = "POST"
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """What can be reported of.

    Attributes:
        noun: in the API's description.
        path: where it is.
        names: the parts of the path that are names.
    """

    noun: str
    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A route.

    Attributes:
        path: where it is.
        level: whose names are in the path.
        action: what is reported.
        named: the field of the body that names what is begun; "": the path names all.
    """

    path: str
    level: Level
    action: Action
    named: str = ""


_JOB: Final = Level("job", "/jobs/{job}", ("job",))
_RUN: Final = Level("run", "/jobs/{job}/runs/{run}", ("job", "run"))
_PHASE: Final = Level("phase", f"{_RUN.path}/phases/{{phase}}", (*_RUN.names, "phase"))
_SUB_PHASE: Final = Level("sub-phase", f"{_PHASE.path}/sub-phases/{{sub_phase}}", (*_PHASE.names, "sub_phase"))

_ENDS: Final = {"completed": "complete", "failed": "fail", "aborted": "abort"}


def _begun(body: models.NewPhase | models.NewSubPhase) -> Fact:
    return KINDS["start" if body.status == "running" else "pending"].fact(body)


def _changed(body: models.Change) -> Fact:
    return KINDS[_ENDS[body.status]].fact(body)


_BEGINNINGS: Final[Mapping[str, tuple[Level, Action]]] = {
    "run": (
        _JOB,
        Action(
            "runs",
            models.NewRun,
            KINDS["start"].fact,
            "Start a run",
            "Starts a run, and answers where it is. After its end it is a new attempt of the same run.",
            bare=True,
        ),
    ),
    "phase": (
        _RUN,
        Action(
            "phases",
            models.NewPhase,
            _begun,
            "Start or announce a phase",
            "Starts a phase; with `status` `pending` it is announced. The run need not have been started.",
        ),
    ),
    "sub_phase": (
        _PHASE,
        Action(
            "sub-phases",
            models.NewSubPhase,
            _begun,
            "Start or announce a sub-phase",
            "Starts a sub-phase; with `status` `pending` it is announced. The phase need not have been started.",
        ),
    ),
}
"""What begins something, by the field of the body that names it."""

_ACTIONS: Final = (
    Action(
        "",
        models.Change,
        _changed,
        "End a {noun}",
        "Ends it as `status` says; the same as the paths for each end.",
        method="PATCH",
    ),
    Action(
        "complete",
        models.Completion,
        KINDS["complete"].fact,
        "Complete a {noun}",
        "Ends it well. What is under it and still runs counts as completed with it.",
        bare=True,
    ),
    Action(
        "fail",
        models.Failure,
        KINDS["fail"].fact,
        "Fail a {noun}",
        "Ends it badly. Give `error` at the innermost level only, so that it is counted once.",
        bare=True,
    ),
    Action("abort", models.Abortion, KINDS["abort"].fact, "Abort a {noun}", "Somebody has ended it.", bare=True),
    Action(
        "progress",
        models.ProgressReport,
        KINDS["progress"].fact,
        "Report progress of a {noun}",
        "How many items are done in all, and of how many.",
    ),
    Action(
        "resources",
        models.ResourcesReport,
        KINDS["resources"].fact,
        "Report resources of a {noun}",
        "CPU time since the last report, which is added up; memory, threads and processes as they are now.",
    ),
    Action(
        "artifacts",
        models.ArtifactReport,
        KINDS["artifact"].fact,
        "Report an artifact of a {noun}",
        "Something that was read or made.",
    ),
    Action(
        "warnings",
        models.WarningReport,
        KINDS["warning"].fact,
        "Report a warning of a {noun}",
        "Something is not right, and it goes on.",
    ),
    Action(
        "errors",
        models.ErrorReport,
        KINDS["error"].fact,
        "Report an error of a {noun}",
        "Something went wrong, and it goes on.",
    ),
    Action(
        "metrics",
        models.MetricReport,
        KINDS["metric"].fact,
        "Report a number of a {noun}",
        "A number of the job's own; the last one of a name counts.",
    ),
    Action(
        "heartbeat",
        models.HeartbeatReport,
        KINDS["heartbeat"].fact,
        "Report that a {noun} lives",
        "Keeps a run that announced `heartbeat_seconds` from being lost.",
        bare=True,
    ),
)


def reports() -> Iterator[Report]:
    """Every route, from the run down."""
    for named, level in (("run", _RUN), ("phase", _PHASE), ("sub_phase", _SUB_PHASE)):
        above, begin = _BEGINNINGS[named]
        yield Report(f"{above.path}/{begin.path}", above, begin, named)
        for action in _ACTIONS:
            yield Report(f"{level.path}/{action.path}".rstrip("/"), level, action)
