"""Runs each source on a thread of its own at its own interval, and notes how it is doing.

A source that fails, hangs until its deadline or has a bug costs itself alone. Cycles keep to the interval's grid; one
that takes longer than the interval skips what it missed.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import Failure
from streamgauge.model.source_status import SourceStatus
from streamgauge.sources.source import Snapshot, Source

LOG = logging.getLogger("streamgauge.sources.scheduler")

SnapshotT = TypeVar("SnapshotT", bound=Snapshot)


class SourceRunner(Generic[SnapshotT]):
    """One source's thread.

    Args:
        source: what is read.
        succeed: takes each snapshot and the status that goes with it.
        fail: takes the status of a cycle that brought none.
        before: what another runner of the same source had come to, which this one takes over: its counts go on.
    """

    def __init__(
        self,
        source: Source[SnapshotT],
        succeed: Callable[[SnapshotT, SourceStatus], None],
        fail: Callable[[SourceStatus], None],
        before: SourceStatus | None = None,
    ) -> None:
        self._source = source
        self._succeed = succeed
        self._fail = fail
        before = before or SourceStatus(source.name, source.cluster, source.target, source.interval)
        self._errors = Counter(before.errors)
        self._requests_before = Counter(before.requests)
        self._troubles: frozenset[tuple[str, str]] = frozenset()
        self._stopping = threading.Event()
        self._handing_on = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"{source.name}-{source.cluster}", daemon=True)
        self.status = replace(before, target=source.target, interval=source.interval)

    def start(self) -> None:
        """Begin with the first cycle at once."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """End the cycle that is under way, whose outcome is dropped, and begin no other."""
        self._stopping.set()
        self._source.interrupt()

    def has_handed_over(self, timeout: float) -> bool:
        """Wait, after ``ask_to_stop``, until nothing is handed on any more; whether that is so.

        This is soon, also where a reading hangs and its thread cannot end.
        """
        settled = self._handing_on.acquire(timeout=timeout)
        if settled:
            self._handing_on.release()
        return settled

    def join(self, timeout: float) -> bool:
        """Wait for the thread; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            self._cycle()
            interval = self._source.interval
            due += interval * max(1, -(-(time.monotonic() - due) // interval))  # the next point of the grid
            self._stopping.wait(max(0.0, due - time.monotonic()))
        self._source.close()

    def _cycle(self) -> None:
        started = time.monotonic()
        before = self.status
        try:
            snapshot = self._source.read()
            with self._handing_on:
                if self._stopping.is_set():  # it was cut short, or comes after its successor's
                    return
                self._note(snapshot.failures)
                self._succeed(snapshot, self._finished(started, last_success=snapshot.read_at))
                self._note_what_is_over(snapshot.failures)
        except SourceError as error:
            self._failed(started, error.stage, error.code, str(error))
        except (
            Exception
        ) as error:  # a bug of ours must not end the thread: it is counted, logged whole, and tried again
            LOG.exception("a cycle failed by a fault of the exporter's own", extra=self._names())
            self.status = before  # a snapshot that could not be taken in is no success
            self._failed(started, "cycle", "INTERNAL", repr(error))

    def _failed(self, started: float, stage: str, code: str, message: str) -> None:
        with self._handing_on:
            if self._stopping.is_set():
                return
            self._note([Failure(stage, code, 1, message)])
            self._fail(self._finished(started, last_error=f"{code}: {message}"))

    def _finished(
        self, started: float, *, last_success: float | None = None, last_error: str | None = None
    ) -> SourceStatus:
        self.status = replace(
            self.status,
            cycles=self.status.cycles + 1,
            up=last_error is None,
            last_success=last_success if last_success is not None else self.status.last_success,
            last_duration=time.monotonic() - started,
            last_error=last_error,
            errors=dict(self._errors),
            requests=dict(self._requests_before + Counter(self._source.requests())),
        )
        return self.status

    def _note(self, failures: Sequence[Failure]) -> None:
        """Count every failure, and log each kind when it begins rather than every cycle."""
        for failure in failures:
            self._errors[failure.stage, failure.code] += failure.count
            if (failure.stage, failure.code) not in self._troubles:
                extra = self._names(failure.stage, failure.code) | {"count": failure.count}
                LOG.warning("cannot read: %s", failure.example, extra=extra)
        self._troubles |= _kinds(failures)

    def _note_what_is_over(self, failures: Sequence[Failure]) -> None:
        """Log each kind that is over: a cycle that fails as a whole says nothing about its parts."""
        for stage, code in sorted(self._troubles - _kinds(failures)):
            LOG.info("no longer fails", extra=self._names(stage, code))
        self._troubles = _kinds(failures)

    def _names(self, stage: str | None = None, code: str | None = None) -> dict[str, Any]:
        return {"source": self._source.name, "cluster": self._source.cluster, "stage": stage, "code": code}


def _kinds(failures: Sequence[Failure]) -> frozenset[tuple[str, str]]:
    return frozenset((failure.stage, failure.code) for failure in failures)


class Scheduler:
    """All sources' threads; safe to use from many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runners: list[SourceRunner[Any]] = []
        self._stopped = False

    def begin(self, runner: SourceRunner[Any]) -> None:
        """Begin to read; after ``stop`` nothing begins any more."""
        with self._lock:
            if not self._stopped:
                self._runners.append(runner)
                runner.start()

    def end(self, runner: SourceRunner[Any]) -> None:
        """Ask one thread to end; it is left to do so by itself."""
        with self._lock:
            if runner in self._runners:
                self._runners.remove(runner)
        runner.ask_to_stop()

    def stop(self, timeout: float) -> None:
        """End all cycles; a thread that does not end within ``timeout`` seconds is left behind (it is a daemon)."""
        with self._lock:
            self._stopped = True
            runners = tuple(self._runners)
        for runner in runners:
            runner.ask_to_stop()
        until = time.monotonic() + timeout
        for runner in runners:
            if not runner.join(max(0.0, until - time.monotonic())):
                LOG.warning("did not end in time", extra={"cluster": runner.status.cluster})
