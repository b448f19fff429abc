"""What programs do inside: actions, events, queues; the processes of one application added up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of actions and events, in seconds; the SDK has the same."""

_MOST_ACTIONS = 200
_OTHER = "other"
_NO_BUCKETS = (0,) * (len(BOUNDS) + 1)


@dataclass(frozen=True, slots=True)
class Durations:
    """A histogram: counts of each bucket alone, one more at the end for what is above the last bound."""

    buckets: tuple[int, ...] = _NO_BUCKETS
    sum_seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many durations."""
        return sum(self.buckets)

    def __add__(self, other: "Durations") -> "Durations":
        buckets = tuple(mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True))
        return Durations(buckets, self.sum_seconds + other.sum_seconds)


@dataclass(frozen=True, slots=True)
class Work:
    """Actions of one name, or events, since a process started."""

    total: int = 0
    failed: int = 0
    durations: Durations = field(default_factory=Durations)

    def __add__(self, other: "Work") -> "Work":
        return Work(self.total + other.total, self.failed + other.failed, self.durations + other.durations)

    def at_least(self, before: "Work") -> "Work":
        """The larger of each number: counters do not fall."""
        mine, theirs = self.durations, before.durations
        buckets = tuple(map(max, mine.buckets, theirs.buckets))
        durations = Durations(buckets, max(mine.sum_seconds, theirs.sum_seconds))
        return Work(max(self.total, before.total), max(self.failed, before.failed), durations)


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """What one process of an application has told last; counters count from its start.

    Attributes:
        application: the application's name.
        process: which process of it.
        started: when the process started, by its clock.
        sequence: counts up with each snapshot.
        time: when it was taken, by the process's clock.
        actions: by name.
        running: actions that run now, by name.
        events: events processed; None: it processes none.
        queues: depths by name.
        current_action: the one that was begun last and still runs.
        cpu_seconds: consumed; None: not known.
        memory_bytes: resident.
        threads: how many.
        processes: how many, children too.
    """

    application: str
    process: str
    started: float
    sequence: int
    time: float
    actions: Mapping[str, Work] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    events: Work | None = None
    queues: Mapping[str, float] = field(default_factory=dict)
    current_action: str | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    threads: int | None = None
    processes: int | None = None

    def at_least(self, before: "ProcessSnapshot") -> "ProcessSnapshot":
        """With no counter below what the same process told before: one that falls would be taken for a restart."""
        actions = {**before.actions, **self.actions}
        actions = {name: work.at_least(before.actions.get(name, work)) for name, work in actions.items()}
        events, cpu_seconds = self.events or before.events, self.cpu_seconds
        if events is not None and before.events is not None:
            events = events.at_least(before.events)
        if before.cpu_seconds is not None:
            cpu_seconds = max(before.cpu_seconds, cpu_seconds or 0.0)
        return replace(self, actions=actions, events=events, cpu_seconds=cpu_seconds)


@dataclass(frozen=True, slots=True)
class ApplicationTotals:
    """What processes have added up to."""

    actions: Mapping[str, Work] = field(default_factory=dict)
    events: Work | None = None
    cpu_seconds: float | None = None

    def with_process(self, snapshot: ProcessSnapshot) -> "ApplicationTotals":
        """The counters of one process more; actions beyond 200 names are added up under ``other``."""
        actions = dict(self.actions)
        for name, work in sorted(snapshot.actions.items()):
            at = name if name in actions or len(actions) < _MOST_ACTIONS else _OTHER
            actions[at] = actions.get(at, Work()) + work
        return ApplicationTotals(
            actions, _sum((self.events, snapshot.events)), _sum((self.cpu_seconds, snapshot.cpu_seconds))
        )


@dataclass(frozen=True, slots=True)
class ApplicationReading:
    """An application at a time: counters over all of its processes, gauges of those that are heard of.

    Attributes:
        application: its name.
        totals: counters over all of its processes, those that live and those that ended.
        processes: the last snapshots of the processes that live, by their names' order.
        last_heard: when the last one came, by the exporter's clock.
    """

    application: str
    totals: ApplicationTotals
    processes: tuple[ProcessSnapshot, ...]
    last_heard: float


Addend = TypeVar("Addend", Work, float)


def _sum(parts: Iterable[Addend | None]) -> Addend | None:
    """Added up; None only where nothing is known."""
    total: Addend | None = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total
