"""The server on a real socket: its address, how it starts and how it ends."""

import asyncio
import contextlib
import errno
import http.client
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from streamgauge.errors import AddressInUseError, ConfigError
from streamgauge.web.server import Address, WebServer, serve
from tests.web.serving import PATIENCE, connected, read_answer, serving

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
ROOT = Path(__file__).parents[2]


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that is never asked."""


def test_a_free_port_is_taken_and_told() -> None:
    """Port 0 takes one; the callback gets the address once requests are taken."""
    with serving() as address:
        assert address.scheme == "http"
        assert address.port > 0
        assert address.url == f"http://127.0.0.1:{address.port}/"
        connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        assert connection.getresponse().read() == b"kafka_brokers 3\n"
        connection.close()


def test_a_connection_serves_many_requests() -> None:
    """Prometheus need not connect anew for each scrape."""
    with serving() as address, connected(address) as connection:
        for _ in range(3):
            connection.sendall(GET)
            assert read_answer(connection).endswith(b"kafka_brokers 3\n")


def test_an_answer_does_not_wait_for_the_one_that_reads_it() -> None:
    """Head and body are written one after the other: the body must not wait until the head was acknowledged.

    That takes a client 40 ms, on a connection that has served a few requests.
    """
    with serving() as address, connected(address) as connection:
        taken = []
        for _ in range(12):
            asked = time.perf_counter()
            connection.sendall(GET)
            read_answer(connection)
            taken.append(time.perf_counter() - asked)
        assert min(taken[4:]) < 0.03


def test_head_answers_without_a_body() -> None:
    """On a socket too: the next answer begins where the head ended."""
    with serving() as address, connected(address) as connection:
        connection.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
        found = b""
        while not found.endswith(b"kafka_brokers 3\n"):
            found += connection.recv(65536)
        assert found.count(b"HTTP/1.1 200 OK") == 2
        assert found.count(b"kafka_brokers") == 1


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address("http", "::", 9308), "http://localhost:9308/"),
        (Address("http", "0.0.0.0", 9308), "http://localhost:9308/"),
        (Address("https", "::1", 443), "https://[::1]:443/"),
        (Address("http", "10.0.0.7", 80), "http://10.0.0.7:80/"),
    ],
)
def test_the_address_is_one_that_can_be_opened(address: Address, url: str) -> None:
    """A server that listens everywhere is reached at localhost."""
    assert address.url == url


def test_without_a_host_every_address_is_listened_on() -> None:
    """IPv4 is one of them."""
    server = WebServer(nothing, ":0")
    try:
        with socket.create_connection(("127.0.0.1", server.address.port), PATIENCE):
            pass
    finally:
        server.close()


def test_a_taken_address_is_known_before_anything_starts() -> None:
    """With the flag that helps; the address is taken when the server is made."""
    first = WebServer(nothing, "127.0.0.1:0")
    taken = f"127.0.0.1:{first.address.port}"
    try:
        with pytest.raises(AddressInUseError) as caught:
            WebServer(nothing, taken)
    finally:
        first.close()
    assert str(caught.value) == f"{taken} is in use by another program; choose another address with --listen"
    WebServer(nothing, taken).close()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (
            errno.EACCES,
            (
                ":80 may not be listened on without more rights (ports below 1024 are the system's); "
                "choose another address with --listen"
            ),
        ),
        (errno.EADDRNOTAVAIL, ":80 is not an address of this machine; choose another address with --listen"),
        (errno.EMFILE, "cannot listen on :80: Too many open files; choose another address with --listen"),
    ],
)
def test_an_address_that_cannot_be_taken_is_explained(
    number: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason."""

    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(number, errno.errorcode[number])

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ConfigError) as caught:
        WebServer(nothing, ":80")
    assert str(caught.value).replace("EMFILE", "Too many open files") == message


@pytest.mark.parametrize("listen", ["9308", "localhost", "localhost:", ":http", ":-1", ":65536", ":٣", ""])
def test_what_is_no_address_is_refused(listen: str) -> None:
    """With an example of what is."""
    with pytest.raises(ConfigError) as caught:
        WebServer(nothing, listen)
    assert str(caught.value) == f"--listen {listen!r} is not an address; write host:port or :port, for example :9308"


def test_a_host_that_does_not_resolve_is_refused() -> None:
    """By name."""
    with pytest.raises(ConfigError, match=r"cannot resolve 'no such host' of --listen no such host:9308: "):
        WebServer(nothing, "no such host:9308")


def test_stopping_does_not_wait_for_clients() -> None:
    """Not for an idle one, a half request, an open connection, or an answer that never ends."""
    asked = threading.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        while True:
            await receive()

    server = WebServer(hang, "127.0.0.1:0")
    listening = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _: listening.set(),))
    thread.start()
    assert listening.wait(PATIENCE)
    with connected(server.address), connected(server.address) as half, connected(server.address) as hanging:
        half.sendall(b"GET /met")
        hanging.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        assert asked.wait(PATIENCE)
        began = time.monotonic()
        server.stop()
        thread.join(PATIENCE)
        assert time.monotonic() - began < 2
        assert not thread.is_alive()
    WebServer(nothing, f"127.0.0.1:{server.address.port}").close()


def test_an_answer_under_way_is_finished() -> None:
    """Being told to end is no reason to cut a scrape."""
    asked, go_on = threading.Event(), threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await asyncio.to_thread(go_on.wait)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    server = WebServer(slow, "127.0.0.1:0")
    listening = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _: listening.set(),))
    thread.start()
    assert listening.wait(PATIENCE)
    with connected(server.address) as connection:
        connection.sendall(GET)
        assert asked.wait(PATIENCE)
        server.stop()
        with contextlib.suppress(ConnectionError):
            while True:  # until nobody listens: it is ending
                connected(server.address).close()
        go_on.set()
        assert read_answer(connection).endswith(b"ok")
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_makes_serve_return(number: signal.Signals) -> None:
    """In the main thread; it returns rather than dies, so that what comes after it is done."""
    program = (
        "from streamgauge.web.server import serve\n"
        "async def application(scope, receive, send): pass\n"
        "serve(application, '127.0.0.1:0', on_listening=lambda address: print(address.port, flush=True))\n"
        "print('returned', flush=True)\n"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(ROOT / "exporter")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), PATIENCE):
            began = time.monotonic()
            process.send_signal(number)
            assert process.stdout.readline() == "returned\n"
            assert time.monotonic() - began < 2
        assert process.wait(PATIENCE) == 0


def test_signal_handlers_are_given_back() -> None:
    """What was set before is set again."""
    before = signal.getsignal(signal.SIGTERM)
    serve(nothing, "127.0.0.1:0", on_listening=lambda _: signal.raise_signal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is before


def test_logging_is_left_to_the_program(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it listens, by our name; uvicorn's own handlers and lines stay out."""
    with caplog.at_level(logging.INFO), serving() as address:
        pass
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("streamgauge.web.server", f"listening on {address.url}")
    ]
    assert not logging.getLogger("uvicorn").handlers
