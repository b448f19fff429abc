"""Samples an application each second, and pushes what it did to the exporter every few.

A snapshot holds everything since the process started, so the newest one alone matters: nothing is lost with one that
did not arrive.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import psutil

from streamgauge_sdk._application import Activity, Application, Counts
from streamgauge_sdk._faults import say_once
from streamgauge_sdk._queue_depths import QueueDepths

SAMPLE_SECONDS = 1.0

STALE_SECONDS = 10.0
"""A sample that is older is unknown: a queue's callable hangs, or the machine slept."""

T = TypeVar("T")


@dataclass(frozen=True)
class Identity:
    """Which program this is, and which process of it."""

    application: str
    process: str


@dataclass(frozen=True)
class System:
    """What the process takes of the machine; None is what the system does not tell."""

    cpu_seconds_total: float | None = None
    memory_bytes: int | None = None
    threads: int | None = None
    processes: int | None = None


@dataclass(frozen=True)
class Sample:
    """What can only be asked for now and then."""

    taken: float
    queues: dict[str, float]
    system: System


@dataclass(frozen=True)
class Snapshot:
    """All that is known of a process at one moment."""

    identity: Identity
    activity: Activity
    queues: dict[str, float]
    system: System


class SystemSampler:
    """Asks the operating system about this process."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.started = self._process.create_time()

    def read(self) -> System:
        """CPU, memory and threads of this process; and how many processes it and its descendants are.

        A descendant's CPU and memory are not added: one that uses this package tells its own, and would count twice.
        """
        with self._process.oneshot():
            times = _asked(self._process.cpu_times)
            memory = _asked(self._process.memory_info)
            return System(
                cpu_seconds_total=None if times is None else times.user + times.system,
                memory_bytes=None if memory is None else memory.rss,
                threads=_asked(self._process.num_threads),
            )

    def processes(self) -> int | None:
        """Count this process and its descendants: that looks at every process of the machine."""
        children = _asked(lambda: self._process.children(recursive=True))
        return None if children is None else 1 + len(children)


class Reporter:
    """One daemon thread that samples and pushes."""

    def __init__(
        self,
        identity: Identity,
        application: Application,
        queues: QueueDepths,
        put: Callable[[dict[str, object]], bool],
        interval: Callable[[], float],
    ) -> None:
        """Prepare; `start` begins.

        Args:
            identity: whose snapshots these are.
            application: the counts.
            queues: the queues' depths.
            put: takes an event to be sent, without waiting.
            interval: returns the seconds between two pushes.
        """
        self.identity = identity
        self.pushes = True
        self._application = application
        self._queues = queues
        self._put = put
        self._interval = interval
        self._system = SystemSampler()
        self._processes: int | None = None
        self._sample: Sample | None = None
        self._sequence = 0
        self._pushing = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to sample and to push."""
        threading.Thread(target=self._run, name="streamgauge-application", daemon=True).start()

    def close(self) -> None:
        """Push for the last time, with the last sample: a queue's callable might wait for what has ended."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._guarded(self._last_push)

    def sample(self) -> None:
        """Ask for the queues' depths and for what the process takes."""
        system = replace(self._system.read(), processes=self._processes)
        self._sample = Sample(taken=time.monotonic(), queues=self._queues.read(), system=system)

    def snapshot(self) -> Snapshot:
        """Return what is known now; a sample is taken only where there is none yet."""
        if self._sample is None:
            self._processes = self._system.processes()
            self._guarded(self.sample)
        sample = self._sample
        if sample is None or time.monotonic() - sample.taken > STALE_SECONDS:
            sample = Sample(taken=0.0, queues={}, system=System())
        return Snapshot(self.identity, self._application.activity(), sample.queues, sample.system)

    def push(self) -> None:
        """Hand a snapshot to the transport; not where `pushes` is false."""
        if not self.pushes:
            return
        with self._pushing:  # the order of the sequence is the order of the snapshots
            self._sequence += 1
            self._put(event_of(self.snapshot(), started=self._system.started, sequence=self._sequence))

    def _last_push(self) -> None:
        # Only what is cheap and cannot hang is asked again.
        queues = self._queues.settled({} if self._sample is None else self._sample.queues)
        system = replace(self._system.read(), processes=self._processes)
        self._sample = Sample(taken=time.monotonic(), queues=queues, system=system)
        self.push()

    def _run(self) -> None:
        pushed = time.monotonic()
        self._guarded(self._count_processes)
        while True:
            self._guarded(self.sample)
            interval = self._interval()
            tick = min(SAMPLE_SECONDS, interval)
            if self._stopped.wait(tick):
                return
            if time.monotonic() - pushed >= interval - tick / 2:
                pushed = time.monotonic()
                self._guarded(self._count_processes)
                self._guarded(self.push)

    def _count_processes(self) -> None:
        self._processes = self._system.processes()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nothing that goes wrong here may end the thread or the program
            say_once("application", "application metrics failed: %s: %s", type(error).__name__, error)


def event_of(snapshot: Snapshot, *, started: float, sequence: int) -> dict[str, object]:
    """Return the snapshot as the exporter's event of type `application`; what is unknown is left out."""
    activity = snapshot.activity
    event: dict[str, object] = {
        "type": "application",
        "application": snapshot.identity.application,
        "process": snapshot.identity.process,
        "started": started,
        "sequence": sequence,
        "actions": {
            name: {**_outcomes(counts), "running": counts.running, "duration_seconds": asdict(counts.durations)}
            for name, counts in activity.actions.items()
        },
        "queues": dict(snapshot.queues),
        "current_action": activity.current_action,
        "system": {name: value for name, value in asdict(snapshot.system).items() if value is not None},
    }
    if activity.events is not None:
        event["events"] = {**_outcomes(activity.events), "processing_seconds": asdict(activity.events.durations)}
    return event


def _outcomes(counts: Counts) -> dict[str, object]:
    return {"total": counts.total, "failed": counts.failed}


def _asked(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except (psutil.Error, OSError):
        return None
