"""One thread that looks at the process while something runs: CPU and memory, late progress, signs of life.

CPU that is used belongs to what runs innermost. Two that run at once in one process, in threads or tasks, each get the
whole process's numbers: nobody can tell them apart from outside.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from streamgauge_sdk import _client
from streamgauge_sdk._faults import guarded, say_once
from streamgauge_sdk._meter import Held, Meter

_TICK = 1.0
_HEARTBEAT_SHARE = 0.5  # of what was promised: room for a lost request


@dataclass
class Account:
    """What one running thing used and did not tell yet."""

    cpu: float = 0.0
    seconds: float = 0.0
    peak: int = 0


class Sampled(Protocol):
    """What the sampler knows of a job, a phase or a sub-phase."""

    account: Account

    @property
    def key(self) -> tuple[str | None, ...]:
        """Its place."""

    @property
    def outer(self) -> "Sampled | None":
        """What it is a part of."""

    def tell_resources(self, fields: dict[str, object]) -> bool:
        """Send a `resources` event; False when it was dropped."""

    def tell_progress(self, *, at_once: bool = False) -> None:
        """Send the progress that waits, if it is time."""

    def tell_life(self, after: float) -> None:
        """Send a heartbeat if nothing was sent for so many seconds."""

    def abort(self, reason: str | None = None) -> None:
        """End it."""


class Sampler:
    """Of one process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # again by the same thread: a put may give dropped CPU back
        self.counting = threading.Lock()  # for `advance`, held for an addition
        self._running: dict[Sampled, bool] = {}  # in the order of their starts; whether it is sampled
        self._late: dict[Sampled, None] = {}  # whose progress waits
        self._meter: Meter | None = None
        self._credited = self._sampled = time.monotonic()
        self._thread: threading.Thread | None = None
        self._work = threading.Event()

    def enter(self, scope: Sampled, *, sampled: bool) -> None:
        """Something starts: what was used until now is of what ran before."""
        with self.lock:
            try:
                if sampled:
                    self._credit()
            finally:  # a job whose CPU cannot be known still has its heartbeats
                scope.account = Account()
                self._running[scope] = sampled
                self._wake()

    def leave(self, scope: Sampled) -> None:
        """Something ends: it is told what it used last."""
        with self.lock:
            if scope not in self._running:
                return
            try:
                if self._running[scope]:
                    self._credit()
                    memory = self._metered().memory()
                    self._see(memory)
                    self._tell(scope, memory, None)
            finally:
                del self._running[scope]

    def later(self, scope: Sampled) -> None:
        """Progress waits to be told."""
        self._late[scope] = None
        self._wake()

    def told(self, scope: Sampled) -> None:
        """Its progress waits no longer."""
        self._late.pop(scope, None)

    def abort_all(self) -> None:
        """The process ends: so does what it left running, the innermost first."""
        self._tell_late(at_once=True)
        for scope in reversed(list(self._running)):
            scope.abort("the process ended without ending it")

    def give_back(self, event: dict[str, object]) -> None:
        """CPU of an event that was dropped is told with the next one."""
        key = tuple(event.get(name) for name in ("job", "run", "phase", "sub_phase"))
        cpu, seconds = event.get("cpu_seconds"), event.get("interval_seconds")
        with self.lock:
            for scope in self._running:
                if scope.key == key and isinstance(cpu, float) and isinstance(seconds, float):
                    scope.account.cpu += cpu
                    scope.account.seconds += seconds

    @guarded(None)
    def tick(self, now: float) -> None:
        """What is due at this moment."""
        self._tell_late()
        settings = _client.settings()
        for scope in list(self._running):
            scope.tell_life(settings.heartbeat * _HEARTBEAT_SHARE)
        if now - self._sampled < settings.interval:
            return
        with self.lock:
            self._sampled = now
            inner = self._innermost()
            if not inner:
                return
            self._credit()
            held = self._metered().held()
            self._see(held.memory)
            for scope in inner:
                self._tell(scope, held.memory, held)

    def _credit(self) -> None:
        used = self._metered().cpu()
        now = time.monotonic()
        passed, self._credited = now - self._credited, now
        for scope in self._innermost():
            scope.account.cpu += used
            scope.account.seconds += passed

    def _see(self, memory: int) -> None:
        for scope in self._running:
            scope.account.peak = max(scope.account.peak, memory)

    def _tell(self, scope: Sampled, memory: int, held: Held | None) -> None:
        account = scope.account
        fields: dict[str, object] = {
            "cpu_seconds": round(account.cpu, 6),
            "interval_seconds": round(account.seconds, 6),
            "memory_bytes": memory,
            "memory_peak_bytes": account.peak,
        }
        if held is not None:
            fields.update(threads=held.threads, processes=held.processes)
        cpu, seconds = account.cpu, account.seconds
        account.cpu = account.seconds = 0.0
        if not scope.tell_resources(fields):  # the next one tells it
            account.cpu += cpu
            account.seconds += seconds

    def _innermost(self) -> list[Sampled]:
        outer = {scope.outer for scope, sampled in self._running.items() if sampled}
        return [scope for scope, sampled in self._running.items() if sampled and scope not in outer]

    def _metered(self) -> Meter:
        if self._meter is None:
            self._meter = Meter()
        return self._meter

    def _tell_late(self, *, at_once: bool = False) -> None:
        for scope in list(self._late):
            scope.tell_progress(at_once=at_once)

    def _wake(self) -> None:
        if not self._work.is_set():
            self._work.set()
            self._ensure_thread()

    def _ensure_thread(self) -> None:
        with self.lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="streamgauge-sampler", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the interpreter ends; starts and ends are sampled all the same
                say_once("sampler", "nothing is sampled meanwhile: %s", error)
                return
            self._thread = thread

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._work.wait()
            pause.wait(min(_TICK, _client.settings().interval))
            self.tick(time.monotonic())
            with self.lock:
                if not self._running and not self._late:
                    self._work.clear()
                if self._late:  # it came while we cleared
                    self._work.set()


@dataclass
class _Process:
    sampler: Sampler | None = None
    hooked: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


_process = _Process()


def sampler() -> Sampler:
    """This process's sampler; ask each time: a forked child has its own."""
    known = _process.sampler
    if known is not None:
        return known
    with _process.lock:
        if _process.sampler is None:
            if not _process.hooked:
                _client.after_fork(_forked)
                _process.hooked = True
            _client.hook()
            made = Sampler()
            _client.before_exit(made.abort_all)
            _client.give_back_to(made.give_back)
            _process.sampler = made
        return _process.sampler


def _forked() -> None:
    _process.lock = threading.Lock()
    _process.sampler = None
