"""A small job with phases, for a first look: a nightly report that comes every minute.

It is a program of its own that reports by the SDK, as a user's would; ``streamgauge demo`` starts it beside the
exporter. Now and then a batch is skipped with a warning, and every fifth run fails while it loads.
"""

import itertools
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamgauge_sdk as gauge

JOB: Final = "nightly-report"
_STEP_SECONDS = 0.5
_REST_SECONDS = 10.0
_FAILS_EVERY = 5


class LoadError(Exception):
    """The warehouse of the demo takes no rows, as planned."""


@contextmanager
def running(url: str) -> Iterator[None]:
    """Run the job beside an exporter, in a process of its own, again and again.

    Args:
        url: the exporter's.
    """
    # A session of its own: Ctrl-C is for the demo, which ends the job. The pipe ends with the demo, however that ends.
    command = [sys.executable, "-m", __name__, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - this module
        try:
            yield
        finally:
            process.kill()


def run_once(number: int, *, step_seconds: float = _STEP_SECONDS) -> None:
    """One run of the report.

    Args:
        number: which one it is; it decides whether it fails.
        step_seconds: how long one step of a phase takes.

    Raises:
        LoadError: the run was meant to fail.
    """
    with gauge.job(JOB, title="Nightly report", environment="demo") as job:
        job.phases({"P00": "Extract orders", "P01": "Transform", "P02": "Load warehouse"})
        with job.phase("P00", "Extract orders", items=5000) as phase:
            _work(phase, 5000, 16, step_seconds)
            phase.artifact("orders.parquet", size_bytes=5000 * 412)
        with job.phase("P01", "Transform", items=5000) as phase:
            with phase.sub_phase("validation"):
                _work(phase, 2500, 8, step_seconds)
                if random.random() < 1 / 3:  # noqa: S311 - a demo's dice
                    phase.warning("42 orders without a customer were skipped")
            with phase.sub_phase("enrichment"):
                _work(phase, 5000, 16, step_seconds, done=2500)
        with job.phase("P02", "Load warehouse", items=4958) as phase:
            _work(phase, 2000, 8, step_seconds)
            if number % _FAILS_EVERY == 0:
                raise LoadError("the warehouse refused a batch: disk quota exceeded")
            _work(phase, 4958, 12, step_seconds, done=2000)
            phase.metric("rows", 4958)


def _work(phase: gauge.Phase, items: int, steps: int, step_seconds: float, *, done: int = 0) -> None:
    """Process items, with some work for the processor so that there is something to see."""
    for step in range(1, steps + 1):
        until = time.monotonic() + step_seconds
        sum(number * number for number in range(random.randint(100_000, 600_000)))  # noqa: S311 - as above
        gauge.record_event(step_seconds)
        phase.progress(done + (items - done) * step // steps)
        time.sleep(max(0.0, until - time.monotonic()))


def main(url: str) -> None:
    """Run again and again, until the demo ends."""
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    gauge.configure(url=url, spool=None)
    gauge.application(JOB)
    for number in itertools.count(1):
        try:
            with gauge.action("report"):
                run_once(number)
        except LoadError:
            pass  # it was reported, which is all that the demo wants
        time.sleep(_REST_SECONDS)


def _end_with_the_demo() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
