"""Events waiting in memory: bounded in number and bytes, first in first out, the ends of jobs given up last."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

_LIFECYCLE = frozenset({"pending", "start", "complete", "fail", "abort"})
_LIGHT = frozenset({"resources", "progress", "heartbeat"})


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


@dataclass(frozen=True)
class Line:
    """One event as it goes over the wire.

    Attributes:
        body: its JSON, without a line's end.
        weight: when it may be dropped.
    """

    body: bytes
    weight: Weight


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
            while self._is_full(len(line.body)):
                lighter = next((lane for lane in self._lanes[: line.weight] if lane), None)
                if lighter is None:
                    return False, gone
                gone.append(self._take(lighter))
            self._lanes[line.weight].append((self._next, line))
            self._next += 1
            self._count += 1
            self._bytes += len(line.body)
            return True, gone

    def pop(self, events: int, size: int) -> list[Line]:
        """Take the oldest lines: at least one if there is any, and no more than so many events and bytes."""
        lines: list[Line] = []
        with self._lock:
            while self._count and len(lines) < events:
                lane = min((lane for lane in self._lanes if lane), key=_number)
                size -= len(lane[0][1].body) + 1
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
        self._bytes -= len(line.body)
        return line


def _number(lane: deque[tuple[int, Line]]) -> int:
    return lane[0][0]
