"""Serves an application's metrics over HTTP. It is imported by who serves: http.server takes long to import."""

import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import AF_INET, AF_INET6, socket
from typing import Any, ClassVar

from streamgauge_sdk._faults import log

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

MOST_CONNECTIONS = 16
"""How many clients are answered at a time; a further one is turned away at once."""


def _takes_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics is asked for by name, and not less than plain text."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            weights[kind] = max(float(weight), weights.get(kind, 0.0))
        except ValueError:
            continue  # a weight that is no number is no wish
    wish = weights.get("application/openmetrics-text", 0.0)
    return wish > 0 and wish >= weights.get("text/plain", 0.0)


class _Page(BaseHTTPRequestHandler):
    """Answers GET and HEAD of /metrics."""

    exposition: ClassVar[Callable[..., str]]
    timeout = 10  # of each read and write: a client that does nothing keeps no thread
    server_version = "streamgauge-sdk"
    sys_version = ""

    def do_GET(self) -> None:
        """Send the metrics."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what GET would, without the metrics."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
        """Keep the program's output free of requests."""
        log.debug("metrics page: " + format, *args)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if path not in ("/", "/metrics"):
            self.send_error(404)
            return
        openmetrics = _takes_openmetrics(self.headers.get("Accept", ""))
        body = type(self).exposition(openmetrics=openmetrics).encode()
        self.send_response(200)
        self.send_header("Content-Type", OPENMETRICS if openmetrics else TEXT)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Vary", "Accept")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 2 * MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], page: type[_Page]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, page)

    def server_bind(self) -> None:
        # HTTPServer would ask the DNS for the machine's full name, which may take long.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:  # noqa: ARG002 - the base class calls it so
        """Keep a client that went away out of the program's output."""
        log.debug("metrics page: a request failed", exc_info=True)


class MetricsServer:
    """Serves metrics over HTTP from daemon threads."""

    def __init__(self, exposition: Callable[..., str], *, port: int, address: str) -> None:
        """Bind and begin to serve.

        Args:
            exposition: returns the page; takes `openmetrics`.
            port: where to listen; 0 for any free one.
            address: of the interface to listen at.

        Raises:
            OSError: when it cannot listen there.
            OverflowError: when there is no such port.
        """
        page = type("Page", (_Page,), {"exposition": staticmethod(exposition)})
        self._server = _Server((address, port), page)
        self.port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.2},  # how soon `close` is heard
            name="streamgauge-metrics-page",
            daemon=True,
        ).start()

    def close(self) -> None:
        """Stop to serve, and free the port."""
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Close a forked child's copy of the socket; the parent goes on serving."""
        self._server.socket.close()
