"""Basic authentication."""

import base64

import bcrypt
import pytest

from streamgauge.web import authentication
from streamgauge.web.security import WebSecurity
from tests.web.clients import client
from tests.web.examples import ExampleStore


def hashed(password: bytes) -> str:
    """The cheapest hash that there is, in the form that htpasswd writes."""
    return "$2y" + bcrypt.hashpw(password[:72], bcrypt.gensalt(4)).decode()[3:]


USERS = {"alice": hashed(b"wonderland"), "bob": hashed("Grüße".encode()), "long": hashed(b"x" * 100)}
SECURITY = WebSecurity(users=USERS)


@pytest.fixture(name="checks")
def counted_checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The passwords that bcrypt has been asked about."""
    asked: list[bytes] = []
    check = bcrypt.checkpw

    def count(password: bytes, stored: bytes) -> bool:
        asked.append(password)
        return check(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", count)
    return asked


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a name and password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/groups", "/docs", "/nowhere"])
def test_every_path_needs_a_user(path: str) -> None:
    """The probes too, as with exporter-toolkit; what there is, is not told."""
    answer = client(ExampleStore(), security=SECURITY).get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Streamgauge", charset="UTF-8"'
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("name", "password"), [("alice", "wonderland"), ("bob", "Grüße"), ("long", "x" * 100)])
def test_a_user_is_let_in(name: str, password: str) -> None:
    """Whatever the alphabet; of a long password bcrypt reads the first 72 bytes, as it did when it was hashed."""
    answer = client(ExampleStore(), security=SECURITY).get("/metrics", headers=basic(name, password))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        basic("alice", "Wonderland"),
        basic("alice", ""),
        basic("alice", "wonderland\0"),
        basic("mallory", "wonderland"),
        basic("", ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic not base64"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()},
        {"Authorization": "Bearer wonderland"},
    ],
)
def test_nobody_else_is(headers: dict[str, str]) -> None:
    """Wrong passwords, unknown names, and headers that are none."""
    answer = client(ExampleStore(), security=SECURITY).get("/metrics", headers=headers)
    assert answer.status_code == 401


def test_what_was_right_is_remembered(checks: list[bytes]) -> None:
    """A scrape pays for bcrypt once."""
    known = client(ExampleStore(), security=SECURITY)
    for _ in range(3):
        assert known.get("/metrics", headers=basic("alice", "wonderland")).status_code == 200
    assert checks == [b"wonderland"]


def test_what_was_wrong_is_not(checks: list[bytes]) -> None:
    """Guessing stays slow."""
    guessing = client(ExampleStore(), security=SECURITY)
    for _ in range(2):
        guessing.get("/metrics", headers=basic("alice", "looking-glass"))
    assert len(checks) == 2


def test_an_unknown_name_costs_as_much_as_a_wrong_password(checks: list[bytes]) -> None:
    """And knowing a password of somebody else does not help."""
    client(ExampleStore(), security=SECURITY).get("/metrics", headers=basic("mallory", "wonderland"))
    assert checks == [b"wonderland"]


def test_the_memory_is_bounded(checks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever came last is remembered."""
    monkeypatch.setattr(authentication, "_REMEMBERED", 1)
    known = client(ExampleStore(), security=SECURITY)
    for name, password in (("alice", "wonderland"), ("bob", "Grüße"), ("bob", "Grüße"), ("alice", "wonderland")):
        known.get("/metrics", headers=basic(name, password))
    assert checks == [b"wonderland", "Grüße".encode(), b"wonderland"]


def test_hashes_do_not_show() -> None:
    """Not even in a traceback."""
    assert USERS["alice"] not in repr(SECURITY)
