"""Events that nobody can read are counted, once each."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from streamgauge.errors import StoreBusyError
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.web.application import create_application
from streamgauge.web.writes import Access
from tests.web.examples import store
from tests.web.job_sink import MemorySink

SINK = MemorySink()
COUNTED = InvalidEvents()
APPLICATION = create_application(
    store(),
    version="1.2.3",
    refresh_seconds=5,
    access=Access(loopback=True),
    reports=SINK,
    invalid_events=COUNTED,
)
CLIENT = TestClient(APPLICATION, base_url="http://localhost:9308", raise_server_exceptions=False)
GOOD = {"type": "heartbeat", "job": "plan", "run": "r1"}
WRONG = {"type": "heartbeat", "job": "plan"}
LINEAGE = {"eventType": "START", "run": {"runId": 1}, "job": {"namespace": "n", "name": "plan"}}
STATIC = {"eventTime": "2026-11-21T03:00:00Z", "dataset": {"namespace": "n", "name": "d"}}


@pytest.mark.parametrize(
    ("path", "body", "status", "count"),
    [
        ("events", {"events": [GOOD, WRONG, GOOD, "no event"]}, 200, 2),
        ("events", {"events": [WRONG]}, 200, 1),
        ("events", {"events": [GOOD]}, 200, 0),
        ("lineage", LINEAGE, 422, 1),
        ("lineage", STATIC, 201, 0),
        ("lineage/batch", [LINEAGE, STATIC, LINEAGE], 200, 2),
        ("jobs/plan/runs/r1/warnings", {"message": 7}, 422, 1),
        ("jobs/plan/runs/r1/warnings", {"message": "page 7 skipped"}, 200, 0),
        (f"jobs/{'x' * 201}/runs", {}, 422, 1),
    ],
)
def test_each_event_that_cannot_be_read_is_counted(path: str, body: Any, status: int, count: int) -> None:
    """By whatever way it comes, and none that can be read."""
    before = COUNTED.count
    assert CLIENT.post(f"/api/v1/{path}", json=body).status_code == status
    assert COUNTED.count - before == count


def test_an_event_that_is_sent_again_is_counted_when_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that the store had no room for comes once more, with all that is in it."""
    body = {"events": [GOOD, WRONG]}
    before = COUNTED.count
    monkeypatch.setattr(SINK, "fault", StoreBusyError("too much waits to be written", 1.0))
    assert CLIENT.post("/api/v1/events", json=body).status_code == 503
    assert COUNTED.count == before
    monkeypatch.undo()
    assert CLIENT.post("/api/v1/events", json=body).status_code == 200
    assert COUNTED.count == before + 1
