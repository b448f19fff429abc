"""Families about the exporter itself: its build, its sources, its process."""

import functools
import platform
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from streamgauge import __version__
from streamgauge.metrics import job_store
from streamgauge.metrics.family import Family, Kind
from streamgauge.model.alerts import AlertmanagerStatus
from streamgauge.model.refusals import Refusals
from streamgauge.model.reload_status import ReloadStatus
from streamgauge.model.source_status import SourceStatus
from streamgauge.model.websocket_counts import WebSocketCounts

_SOURCE = ("source", "cluster")

BUILD_INFO = Family(
    "streamgauge_build_info",
    Kind.GAUGE,
    ("version", "python_version"),
    "1, with the versions of Streamgauge and of Python.",
)
UP = Family(
    "streamgauge_source_up",
    Kind.GAUGE,
    _SOURCE,
    "1 if the last cycle of reading brought a snapshot, 0 if it did not; absent before the first one has finished. "
    "0 for long: see the log, and streamgauge_source_errors_total for the reason.",
)
STALE = Family(
    "streamgauge_source_stale",
    Kind.GAUGE,
    _SOURCE,
    "1 while the numbers served are those of an earlier cycle, because the last one failed or is overdue. They "
    "disappear when they are older than stale_after.",
)
LAST_SUCCESS = Family(
    "streamgauge_source_last_success_timestamp_seconds",
    Kind.GAUGE,
    _SOURCE,
    "When the last good snapshot was read, in seconds since the epoch: the age of every number of this source.",
)
INTERVAL = Family(
    "streamgauge_source_interval_seconds",
    Kind.GAUGE,
    _SOURCE,
    "Seconds from the start of one cycle to that of the next (interval in the configuration), served whether it has "
    "been read or not: what the age of its numbers and the duration of its cycles are to be compared with.",
)
DURATION = Family(
    "streamgauge_source_duration_seconds",
    Kind.GAUGE,
    _SOURCE,
    "How long the last cycle took. Near the interval: cycles begin to be skipped; raise the interval.",
)
ERRORS = Family(
    "streamgauge_source_errors_total",
    Kind.COUNTER,
    (*_SOURCE, "stage", "code"),
    "Parts that could not be read, by stage and by the outside's own name of the error "
    "(SASL_AUTHENTICATION_FAILED, REQUEST_TIMED_OUT, ...). What it names is absent or stale, never 0.",
)
REQUESTS = Family(
    "streamgauge_kafka_requests_total",
    Kind.COUNTER,
    ("cluster", "api"),
    "Requests sent to the brokers, by Kafka's name of the API, handshakes too: the load that we put on them.",
)
RELOAD_SUCCESSFUL = Family(
    "streamgauge_config_last_reload_successful",
    Kind.GAUGE,
    (),
    "1 if the configuration was read and applied when it was last read, at the start or by a reload; 0 if it was "
    "refused, and the one before it is still in force. The log says why.",
)
RELOAD_SUCCESS_TIME = Family(
    "streamgauge_config_last_reload_success_timestamp_seconds",
    Kind.GAUGE,
    (),
    "When the configuration that is in force was read, at the start or by a reload, in seconds since the epoch.",
)
ALERTMANAGER_UP = Family(
    "streamgauge_alertmanager_up",
    Kind.GAUGE,
    (),
    "1 if the configured Alertmanager answered the last request as it should, 0 if it did not; absent before the "
    "first, and where none is configured. It is asked only while somebody reads alerts. 0: the log says why.",
)
ALERTMANAGER_REQUESTS = Family(
    "streamgauge_alertmanager_requests_total",
    Kind.COUNTER,
    ("operation",),
    "Requests sent to Alertmanager (list_alerts, list_silences, create_silence, expire_silence), repeated ones too.",
)
ALERTMANAGER_FAILED = Family(
    "streamgauge_alertmanager_requests_failed_total",
    Kind.COUNTER,
    ("operation",),
    "Those of them that were not answered, not in time, or not as they should be.",
)
REFUSED_REQUESTS = Family(
    "streamgauge_web_refused_requests_total",
    Kind.COUNTER,
    ("reason",),
    "Requests that were refused before they got to what they asked for: unauthorized, forbidden, body_too_large, "
    "too_many_requests, timeout (a body that did not arrive), bad_origin, bad_media_type. Growing: a client has a "
    "wrong token or writes too much; the logger streamgauge.web.audit names it.",
)
WEBSOCKET_CLIENTS = Family(
    "streamgauge_websocket_clients",
    Kind.GAUGE,
    (),
    "Clients that are connected to the WebSocket /api/v1/ws now. Above 256 new ones get 503.",
)
WEBSOCKET_MESSAGES = Family(
    "streamgauge_websocket_messages_total",
    Kind.COUNTER,
    ("direction",),
    "Messages sent to clients of the WebSocket and received from them (direction: sent, received). Sent falls behind "
    "one a second, client and topic where clients ask for longer intervals, nothing changes, or they do not keep up.",
)

FAMILIES = (
    BUILD_INFO,
    RELOAD_SUCCESSFUL,
    RELOAD_SUCCESS_TIME,
    UP,
    STALE,
    LAST_SUCCESS,
    INTERVAL,
    DURATION,
    ERRORS,
    REQUESTS,
    ALERTMANAGER_UP,
    ALERTMANAGER_REQUESTS,
    ALERTMANAGER_FAILED,
    REFUSED_REQUESTS,
    WEBSOCKET_CLIENTS,
    WEBSOCKET_MESSAGES,
    *job_store.FAMILIES,
)

OwnSample = tuple[Family, tuple[str, ...], float]
"""A sample of one of these families: its labels' values and its number."""


def render(
    statuses: Sequence[SourceStatus],
    *,
    openmetrics: bool,
    reload: ReloadStatus | None = None,
    own: Iterable[OwnSample] = (),
) -> str:
    """These families and the process's own, in the text format or OpenMetrics without its end mark."""
    lines: dict[str, list[str]] = {family.name: [] for family in FAMILIES}
    lines[BUILD_INFO.name].append(BUILD_INFO.sample((__version__, platform.python_version()), 1))
    if reload is not None:
        lines[RELOAD_SUCCESSFUL.name].append(RELOAD_SUCCESSFUL.sample((), int(reload.successful)))
        lines[RELOAD_SUCCESS_TIME.name].append(RELOAD_SUCCESS_TIME.sample((), reload.last_success))
    for status in statuses:
        _render_status(status, lines)
    for family, labels, number in own:
        lines[family.name].append(family.sample(labels, number))
    ours = "".join(
        family.header(openmetrics=openmetrics) + "".join(lines[family.name])
        for family in FAMILIES
        if lines[family.name]
    )
    generate = generate_openmetrics if openmetrics else generate_latest
    return ours + generate(_process_registry()).decode().removesuffix("# EOF\n")


def refused_samples(refusals: Refusals) -> Iterator[OwnSample]:
    """How many requests the web has refused, by every reason that there is."""
    for reason, count in refusals.counts().items():
        yield REFUSED_REQUESTS, (reason,), count


def websocket_samples(counts: WebSocketCounts) -> Iterator[OwnSample]:
    """How many WebSockets there are, and what has gone through them."""
    yield WEBSOCKET_CLIENTS, (), counts.clients
    yield WEBSOCKET_MESSAGES, ("sent",), counts.sent
    yield WEBSOCKET_MESSAGES, ("received",), counts.received


def alertmanager_samples(status: AlertmanagerStatus | None) -> Iterator[OwnSample]:
    """How asking Alertmanager goes; nothing where none is configured."""
    if status is None:
        return
    if status.up is not None:
        yield ALERTMANAGER_UP, (), int(status.up)
    for operation, count in sorted(status.requests.items()):
        yield ALERTMANAGER_REQUESTS, (operation,), count
    for operation, count in sorted(status.failed.items()):
        yield ALERTMANAGER_FAILED, (operation,), count


@functools.cache
def _process_registry() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _render_status(status: SourceStatus, lines: dict[str, list[str]]) -> None:
    labels = (status.source, status.cluster)
    lines[INTERVAL.name].append(INTERVAL.sample(labels, status.interval))
    if status.up is not None:
        lines[UP.name].append(UP.sample(labels, int(status.up)))
        lines[STALE.name].append(STALE.sample(labels, int(status.stale)))
    if status.last_success is not None:
        lines[LAST_SUCCESS.name].append(LAST_SUCCESS.sample(labels, status.last_success))
    if status.last_duration is not None:
        lines[DURATION.name].append(DURATION.sample(labels, status.last_duration))
    for (stage, code), count in sorted(status.errors.items()):
        lines[ERRORS.name].append(ERRORS.sample((*labels, stage, code), count))
    for api, count in sorted(status.requests.items()):
        lines[REQUESTS.name].append(REQUESTS.sample((status.cluster, api), count))
