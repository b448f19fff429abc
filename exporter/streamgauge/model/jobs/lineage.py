"""What OpenLineage's run events mean: a run of a job with phases, out of runs that name their parents."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamgauge.model.jobs.events import (
    RUN,
    Artifact,
    Begin,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    JobEvent,
    Measured,
    Status,
    StepKey,
)

NAME_LENGTH = 200
"""The most characters of a name; of a longer one the middle is left out."""

_CUT = "..."
_ARTIFACT_LENGTH, _URI_LENGTH, _MESSAGE_LENGTH, _TRACEBACK_LENGTH = 1000, 2000, 1000, 8000

_ENDS = {"COMPLETE": Status.COMPLETED, "FAIL": Status.FAILED, "ABORT": Status.ABORTED}


class LineageRun(NamedTuple):
    """A run as OpenLineage names it."""

    namespace: str
    job: str
    run: str


class Engine(NamedTuple):
    """What ran it."""

    name: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Something that was read or written.

    Attributes:
        kind: ``input`` or ``output``.
        namespace: where it is.
        name: which it is there.
        rows: how many were read or written; None: not told.
        size_bytes: how many bytes were; None: not told.
    """

    kind: str
    namespace: str
    name: str
    rows: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """A run event.

    Attributes:
        digest: of all that was sent: the same for who sends it again.
        type: START, RUNNING, COMPLETE, FAIL, ABORT or OTHER.
        time: when, in seconds since the epoch.
        own: the run that it is about.
        parent: the run that started it; None: it stands alone.
        root: the run at the top; None: not told.
        error: what went wrong.
        engine: what ran it.
        nominal_start: the time that it is for, as it was written.
        datasets: what it read and wrote.
    """

    digest: str
    type: str
    time: float
    own: LineageRun
    parent: LineageRun | None = None
    root: LineageRun | None = None
    error: Fault | None = None
    engine: Engine | None = None
    nominal_start: str | None = None
    datasets: tuple[Dataset, ...] = ()


@dataclass(frozen=True, slots=True)
class LineageRules:
    """How jobs are named.

    Attributes:
        with_namespace: whether a job's name begins with its namespace.
        environment: of every run; None: it has none.
    """

    with_namespace: bool = False
    environment: str | None = None


class _Place(NamedTuple):
    top: LineageRun
    step: StepKey


def job_events(event: LineageEvent, rules: LineageRules, identify: Callable[[str], str]) -> tuple[JobEvent, ...]:
    """What a run event tells of jobs.

    The root of the parent facet is the run, its children are phases, what is deeper is sub-phases. Without a root the
    parent is it. What has no parent is a run with one implicit phase, which is hidden where a child is known. What an
    error, a dataset or a number is about is told of the run then, for that is never hidden.

    Args:
        event: what was sent.
        rules: how jobs are named.
        identify: makes an id of a text, the same of the same.
    """
    place = _place(event)
    job = f"{place.top.namespace}/{place.top.job}" if rules.with_namespace else place.top.job

    def made(identity: str, fact: Fact, step: StepKey, *, implicit: bool = False) -> JobEvent:
        name = shortened(job, NAME_LENGTH)
        return JobEvent(identify(identity), event.time, name, place.top.run, fact, step, implicit)

    events = [made(f"{event.digest} state", fact, place.step) for fact in _state(event, place, rules)]
    if place.step == RUN:
        alone = StepKey(shortened(event.own.job, NAME_LENGTH))
        events += [made(f"{event.digest} implicit", fact, alone, implicit=True) for fact in _implied(event)]
    events += [made(identity, fact, place.step) for identity, fact in _noted(event)]
    return tuple(events)


def shortened(text: str, length: int) -> str:
    """A text that is too long, without its middle: what tells names apart stands at their ends."""
    if len(text) <= length:
        return text
    kept = length - len(_CUT)
    tail = kept // 2
    return f"{text[: kept - tail]}{_CUT}{text[len(text) - tail :]}"


def _place(event: LineageEvent) -> _Place:
    """Whose run it is, and which part of it the event is about."""
    parent = event.parent
    top = event.root or parent
    if parent is None or top is None or event.own.run in (top.run, parent.run):
        return _Place(event.own, RUN)
    own = event.own.job
    if parent.run == top.run:
        return _Place(top, StepKey(_step_name(own, top)))
    return _Place(top, StepKey(_step_name(parent.job, top), _step_name(own, parent)))


def _step_name(name: str, above: LineageRun) -> str:
    """The name of a part without that of its whole, which Airflow (``dag.task``) and others put before it."""
    return shortened(name.removeprefix(f"{above.job}.") or name, NAME_LENGTH)


def _state(event: LineageEvent, place: _Place, rules: LineageRules) -> Iterator[Fact]:
    if event.type == "START":
        if place.step == RUN:
            yield Begin(running=True, labels=_labels(event), environment=rules.environment)
        else:
            yield Begin(running=True)
    elif event.type == "RUNNING":
        yield Heartbeat()
    elif event.type in _ENDS:
        status = _ENDS[event.type]
        fault = None if status is Status.COMPLETED else _fault(event)
        yield End(status, message=fault.message if fault else None, error=fault)


def _implied(event: LineageEvent) -> Iterator[Fact]:
    """The state once more, of the phase that stands for the run; its error is told of the run."""
    if event.type == "START":
        yield Begin(running=True)
    elif event.type in _ENDS:
        yield End(_ENDS[event.type])


def _labels(event: LineageEvent) -> dict[str, str]:
    engine = event.engine
    labels = {
        "openlineage_namespace": event.own.namespace,
        "processing_engine": engine.name if engine else None,
        "processing_engine_version": engine.version if engine else None,
        "nominal_start_time": event.nominal_start,
    }
    return {name: shortened(value, NAME_LENGTH) for name, value in labels.items() if value}


def _noted(event: LineageEvent) -> Iterator[tuple[str, Fact]]:
    """Errors that end nothing, datasets, and what they add up to; each with what its id is made of."""
    if event.type not in {"FAIL", "ABORT"} and (fault := _fault(event)):
        yield f"{event.digest} error", Erred(fault)
    for dataset in event.datasets:
        name = f"{dataset.namespace}/{dataset.name}"
        # Clients name a dataset in each event of a run: told again in the same words it is the same artifact.
        identity = f"{event.own.run} {dataset.kind} {dataset.size_bytes} {name}"
        yield identity, Artifact(shortened(name, _ARTIFACT_LENGTH), _uri(dataset), dataset.size_bytes, dataset.kind)
    for kind in ("input", "output"):
        of_kind = [dataset for dataset in event.datasets if dataset.kind == kind]
        sums = {"rows": [dataset.rows for dataset in of_kind], "bytes": [dataset.size_bytes for dataset in of_kind]}
        for unit, parts in sums.items():
            if (total := _sum(parts)) is not None:
                yield f"{event.digest} {kind} {unit}", Measured(f"{kind}_{unit}", total)


def _sum(parts: Sequence[int | None]) -> float | None:
    """Added up, where there is something and every part of it is known."""
    known = [part for part in parts if part is not None]
    return float(sum(known)) if known and len(known) == len(parts) else None


def _fault(event: LineageEvent) -> Fault | None:
    error = event.error
    if error is None:
        return None
    return Fault(
        shortened(error.message, _MESSAGE_LENGTH),
        None if error.type is None else shortened(error.type, NAME_LENGTH),
        None if error.traceback is None else shortened(error.traceback, _TRACEBACK_LENGTH),
    )


def _uri(dataset: Dataset) -> str | None:
    """Where a dataset is, where its namespace is an address."""
    if "://" not in dataset.namespace:
        return None
    uri = f"{dataset.namespace.rstrip('/')}/{dataset.name.lstrip('/')}"
    return uri if len(uri) <= _URI_LENGTH else None
