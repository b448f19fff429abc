"""The WebSocket on a real server: compression, limits, slow clients, many clients, and ends."""

import asyncio
import base64
import http.client
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.sync.client import ClientConnection, connect

from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web.connection import Limits
from streamgauge.web.security import WebSecurity, load_web_config
from streamgauge.web.server import Address, WebServer
from tests.services.polling import eventually
from tests.services.tls import Authority
from tests.web.live.serving import Jobs, live_application
from tests.web.serving import PATIENCE, connected, read_answer, read_to_the_end, serving

SUBSCRIBE = json.dumps({"type": "subscribe", "topics": ["jobs"], "interval": 0.5})
HASH = "$2b$04$9Zq1y3mJYBoAnQb3E6pUC.XIuRt0/8UYzPbXgnGQbPtVPk4lKC6Zy"


def url(address: Address, path: str = "/api/v1/ws") -> str:
    """Where the WebSocket is."""
    return f"ws://{address.host}:{address.port}{path}"


@contextmanager
def greeted(address: Address, **options: Any) -> Iterator[ClientConnection]:
    """A client that has its hello."""
    with connect(url(address), open_timeout=PATIENCE, close_timeout=1, **options) as client:
        assert received(client)["type"] == "hello"
        yield client


def received(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = json.loads(client.recv(PATIENCE))
    return message


def upgrade(address: Address, *lines: str, receive: int | None = None) -> socket.socket:
    """A bare connection that asks for the WebSocket; its system keeps so many bytes that were not read."""
    key = base64.b64encode(bytes(16)).decode()
    head = ["GET /api/v1/ws HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"]
    head += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *lines]
    connection = socket.socket()
    if receive is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    connection.settimeout(PATIENCE)
    connection.connect((address.host, address.port))
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    return connection


def large(lag: int) -> dict[str, Any]:
    """Items that do not compress into nothing."""
    return {f"job-{number}": {"lag": lag * 1_000_003 * number % 999_983} for number in range(2000)}


def deflated(client: ClientConnection) -> bool:
    """Whether compression was negotiated."""
    return any(isinstance(extension, PerMessageDeflate) for extension in client.protocol.extensions)


@pytest.mark.parametrize(
    "offer", [None, [ClientPerMessageDeflateFactory(server_max_window_bits=10)], [ClientPerMessageDeflateFactory()]]
)
def test_messages_are_compressed_where_the_client_takes_it(offer: list[ClientPerMessageDeflateFactory] | None) -> None:
    """A client without compression, or with a smaller window than ours, reads them as well."""
    jobs = Jobs(**large(1))
    options: dict[str, Any] = {"compression": None, "extensions": offer} if offer else {"compression": None}
    with serving(live_application({"jobs": jobs})) as address, greeted(address, **options) as client:
        assert deflated(client) is (offer is not None)
        client.send(SUBSCRIBE)
        assert received(client)["items"] == large(1)
        jobs.put(**large(2))
        assert received(client)["changed"]["job-7"] == large(2)["job-7"]


def test_a_client_that_does_not_read_gets_the_newest() -> None:
    """What has changed while it did not read comes as one change: nothing waits in a queue."""
    jobs, texts = Jobs(), {f"job-{number}": {"text": "x" * 1000} for number in range(900)}
    jobs.put(**texts)
    with serving(live_application({"jobs": jobs})) as address, upgrade(address, receive=8192) as slow:
        read_answer_head(slow)
        slow.sendall(masked(SUBSCRIBE))
        with greeted(address) as other:
            other.send(SUBSCRIBE)
            received(other)
            for lag in range(1, 6):
                jobs.put(**texts, last={"lag": lag})
                while "last" not in (message := received(other)).get("changed", {}):
                    pass
            assert message["changed"] == {"last": {"lag": 5}}
        messages = [read_message(slow) for _ in range(3)]

    assert [each["type"] for each in messages] == ["hello", "snapshot", "change"]
    assert "last" not in messages[1]["items"]
    assert messages[2]["changed"] == {"last": {"lag": 5}}


def test_a_client_that_does_not_read_is_dropped() -> None:
    """After the time that any client has to take its answer."""
    jobs = Jobs()
    counts = WebSocketCounts()
    limits = Limits(response_seconds=0.3)
    with serving(live_application({"jobs": jobs}, counts=counts), limits=limits) as address:
        with upgrade(address) as connection:
            read_answer_head(connection)
            jobs.put(**{f"job-{number}": {"text": "x" * 1000} for number in range(20_000)})
            connection.sendall(masked(SUBSCRIBE))
            eventually(jobs.was_asked.is_set)
            eventually(lambda: counts.clients == 0)
        jobs.put()
        with greeted(address) as client:
            client.send(SUBSCRIBE)
            assert received(client)["type"] == "snapshot"


def masked(text: str) -> bytes:
    """A short text as a client's frame, with a mask of zeros."""
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def read_message(connection: socket.socket) -> dict[str, Any]:
    """The next message of a server that does not compress."""

    def read(size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = connection.recv(size - len(found))
            assert piece
            found += piece
        return found

    kind, length = read(2)
    assert kind == 0x81
    if length > 125:
        length = int.from_bytes(read(2 if length == 126 else 8))
    message: dict[str, Any] = json.loads(read(length))
    return message


def read_answer_head(connection: socket.socket) -> bytes:
    """The head of an answer, byte by byte."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        found += connection.recv(1)
    return found


def test_a_quiet_client_is_kept() -> None:
    """The bounds on requests are not for WebSockets."""
    limits = Limits(request_seconds=0.1, response_seconds=0.1, keep_alive_seconds=0)
    with serving(live_application({"jobs": Jobs()}), limits=limits) as address, greeted(address) as client:
        with connected(address) as idle:
            assert read_to_the_end(idle) == b""  # longer than any of the bounds
        client.send('{"type":"ping","id":1}')
        assert received(client)["type"] == "pong"


def test_a_websocket_does_not_make_room_for_others() -> None:
    """It counts among the connections; idle ones of HTTP go first."""
    with (
        serving(live_application({"jobs": Jobs()}), limits=Limits(connections=2)) as address,
        greeted(address) as client,
        connected(address) as idle,
        connected(address) as newest,
    ):
        assert read_to_the_end(idle) == b""
        newest.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(newest).startswith(b"HTTP/1.1 404")
        client.send('{"type":"ping"}')
        assert received(client)["type"] == "pong"


def test_websockets_are_no_answers_under_way() -> None:
    """More of them than answers may be under way leave room for a scrape."""
    with serving(live_application({"jobs": Jobs()}), limits=Limits(requests=1)) as address, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(greeted(address))
        connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
        connection.request("GET", "/nothing")
        assert connection.getresponse().status == 404
        connection.close()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Sec-WebSocket-Key: x"], 400),
        (["X-Large: " + "x" * 10_000], 431),
        (["Authorization: Basic eDp5"], 401),
    ],
)
def test_a_refused_upgrade_is_a_problem(lines: list[str], status: int, caplog: pytest.LogCaptureFixture) -> None:
    """And the connection is closed; it is no error of ours, which anybody could fill the log with."""
    security = WebSecurity(users={"admin": HASH}) if status == 401 else None
    with serving(security=security) as address, upgrade(address, *lines) as connection:
        answer = read_to_the_end(connection)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_message_that_is_too_large_closes_the_connection() -> None:
    """By 1009, before it is read as a whole; unpacked counts."""
    with serving(live_application({"jobs": Jobs()})) as address, greeted(address) as client:
        client.send("x" * 65_537)
        with pytest.raises(ConnectionClosed) as caught:
            received(client)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("first", "again"),
    [(b"\x01\x80\0\0\0\0", b"\x00\x80\0\0\0\0"), (b"", b"\x89\xfd\0\0\0\0" + b"x" * 125)],
    ids=["empty fragments", "pings whose answers nobody reads"],
)
def test_a_client_that_would_fill_the_memory_is_dropped(first: bytes, again: bytes) -> None:
    """Neither may go on for ever."""
    with serving(live_application({"jobs": Jobs()})) as address, upgrade(address) as connection:
        read_answer_head(connection)
        connection.sendall(first)
        with pytest.raises(ConnectionError):
            connection.sendall(again * 10_000_000)


def test_two_hundred_clients_get_the_same() -> None:
    """Each every change, while a scrape is answered."""
    jobs, clients = Jobs(**large(1)), 200

    async def follow(address: Address, ready: "asyncio.Semaphore") -> dict[str, Any]:
        async with connect_async(url(address), open_timeout=PATIENCE) as client:
            await client.send(SUBSCRIBE)
            items: dict[str, Any] = {}
            while "last" not in items:
                message = json.loads(await asyncio.wait_for(client.recv(), PATIENCE * 3))
                items.update(message.get("items") or message.get("changed") or {})
                for key in message.get("removed", ()):
                    del items[key]
                if message["type"] == "snapshot":
                    ready.release()
            return items

    async def run(address: Address) -> list[dict[str, Any]]:
        ready = asyncio.Semaphore(0)
        following = [asyncio.create_task(follow(address, ready)) for _ in range(clients)]
        for _ in range(clients):
            await asyncio.wait_for(ready.acquire(), PATIENCE * 3)
        jobs.put(**large(2), last={"lag": 0})
        return await asyncio.gather(*following)

    with serving(live_application({"jobs": jobs})) as address:
        assert asyncio.run(run(address)) == [dict(jobs.items)] * clients


def test_the_end_of_the_server_is_told() -> None:
    """By 1001, within the two seconds, although one client does not read."""
    jobs = Jobs(**{f"job-{number}": {"text": "x" * 1000} for number in range(20_000)})
    server = WebServer(live_application({"jobs": jobs}), "127.0.0.1:0")
    listening = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _: listening.set(),))
    thread.start()
    assert listening.wait(PATIENCE)
    with upgrade(server.address) as stuck, greeted(server.address) as client:
        read_answer_head(stuck)
        stuck.sendall(masked(SUBSCRIBE))
        client.send('{"type":"ping"}')
        assert received(client)["type"] == "pong"
        began = time.monotonic()
        server.stop()
        with pytest.raises(ConnectionClosed) as caught:
            received(client)
        thread.join(PATIENCE)
        assert time.monotonic() - began < 2.5
    assert not thread.is_alive()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001


def test_tls_is_spoken(tmp_path: Path) -> None:
    """The same, encrypted; messages are larger than a record."""
    authority = Authority(tmp_path)
    issued = authority.issue("server", hosts=["localhost"])
    files = f"  cert_file: {issued.certificate.name}\n  key_file: {issued.key.name}\n"
    (tmp_path / "web.yml").write_text(f"tls_server_config:\n{files}")
    security = load_web_config(tmp_path / "web.yml")
    context = ssl.create_default_context(cafile=str(authority.certificate))
    options: dict[str, Any] = {"ssl": context, "compression": None, "open_timeout": PATIENCE}
    with (
        serving(live_application({"jobs": Jobs(**large(1))}), security=security) as address,
        connect(url(address).replace("ws:", "wss:"), **options) as client,
    ):
        assert received(client)["type"] == "hello"
        client.send(SUBSCRIBE)
        assert received(client)["items"] == large(1)


def test_a_client_whose_connection_broke_resumes() -> None:
    """It gets what it has missed, and nothing else."""
    jobs = Jobs(a={"lag": 1}, b={"lag": 1})
    with serving(live_application({"jobs": jobs})) as address:
        with connect(url(address), open_timeout=PATIENCE) as client:
            epoch = received(client)["epoch"]
            client.send(SUBSCRIBE)
            sequence = received(client)["sequence"]
            client.socket.shutdown(socket.SHUT_RDWR)
        jobs.put(a={"lag": 1}, c={"lag": 1})
        with greeted(address) as client:
            resume = {"epoch": epoch, "sequences": {"jobs": sequence}}
            client.send(json.dumps({"type": "subscribe", "topics": ["jobs"], "resume": resume}))
            change = received(client)
    assert (change["type"], change["changed"], change["removed"]) == ("change", {"c": {"lag": 1}}, ["b"])


def test_a_websocket_elsewhere_is_a_problem() -> None:
    """On a socket too."""
    with serving() as address, pytest.raises(InvalidStatus) as caught, connect(url(address, "/metrics")):
        pass
    assert caught.value.response.status_code == 404
    assert json.loads(caught.value.response.body or b"")["title"] == "Not Found"
