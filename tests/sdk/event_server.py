"""A real HTTP server that takes events as the exporter does, keeps them, and fails as it is told."""

import gzip
import json
import threading
from collections import deque
from collections.abc import Mapping
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Event = dict[str, Any]


class Fault(Enum):
    """What goes wrong with one request."""

    DROPPED = "the connection is closed before anything is stored"
    LOST = "everything is stored, the answer is not sent"
    BROKEN = "500"
    BUSY = "503"
    LIMITED = "429"
    TOO_LARGE = "413"
    UNREADABLE = "400"
    FORBIDDEN = "401"
    MOVED = "302"
    STRANGER = "200 from something that is no exporter"
    HANGS = "no answer until the server is released"


_STATUSES = {
    Fault.BROKEN: 500,
    Fault.BUSY: 503,
    Fault.LIMITED: 429,
    Fault.TOO_LARGE: 413,
    Fault.UNREADABLE: 400,
    Fault.FORBIDDEN: 401,
    Fault.MOVED: 302,
}


class EventServer:
    """The exporter's side of contract A, on loopback.

    Attributes:
        faults: what goes wrong with the next requests, one each.
        always: what goes wrong with all the others.
        requests: the headers of each request, and how many events it had.
        refuses: names of events that are wrong for ever, by their `name`.
    """

    def __init__(self, port: int = 0) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, Event] = {}
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self.retry_after: str | None = None
        self.requests: list[tuple[Mapping[str, str], int]] = []
        self.refuses: frozenset[str] = frozenset()
        self.duplicates = 0
        self.most = 1000
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def events(self) -> list[Event]:
        """What it took, each once, in the order of first arrival."""
        with self._lock:
            return list(self._events.values())

    def of(self, kind: str, **fields: object) -> list[Event]:
        """The events of a type with these fields."""
        return [
            each
            for each in self.events
            if each["type"] == kind and all(each.get(name) == value for name, value in fields.items())
        ]

    def types(self) -> list[str]:
        """The types of the events, without resources, whose number is a matter of time."""
        return [each["type"] for each in self.events if each["type"] not in ("resources", "heartbeat")]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, headers: Mapping[str, str], events: int) -> Fault | None:
        """What goes wrong now."""
        with self._lock:
            self.requests.append((headers, events))
            return self.faults.popleft() if self.faults else self.always

    def take(self, events: list[Event]) -> dict[str, Any]:
        """Store a batch and say what came of it."""
        rejected = []
        accepted = 0
        with self._lock:
            for index, event in enumerate(events):
                if event.get("name") in self.refuses:
                    rejected.append({"index": index, "id": event["id"], "reason": "name: not liked"})
                elif event["id"] in self._events:
                    self.duplicates += 1
                else:
                    self._events[event["id"]] = event
                    accepted += 1
        return {
            "accepted": accepted,
            "duplicates": len(events) - accepted - len(rejected),
            "rejected": rejected,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


def _answer_to(server: EventServer, fault: Fault | None, events: list[Event]) -> tuple[int, object]:
    if len(events) > server.most:
        return 413, {}
    if fault is None:
        return 200, server.take(events)
    return _STATUSES.get(fault, 200), {"hello": "world"}


def _handler(server: EventServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            events = json.loads(body)["events"]
            assert len(body) <= 1 << 20
            fault = server.next_fault(dict(self.headers), len(events))
            if fault is Fault.HANGS:
                server.released.wait()
            if fault is Fault.LOST:
                server.take(events)
            if fault in (Fault.DROPPED, Fault.HANGS, Fault.LOST):
                self.close_connection = True
                return
            self._answer(*_answer_to(server, fault, events))

        def _answer(self, status: int, what: object) -> None:
            text = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            if server.retry_after is not None and status in (429, 503):
                self.send_header("Retry-After", server.retry_after)
            if status == 302:
                self.send_header("Location", "http://localhost:1/elsewhere")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """A test's output is its own."""

    return Handler
