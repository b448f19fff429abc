"""Carries events to the exporter: a bounded queue, and one thread that sends."""

import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable

from streamgauge_sdk._delivery import BATCH_EVENTS, Delivery, Post
from streamgauge_sdk._faults import guarded, say_once
from streamgauge_sdk._queue import EventQueue, Line, weight_of
from streamgauge_sdk._settings import Settings
from streamgauge_sdk._stats import Tally

_EVENT_BYTES = 800_000  # less than a batch: the exporter takes no more than 1 MiB at once
_ENDS = frozenset({"complete", "fail", "abort"})
_SHORTEST_LOOK, _LONGEST_LOOK = 0.001, 0.05  # while somebody waits for the thread

GiveBack = Callable[[dict[str, object]], None]


class Transport:
    """The process's way to the exporter; made by `_client.transport()`, never directly."""

    def __init__(self, settings: Settings, poster: Post, tally: Tally, give_back: GiveBack | None = None) -> None:
        self._settings = settings
        self._tally = tally
        self._queue = EventQueue(settings.queue_events, settings.queue_bytes)
        self._delivery = Delivery(settings, self._queue, poster, self._tally)
        self._give_back = give_back
        self._poster = poster
        self._prefix = secrets.token_hex(12)  # of this process and this transport alone
        self._numbers = itertools.count()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting = threading.Event()  # something is in the queue
        self._urgent = threading.Event()  # and wants to go at once
        self._closing = threading.Event()
        self._until = 0.0

    def put(self, event: dict[str, object]) -> bool:
        """Take an event to be sent; `id` and `time` are added where they are absent. Never blocks, never raises.

        The event is the transport's from now on: it may be written as JSON later, by another thread.

        Returns:
            False when it was dropped, and counted, because the queue is full or the event cannot be sent.
        """
        if self._settings.disabled:
            return True
        try:
            return self._put(event)
        except Exception as error:  # noqa: BLE001  # whatever it is, the job goes on
            self._tally.add(dropped=1)
            say_once("put", "an event is dropped: %s: %s", type(error).__name__, error)
            return False

    def flush(self, timeout: float, *, or_spooled: bool = False) -> bool:
        """Wait until everything that waits is with the exporter, or at least on disk.

        Returns:
            False when something still waits after so many seconds.
        """
        until = time.monotonic() + timeout
        pause = _SHORTEST_LOOK
        self._ensure_thread()
        while self._delivery.has_unwritten if or_spooled else self._delivery.has_own:
            self._urgent.set()
            self._waiting.set()
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._closing.wait(min(pause, left))
            pause = min(_LONGEST_LOOK, pause * 2)
        return True

    @guarded(None)
    def close(self, timeout: float) -> None:
        """Send what can be sent within so many seconds and put the rest on disk."""
        self._until = time.monotonic() + timeout
        self._closing.set()
        self._urgent.set()
        self._waiting.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout)
        elif self._settings.spool is None:  # no thread could be started any more; what can be spooled waits there
            self._finish()
        self._delivery.close()
        self._poster.close()

    def abandon(self) -> None:
        """Let go in a forked child; the parent sends what is here."""
        self._closing = threading.Event()  # the parent's may have been locked by a thread that is not here
        self._closing.set()
        self._delivery.abandon()

    def _put(self, event: dict[str, object]) -> bool:
        if "id" not in event:  # as good as a UUID, which costs a call of the system each
            event["id"] = f"{self._prefix}{next(self._numbers):08x}"
        if "time" not in event:
            event["time"] = round(time.time(), 6)
        kind = event.get("type")
        line = Line.of(event, weight_of(kind))
        if self._closing.is_set() or line.size > _EVENT_BYTES:
            self._tally.add(dropped=1)
            return False
        taken, gone = self._queue.put(line)
        if gone:
            self._give_up(gone)
        if not taken:
            self._tally.add(dropped=1)
        if not self._waiting.is_set():
            self._ensure_thread()
            self._waiting.set()
        is_end = kind in _ENDS and "phase" not in event
        if (is_end or len(self._queue) >= BATCH_EVENTS) and not self._urgent.is_set():
            self._urgent.set()
        return taken

    def _give_up(self, lines: list[Line]) -> None:
        self._tally.add(dropped=len(lines))
        if self._give_back is None:
            return
        for line in lines:
            event = json.loads(line.body)
            if event["type"] == "resources":
                self._give_back(event)

    def _ensure_thread(self) -> None:
        with self._starting:
            if self._thread is not None or self._closing.is_set():
                return
            thread = threading.Thread(target=self._run, name="streamgauge-sender", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends: close() does what is left to do
                return
            self._thread = thread

    def _run(self) -> None:
        while not self._closing.is_set():
            self._guarded_turn()
        self._finish()

    def _guarded_turn(self) -> None:
        try:
            self._turn()
        except Exception as error:  # noqa: BLE001  # the thread goes on; a fault must not make it spin either
            say_once("turn", "sending failed: %s: %s", type(error).__name__, error)
            self._closing.wait(self._settings.retry_limit)

    def _turn(self) -> None:
        """Wait for what is due and send one batch."""
        delivery = self._delivery
        if delivery.is_away:
            self._urgent.wait(min(delivery.wait(), self._settings.linger))
            self._urgent.clear()
            delivery.spill()
            if delivery.wait() > 0:
                return
        else:
            self._wait_for_events()
        self._urgent.clear()
        delivery.step()

    def _wait_for_events(self) -> None:
        delivery = self._delivery
        if not delivery.has_any:
            self._waiting.clear()
            self._sleep_until_waiting()
        if not delivery.has_backlog:
            self._urgent.wait(self._settings.linger)

    def _sleep_until_waiting(self) -> None:
        if not self._delivery.has_any and not self._closing.is_set():  # else it came while we cleared
            self._waiting.wait(self._delivery.idle() or None)

    @guarded(None)
    def _finish(self) -> None:
        """Send until nothing is left, the exporter is away, or the time is up."""
        delivery = self._delivery
        tried = False
        while delivery.has_any and time.monotonic() < self._until:
            if tried and delivery.is_away:
                left = self._until - time.monotonic()
                if delivery.wait() > left or (delivery.unreachable and self._settings.spool is not None):
                    return
                time.sleep(delivery.wait())
            tried = True
            delivery.step()
