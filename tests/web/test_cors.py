"""Other sites' scripts."""

import pytest

from streamgauge.web.writes import Access
from tests.web.writing import ALICE, PATH, READER, USERS, WRITER, bearer, everyone, writer

PORTAL = "https://portal.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
CORS = "access-control-allow-origin"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_it_is_closed_by_default(method: str) -> None:
    """No answer has a header that would open it."""
    answer = writer(everyone()).request(method, PATH, headers={"Origin": PORTAL, **PREFLIGHT, **bearer(WRITER)})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_site_that_is_named_may_read() -> None:
    """It alone, and caches are told that the answer is for it."""
    client = writer(everyone([PORTAL]))
    answer = client.get("/api/v1/groups", headers={"Origin": PORTAL})
    assert answer.headers[CORS] == PORTAL
    assert "Origin" in answer.headers["vary"]
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "http://portal.example.org",
        "https://portal.example.org:8443",
        "https://portal.example.org.evil.org",
        "https://sub.portal.example.org",
        "null",
        "*",
    ],
)
def test_a_site_that_is_not_named_may_not(origin: str) -> None:
    """Nor one that looks like it; preflights get no better answer."""
    client = writer(everyone([PORTAL]))
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/api/v1/groups", headers={"Origin": origin, **PREFLIGHT})
        assert CORS not in answer.headers
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("security", [None, USERS], ids=["open", "users"])
def test_a_preflight_is_answered_without_credentials(security: object) -> None:
    """A browser sends none with it; what it may send then is a token and JSON."""
    client = writer(everyone([PORTAL]), USERS if security else None)
    answer = client.options(PATH, headers={"Origin": PORTAL, **PREFLIGHT})

    assert answer.status_code == 204
    assert answer.headers[CORS] == PORTAL
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"Authorization", "Content-Type"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert answer.headers["vary"] == "Origin"


def test_credentials_of_the_browser_stay_here() -> None:
    """No answer allows them, and none is for everybody."""
    client = writer(everyone([PORTAL]), USERS)
    answers = [
        client.options(PATH, headers={"Origin": PORTAL, **PREFLIGHT}),
        client.get(PATH, headers={"Origin": PORTAL, **bearer(READER)}),
        client.get(PATH, headers={"Origin": PORTAL}, auth=ALICE),
    ]
    for answer in answers:
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers[CORS] == PORTAL


def test_a_refusal_can_be_read_too() -> None:
    """The script shall know why."""
    answer = writer(everyone([PORTAL])).post(PATH, headers={"Origin": PORTAL})
    assert (answer.status_code, answer.headers[CORS]) == (401, PORTAL)


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/docs"])
def test_only_the_api_is_opened(path: str) -> None:
    """Pages are for people, metrics for Prometheus."""
    answer = writer(Access(origins={PORTAL})).get(path, headers={"Origin": PORTAL})
    assert CORS not in answer.headers
