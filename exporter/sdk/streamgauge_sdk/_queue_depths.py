"""How deep a program's queues are: numbers that it sets, and callables that are asked.

A depth that cannot be had is unknown and left out: it is never 0.
"""

import threading
from collections.abc import Callable, Mapping

from streamgauge_sdk._application import OTHER, clean_name, room_for
from streamgauge_sdk._faults import say_once

Depth = float | Callable[[], float]

_DEEPEST = 1e15  # more is no depth

MOST_SUMMED = 1000
"""How many queues beyond `MOST_NAMES` are added up as `OTHER`; with more than that its depth is unknown."""


class QueueDepths:
    """The queues of one process. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant, as the application's
        self._named: dict[str, Depth] = {}
        self._beyond: dict[str, Depth] = {}
        self._uncounted = False

    def put(self, name: str, depth: Depth | None) -> None:
        """Set a queue's depth, or what is asked for it; None forgets the queue."""
        cleaned = clean_name(name)
        with self._lock:
            if depth is None:
                self._named.pop(cleaned, None)
                self._beyond.pop(cleaned, None)
            elif cleaned in self._named or (cleaned not in self._beyond and self._room(cleaned)):
                self._named[cleaned] = depth
            elif cleaned in self._beyond or len(self._beyond) < MOST_SUMMED:
                self._beyond[cleaned] = depth
            else:
                self._uncounted = True
                say_once("queues", "more than %d queues: the depth of %r is unknown", MOST_SUMMED, OTHER)

    def read(self) -> dict[str, float]:
        """Ask for all depths; a queue whose depth is unknown is left out."""
        with self._lock:
            named, beyond = dict(self._named), dict(self._beyond)
        # Asked without the lock: a callable may wait for a lock whose holder sets a depth.
        depths = {name: self._ask(name, depth) for name, depth in named.items()}
        if beyond or self._uncounted:
            rest = [self._ask(name, depth) for name, depth in beyond.items()]
            known = [depth for depth in rest if depth is not None]
            # A sum that lacks a part would be too low.
            depths[OTHER] = sum(known) if len(known) == len(rest) and not self._uncounted else None
        return {name: depth for name, depth in depths.items() if depth is not None}

    def settled(self, last: Mapping[str, float]) -> dict[str, float]:
        """The depths without asking anybody: what the program has set, and for the others what they were last."""
        with self._lock:
            named = dict(self._named)
        known = {name: last.get(name) if callable(depth) else self._ask(name, depth) for name, depth in named.items()}
        known[OTHER] = last.get(OTHER)
        return {name: depth for name, depth in known.items() if depth is not None}

    def _room(self, name: str) -> bool:
        return name != OTHER and room_for(name, self._named)

    def _ask(self, name: str, depth: Depth) -> float | None:
        try:
            number = float(depth() if callable(depth) else depth)
            if 0.0 <= number <= _DEEPEST:
                return number
            reason = f"{number!r} is no depth"
        except Exception as error:  # noqa: BLE001 - the program's callable may raise anything
            reason = f"{type(error).__name__}: {error}"
        say_once(f"queue {name}", "the depth of the queue %r is unknown: %s", name, reason[:500])
        return None
