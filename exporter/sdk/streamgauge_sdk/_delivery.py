"""Brings events to the exporter in order: first what is on disk, then what is in memory; decides when to try again.

While the exporter is away everything waiting goes to the spool, so that a kill loses at most the last moment. Files of
dead processes take turns with our own events, so that neither waits for the other.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from streamgauge_sdk._faults import say_once
from streamgauge_sdk._http import Answer, Verdict
from streamgauge_sdk._queue import EventQueue, Line, Weight
from streamgauge_sdk._settings import Settings
from streamgauge_sdk._spool import SpoolDirectory, SpoolFile
from streamgauge_sdk._stats import Tally

BATCH_EVENTS = 500
BATCH_BYTES = 900_000
_ORPHANS_EVERY = 60.0
_LONGEST_WAIT = 600.0


class Post(Protocol):
    """Sends a body and says what came of it; never raises."""

    def post(self, body: bytes) -> Answer:
        """Send a batch."""

    def close(self) -> None:
        """Close the connection."""

    def abandon(self) -> None:
        """Let go of a parent's connection in a forked child."""


@dataclass(frozen=True)
class _Batch:
    lines: Sequence[Line]
    file: SpoolFile | None = None  # where they are on disk
    place: int = 0  # up to where they go there


class Delivery:
    """The line of waiting events; `step` belongs to one thread at a time, `lock` is never held while the network is."""

    def __init__(self, settings: Settings, queue: EventQueue, poster: Post, tally: Tally) -> None:
        self._settings, self._queue, self._poster, self._tally = settings, queue, poster, tally
        self._directory: SpoolDirectory | None = None
        if settings.spool is not None:
            self._directory = SpoolDirectory(settings.spool, settings.url, settings.spool_bytes)
        self.lock = threading.Lock()
        self._spool: SpoolFile | None = None
        self._orphan: SpoolFile | None = None
        self._in_hand: deque[Line] = deque()
        self._orphans_due = 0.0
        self._orphans_turn = False
        self._failures = 0
        self._retry_at = 0.0
        self._most = BATCH_EVENTS
        self._closed = False
        self.unreachable = False

    @property
    def has_unwritten(self) -> bool:
        """Whether events are in memory alone that belong on disk."""
        return any(line.weight is not Weight.SNAPSHOT for line in self._in_hand) or len(self._queue) > 0

    @property
    def has_own(self) -> bool:
        """Whether events of this process wait."""
        return bool(self._in_hand) or len(self._queue) > 0 or self._spooled()

    @property
    def has_any(self) -> bool:
        """Whether anything waits, files of dead processes included."""
        return self.has_own or self._orphan is not None or self._looks_due()

    @property
    def has_backlog(self) -> bool:
        """Whether more waits than the newest few events, which may wait for others."""
        old = bool(self._in_hand) or self._spooled() or self._orphan is not None or self._looks_due()
        return old or len(self._queue) >= BATCH_EVENTS

    @property
    def is_away(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def wait(self) -> float:
        """Seconds until the next try is allowed."""
        return max(0.0, self._retry_at - time.monotonic())

    def idle(self) -> float:
        """Seconds until files of dead processes are looked for again."""
        return max(0.0, self._orphans_due - time.monotonic())

    def step(self) -> None:
        """Send one batch and act on the answer."""
        with self.lock:
            batch = None if self._closed else self._next_batch()
        if batch is None:
            return
        answer = Answer(Verdict.TAKEN)
        if batch.lines:
            answer = self._poster.post(b'{"events":[%s]}' % b",".join(line.body for line in batch.lines))
        with self.lock:
            if not self._closed:  # else the process ended meanwhile, and everything is on disk
                self._act(batch, answer)

    def spill(self) -> None:
        """Write what waits in memory to the spool, in order, as far as there is room."""
        with self.lock:
            if not self._closed:
                self._spill()

    def close(self) -> None:
        """Put the rest on disk, or count it as dropped; nothing is sent afterwards."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            self._take_in_hand(None)
            if self._in_hand:
                self._keep_rest()
            for file in (self._spool, self._orphan):
                if file is not None:
                    self._tally.add(dropped=file.torn)
                    file.close(remove=file.is_empty)

    def abandon(self) -> None:
        """Let go of a parent's files and connection in a forked child; the parent's locks stay as they are."""
        self._closed = True
        for file in (self._spool, self._orphan):
            if file is not None:
                file.close(remove=False)
        self._poster.abandon()

    def _next_batch(self) -> _Batch | None:
        if self._orphans_turn or not self.has_own:
            self._orphans_turn = False
            batch = self._orphans_batch()
            if batch is not None:
                return batch
        else:
            self._orphans_turn = True
        if self._spooled():
            assert self._spool is not None  # noqa: S101  # _spooled says so
            return self._batch_of(self._spool)
        self._take_in_hand(self._most)
        lines = _fitting(self._in_hand, self._most)
        return _Batch(lines) if lines else None

    def _orphans_batch(self) -> _Batch | None:
        if self._orphan is None and self._looks_due():
            self._orphan = self._directory.take_over() if self._directory is not None else None
            if self._orphan is None:
                self._orphans_due = time.monotonic() + _ORPHANS_EVERY
        return self._batch_of(self._orphan) if self._orphan is not None else None

    def _batch_of(self, file: SpoolFile) -> _Batch:
        lines, place = file.read(self._most, BATCH_BYTES)
        return _Batch(lines, file, place)

    def _act(self, batch: _Batch, answer: Answer) -> None:
        if answer.verdict is Verdict.SPLIT and len(batch.lines) > 1:
            self._most = max(1, len(batch.lines) // 2)
            return
        if answer.verdict is Verdict.SPLIT:  # this one event is what the exporter cannot take
            answer = Answer(Verdict.TAKEN, rejected={0: answer.reason})
        if answer.verdict is Verdict.TAKEN:
            self._succeeded(batch, answer)
        else:
            self._failed(answer)

    def _succeeded(self, batch: _Batch, answer: Answer) -> None:
        self._failures, self._retry_at, self.unreachable = 0, 0.0, False
        self._most = min(BATCH_EVENTS, self._most * 2)
        for reason in answer.rejected.values():
            say_once(f"rejected {reason}"[:80], "the exporter rejects an event: %s", reason)
            self._tally.error(f"rejected: {reason}")
        self._tally.add(sent=len(batch.lines) - len(answer.rejected), rejected=len(answer.rejected))
        if batch.file is None:
            for _ in batch.lines:
                self._in_hand.popleft()
            return
        try:
            batch.file.advance(batch.place)
        except OSError as error:  # sent again by the next process; the exporter knows the ids
            self._tally.error(f"spool: {error.strerror}")
        if batch.file is self._orphan and batch.file.is_empty:
            self._tally.add(dropped=batch.file.torn)
            batch.file.close(remove=True)
            self._orphan = None

    def _failed(self, answer: Answer) -> None:
        self._failures += 1
        self.unreachable = answer.unreachable
        self._tally.add(retries=1)
        self._tally.error(answer.reason)
        limit = self._settings.retry_limit
        pause = limit
        if answer.verdict is Verdict.AWAY:
            pause = min(limit, self._settings.retry * 2.0 ** min(self._failures - 1, 30))
        else:
            say_once(f"refused {answer.reason}", "%s takes no events: %s", self._settings.url, answer.reason)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret
        self._retry_at = time.monotonic() + max(pause, min(answer.wait, _LONGEST_WAIT))
        self._spill()

    def _spill(self) -> None:
        if self._directory is None:
            return
        while True:
            self._take_in_hand(BATCH_EVENTS)
            snapshots = [line for line in self._in_hand if line.weight is Weight.SNAPSHOT]  # old when read back
            lines = [line for line in self._in_hand if line.weight is not Weight.SNAPSHOT]
            room = self._directory.room_for(lines)
            if not lines or not room or not self._write(lines[:room]):
                return
            self._in_hand = deque((*snapshots, *lines[room:]))

    def _keep_rest(self) -> None:
        lines = list(self._in_hand)
        self._in_hand.clear()
        lasting = [line for line in lines if line.weight is not Weight.SNAPSHOT]
        kept = self._directory.keep_ends(lasting) if self._directory is not None else []
        if kept and not self._write(kept):
            kept = []
        self._tally.add(dropped=len(lines) - len(kept))

    def _write(self, lines: list[Line]) -> bool:
        if self._directory is None:
            return False
        try:
            if self._spool is None:
                self._spool = self._directory.create()
            self._spool.append(lines)
        except OSError as error:
            say_once("spool", "events cannot be spooled in %s: %s", self._settings.spool, error.strerror or error)
            self._tally.error(f"spool: {error.strerror or error}")
            return False
        self._tally.add(spooled=len(lines))
        return True

    def _take_in_hand(self, most: int | None) -> None:
        """Take lines from the queue; they are in hand, and no longer given up for others, until sent or spooled."""
        wanted = len(self._queue) if most is None else most - len(self._in_hand)
        if wanted <= 0:
            return
        for line in self._queue.pop(wanted, BATCH_BYTES if most is not None else 1 << 62):
            if _is_written(line):
                self._in_hand.append(line)
            else:
                self._tally.add(dropped=1)
            snapshots = [line for line in self._in_hand if line.weight is Weight.SNAPSHOT]
            for older in snapshots[:-1]:  # the newest says it all
                self._in_hand.remove(older)

    def _spooled(self) -> bool:
        return self._spool is not None and not self._spool.is_empty

    def _looks_due(self) -> bool:
        return self._directory is not None and time.monotonic() >= self._orphans_due


def _is_written(line: Line) -> bool:
    try:
        return bool(line.body)
    except (TypeError, ValueError) as error:
        say_once("json", "an event is dropped: it cannot be written as JSON: %s", error)
        return False


def _fitting(lines: deque[Line], most: int) -> list[Line]:
    """The first lines that fit into one batch; at least one if there is any."""
    taken: list[Line] = []
    room = BATCH_BYTES
    for line in islice(lines, most):
        room -= len(line.body) + 1
        if taken and room < 0:
            break
        taken.append(line)
    return taken
