"""Events waiting in memory: bounded in number and bytes, first in first out, the ends of jobs given up last."""

import json
import threading
from collections import deque
from enum import IntEnum

_LIFECYCLE = frozenset({"pending", "start", "complete", "fail", "abort"})
_LIGHT = frozenset({"resources", "progress", "heartbeat"})


_PLAIN = 400  # bytes: the names of a plain event's fields, its numbers, quotes; a control sign's escape is not in it
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode

Event = dict[str, object]


class Weight(IntEnum):
    """What is dropped first when the queue is full: the lightest."""

    SNAPSHOT = 0  # of an application: the newest says all that the older ones said
    LIGHT = 1  # a newer one will say it again
    TOLD = 2  # artifacts, warnings, errors, metrics
    LIFECYCLE = 3  # how runs and phases begin and end


def weight_of(kind: object) -> Weight:
    """The weight of a type of event."""
    if kind in _LIFECYCLE:
        return Weight.LIFECYCLE
    if kind == "application":
        return Weight.SNAPSHOT
    return Weight.LIGHT if kind in _LIGHT else Weight.TOLD


class Line:
    """One event as it goes over the wire; written as JSON when first asked for, which the sending thread does.

    Attributes:
        size: bytes of its JSON; an estimate from above until that is written.
        weight: when it may be dropped.
    """

    __slots__ = ("_body", "_event", "size", "weight")

    def __init__(self, body: bytes, weight: Weight) -> None:
        self._body: bytes | None = body
        self._event: Event = {}
        self.size = len(body)
        self.weight = weight

    @classmethod
    def of(cls, event: Event, weight: Weight) -> "Line":
        """The line of an event that nobody changes any more.

        Raises:
            TypeError: if it cannot be written as JSON; known at once only where the event is not plain.
            ValueError: the same.
        """
        size = _PLAIN
        for value in event.values():
            if isinstance(value, str):
                size += len(value) if value.isascii() else 6 * len(value)
            elif not isinstance(value, int | float):  # not plain: its size is known only when it is written
                return cls(_encode(event).encode(), weight)
        line = cls(b"", weight)
        line._body, line._event, line.size = None, event, size
        return line

    @property
    def body(self) -> bytes:
        """Its JSON, without a line's end.

        Raises:
            ValueError: if it cannot be written: a number is not finite.
        """
        if self._body is None:
            self._body = _encode(self._event).encode()
            self.size, self._event = len(self._body), {}
        return self._body


class EventQueue:
    """The queue between the job's threads and the one that sends; every method takes its lock shortly."""

    def __init__(self, events: int, size: int) -> None:
        self._lock = threading.Lock()
        self._limits = (events, size)
        self._lanes: tuple[deque[tuple[int, Line]], ...] = tuple(deque() for _ in Weight)
        self._count = self._bytes = self._next = 0

    def __len__(self) -> int:
        return self._count

    def put(self, line: Line) -> tuple[bool, list[Line]]:
        """Add a line at the end, if need be at the cost of the oldest lighter ones.

        Returns:
            Whether it was taken, and what had to go for it.
        """
        with self._lock:
            gone: list[Line] = []
            while line.weight is Weight.SNAPSHOT and self._lanes[Weight.SNAPSHOT]:
                self._take(self._lanes[Weight.SNAPSHOT])  # nothing is lost with it, so it is not counted as dropped
            while self._is_full(line.size):
                lighter = next((lane for lane in self._lanes[: line.weight] if lane), None)
                if lighter is None:
                    return False, gone
                gone.append(self._take(lighter))
            self._lanes[line.weight].append((self._next, line))
            self._next += 1
            self._count += 1
            self._bytes += line.size
            return True, gone

    def pop(self, events: int, size: int) -> list[Line]:
        """Take the oldest lines: at least one if there is any, and no more than so many events and bytes."""
        lines: list[Line] = []
        with self._lock:
            while self._count and len(lines) < events:
                lane = min((lane for lane in self._lanes if lane), key=_number)
                size -= lane[0][1].size + 1
                if lines and size < 0:
                    break
                lines.append(self._take(lane))
        return lines

    def _is_full(self, more: int) -> bool:
        events, size = self._limits
        return self._count >= events or self._bytes + more > size

    def _take(self, lane: deque[tuple[int, Line]]) -> Line:
        _, line = lane.popleft()
        self._count -= 1
        self._bytes -= line.size
        return line


def _number(lane: deque[tuple[int, Line]]) -> int:
    return lane[0][0]
