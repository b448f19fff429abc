"""When Python's garbage collector runs: rarely, and not in the middle of a cycle.

A cycle makes and drops some hundred thousand small objects, none in a reference cycle. Left alone the collector walks
all of them several times a cycle: a third of the CPU, and pauses of 0.1 s in the middle of a scrape. So it hardly ever
begins by itself; what requests leave behind is collected now and then, after a cycle.
"""

import gc
import time
from collections.abc import Callable

SECONDS = 600.0
"""How often everything is collected; it takes some tenths of a second for a large cluster."""

_THRESHOLDS = (1_000_000, 100, 100)


class GarbageCollection:
    """Takes over when the process's garbage is collected.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        gc.set_threshold(*_THRESHOLDS)
        self._clock = clock
        self._due = clock() + SECONDS

    def after_cycle(self) -> None:
        """Collect, if it is time to."""
        now = self._clock()
        if now >= self._due:
            self._due = now + SECONDS
            gc.collect()
