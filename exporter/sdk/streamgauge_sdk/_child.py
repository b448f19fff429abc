"""Runs another program and measures it: its exit code, its CPU, and the peak of its memory."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import psutil

from streamgauge_sdk._faults import guarded
from streamgauge_sdk._meter import Tree, look

_LOOK_EVERY = 1.0
_STARTED_SLOWLY = 0.05
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024

Tell = Callable[[Tree, float], None]


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        code: as a shell has it: 128 and the signal's number for one that was killed.
        cpu_seconds: of it and all of its descendants that were waited for.
        memory_peak: bytes: the largest sum over its tree of what was seen, or its own largest as the system knows it;
            None: it was over before anything was seen, and used no more than this program does.
    """

    code: int
    cpu_seconds: float
    memory_peak: int | None


class Child:
    """A running program, with this one's input, output and errors."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], tell: Tell) -> None:
        # The system counts what this program used until the other took its place as if it were that one's own.
        self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
        self._apart = not _in_foreground()  # else the terminal's signals reach it by themselves
        self._process = subprocess.Popen(  # noqa: S603  # to run what it is given is what it is for
            command, env=dict(environment), start_new_session=self._apart
        )
        self._tell = tell
        self._peak = 0
        self._over = threading.Event()

    def wait(self) -> Ended:
        """Wait for its end; signals meanwhile go on to it."""
        watch = threading.Thread(target=self._watch, name="streamgauge-run", daemon=True)
        watch.start()
        try:
            with self._forwarding():
                code, cpu, largest = self._reaped()
        finally:
            self._over.set()
        watch.join(_LOOK_EVERY)
        peak = max(self._peak, largest if largest > self._inherited else 0)
        return Ended(128 - code if code < 0 else code, cpu, peak or None)

    def _reaped(self) -> tuple[int, float, int]:
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait for it again
        return self._process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS_UNIT

    @contextlib.contextmanager
    def _forwarding(self) -> Iterator[None]:
        """Send SIGINT, SIGTERM and SIGHUP on, as long as this lasts."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {each: signal.signal(each, self._forward) for each in signals if _is_heeded(each)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _forward(self, number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._apart:
                os.killpg(self._process.pid, number)
            elif number != signal.SIGINT:  # the terminal sent that one to both of us
                os.kill(self._process.pid, number)

    @guarded(None)
    def _watch(self) -> None:
        try:
            process = psutil.Process(self._process.pid)
        except psutil.Error:  # it was that short
            return
        pause = _STARTED_SLOWLY
        while True:
            tree = look(process, itself=True)
            self._peak = max(self._peak, tree.memory)
            if self._over.is_set():
                return
            self._tell(tree, time.monotonic())
            if self._over.wait(pause):
                return
            pause = min(_LOOK_EVERY, pause * 2)


def _is_heeded(number: signal.Signals) -> bool:
    """Under nohup a program ignores SIGHUP, and so does what it starts."""
    return signal.getsignal(number) is not signal.SIG_IGN


def _in_foreground() -> bool:
    """Whether a terminal sends its signals to this process and what it starts in its group."""
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False
