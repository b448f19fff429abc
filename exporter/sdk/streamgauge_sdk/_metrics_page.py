"""Writes an application's snapshot as metrics, and serves them: for programs that Prometheus scrapes themselves.

The families have the exporter's names, so that dashboards and rules do not tell who was scraped.
"""

import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import accumulate
from socket import AF_INET, AF_INET6, socket
from typing import Any, ClassVar

from streamgauge_sdk._application import BOUNDS, Counts
from streamgauge_sdk._application_reporter import Snapshot

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

MOST_CONNECTIONS = 16
"""How many clients are answered at a time; a further one is turned away at once."""

_LONG = 6
_log = logging.getLogger("streamgauge_sdk")


@dataclass(frozen=True)
class Sample:
    """One line: `suffix` follows the family's name."""

    suffix: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """All lines of one metric; `name` is without the `_total` of a counter."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def families(snapshot: Snapshot) -> list[Family]:
    """Return the metrics of a snapshot; what is unknown has no line, and a family without lines is left out."""
    application = {"application": snapshot.identity.application}
    found = [*_actions(snapshot, application), *_events(snapshot, application), *_gauges(snapshot, application)]
    return [family for family in found if family.samples]


def exposition(snapshot: Snapshot, *, openmetrics: bool = False) -> str:
    """Return a snapshot in Prometheus' text format 0.0.4, or in OpenMetrics 1.0."""
    lines = [line for family in families(snapshot) for line in _lines(family, openmetrics=openmetrics)]
    if openmetrics:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines)


def _actions(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    by_action = [({**application, "action": name}, counts) for name, counts in snapshot.activity.actions.items()]
    yield Family(
        "app_actions",
        "counter",
        "Actions that ended, failed ones included, since the process started.",
        tuple(Sample("_total", labels, counts.total) for labels, counts in by_action),
    )
    yield Family(
        "app_actions_failed",
        "counter",
        "Actions that ended with an exception or were recorded as failed.",
        tuple(Sample("_total", labels, counts.failed) for labels, counts in by_action),
    )
    yield Family(
        "app_actions_running",
        "gauge",
        "Actions that were begun and have not ended.",
        tuple(Sample("", labels, counts.running) for labels, counts in by_action),
    )
    yield Family(
        "app_action_duration_seconds",
        "histogram",
        "How long actions took from their begin to their end.",
        tuple(sample for labels, counts in by_action for sample in _histogram(labels, counts)),
    )


def _events(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    counts = snapshot.activity.events
    if counts is None:
        return
    yield Family(
        "app_events",
        "counter",
        "Events that were processed, failed ones included, since the process started.",
        (Sample("_total", application, counts.total),),
    )
    yield Family(
        "app_events_failed",
        "counter",
        "Events whose processing failed.",
        (Sample("_total", application, counts.failed),),
    )
    yield Family(
        "app_event_processing_seconds",
        "histogram",
        "How long the processing of an event took.",
        tuple(_histogram(application, counts)),
    )


def _gauges(snapshot: Snapshot, application: dict[str, str]) -> Iterator[Family]:
    process = {**application, "process": snapshot.identity.process}
    system = snapshot.system
    yield Family(
        "app_queue_depth",
        "gauge",
        "How much waits in a queue of the process; absent while that is unknown.",
        tuple(Sample("", {**process, "queue": name}, depth) for name, depth in snapshot.queues.items()),
    )
    yield Family(
        "app_cpu_seconds",
        "counter",
        "CPU that the process consumed, without its children.",
        _one("_total", application, system.cpu_seconds_total),
    )
    yield Family(
        "app_memory_bytes",
        "gauge",
        "Resident memory of the process, without its children.",
        _one("", process, system.memory_bytes),
    )
    yield Family("app_threads", "gauge", "Threads of the process.", _one("", process, system.threads))
    yield Family(
        "app_processes",
        "gauge",
        "The process and its descendants that run.",
        _one("", process, system.processes),
    )


def _one(suffix: str, labels: dict[str, str], value: float | None) -> tuple[Sample, ...]:
    return () if value is None else (Sample(suffix, labels, value),)


def _histogram(labels: dict[str, str], counts: Counts) -> Iterator[Sample]:
    bounds = [*(_number(bound) for bound in BOUNDS), "+Inf"]
    for bound, within in zip(bounds, accumulate(counts.durations.buckets), strict=True):
        yield Sample("_bucket", {**labels, "le": bound}, within)
    yield Sample("_count", labels, counts.durations.count)
    yield Sample("_sum", labels, counts.durations.sum)


def _lines(family: Family, *, openmetrics: bool) -> Iterator[str]:
    # OpenMetrics describes a counter without its suffix, the older format with it.
    described = family.name if openmetrics or family.kind != "counter" else f"{family.name}_total"
    yield f"# HELP {described} {family.help}"
    yield f"# TYPE {described} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(sample.labels.items()))
        yield f"{family.name}{sample.suffix}{{{labels}}} {_number(sample.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """Write a number that is finite and not negative as Go does, whose exponents begin at a million."""
    text = repr(float(value))
    whole, point, fraction = text.partition(".")
    if len(whole) <= _LONG or not point:
        return text
    digits = f"{whole[1:]}{fraction}".rstrip("0")
    return f"{whole[0]}{'.' if digits else ''}{digits}e+{len(whole) - 1:02d}"


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
        _log.debug("metrics page: " + format, *args)

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
        _log.debug("metrics page: a request failed", exc_info=True)


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
