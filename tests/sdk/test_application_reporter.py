"""Samples and snapshots: what is told of an application, when, and what is left out."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from streamgauge.model.jobs import applications as exporters_applications
from streamgauge.web.api.jobs_writing.application_models import ApplicationEvent
from streamgauge_sdk import _application_reporter
from streamgauge_sdk._application import BOUNDS, MOST_NAMES, Application
from streamgauge_sdk._application_reporter import Identity, Reporter, System
from streamgauge_sdk._queue_depths import QueueDepths
from tests.services.polling import eventually


class Told:
    """A reporter and all that it hands over."""

    def __init__(self, interval: float = 3600.0) -> None:
        self.events: list[dict[str, Any]] = []
        self.counts = Application()
        self.queues = QueueDepths()
        self.reporter = Reporter(Identity("shop", "here-1"), self.counts, self.queues, self.put, lambda: interval)

    def put(self, event: dict[str, object]) -> bool:
        """Take an event."""
        self.events.append(event)
        return True


@pytest.fixture
def told() -> Told:
    """A reporter that does not run by itself."""
    return Told()


@pytest.fixture
def running() -> Iterator[Told]:
    """A reporter that pushes each 20 ms."""
    told = Told(interval=0.02)
    told.reporter.start()
    yield told
    told.reporter.close()


def test_a_snapshot_is_the_exporters_event(told: Told) -> None:
    """All fields of an `application` event, counters since the start, buckets each alone."""
    told.counts.record_action("click", 0.25, success=False)
    told.counts.record_event(100.0, success=True)
    told.queues.put("inbox", lambda: 3)
    begun = told.counts.begin("save")
    told.reporter.push()
    event = told.events[0]
    system = event.pop("system")
    assert event == {
        "type": "application",
        "application": "shop",
        "process": "here-1",
        "started": psutil.Process().create_time(),
        "sequence": 1,
        "actions": {
            "click": {
                "total": 1,
                "failed": 1,
                "running": 0,
                "duration_seconds": {"sum": 0.25, "count": 1, "buckets": tuple(int(i == 5) for i in range(14))},
            },
            "save": {
                "total": 0,
                "failed": 0,
                "running": 1,
                "duration_seconds": {"sum": 0.0, "count": 0, "buckets": (0,) * 14},
            },
        },
        "events": {
            "total": 1,
            "failed": 0,
            "processing_seconds": {"sum": 100.0, "count": 1, "buckets": (0,) * len(BOUNDS) + (1,)},
        },
        "queues": {"inbox": 3},
        "current_action": "save",
    }
    told.counts.end(begun, success=True)
    assert set(system) == {"cpu_seconds_total", "memory_bytes", "threads", "processes"}
    assert system["cpu_seconds_total"] > 0
    assert system["memory_bytes"] > 1_000_000
    assert system["threads"] >= 1
    assert system["processes"] >= 1


def test_what_was_not_recorded_is_not_told(told: Told) -> None:
    """A program that records no events has no count of them, rather than 0."""
    told.reporter.push()
    assert "events" not in told.events[0]
    assert (told.events[0]["actions"], told.events[0]["current_action"]) == ({}, None)


def test_what_the_system_does_not_tell_is_left_out(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """One refused question leaves the other answers."""

    def denied(*_: object, **__: object) -> int:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "num_threads", denied)
    monkeypatch.setattr(psutil.Process, "children", denied)
    told.reporter.push()
    assert set(told.events[0]["system"]) == {"cpu_seconds_total", "memory_bytes"}


def test_a_stale_sample_is_unknown(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depths of ten seconds ago are no depths; the counts are still right."""
    told.queues.put("inbox", 3)
    told.counts.record_action("click", 1.0, success=True)
    told.reporter.sample()
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 11)
    snapshot = told.reporter.snapshot()
    assert (snapshot.queues, snapshot.system) == ({}, System())
    assert snapshot.activity.actions["click"].total == 1


def test_it_pushes_again_and_again_in_order(running: Told) -> None:
    """Each snapshot has the next number, and holds what was counted before it."""
    eventually(lambda: len(running.events) >= 3, every=0.01)
    running.counts.record_action("click", 1.0, success=True)
    eventually(lambda: "click" in running.events[-1]["actions"], every=0.01)
    assert [event["sequence"] for event in running.events] == list(range(1, len(running.events) + 1))


def test_a_queue_is_asked_without_a_push(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are taken each second even where a push is far away."""
    monkeypatch.setattr(_application_reporter, "SAMPLE_SECONDS", 0.01)
    asked = threading.Event()
    depths: Iterator[int] = iter(range(100_000))

    def ask() -> int:
        depth = next(depths)
        if depth > 3:
            asked.set()
        return depth

    told.queues.put("inbox", ask)
    told.reporter.start()
    assert asked.wait(15)
    assert not told.events
    told.reporter.close()


def test_the_last_snapshot_is_pushed_once_and_asks_no_callable(told: Told) -> None:
    """At the end a callable may wait for what is gone: the depth that was sampled last is told."""
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        return len(asked)

    told.queues.put("inbox", ask)
    told.reporter.sample()
    told.counts.record_action("click", 1.0, success=True)
    told.reporter.close()
    told.reporter.close()
    assert [event["queues"] for event in told.events] == [{"inbox": 1}]
    assert told.events[0]["actions"]["click"]["total"] == 1
    assert len(asked) == 1


@pytest.mark.parametrize("fault", [ValueError("broken"), RuntimeError("can't start new thread")])
def test_a_fault_does_not_end_the_thread(
    running: Told, monkeypatch: pytest.MonkeyPatch, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """What fails within is passed over, and the next snapshot comes."""
    failures: list[int] = []
    read: Callable[[], System] = running.reporter._system.read

    def fail() -> System:
        failures.append(1)
        raise fault

    monkeypatch.setattr(running.reporter._system, "read", fail)
    eventually(lambda: len(failures) > 2, every=0.01)
    monkeypatch.setattr(running.reporter._system, "read", read)
    before = len(running.events)
    eventually(lambda: len(running.events) > before, every=0.01)
    assert len([record for record in caplog.records if "application metrics failed" in record.message]) <= 1


def test_the_exporter_takes_the_strangest_snapshot(told: Told) -> None:
    """Too many names, long and odd ones, durations and depths that cannot be: nothing of it makes it refuse all."""
    for number in range(MOST_NAMES + 20):
        told.counts.record_action(f"{number} " + '"\x00\n\ud800é' * 100, 1e300, success=True)
        told.counts.record_action(f"{number} " + '"\x00\n\ud800é' * 100, 1e8, success=False)
        told.queues.put(f"{number}\x85" + "x" * 300, 1e15)
    told.counts.begin("\x7f" * 300)
    told.reporter.push()
    taken = ApplicationEvent.model_validate_json(json.dumps(told.events[0], allow_nan=False)).snapshot(arrived=0.0)
    assert (taken.application, taken.sequence) == ("shop", 1)
    assert sum(work.total for work in taken.actions.values()) == 2 * (MOST_NAMES + 20)
    assert len(taken.queues) == len(taken.actions) == MOST_NAMES + 1


def test_the_exporter_has_the_same_buckets() -> None:
    """Both sides count by the same bounds."""
    assert exporters_applications.BOUNDS == BOUNDS
