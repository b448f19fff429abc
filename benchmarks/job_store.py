"""Measures the store of runs: events written a second, what a question costs among many runs, and what a reading does.

- ``write``: batches of 100 events from four threads, each waiting for its receipt before it sends the next, as clients
  do; and the wait for a receipt, p50 and p99.
- ``ask``: pages, searches, one run, histories among so many runs (``--runs``), p50 and the worst of 20.
- ``read``: one reading of 1,000 jobs with five phases each, all running, and when one of them has changed.

Without ``--database`` it is SQLite in a temporary folder: on the disk of TMPDIR. Prints tables in Markdown.

Examples:
  python -m benchmarks.job_store
  python -m benchmarks.job_store --runs 20000 --database postgresql://postgres@127.0.0.1:5432/empty
"""

import argparse
import os
import platform
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil

from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.events import (
    RUN,
    Begin,
    End,
    Fact,
    Heartbeat,
    JobEvent,
    Progress,
    Resources,
    Status,
    StepKey,
)
from tests.services.polling import eventually

JOBS = 100
READ_JOBS = 1000
PHASES = tuple(StepKey(f"P{number:02}") for number in range(5))
SENDERS = 4
BATCH = 100
TIMES = 20
RULES = StoreRules(retention_runs=100_000)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="in the store when it is asked")
    parser.add_argument("--database", help="an empty one, by its URL; without: SQLite in a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite:///{Path(folder) / 'jobs.sqlite'}"
        print(_machine(url))
        store = _opened(url)
        _fill(store, arguments.runs)
        _ask(store, arguments.runs)
        store.close(60)
        started = time.perf_counter()
        store = _opened(url)
        print(f"\nOpened again in {time.perf_counter() - started:.1f} s.")
        store.close(60)
    _read()


def _machine(url: str) -> str:
    names = " ".join(f"{name} {version(name)}," for name in ("sqlalchemy", "psycopg"))
    return (
        f"{time.strftime('%Y-%m-%d')}, {psutil.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {names} {url.partition(':')[0]}, load {os.getloadavg()[0]:.1f}\n"
    )


def _opened(url: str | None) -> JobStore:
    store = JobStore(url, RULES)
    store.start()
    eventually(lambda: store.status.up, deadline=300, every=0.01)
    return store


def _event(job: str, run: str, at: float, fact: Fact, step: StepKey = RUN) -> JobEvent:
    return JobEvent(uuid.uuid4().hex, at, job, run, fact, step)


def _run(job: str, run: str, at: float) -> Iterator[JobEvent]:
    """A run of five phases, from its start to its end: 17 events."""
    yield _event(job, run, at, Begin(running=True, title=f"Run {run}", environment="prod"))
    for number, phase in enumerate(PHASES):
        yield _event(job, run, at + number, Begin(running=True, items=100), phase)
        yield _event(job, run, at + number + 0.5, Resources(0.4, 0.5, 1 << 28), phase)
        yield _event(job, run, at + number + 1, End(Status.COMPLETED, 1.0 + number), phase)
    yield _event(job, run, at + 6, End(Status.COMPLETED, 6.0))


def _fill(store: JobStore, runs: int) -> None:
    waits: list[float] = []
    begin = time.time() - 86400.0

    def send(first: int) -> None:
        batch: list[JobEvent] = []
        for number in range(first, runs, SENDERS):
            batch += _run(f"job-{number % JOBS:03}", f"run-{number:06}", begin + number * 0.5)
            while len(batch) >= BATCH:
                now, batch = batch[:BATCH], batch[BATCH:]
                waits.append(_timed(partial(_give, store, now)))
        store.submit(batch).result(300)

    threads = [threading.Thread(target=send, args=(first,)) for first in range(SENDERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    accepted = sum(store.status.accepted.values())
    ordered = sorted(waits)
    print("| runs | events | events a second | receipt p50 ms | receipt p99 ms |\n|---|---|---|---|---|")
    print(
        f"| {runs:,} | {accepted:,} | {accepted / seconds:,.0f} | {statistics.median(ordered) * 1e3:.1f} "
        f"| {ordered[int(len(ordered) * 0.99)] * 1e3:.1f} |\n"
    )


def _ask(store: JobStore, runs: int) -> None:
    queries, some = store.queries, f"run-{runs // 2:06}"
    job = f"job-{runs // 2 % JOBS:03}"
    questions: Sequence[tuple[str, Callable[[], object]]] = (
        ("first page of 50 runs", lambda: queries.runs(limit=50)),
        ("first page of a job's runs", lambda: queries.runs(job=job, limit=50)),
        ("page in the middle", lambda: queries.runs(offset=runs // 2, limit=50)),
        ("runs that failed (none)", lambda: queries.runs(statuses={Status.FAILED}, limit=50)),
        ("search in all runs", lambda: queries.runs(search=some, limit=50)),
        ("one run", lambda: queries.run(job, some)),
        ("history of a phase, 100 runs", lambda: queries.history(job, PHASES[2], last=100)),
        ("samples of a run", lambda: queries.samples(job, some)),
        ("reading of all jobs", store.reading),
    )
    print("| question | p50 ms | worst ms |\n|---|---|---|")
    for name, ask in questions:
        times = [_timed(ask) * 1e3 for _ in range(TIMES)]
        print(f"| {name} | {statistics.median(times):.1f} | {max(times):.1f} |")


def _read() -> None:
    store = _opened(None)
    now = time.time()
    for number in range(READ_JOBS):
        events = list(_run(f"job-{number:04}", "before", now - 100))
        events += [_event(f"job-{number:04}", "now", now - 1, Begin(running=True, heartbeat_seconds=600))]
        events += [_event(f"job-{number:04}", "now", now, Begin(running=True, items=9), phase) for phase in PHASES]
        store.submit(events).result(60)
    same, changed, beat = [], [], []
    for number in range(TIMES):
        same.append(_timed(store.reading) * 1e3)
        told = _event(f"job-{number:04}", "now", now, Progress(3), PHASES[0])
        beat.append(_timed(partial(_give, store, [told])) * 1e3)
        changed.append(_timed(store.reading) * 1e3)
        store.submit([_event(f"job-{number:04}", "now", now, Heartbeat())]).result(60)
    print(f"\n| reading of {READ_JOBS:,} jobs that run | p50 ms | worst ms |\n|---|---|---|")
    for name, times in (("nothing changed", same), ("one job changed", changed), ("an event written alone", beat)):
        print(f"| {name} | {statistics.median(times):.1f} | {max(times):.1f} |")
    store.close(60)


def _give(store: JobStore, events: Sequence[JobEvent]) -> None:
    store.submit(events).result(300)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
