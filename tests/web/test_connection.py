"""What one client may do to the server: little."""

import contextlib
import http.client
import json
import logging
import select
import socket
import threading

import pytest
from starlette.types import Receive, Scope, Send

from streamgauge.web.connection import Limits
from streamgauge.web.server import Address
from tests.web.serving import PATIENCE, connected, read_answer, read_to_the_end, serving

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
SHORT = Limits(request_seconds=0.2, response_seconds=0.2)


def scrape(address: Address) -> int:
    """The status of a scrape on a connection of its own."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status
    finally:
        connection.close()


def sent_until_dropped(connection: socket.socket, piece: bytes) -> bool:
    """Whether a client that goes on sending is dropped."""
    with contextlib.suppress(ConnectionError):
        for _ in range(1000 * PATIENCE):
            connection.sendall(piece)
            readable, *_ = select.select([connection], [], [], 0.001)
            if readable and not connection.recv(1):
                return True
        return False
    return True


def test_idle_connections_do_not_keep_a_scrape_waiting() -> None:
    """Two hundred and fifty of them that send nothing."""
    with serving() as address, contextlib.ExitStack() as stack:
        for _ in range(250):
            stack.enter_context(connected(address))
        assert scrape(address) == 200


def test_a_client_that_sends_nothing_is_dropped() -> None:
    """Alone, uvicorn would keep it for ever."""
    with serving(limits=SHORT) as address, connected(address) as connection:
        assert read_to_the_end(connection) == b""


def test_a_client_that_sends_half_a_request_is_dropped() -> None:
    """The clock runs from its first byte, however many follow."""
    with serving(limits=SHORT) as address, connected(address) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        assert read_to_the_end(connection) == b""


def test_a_client_that_sends_half_a_second_request_is_dropped() -> None:
    """After an answer the same holds."""
    with serving(limits=SHORT) as address, connected(address) as connection:
        connection.sendall(GET)
        read_answer(connection)
        connection.sendall(b"GET /met")
        assert read_to_the_end(connection) == b""


def test_a_client_that_goes_on_sending_a_body_is_dropped() -> None:
    """Nobody reads it; uvicorn alone would start its clock anew with each byte."""
    with serving(limits=SHORT) as address, connected(address) as connection:
        connection.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        read_answer(connection)
        assert sent_until_dropped(connection, b"1\r\nx\r\n")


def test_an_answered_connection_is_closed_after_a_while() -> None:
    """Keep-alive is bounded."""
    with serving(limits=Limits(keep_alive_seconds=0)) as address, connected(address) as connection:
        connection.sendall(GET)
        assert read_to_the_end(connection).endswith(b"kafka_brokers 3\n")


def test_a_client_that_does_not_read_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is in memory until it does."""

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        size = 64 * 1024 * 1024
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        await send({"type": "http.response.body", "body": bytes(size)})

    dropped = threading.Event()
    log = logging.getLogger("streamgauge.web.http")
    monkeypatch.setattr(log, "debug", lambda *_: dropped.set())
    with serving(large, limits=SHORT) as address, connected(address) as connection:
        connection.sendall(GET)
        assert dropped.wait(PATIENCE)
        assert len(read_to_the_end(connection)) < 64 * 1024 * 1024


def test_a_slow_answer_is_not_cut_while_it_is_read() -> None:
    """The bound on requests does not count while we are the slow ones."""
    go_on = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        with serving(limits=SHORT) as other, connected(other) as idle:
            read_to_the_end(idle)  # longer than a request may take
        go_on.set()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    limits = Limits(request_seconds=0.1, response_seconds=PATIENCE)
    with serving(slow, limits=limits) as address, connected(address) as connection:
        connection.sendall(GET)
        assert read_answer(connection).endswith(b"ok")
        assert go_on.is_set()


def test_the_longest_idle_connection_makes_room() -> None:
    """More connections than may be: the newest is served, the one idle for longest is dropped."""
    with serving(limits=Limits(connections=3)) as address, contextlib.ExitStack() as stack:
        first, *_ = [stack.enter_context(connected(address)) for _ in range(3)]
        assert scrape(address) == 200
        assert read_to_the_end(first) == b""


def test_more_answers_at_once_than_may_be_are_refused() -> None:
    """503 rather than a page in memory for each: a problem that says when to come again, and the connection ends."""
    asked = threading.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await receive()
        await receive()

    with serving(hang, limits=Limits(requests=1)) as address, connected(address) as hanging:
        hanging.sendall(GET)
        assert asked.wait(PATIENCE)
        with connected(address) as refused:
            refused.sendall(GET)
            head, _, body = read_to_the_end(refused).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    lines = head.lower().split(b"\r\n")
    assert {b"retry-after: 1", b"content-type: application/problem+json", b"x-content-type-options: nosniff"} <= {
        *lines
    }
    assert json.loads(body)["detail"] == "as many answers are under way as there may be; ask again in a moment"


def test_writes_leave_room_for_scrapes() -> None:
    """Jobs that all report at once, or never send their bodies, take three of four answers: a scrape gets through."""
    post = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serving(limits=Limits(requests=4)) as address, contextlib.ExitStack() as stack:
        writers = [stack.enter_context(connected(address)) for _ in range(4)]
        for writer in writers:
            writer.sendall(post + b"Content-Length: 9\r\n\r\n")
        refused, *_ = select.select(writers, [], [], PATIENCE)
        assert [read_to_the_end(writer)[:13] for writer in refused] == [b"HTTP/1.1 503 "]
        assert scrape(address) == 200


@pytest.mark.parametrize(
    "head", [b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 40_000, b"GET /" + b"x" * 40_000, b"\x16\x03\x01\x02\x00\x01"]
)
def test_a_head_that_is_too_large_or_none_is_refused(head: bytes) -> None:
    """A TLS client at a plain port, too."""
    with serving() as address, connected(address) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert read_to_the_end(connection).startswith(b"HTTP/1.1 400 Bad Request")
        assert scrape(address) == 200


def test_a_client_that_leaves_is_forgotten() -> None:
    """In the middle of a request or of an answer."""
    with serving() as address:
        for sent in (b"", b"GET /", GET):
            connection = connected(address)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(sent)
            connection.close()
        assert scrape(address) == 200
