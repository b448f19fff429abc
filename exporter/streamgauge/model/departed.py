"""Remembers what went away, for a while: a counter goes on where it was when its topic or group comes back."""

from typing import Generic, TypeVar

State = TypeVar("State")

REMEMBER_SECONDS = 3600.0
CAPACITY = 10_000


class Departed(Generic[State]):
    """States of things that are gone, each for ``REMEMBER_SECONDS`` and the newest ``CAPACITY`` of them at most."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[State, float]] = {}

    def __len__(self) -> int:
        return len(self._states)

    def keep(self, name: str, state: State, now: float) -> None:
        """Something went away; whatever is too old is forgotten."""
        self._states.pop(name, None)
        self._states[name] = (state, now)
        for oldest in list(self._states):
            if len(self._states) <= CAPACITY and self._states[oldest][1] > now - REMEMBER_SECONDS:
                break
            del self._states[oldest]

    def recall(self, name: str) -> State | None:
        """It is back, or it was never here."""
        known = self._states.pop(name, None)
        return None if known is None else known[0]
