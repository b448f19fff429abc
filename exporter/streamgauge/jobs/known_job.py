"""A job in memory: what its reading is made of, kept up to date by the thread that writes."""

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.run_image import RunImage
from streamgauge.jobs.totals import StepTotals
from streamgauge.model.jobs.completion import Completion, expected
from streamgauge.model.jobs.durations import Usual, usual
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading, Limits
from streamgauge.model.jobs.runs import Run


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier runs took.

    Attributes:
        durations: by step: of the last completed ones without the latest run, oldest first.
        phases: those of the last run that was completed: what can be expected of the next.
    """

    durations: Mapping[StepKey, tuple[float, ...]] = field(default_factory=dict)
    phases: frozenset[StepKey] = frozenset()

    def with_run(self, image: RunImage, steps: Container[StepKey], runs: int) -> "Past":
        """With one run more, which is newer than the others.

        Args:
            image: the run.
            steps: those of which durations are remembered.
            runs: how many at most.
        """
        durations = dict(self.durations)
        for key, row in image.steps.items():
            if key in steps and completed(row):
                durations[key] = (*durations.get(key, ()), row["duration_seconds"])[-runs:]
        if image.columns["status"] != Status.COMPLETED:
            return Past(durations, self.phases)
        shown = (key for key, row in image.steps.items() if row["status"] is not None)
        return Past(durations, frozenset(key for key in shown if key.phase and not key.sub_phase))


@dataclass(slots=True)
class _Answer:
    reading: JobReading
    since: float
    until: float


class KnownJob:
    """One job; whoever uses it holds the lock of ``KnownJobs``.

    Args:
        job_id: its row's.
        name: its name.
    """

    def __init__(self, job_id: int, name: str) -> None:
        self.id = job_id
        self.name = name
        self.totals = dict[StepKey, StepTotals]()
        self.last_success: float | None = None
        self.latest: RunImage | None = None
        self.running: dict[int, tuple[float, float | None]] = {}
        self.past = Past()
        self._usual: dict[StepKey, Usual] = {}
        self._limits: dict[tuple[StepKey, str | None], Limits] = {}
        self._answer: _Answer | None = None

    def set_past(self, past: Past) -> None:
        """Take over what earlier runs took."""
        self.past = past
        told = {key: usual(durations) for key, durations in past.durations.items()}
        self._usual = {key: known for key, known in told.items() if known is not None}
        self._answer = None

    def take(self, image: RunImage) -> bool:
        """Take over a run that has changed; false where memory alone cannot tell any more what the latest run is."""
        self._answer = None
        if image.running:
            self.running[image.id] = (image.last_heard, image.columns["silent_after"])
        else:
            self.running.pop(image.id, None)
        if self.latest is None or self.latest.order <= image.order:
            self.latest = image
        elif self.latest.id == image.id:
            return False  # it began earlier than was known: another one may have begun later
        return True

    def runs_now(self, run_id: int, now: float, max_age: float) -> bool:
        """Whether a run runs and is not lost."""
        if run_id not in self.running:
            return False
        heard, limit = self.running[run_id]
        return now - heard <= (max_age if limit is None else limit)

    def succeeded(self, time: float | None) -> None:
        """A run was completed then."""
        if time is not None and (self.last_success is None or self.last_success < time):
            self.last_success = time
            self._answer = None

    def forget_rules(self) -> None:
        """What it was held against no longer holds."""
        self._limits.clear()
        self._answer = None

    def forget_answer(self) -> None:
        """What was answered no longer holds."""
        self._answer = None

    def reading(self, now: float, rules: StoreRules) -> JobReading | None:
        """The job at a time; None: it has no run (any more)."""
        if self.latest is None:
            return None
        answer = self._answer
        if answer is None or not answer.since <= now < answer.until:
            answer = self._answer = self._read(self.latest, now, rules)
        if answer.reading.latest.status is not Status.RUNNING:
            return answer.reading
        return replace(answer.reading, completion=self._completion(answer.reading.latest, now))

    def _read(self, latest: RunImage, now: float, rules: StoreRules) -> _Answer:
        run = latest.seen_at(now, rules.max_age)
        lost_at = [heard + (rules.max_age if limit is None else limit) for heard, limit in self.running.values()]
        lost = sum(at < now for at in lost_at)
        until = min((math.nextafter(at, math.inf) for at in lost_at if at >= now), default=math.inf)
        due = rules.slos.due(self.name, run.environment, now)
        reading = JobReading(
            latest=run,
            running=len(lost_at) - lost,
            lost=lost,
            last_success=self.last_success,
            totals={key: totals.read() for key, totals in self.totals.items()},
            last_duration=self._last_durations(latest),
            usual=self._usual,
            limits=self._limits_of(run, rules),
            due=None if due is None else due.due,
            start_by=None if due is None else due.start_by,
            finish_by=self._finish_by(run, rules) if due is None else due.finish_by,
        )
        return _Answer(reading, now, until if due is None else min(until, due.until))

    def _finish_by(self, run: Run, rules: StoreRules) -> float | None:
        within = rules.slos.finish_within(self.name, run.environment)
        return None if within is None or run.itself.started is None else run.itself.started + within

    def _last_durations(self, latest: RunImage) -> dict[StepKey, float]:
        last = {key: durations[-1] for key, durations in self.past.durations.items()}
        return last | {key: row["duration_seconds"] for key, row in latest.steps.items() if completed(row)}

    def _limits_of(self, run: Run, rules: StoreRules) -> dict[StepKey, Limits]:
        found = {}
        for key in (RUN, *(step.key for step in run.steps())):
            asked = (key, run.environment)
            if asked not in self._limits:
                self._limits[asked] = rules.slos.limits_of(self.name, *asked)
            if self._limits[asked] != Limits():
                found[key] = self._limits[asked]
        return found

    def _completion(self, run: Run, now: float) -> Completion:
        begun = {step.key for step in run.phases}
        wanted = begun | self.past.phases | {RUN}
        return expected(run, {key: known for key, known in self._usual.items() if key in wanted}, now)


def completed(row: Mapping[str, Any]) -> bool:
    """Whether a step of that row tells a duration to learn from."""
    return bool(row["status"] == Status.COMPLETED and row["duration_seconds"] is not None)
