# ruff: noqa: T201  (a command: it prints)
"""Writes events into a store of runs until it is killed: `python -m tests.services.job_writer URL`.

Event number n has the id ``n``; after each batch whose receipt is there, a line says how many events that makes.
"""

import sys
import time
from collections.abc import Iterator

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.events import JobEvent, StepKey, Warned

JOB, RUN, STEP = "killed", "r1", StepKey("P0")
_BATCH = 7


def main() -> None:
    """Write until killed."""
    store = JobStore(sys.argv[1], StoreRules())
    store.start()
    numbers = _from(0)
    while True:
        batch = [written(next(numbers)) for _ in range(_BATCH)]
        try:
            store.submit(batch).result(60)
        except StoreUnavailableError as error:
            sys.exit(str(error))
        print(int(batch[-1].id) + 1, flush=True)


def written(number: int) -> JobEvent:
    """Event number so and so."""
    return JobEvent(str(number), time.time(), JOB, RUN, Warned(f"warning {number}"), STEP)


def _from(number: int) -> Iterator[int]:
    while True:
        yield number
        number += 1


if __name__ == "__main__":
    main()
