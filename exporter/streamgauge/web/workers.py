"""The threads that make pages and API answers: few, so that they cannot keep a scrape from the processor."""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

Result = TypeVar("Result")

_THREADS = 2


class Workers:
    """Runs slow work off the event loop; what is too much waits its turn."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_THREADS)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do the work in a thread."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
