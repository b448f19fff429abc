"""Topics that cannot be computed."""

from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from streamgauge.errors import StoreUnavailableError
from streamgauge.web.live.versions import Item
from tests.web.live.serving import live_application


def test_what_is_known_to_be_away_is_said_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """The database after a start, an Alertmanager that is not configured: no fault of ours."""

    def away() -> Mapping[str, Item]:
        raise StoreUnavailableError("the database of runs was not read yet", 5.0)

    test_client = TestClient(live_application({"jobs": away}))
    with test_client, test_client.websocket_connect("/api/v1/ws") as session:
        assert session.receive_json()["type"] == "hello"
        session.send_json({"type": "request", "topic": "jobs", "id": 1})
        assert session.receive_json()["type"] == "error"

    (record,) = [each for each in caplog.records if each.name == "streamgauge.web.live"]
    assert record.levelname == "WARNING"
    assert not record.exc_info
    assert "the database of runs was not read yet" in record.getMessage()
