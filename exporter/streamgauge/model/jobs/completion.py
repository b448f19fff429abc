"""When a run will be completed: from what its phases usually take, and from how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from streamgauge.model.jobs.durations import Usual
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.runs import Run, Step

_MOST_SECONDS = 1e10  # three centuries: what one of very many items foretells is no time that anybody can read


class Basis(StrEnum):
    """What an estimate was made from."""

    HISTORY = "history"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Completion:
    """How far a run is, and when it is expected to be completed.

    Attributes:
        progress_ratio: 0 to 1; None: unknown.
        remaining_seconds: until then; None: unknown.
        time: then, in seconds since the epoch; None: unknown.
        basis: what it was estimated from; None: unknown.
    """

    progress_ratio: float | None = None
    remaining_seconds: float | None = None
    time: float | None = None
    basis: Basis | None = None


def expected(run: Run, usual: Mapping[StepKey, Usual], now: float) -> Completion:
    """Estimate when a running run will be completed.

    Every phase that history knows has its usual time. A phase that runs is given what its progress says (elapsed over
    the share done), else what is left of its usual time; one that has taken longer than usual already is given nothing
    more, which makes the estimate a lower bound. Phases of history that this run has not begun are given their median.
    Without history a single phase with progress is enough; else it is unknown. A run without phases is taken as one.
    Progress says nothing of a phase whose start was not told, or lies ahead by the clock of its job.

    Args:
        run: the run as it stands.
        usual: what its phases take, from earlier runs.
        now: the time of reading.
    """
    medians = {key: those.median_seconds for key, those in usual.items() if key.phase and not key.sub_phase}
    whole = not run.phases and not medians
    if whole:
        medians = {RUN: usual[RUN].median_seconds} if RUN in usual else {}
    steps = (run.itself,) if whole else run.phases
    phases = {step.key: step for step in steps}
    estimates = [_remaining(step, medians.get(key), now) for key, step in phases.items()]
    ahead = [median for key, median in medians.items() if key not in phases]
    known = bool(medians) or any(step.status is Status.RUNNING for step in steps)
    if not known or any(estimate is None for estimate in estimates):
        return Completion()
    remaining = sum(estimate for estimate in estimates if estimate is not None) + sum(ahead)
    if remaining > _MOST_SECONDS:
        return Completion()
    spent = sum(_spent(step, now) for step in steps)
    ratio = spent / (spent + remaining) if spent + remaining > 0 else None
    return Completion(ratio, remaining, now + remaining, Basis.HISTORY if medians else Basis.PROGRESS)


def _remaining(step: Step, median: float | None, now: float) -> float | None:
    """Seconds that a phase still takes; None: unknown."""
    if step.status is Status.PENDING:
        return median
    if step.status is not Status.RUNNING:
        return 0.0
    spent = _spent(step, now)
    if step.progress_ratio and spent > 0:
        return spent * (1 - step.progress_ratio) / step.progress_ratio
    return None if median is None else max(0.0, median - spent)


def _spent(step: Step, now: float) -> float:
    if step.duration_seconds is not None:
        return step.duration_seconds
    if step.started is None or step.status is not Status.RUNNING:
        return 0.0
    return max(0.0, now - step.started)
