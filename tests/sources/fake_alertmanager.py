"""What Alertmanager's API v2 is, on the loopback interface: it keeps silences, and fails as a test wants it to."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Json = dict[str, Any]
Fault = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeAlertmanager:
    """Use it in a `with` statement.

    Attributes:
        alerts: what it has, as its API tells them, without the silences' part.
        silences: by id.
        fault: answers in its place, while it is set.
        asked: every request, in order.
    """

    alerts: list[Json] = field(default_factory=list)
    silences: dict[str, Json] = field(default_factory=dict)
    fault: Fault | None = None
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake._take(self)

            def do_POST(self) -> None:
                fake._take(self)

            def do_DELETE(self) -> None:
                fake._take(self)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def paths(self, method: str = "GET") -> list[str]:
        """What was asked for so far."""
        return [each.path for each in self.asked if each.method == method]

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.asked.append(Asked(handler.command, handler.path, dict(handler.headers), body))
        with suppress(ConnectionError):  # who asked may have gone
            if self.fault is not None:
                self.fault(handler)
            else:
                answer(handler, 200, self._answer(handler.command, handler.path, body))

    def _answer(self, method: str, path: str, body: bytes) -> object:
        if method == "POST":
            silence = json.loads(body)
            silence["id"] = silence.get("id") or f"silence-{len(self.silences) + 1}"
            self.silences[silence["id"]] = {**silence, "status": {"state": "active"}}
            return {"silenceID": silence["id"]}
        if method == "DELETE":
            self.silences[path.rpartition("/")[2]]["status"] = {"state": "expired"}
            return None
        return (
            list(self.silences.values()) if path.endswith("/silences") else [self._seen(each) for each in self.alerts]
        )

    def _seen(self, alert: Json) -> Json:
        by = [
            name
            for name, silence in self.silences.items()
            if silence["status"]["state"] == "active"
            and all(alert["labels"].get(each["name"]) == each["value"] for each in silence["matchers"])
        ]
        return {**alert, "status": {"state": "suppressed" if by else "active", "silencedBy": by, "inhibitedBy": []}}


def silent_until(over: threading.Event) -> Fault:
    """A fault: nothing is answered before that."""

    def wait(_: BaseHTTPRequestHandler) -> None:
        over.wait(10)

    return wait


def answer(handler: BaseHTTPRequestHandler, status: int, document: object, **headers: str) -> None:
    """Send a document."""
    raw(handler, status, json.dumps(document).encode(), **headers)


def raw(handler: BaseHTTPRequestHandler, status: int, content: bytes, **headers: str) -> None:
    """Send bytes."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def alert(name: str = "KafkaConsumerGroupStopped", fingerprint: str = "", **labels: str) -> Json:
    """An alert as Alertmanager tells it."""
    labels = {"alertname": name, "severity": "warning", **labels}
    return {
        "fingerprint": fingerprint or sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16],
        "labels": labels,
        "annotations": {"summary": f"{name} fires", "runbook_url": f"http://runbooks.example/{name}"},
        "startsAt": "2026-01-01T12:00:00.000Z",
        "endsAt": "2026-01-01T12:05:00.000Z",
        "updatedAt": "2026-01-01T12:01:00.000Z",
        "receivers": [{"name": "slack"}],
    }


def silence(matchers: Mapping[str, str], author: str = "bob", comment: str = "maintenance") -> Json:
    """A silence that somebody made in Alertmanager."""
    return {
        "id": f"by-{author}",
        "matchers": [{"name": k, "value": v, "isRegex": False, "isEqual": True} for k, v in matchers.items()],
        "startsAt": "2026-01-01T12:00:00.000Z",
        "endsAt": "2026-01-02T12:00:00.000Z",
        "createdBy": author,
        "comment": comment,
        "status": {"state": "active"},
    }
