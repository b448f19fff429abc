"""Runs a real server on a free port of this machine, for as long as a test needs it."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from starlette.types import ASGIApp

from streamgauge.web.application import create_application
from streamgauge.web.connection import Limits
from streamgauge.web.security import WebSecurity
from streamgauge.web.server import Address, WebServer
from streamgauge.web.writes import Access
from tests.web.examples import store

PATIENCE = 10  # seconds that a test waits for what must happen; it happens much sooner


@contextlib.contextmanager
def serving(
    application: ASGIApp | None = None, *, security: WebSecurity | None = None, limits: Limits | None = None
) -> Iterator[Address]:
    """A server in a thread; by default of the whole application with an example store."""
    application = application or create_application(
        store(), version="1.2.3", refresh_seconds=5, security=security, access=Access(loopback=True)
    )
    server = WebServer(application, "127.0.0.1:0", security=security, limits=limits)
    listening = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _: listening.set(),))
    thread.start()
    try:
        assert listening.wait(PATIENCE)
        yield server.address
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def connected(address: Address) -> socket.socket:
    """A connection that has sent nothing yet."""
    return socket.create_connection((address.host, address.port), PATIENCE)


def read_to_the_end(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection; an error of it counts as the end."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


def read_answer(connection: socket.socket) -> bytes:
    """One answer with a length, head and body."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = connection.recv(65536)
        assert piece, f"closed after {found!r}"
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
