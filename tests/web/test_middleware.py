"""What happens around every request."""

import logging

import pytest
from starlette.testclient import WebSocketDenialResponse

from streamgauge.web.middleware import HEAD_BYTES
from streamgauge.web.security import WebSecurity
from streamgauge.web.tokens import create
from tests.web.clients import client
from tests.web.examples import ExampleStore


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/api/v1/groups", "/nowhere", "/favicon.svg"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    """Nothing from outside, nothing inline, no frames, no guessing of types."""
    headers = client(ExampleStore()).get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_a_refused_upgrade_carries_the_security_headers() -> None:
    """It is an answer like any other; configured headers too."""
    security = WebSecurity(headers={"Strict-Transport-Security": "max-age=60"})
    with pytest.raises(WebSocketDenialResponse) as caught:
        client(ExampleStore(), security=security).websocket_connect("/metrics").__enter__()
    headers = caught.value.headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["strict-transport-security"] == "max-age=60"


def test_configured_headers_win() -> None:
    """Those of the web configuration file."""
    security = WebSecurity(headers={"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=60"})
    headers = client(ExampleStore(), security=security).get("/").headers
    assert headers["x-frame-options"] == "sameorigin"
    assert headers["strict-transport-security"] == "max-age=60"


def test_requests_are_logged_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    """One line a request, a path with control characters made harmless."""
    with caplog.at_level(logging.DEBUG, logger="streamgauge.web.access"):
        client(ExampleStore()).get("/no%0Awhere")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "streamgauge.web.access"]
    assert line.startswith("GET '/no\\nwhere' answered 404 in 0.")


def test_a_token_is_not_logged_where_it_does_not_belong(caplog: pytest.LogCaptureFixture) -> None:
    """In the place of the path, or of the method: a slip with curl."""
    token, _ = create()
    with caplog.at_level(logging.DEBUG):
        client(ExampleStore()).request(token, f"/{token}")
        client(ExampleStore()).request(token, f"/api/{token}")
    assert "<hidden>" in caplog.text
    ours = [str(vars(record)) for record in caplog.records if record.name.startswith("streamgauge")]
    assert not [line for line in ours if token in line]


def test_requests_are_not_logged_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    """Scrapes are many and look alike."""
    with caplog.at_level(logging.INFO):
        client(ExampleStore()).get("/metrics")
    assert not [record for record in caplog.records if record.name.startswith("streamgauge")]


def test_a_large_head_is_refused() -> None:
    """Header fields, path and query count together; what is within the limit is answered."""
    known = client(ExampleStore([]))
    for headers, query in (({"X-Large": "x" * HEAD_BYTES}, ""), ({}, "?" + "x" * HEAD_BYTES)):
        answer = known.get(f"/-/healthy{query}", headers=headers)
        assert answer.status_code == 431
        assert answer.json()["detail"] == f"a request's head may have {HEAD_BYTES} bytes"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert known.get("/-/healthy", headers={"X-Large": "x" * (HEAD_BYTES // 2)}).status_code == 200
