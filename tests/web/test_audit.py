"""The log line of each write, and that no secret is in any."""

import logging

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from streamgauge import logs
from streamgauge.web.audit import Audit
from streamgauge.web.tokens import create
from streamgauge.web.writes import Access
from tests.web.serving import connected, read_answer, serving
from tests.web.writing import (
    ALICE,
    PASSWORD,
    PATH,
    READER,
    USERS,
    WRITER,
    bearer,
    everyone,
    writable,
    writer,
)

JSON = {"Content-Type": "application/json"}
AUDIT = "streamgauge.web.audit"


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """The fields of the audit's lines."""
    return [logs.fields_of(record) for record in caplog.records if record.name == AUDIT]


def test_a_write_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Who, what, and how it was answered, at info level."""
    with caplog.at_level(logging.INFO):
        writer(everyone(), address="10.0.0.7").post(f"{PATH}?a=b", content=b"[1,2]", headers={**JSON, **bearer(WRITER)})
    (line,) = lines_of(caplog)
    assert isinstance(line.pop("milliseconds"), float)
    del line["ts"]
    assert line == {
        "level": "info",
        "logger": AUDIT,
        "msg": "write",
        "token": "writer",
        "address": "10.0.0.7",
        "method": "POST",
        "path": PATH,
        "status": 200,
        "bytes": 5,
    }


def test_a_user_is_named_and_an_address_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no token."""
    with caplog.at_level(logging.INFO):
        writer(everyone(), USERS).delete(PATH, auth=ALICE)
        writer(Access(loopback=True)).delete(PATH)
    by_user, by_address = lines_of(caplog)
    assert (by_user["user"], by_user["method"]) == ("alice", "DELETE")
    assert by_address.keys().isdisjoint({"token", "user"})
    assert by_address["address"] == "127.0.0.1"


def test_reads_leave_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """They are many and change nothing; so do requests that are no part of the API."""
    with caplog.at_level(logging.INFO):
        client = writer(everyone())
        client.get(PATH)
        client.options(PATH)
        client.post("/-/reload")
    assert lines_of(caplog) == []


def test_what_was_refused_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    """A name that was not proven is not written: it may be a password at the wrong place."""
    with caplog.at_level(logging.INFO):
        client = writer(everyone(), USERS)
        client.post(PATH)
        client.post(PATH, headers=bearer(READER))
        client.post(PATH, auth=(PASSWORD, "alice"))
        client.post(PATH, headers=bearer(WRITER), content=b"x")
        client.post("/api/v1/nowhere", headers=bearer(WRITER))
        client.post("/api/v1/fault", headers=bearer(WRITER))
    assert [(line["status"], line.get("token"), line.get("user")) for line in lines_of(caplog)] == [
        (401, None, None),
        (403, "reader", None),
        (401, None, None),
        (415, "writer", None),
        (404, "writer", None),
        (500, "writer", None),
    ]


def test_lines_of_who_is_refused_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody fills a disk without a token; the next line counts what was left out."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=401 if scope["path"] == PATH else 404)(scope, receive, send)

    now = [100.0]
    client = TestClient(Audit(answer, lambda: now[0]))
    with caplog.at_level(logging.INFO):
        for _ in range(130):
            client.post(PATH)
        client.post("/api/v1/other")
        now[0] += 1
        client.post(PATH)
    lines = lines_of(caplog)
    assert [line["status"] for line in lines] == [401] * 100 + [404, 401]
    assert [line.get("refused_writes_left_out") for line in lines] == [None] * 100 + [30, None]


def test_a_path_is_one_line_however_it_is_written(caplog: pytest.LogCaptureFixture) -> None:
    """Line ends are escaped, and an endless one is cut."""
    with caplog.at_level(logging.INFO):
        writer(Access(loopback=True)).post("/api/v1/a%0Ab" + "c" * 2000)
    (record,) = [record for record in caplog.records if record.name == AUDIT]
    text = logs.LogfmtFormatter().format(record)
    assert "\n" not in text
    assert len(text) < 800


SECRET = create()[0]
QUERY = "hunter2"
HEADERS: list[dict[str, str]] = [
    bearer(SECRET),
    bearer(WRITER),
    {"Authorization": f"Basic {SECRET}"},
    {"Authorization": SECRET},
    {"X-Token": SECRET, "Cookie": f"token={SECRET}"},
    {**bearer(WRITER), "Origin": f"https://{QUERY}.example.org"},
    {**bearer(WRITER), "Content-Encoding": SECRET, "Content-Type": "application/json"},
    {**bearer(WRITER), "Content-Encoding": "gzip", "Content-Type": "application/json"},
    {**bearer(WRITER), "Content-Type": SECRET},
]
PATHS = [PATH, f"/api/v1/{SECRET}", "/api/v1/groups", "/api/v1/fault", "/metrics", "/-/reload", "/nowhere"]


@pytest.mark.parametrize("access", [Access(loopback=True), everyone(), Access()], ids=["loopback", "tokens", "closed"])
def test_no_secret_is_told(access: Access, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log line, at debug level, nor in an answer, whatever is asked, taken or refused."""
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for security in (None, USERS):
            client = writer(access, security)
            for headers in HEADERS:
                for path in PATHS:
                    for method in ("GET", "POST", "DELETE"):
                        body = f'"{SECRET}"' if method == "POST" and path != PATH else None
                        answer = client.request(method, f"{path}?token={QUERY}", headers=headers, content=body)
                        if path != PATH or answer.is_error:  # the example's own route repeats what it was sent
                            told.append(f"{answer.text} {answer.headers}")
            told.append(client.post(PATH, auth=("alice", SECRET)).text)
            told.append(client.post(PATH, auth=ALICE).text)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # the tests' own client
    assert ours
    told += [logs.LogfmtFormatter().format(record) + logs.JsonFormatter().format(record) for record in ours]
    for secret in (SECRET, WRITER, PASSWORD, QUERY, SECRET[3:]):
        assert not [text for text in told if secret in text]


def test_no_secret_is_told_by_the_server_itself(caplog: pytest.LogCaptureFixture) -> None:
    """On a real connection, upgrades to a WebSocket too, where libraries have a log of their own."""
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.configure("debug", "logfmt")
        logging.getLogger().addHandler(caplog.handler)
        with serving(writable(everyone(), USERS), security=USERS) as address:
            for method, path, more in (("POST", PATH, ""), ("GET", "/api/v1/ws", upgrade), ("GET", PATH, "")):
                with connected(address) as connection:
                    head = f"{method} {path}?token={QUERY} HTTP/1.1\r\nHost: x\r\n{more}Authorization: Bearer {SECRET}"
                    connection.sendall(f"{head}\r\n\r\n".encode())
                    assert read_answer(connection).startswith(b"HTTP/1.1 401 ")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    assert "answered 401" in caplog.text
    assert SECRET not in caplog.text
    assert QUERY not in caplog.text
