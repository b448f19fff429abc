"""Applications in memory: their processes' last snapshots, and what earlier processes have added up to."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from streamgauge.model.jobs.applications import ApplicationReading, ApplicationTotals, ProcessSnapshot

LIVE_SECONDS = 60.0
"""After how much silence a process has no gauges any more; its counters stay."""

_MOST_PROCESSES = 1000
_MOST_FOLDED_REMEMBERED = 10_000
_APART_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A process's last snapshot, and when it came."""

    snapshot: ProcessSnapshot
    at: float


@dataclass(frozen=True, slots=True)
class KnownApplication:
    """An application.

    Attributes:
        id: its row's; None: it is new.
        name: its name.
        folded: what processes that are no more kept apart have added up to.
        processes: the last of each of the others; a silent one may come back, and its counters go on.
        last_heard: when the last snapshot came.
        gone: the starts of processes that were added up, by their names: were one to come back, its counters would
            count twice. The newest, and since this exporter started.
    """

    id: int | None
    name: str
    folded: ApplicationTotals = field(default_factory=ApplicationTotals)
    processes: Mapping[str, Heard] = field(default_factory=dict)
    last_heard: float = 0.0
    gone: Mapping[str, float] = field(default_factory=dict)

    def taking(self, snapshot: ProcessSnapshot, now: float) -> "KnownApplication | None":
        """With a snapshot; None: it says nothing new."""
        before = self.processes.get(snapshot.process)
        folded = self.folded
        if before is not None:
            last = before.snapshot
            if not _follows(snapshot, before, now):
                return None
            if snapshot.started == last.started:
                snapshot = snapshot.at_least(last)
            else:
                folded = folded.with_process(last)
        processes = {**self.processes, snapshot.process: Heard(snapshot, now)}
        return replace(self, folded=folded, processes=processes, last_heard=max(self.last_heard, now))

    def has_added_up(self, snapshot: ProcessSnapshot) -> bool:
        """Whether its process was given up as silent, and what it had counted by then is in the totals."""
        return snapshot.process not in self.processes and self.gone.get(snapshot.process) == snapshot.started

    def has_room(self, snapshot: ProcessSnapshot) -> bool:
        """Whether its process is known, or may come to those that are."""
        return snapshot.process in self.processes or len(self.processes) < _MOST_PROCESSES

    def without(self, processes: Iterable[str]) -> "KnownApplication":
        """With some of its processes no more kept apart: their counters stay."""
        folded, left, gone = self.folded, dict(self.processes), dict(self.gone)
        for name in processes:
            last = left.pop(name).snapshot
            folded = folded.with_process(last)
            gone.pop(name, None)
            gone[name] = last.started
        newest = dict(islice(gone.items(), max(0, len(gone) - _MOST_FOLDED_REMEMBERED), None))
        return replace(self, folded=folded, processes=left, gone=newest)

    def silent(self, now: float) -> list[str]:
        """The processes that have been silent for so long that nobody expects them back.

        Where there are many, those that have no gauges any more make room.
        """
        limit = LIVE_SECONDS if len(self.processes) >= _MOST_PROCESSES else _APART_SECONDS
        return [name for name, heard in self.processes.items() if now - heard.at > limit]

    def totals(self) -> ApplicationTotals:
        """The counters of all processes that were ever heard of."""
        totals = self.folded
        for _, heard in sorted(self.processes.items()):
            totals = totals.with_process(heard.snapshot)
        return totals


def _follows(snapshot: ProcessSnapshot, before: Heard, now: float) -> bool:
    """Whether a snapshot is news of a process, or of the next one with its name."""
    last = before.snapshot
    if (snapshot.started, snapshot.sequence) > (last.started, last.sequence):
        return True
    # A process that started while the clock was behind: nothing of the one before it can be under way for that long.
    return snapshot.started < last.started and now - before.at > LIVE_SECONDS


class KnownApplications:
    """Applications by name. The thread that writes replaces them; any thread reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, KnownApplication] = {}
        self._totals: dict[str, ApplicationTotals] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> KnownApplication | None:
        """An application; None: it is not known."""
        return self._known.get(name)

    def all(self) -> tuple[KnownApplication, ...]:
        """All of them."""
        return tuple(self._known.values())

    def put(self, applications: Iterable[KnownApplication]) -> None:
        """Take over applications that have changed."""
        with self._lock:
            for application in applications:
                self._known[application.name] = application
                self._totals.pop(application.name, None)

    def remove(self, name: str) -> None:
        """One that was not heard of for long enough."""
        with self._lock:
            self._known.pop(name, None)
            self._totals.pop(name, None)

    def replace(self, applications: Iterable[KnownApplication]) -> None:
        """All applications, read anew."""
        known = {application.name: application for application in applications}
        with self._lock:
            self._known, self._totals = known, {}

    def readings(self, now: float) -> tuple[ApplicationReading, ...]:
        """All of them at a time, in the order of their names."""
        with self._lock:
            return tuple(self._reading(self._known[name], now) for name in sorted(self._known))

    def _reading(self, application: KnownApplication, now: float) -> ApplicationReading:
        name = application.name
        if name not in self._totals:
            self._totals[name] = application.totals()
        heard = sorted(application.processes.items())
        live = tuple(each.snapshot for _, each in heard if now - each.at <= LIVE_SECONDS)
        return ApplicationReading(name, self._totals[name], live, application.last_heard)
