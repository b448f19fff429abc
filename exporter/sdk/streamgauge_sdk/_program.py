"""The one application that this process is, and the calls by which a program tells what it acts on.

Nothing here raises into the program or waits for anything. It begins with the first call that counts something, and
begins anew in a forked child, which is a process of its own and counts from zero.
"""

import os
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamgauge_sdk import _client, _metrics_page
from streamgauge_sdk._application import LONGEST_NAME, Action, Application, clean_name
from streamgauge_sdk._application_reporter import Identity, Reporter, Snapshot
from streamgauge_sdk._faults import guarded, log, say_once
from streamgauge_sdk._queue_depths import Depth, QueueDepths

if TYPE_CHECKING:
    from streamgauge_sdk._metrics_server import MetricsServer
    from streamgauge_sdk._registry import ApplicationCollector


@dataclass(frozen=True)
class _Running:
    application: Application
    queues: QueueDepths
    reporter: Reporter


class Program:
    """What is configured, and what runs in this process."""

    def __init__(self) -> None:
        self.running: _Running | None = None
        self._lock = threading.RLock()
        self._name: str | None = None
        self._process: str | None = None
        self._push: bool | None = None
        self._scraped = False
        self._server: MetricsServer | None = None
        self._served: tuple[int, str] | None = None
        self._forked = False

    def begin(self) -> _Running | None:
        """Return what runs, which this starts where it does not; None while the SDK is disabled."""
        with self._lock:
            if self.running is None and not _client.settings().disabled:
                self._start()
            return self.running

    def application(self) -> Application | None:
        """Return the counts of this process, or None while nothing is to be counted."""
        try:
            running = self.running or self.begin()
        except Exception as error:  # noqa: BLE001 - as `guarded`; this is asked as each action begins
            _not_counted("begin", error)
            return None
        return None if running is None else running.application

    def configure(self, name: str | None, process: str | None, push: bool | None) -> None:  # noqa: FBT001 - three states
        """Name the application, now or when it begins."""
        with self._lock:
            self._name, self._process, self._push = name, process, push
            running = self.begin()
            if running is not None:
                running.reporter.identity = self._identity()
                running.reporter.pushes = self._pushes()

    def snapshot(self) -> Snapshot | None:
        """Return what is known now; None while the SDK is disabled."""
        try:
            running = self.running or self.begin()
            return None if running is None else running.reporter.snapshot()
        except Exception as error:  # noqa: BLE001 - as above; a registry of the program asks it
            _not_counted("snapshot", error)
            return None

    def exposition(self, *, openmetrics: bool = False) -> str:
        """Return what is known now as text; nothing while the SDK is disabled."""
        snapshot = self.snapshot()
        if snapshot is None:
            return "# EOF\n" if openmetrics else ""
        return _metrics_page.exposition(snapshot, openmetrics=openmetrics)

    def serve(self, port: int, address: str) -> int | None:
        """Serve the metrics at one address; the one before is given up."""
        from streamgauge_sdk._metrics_server import MetricsServer  # noqa: PLC0415 - few need it; it takes long to import

        with self._lock:
            if self.begin() is None:
                return None
            if self._server is not None and self._served == (port, address):
                return self._server.port
            server = MetricsServer(self.exposition, port=port, address=address)
            self.stop_serving()
            self._server, self._served = server, (port, address)
            self.scraped()
            return server.port

    def stop_serving(self) -> None:
        """Free the port."""
        with self._lock:
            if self._server is not None:
                self._server.close()
            self._server = self._served = None

    def scraped(self) -> None:
        """Note that Prometheus asks this process itself: pushed as well, all would be counted twice."""
        with self._lock:
            self._scraped = True
            if self.running is not None:
                self.running.reporter.pushes = self._pushes()

    def _start(self) -> None:
        application, queues = Application(), QueueDepths()
        reporter = Reporter(
            self._identity(),
            application,
            queues,
            put=lambda event: _client.transport().put(event),
            interval=lambda: _client.settings().application_interval,
        )
        reporter.pushes = self._pushes()
        _client.hook()
        if not self._forked:
            _client.after_fork(self._after_fork)
        _client.before_exit(self._last_push)
        self.running = _Running(application, queues, reporter)
        reporter.start()
        if reporter.pushes:
            _client.transport().flush(0.0)  # its thread begins now: Python 3.12 starts none for the last push at exit

    def _identity(self) -> Identity:
        name = self._name or os.environ.get("STREAMGAUGE_APPLICATION", "").strip() or _program_name()
        process = self._process or f"{socket.gethostname()}-{os.getpid()}"
        if self._process and self._forked:  # else parent and child would tell different counts under one name
            process = f"{process}-{os.getpid()}"
        return Identity(clean_name(name, 2 * LONGEST_NAME), clean_name(process, 2 * LONGEST_NAME))

    def _pushes(self) -> bool:
        return not self._scraped if self._push is None else self._push

    def _last_push(self) -> None:
        if self.running is not None:
            self.running.reporter.close()

    def _after_fork(self) -> None:
        self._lock = threading.RLock()  # another thread of the parent may have held it
        self.running = None
        self._forked = True
        self._scraped = False
        if self._server is not None:
            self._server.forget()
        self._server = self._served = None


_PROGRAM = Program()


@guarded(None)
def application(name: str | None = None, process: str | None = None, *, push: bool | None = None) -> None:
    """Name the application that this process is.

    Args:
        name: the application's name; without one STREAMGAUGE_APPLICATION, and without that the script's name.
        process: which process of it this is; the host and the process id by default. A forked child adds its own id.
        push: whether to send snapshots to the exporter; by default unless `serve_metrics` or `collector` was called.
    """
    _PROGRAM.configure(name, process, push)


def action(name: str) -> Action:
    """Return an action: enter it with `with` or `async with`, or decorate a function with it."""
    return Action(_PROGRAM.application, name)


def record_action(name: str, duration: float, success: bool = True) -> None:  # noqa: FBT001, FBT002 - as people write it
    """Count an action that has ended.

    Args:
        name: the action's name.
        duration: the seconds that it took.
        success: false counts it as failed too.
    """
    try:
        running = _PROGRAM.running or _PROGRAM.begin()
        if running is not None:
            running.application.record_action(name, duration, success=success)
    except Exception as error:  # noqa: BLE001 - as `guarded`, which would take as long as the rest of it
        _not_counted("record_action", error)


def record_event(processing_time: float, success: bool = True) -> None:  # noqa: FBT001, FBT002 - as people write it
    """Count an event that was processed.

    Args:
        processing_time: the seconds that it took.
        success: false counts it as failed too.
    """
    try:
        running = _PROGRAM.running or _PROGRAM.begin()
        if running is not None:
            running.application.record_event(processing_time, success=success)
    except Exception as error:  # noqa: BLE001 - as `guarded`, which would take as long as the rest of it
        _not_counted("record_event", error)


def current_action() -> str | None:
    """Return the name of the action that was begun last, by any thread or task, and still runs."""
    counts = _PROGRAM.application()
    return None if counts is None else counts.current_action()


@guarded(None)
def queue_depth(name: str, depth: Depth | None) -> None:
    """Tell how much waits in a queue.

    Args:
        name: the queue's name.
        depth: the number; or a callable that is asked for it each second, by another thread. One that raises makes the
            depth unknown. None forgets the queue.
    """
    running = _PROGRAM.running or _PROGRAM.begin()
    if running is not None:
        running.queues.put(name, depth)


def serve_metrics(port: int, address: str = "127.0.0.1") -> int | None:
    """Serve this process's metrics at http://address:port/metrics, for Prometheus to scrape.

    Nothing is pushed to the exporter then, unless `application(push=True)` says so.

    Args:
        port: where to listen; 0 for any free port.
        address: of the interface to listen at.

    Returns:
        The port; None when it cannot be served, which is logged, or while the SDK is disabled.
    """
    try:
        return _PROGRAM.serve(port, address)
    except Exception as error:  # noqa: BLE001 - a port that is taken must not end the program
        log.warning("metrics are not served at %s:%s: %s", address, port, error)
        return None


@guarded("")
def exposition(*, openmetrics: bool = False) -> str:
    """Return this process's metrics as Prometheus' text format 0.0.4, or as OpenMetrics 1.0."""
    return _PROGRAM.exposition(openmetrics=openmetrics)


def collector() -> "ApplicationCollector":
    """Return what a prometheus_client registry takes: `REGISTRY.register(gauge.collector())`.

    Nothing is pushed to the exporter then, unless `application(push=True)` says so.
    """
    from streamgauge_sdk._registry import ApplicationCollector  # noqa: PLC0415 - most programs need none

    _PROGRAM.scraped()
    return ApplicationCollector(_PROGRAM.snapshot)


def _not_counted(what: str, error: Exception) -> None:
    say_once(f"fault {what}", "%s failed and is passed over: %s: %s", what, type(error).__name__, error)


def _program_name() -> str:
    script = Path(sys.argv[0] if sys.argv else "")
    name = script.parent.name if script.stem == "__main__" else script.stem
    return name if name and not name.startswith("-") else "python"
