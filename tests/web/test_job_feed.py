"""The items of the WebSocket's topic `jobs`."""

import json
from collections.abc import Iterator

import pytest

from streamgauge.jobs.store import JobStore
from streamgauge.web.api.jobs_reading.feed import job_feed
from streamgauge.web.live.versions import encode
from tests.web.job_past import NOON, ODD, PLAN, SYNC, past

STEP = {
    "phase",
    "title",
    "status",
    "started",
    "finished",
    "duration_seconds",
    "progress_ratio",
    "items",
    "done",
    "memory_peak_bytes",
    "cpu_seconds",
    "errors",
    "warnings",
}


@pytest.fixture(name="store", scope="module")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobStore]:
    """The past."""
    with past(tmp_path_factory.mktemp("jobs")) as store:
        yield store


def test_a_job_is_an_item_with_its_latest_run(store: JobStore) -> None:
    """By its name; times are seconds since the epoch, and what is not known is null."""
    items = job_feed(store.reading())
    assert list(items) == [PLAN, SYNC, ODD]
    job = json.loads(encode(items[PLAN]))
    phases = job.pop("phases")
    assert job == {
        "job": PLAN,
        "run": "day-00",
        "title": "Daily plan",
        "status": "running",
        "started": NOON - 210,
        "finished": None,
        "duration_seconds": None,
        "progress_ratio": 0.583,
        "estimated_completion": NOON + 150,
        "estimated_from": "history",
        "environment": "prod",
        "errors": 0,
        "warnings": 1,
        "running": 1,
    }
    assert [(phase["phase"], phase["status"], phase["done"]) for phase in phases] == [
        ("P00", "completed", 500.0),
        ("P01", "running", 25.0),
    ]
    assert set(phases[0]) == {*STEP, "sub_phases"}
    (check,) = phases[0]["sub_phases"]
    assert set(check) == STEP
    assert (check["phase"], check["cpu_seconds"], check["finished"]) == ("validation", 20.0, NOON - 180)


def test_a_lost_run_is_said_to_be_lost(store: JobStore) -> None:
    """And nothing is estimated of it."""
    item = job_feed(store.reading())[SYNC]
    assert (item["status"], item["running"], item["estimated_completion"]) == ("lost", 0, None)


def test_what_looks_the_same_is_the_same(store: JobStore) -> None:
    """Two readings of one moment make equal items, so that nothing is sent."""
    assert job_feed(store.reading()) == job_feed(store.reading())
