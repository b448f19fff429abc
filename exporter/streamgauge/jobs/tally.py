"""How the store is doing, counted: one thread counts, any may read."""

import threading
from collections import Counter
from collections.abc import Sequence

from streamgauge.jobs.intake import Refused
from streamgauge.jobs.receipt import Code
from streamgauge.model.jobs.applications import ProcessSnapshot
from streamgauge.model.jobs.events import (
    Artifact,
    Begin,
    End,
    Erred,
    Heartbeat,
    JobEvent,
    Measured,
    Progress,
    Resources,
    Status,
    Warned,
)
from streamgauge.model.jobs.reading import StoreStatus

_ENDS = {Status.COMPLETED: "complete", Status.FAILED: "fail", Status.ABORTED: "abort"}
_FACTS = {
    Progress: "progress",
    Resources: "resources",
    Artifact: "artifact",
    Warned: "warning",
    Erred: "error",
    Measured: "metric",
    Heartbeat: "heartbeat",
}
KINDS = ("pending", "start", *_ENDS.values(), *_FACTS.values(), "application")
"""The kinds of events, as they are sent."""


class Tally:
    """Counters since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._up: bool | None = None
        self._accepted: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        self._rejected: Counter[str] = Counter({code.value: 0 for code in Code})
        self._duplicates = self._errors = self._trimmed = 0
        self._seconds = 0.0

    @property
    def up(self) -> bool | None:
        """Whether the database is there; None: it was not tried yet."""
        return self._up

    def set_up(self, *, up: bool) -> None:
        """Whether the database is there."""
        self._up = up

    def wrote(self, seconds: float) -> None:
        """A transaction has taken so long."""
        self._seconds += seconds

    def failed(self) -> None:
        """A read or a write has failed."""
        with self._lock:
            self._errors += 1

    def trimmed(self, runs: int) -> None:
        """Runs were given up."""
        self._trimmed += runs

    def count(self, batch: Sequence[JobEvent | ProcessSnapshot], results: Sequence[Refused | bool]) -> None:
        """What became of events."""
        with self._lock:
            for item, result in zip(batch, results, strict=True):
                if isinstance(result, Refused):
                    self._rejected[result.code.value] += 1
                elif result:
                    self._accepted[kind_of(item)] += 1
                else:
                    self._duplicates += 1

    def status(self, waiting: int) -> StoreStatus:
        """All of it."""
        with self._lock:
            return StoreStatus(
                self._up,
                dict(self._accepted),
                self._duplicates,
                dict(self._rejected),
                waiting,
                self._errors,
                self._trimmed,
                self._seconds,
            )


def kind_of(item: JobEvent | ProcessSnapshot) -> str:
    """The kind of an event, as it is sent."""
    if isinstance(item, ProcessSnapshot):
        return "application"
    fact = item.fact
    if isinstance(fact, Begin):
        return "start" if fact.running else "pending"
    if isinstance(fact, End):
        return _ENDS[fact.status]
    return _FACTS[type(fact)]
