"""The queries of the dashboards of jobs and applications, as a real Prometheus answers them while jobs report."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.grafana.committed import Asked, about_jobs, asked, with_values
from tests.services.exporter import CALL_DEADLINE, Exporter
from tests.services.polling import eventually
from tests.services.prometheus import Prometheus, StartPrometheus

DEADLINE = 60.0
PACE = 0.5
NIGHTLY = "nightly"

NO_RULES = "no rules are loaded"
NO_FAULT = "the store takes everything"
WITHOUT_DATA = {
    "streamgauge-jobs / annotation Alerts": NO_RULES,
    "streamgauge-job-run / annotation Alerts": NO_RULES,
    **{
        f"{uid} / What was not taken? / {letter}": NO_FAULT
        for uid in ("streamgauge-jobs", "streamgauge-self")
        for letter in "AB"
    },
}
"""Queries that may give nothing here, and why."""

CHOSEN = {"__rate_interval": "5s", "__interval": "1s", "__range": "1m"}

JOBS: dict[str, Any] = {
    "slos": [
        {"job": NIGHTLY, "duration": "1h", "memory": "100MB", "finish_within": "1h", "schedule": "* * * * *"},
        {"job": NIGHTLY, "phase": ".*", "duration": "1h", "memory": "100MB"},
    ]
}

Event = dict[str, object]


@pytest.mark.service
def test_every_query_gives_data(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """Each panel, variable and annotation has something to show, or stands in the list of exceptions with a reason."""
    with Exporter(tmp_path / "exporter", config={"jobs": JOBS}) as exporter:
        target = {"job_name": "streamgauge", "static_configs": [{"targets": [urlsplit(exporter.url).netloc]}]}
        prometheus = prometheus_server({"scrape_configs": [target]})
        prometheus.wait_for("count_over_time(streamgauge_job_store_up[1m]) > 3")
        waiting = {one.place: one for one in asked() if about_jobs(one)}

        def all_answered() -> bool:
            for one in [one for one in waiting.values() if _answers(prometheus, one)]:
                del waiting[one.place]
            left = waiting.keys() - WITHOUT_DATA.keys()
            assert not left, f"no data for {sorted(left)}"
            return True

        with _reporting(exporter.url):
            eventually(all_answered, deadline=DEADLINE, every=1)


def test_exceptions_are_queries_that_exist() -> None:
    """An exception for a query that is no more is taken off the list."""
    assert WITHOUT_DATA.keys() <= {one.place for one in asked() if about_jobs(one)}


def _answers(prometheus: Prometheus, one: Asked) -> bool:
    values = {**CHOSEN, "job_name": NIGHTLY} if "streamgauge-job-run" in one.place else CHOSEN
    return bool(prometheus.query(with_values(one.expression, **values)))


@contextmanager
def _reporting(url: str) -> Iterator[None]:
    """Jobs that report at their pace, in a thread."""
    ended = threading.Event()
    began = time.time()
    _post(url, [*_in_each_status(), *_completed("1", began - 300), *_completed("2", began - 200), *_begun(began)])

    def report() -> None:
        for number in itertools.count(1):
            if ended.wait(PACE):
                return
            _post(url, [*_ended(number), *_going_on(number), _snapshot(number, began)])

    reporter = threading.Thread(target=report)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()


def _post(url: str, events: list[Event]) -> None:
    answer = requests.post(f"{url}api/v1/events", json={"events": events}, timeout=CALL_DEADLINE)
    answer.raise_for_status()
    assert answer.json()["rejected"] == []


def _event(kind: str, job: str, run: str, **fields: object) -> Event:
    return {"type": kind, "job": job, "run": run, **fields}


def _in_each_status() -> Iterator[Event]:
    """A job that is pending, one that was aborted, one that is lost soon, one that has failed."""
    yield _event("pending", "announced", "1")
    yield _event("start", "stopped", "1")
    yield _event("abort", "stopped", "1")
    yield _event("start", "silent", "1", heartbeat_seconds=0.1)
    yield _event("start", "broken", "1")
    yield _event("fail", "broken", "1", message="it broke")


def _completed(run: str, began: float) -> Iterator[Event]:
    """A run with two phases that took ten seconds each."""
    yield _event("start", NIGHTLY, run, time=began)
    for phase, start in (("P00", began), ("P01", began + 10)):
        yield _event("start", NIGHTLY, run, phase=phase, time=start, items=100)
        yield _event("progress", NIGHTLY, run, phase=phase, time=start + 9, done=100)
        yield _event("complete", NIGHTLY, run, phase=phase, time=start + 10)
    yield _event("complete", NIGHTLY, run, time=began + 20)


def _begun(began: float) -> Iterator[Event]:
    """The latest run: its first phase is completed, its second runs."""
    yield _event("start", NIGHTLY, "3", time=began, environment="test")
    yield _event("start", NIGHTLY, "3", phase="P00", time=began)
    yield _event("complete", NIGHTLY, "3", phase="P00", time=began + 0.01)
    yield _event("start", NIGHTLY, "3", phase="P01", time=began + 0.02, items=1000)


def _going_on(number: int) -> Iterator[Event]:
    """What the phase that runs tells each time."""
    yield _event("progress", NIGHTLY, "3", phase="P01", done=number)
    yield _event("resources", NIGHTLY, "3", phase="P01", cpu_seconds=0.1, memory_bytes=60_000_000)
    yield _event("resources", NIGHTLY, "3", phase="P01", cpu_seconds=0, memory_peak_bytes=70_000_000)
    yield _event("warning", NIGHTLY, "3", phase="P01", message="a page was skipped")
    yield _event("error", NIGHTLY, "3", phase="P01", message="a page could not be read")


def _ended(number: int) -> Iterator[Event]:
    """A run that was completed, and one that failed."""
    run = str(number)
    yield _event("start", "quick", run)
    yield _event("complete", "quick", run)
    yield _event("start", "broken", run)
    yield _event("fail", "broken", run, message="it broke again")


def _snapshot(number: int, started: float) -> Event:
    """What an application tells of itself: it has acted ten times more than before, and failed once."""
    work = {"sum": float(number), "count": 10 * number, "buckets": [10 * number, *[0] * 13]}
    return {
        "type": "application",
        "application": "orders",
        "process": "host-1",
        "started": started,
        "sequence": number,
        "actions": {"save": {"total": 10 * number, "failed": number, "running": 1, "duration_seconds": work}},
        "events": {"total": 10 * number, "failed": number, "processing_seconds": work},
        "queues": {"waiting": 5},
        "current_action": None,
        "system": {"cpu_seconds_total": 0.1 * number, "memory_bytes": 50_000_000, "threads": 3, "processes": 1},
    }
