"""What a step of a job has added up to: how one event adds to it, and its row in the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from streamgauge.model.jobs.durations import DurationHistogram
from streamgauge.model.jobs.events import JobEvent
from streamgauge.model.jobs.reading import Totals
from streamgauge.model.jobs.states import MICROSECONDS, StepState, observed_duration

_NEW = StepState(first=0.0)


@dataclass(frozen=True, slots=True)
class StepTotals:
    """Sums of one step over all of its runs; times in whole microseconds, so that their order changes nothing."""

    ends: int = 0
    failures: int = 0
    warnings: int = 0
    errors: int = 0
    items: float = 0.0
    cpu_microseconds: int = 0
    duration_buckets: tuple[int, ...] = DurationHistogram().buckets
    duration_microseconds: int = 0

    def plus(self, before: StepState | None, after: StepState, event: JobEvent) -> "StepTotals":
        """With what an event has added to a state; items are counted once, however many attempts they take."""
        duration, buckets = observed_duration(before, after, event), self.duration_buckets
        if duration is not None:
            buckets = DurationHistogram(buckets).with_one(duration).buckets
        before = before or _NEW
        return StepTotals(
            self.ends + after.ends - before.ends,
            self.failures + after.failures - before.failures,
            self.warnings + after.warnings - before.warnings,
            self.errors + after.errors - before.errors,
            self.items + (after.most_done or 0.0) - (before.most_done or 0.0),
            self.cpu_microseconds + after.cpu_microseconds - before.cpu_microseconds,
            buckets,
            self.duration_microseconds + round((duration or 0.0) * MICROSECONDS),
        )

    def read(self) -> Totals:
        """As they are shown."""
        return Totals(
            self.ends,
            self.failures,
            self.warnings,
            self.errors,
            self.items,
            self.cpu_microseconds / MICROSECONDS,
            DurationHistogram(self.duration_buckets, self.duration_microseconds / MICROSECONDS),
        )

    def columns(self) -> Mapping[str, Any]:
        """Their columns in the database."""
        return {
            "ends": self.ends,
            "failures": self.failures,
            "warnings": self.warnings,
            "errors": self.errors,
            "items_done": self.items,
            "cpu_microseconds": self.cpu_microseconds,
            "duration_buckets": json.dumps(self.duration_buckets),
            "duration_microseconds": self.duration_microseconds,
        }


def totals_of(row: RowMapping) -> StepTotals:
    """Read from there."""
    return StepTotals(
        row["ends"],
        row["failures"],
        row["warnings"],
        row["errors"],
        row["items_done"],
        row["cpu_microseconds"],
        tuple(json.loads(row["duration_buckets"])),
        row["duration_microseconds"],
    )
