"""The store is what the web reads."""

from streamgauge.store import Store
from tests.web.clients import client


def test_the_real_store_serves() -> None:
    """Its type is checked too: an empty one is ready and has nothing to show."""
    known = client(Store())
    assert known.get("/-/ready").status_code == 200
    assert known.get("/metrics").status_code == 200
    assert known.get("/api/v1/clusters").json()["items"] == []
