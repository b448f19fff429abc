"""Two runs beside each other, or a run beside the median of earlier ones: step by step, figure by figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from streamgauge.model.jobs.durations import quantile
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.runs import Run, Step
from streamgauge.model.jobs.summary import whole_cpu_seconds, whole_memory_peak_bytes

FIGURES = ("duration_seconds", "cpu_seconds", "memory_peak_bytes", "errors", "warnings", "items_per_second")
"""What is compared, by the names of the attributes."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of a step of one run, or their medians over several; None: not known.

    Attributes:
        title: for people; None: none was told, or there are several runs.
        status: how it stands; None: there are several runs.
        runs: how many runs had it.
        duration_seconds: of the last attempt.
        cpu_seconds: consumed.
        memory_peak_bytes: the most.
        errors: how many.
        warnings: how many.
        items_per_second: items done over the duration.
    """

    title: str | None
    status: Status | None
    runs: int
    duration_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_peak_bytes: float | None = None
    errors: float | None = None
    warnings: float | None = None
    items_per_second: float | None = None


Figures = Mapping[StepKey, Measures]
"""By step, in the steps' order; the whole run is under ``RUN``."""


class Side(StrEnum):
    """One of the two that are compared."""

    RUN = "run"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure on both sides.

    Attributes:
        value: the run's; None: not known.
        baseline: what it is compared with; None: not known.
        difference: how much more the run's is; None where one is not known.
        ratio: the run's over the other; None where one is not known, or the other is 0.
    """

    value: float | None
    baseline: float | None
    difference: float | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A step on both sides.

    Attributes:
        step: which one; ``RUN`` for the whole.
        run: what the run has; None: it has no such step.
        baseline: what the other has; None: it has no such step.
        figures: by name, as in ``FIGURES``.
    """

    step: StepKey
    run: Measures | None
    baseline: Measures | None
    figures: Mapping[str, Pair]

    @property
    def only_in(self) -> Side | None:
        """The side that alone has the step; None: both have it."""
        if self.run is None:
            return Side.BASELINE
        return Side.RUN if self.baseline is None else None


def measures_of(run: Run) -> Figures:
    """The figures of a run: the whole with all of its parts, then each part on its own, so that parts add up to it."""
    whole = _measures(run.itself, whole_cpu_seconds(run), whole_memory_peak_bytes(run), run.errors, run.warnings)
    parts = {
        step.key: _measures(step, step.cpu_seconds, step.memory_peak_bytes, step.errors, step.warnings)
        for step in run.steps()
    }
    return {RUN: whole, **parts}


def median_of(runs: Sequence[Run]) -> Figures:
    """The median of each figure over those of the runs that have the step and know the figure.

    Args:
        runs: the newest first; its order of the steps wins.
    """
    found: dict[StepKey, list[Measures]] = {}
    for run in runs:
        for key, measures in measures_of(run).items():
            found.setdefault(key, []).append(measures)
    return {key: _median(several) for key, several in found.items()}


def compare(run: Figures, baseline: Figures, *, runs: int = 1) -> tuple[Row, ...]:
    """Put a run beside a baseline.

    Args:
        run: the figures of the run; its order of the steps wins.
        baseline: those that it is compared with.
        runs: how many runs the baseline is made of. A step that this run has not is named only where at least half of
            them have it: what happens now and then is not missing.
    """
    keys = [key for key in baseline if key in run or 2 * baseline[key].runs >= runs]
    return tuple(_row(key, run.get(key), baseline.get(key)) for key in _in_order(run, keys))


def _in_order(first: Iterable[StepKey], then: Iterable[StepKey]) -> list[StepKey]:
    """The whole, then each phase with its sub-phases; those that only the second has come last among their like."""
    places: dict[StepKey, int] = {}
    for key in (*first, *then):
        places.setdefault(StepKey(key.phase), len(places))
        places.setdefault(key, len(places))
    wanted = dict.fromkeys((*first, *then))
    return sorted(wanted, key=lambda key: (key != RUN, places[StepKey(key.phase)], bool(key.sub_phase), places[key]))


def _row(step: StepKey, run: Measures | None, baseline: Measures | None) -> Row:
    figures = {name: _pair(getattr(run, name, None), getattr(baseline, name, None)) for name in FIGURES}
    return Row(step, run, baseline, figures)


def _pair(value: float | None, baseline: float | None) -> Pair:
    if value is None or baseline is None:
        return Pair(value, baseline, None, None)
    return Pair(value, baseline, value - baseline, value / baseline if baseline else None)


def _measures(step: Step, cpu: float | None, memory: int | None, errors: int, warnings: int) -> Measures:
    rate = _items_per_second(step)
    return Measures(step.title, step.status, 1, step.duration_seconds, cpu, memory, errors, warnings, rate)


def _items_per_second(step: Step) -> float | None:
    done = step.items if step.done is None and step.status is Status.COMPLETED else step.done
    return None if done is None or not step.duration_seconds else done / step.duration_seconds


def _median(several: Sequence[Measures]) -> Measures:
    return Measures(None, None, len(several), **{name: _median_of(several, name) for name in FIGURES})


def _median_of(several: Sequence[Measures], name: str) -> float | None:
    known = [value for measures in several if (value := getattr(measures, name)) is not None]
    return quantile(known, 0.5) if known else None
