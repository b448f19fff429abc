"""Reads the configuration again when asked to, on a thread of its own: one reload after the other.

Whoever asks need not wait: a signal handler may ask, and a request waits for the future without a thread.
"""

import contextlib
import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from streamgauge.errors import ConfigError, StreamgaugeError
from streamgauge.model.reload_status import ReloadStatus

LOG = logging.getLogger("streamgauge.reload")


class Reloader:
    """The thread that reloads. It is made once the first configuration has been read.

    Args:
        apply: reads the configuration and puts it in force; a ``ConfigError`` leaves the old one in force.
        note: takes how the configuration was last read.
        clock: wall-clock seconds since the epoch.
    """

    def __init__(
        self,
        apply: Callable[[], None],
        note: Callable[[ReloadStatus], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._apply = apply
        self._note = note
        self._clock = clock
        self._asked: queue.SimpleQueue[Future[None] | None] = queue.SimpleQueue()  # a signal handler may put into it
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._status = ReloadStatus(successful=True, last_success=clock())
        note(self._status)

    def start(self) -> None:
        """Begin to take requests."""
        self._thread.start()

    def ask(self) -> Future[None]:
        """Ask for a reload, from any thread or a signal handler.

        Returns:
            Done when the configuration is in force; or a ``StreamgaugeError`` that says why it is not.
        """
        future: Future[None] = Future()
        self._asked.put(future)
        return future

    def stop(self, timeout: float) -> None:
        """Take no more requests, and wait for the reload that is under way."""
        self._asked.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (future := self._asked.get()) is not None:
            if not future.set_running_or_notify_cancel():
                continue
            error = self._reload()
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _reload(self) -> StreamgaugeError | None:
        try:
            self._apply()
        except ConfigError as error:
            LOG.error("configuration refused, the old one stays in force: %s", error)  # noqa: TRY400 - no fault of ours
            return self._failed(error)
        except Exception:  # a bug of ours must not end the thread: it is logged whole, and the next reload tries again
            LOG.exception("a reload failed by a fault of the exporter's own")
            return self._failed(StreamgaugeError("a fault of ours; the log has the details"))
        self._status = ReloadStatus(successful=True, last_success=self._clock())
        self._note(self._status)
        return None

    def _failed(self, error: StreamgaugeError) -> StreamgaugeError:
        self._status = ReloadStatus(successful=False, last_success=self._status.last_success)
        self._note(self._status)
        return error


@contextlib.contextmanager
def on_hang_up(act: Callable[[], object]) -> Iterator[None]:
    """Act on each SIGHUP instead of ending by it; only the main thread takes signals."""
    before = signal.signal(signal.SIGHUP, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
