"""An application's metrics as text: like prometheus_client writes them, and over HTTP."""

import http.client
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

import streamgauge_sdk as gauge
from streamgauge.metrics import applications as exporters
from streamgauge_sdk._application import Application
from streamgauge_sdk._application_reporter import Identity, Snapshot, System
from streamgauge_sdk._metrics_page import exposition
from streamgauge_sdk._metrics_server import MOST_CONNECTIONS, OPENMETRICS, TEXT, MetricsServer
from streamgauge_sdk._registry import ApplicationCollector
from tests.sdk.application_process import Client, fresh_program

AWKWARD = 'say "hi"\\\nand \\n go'
FULL = System(cpu_seconds_total=12.5, memory_bytes=123_456_789, threads=3, processes=2)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """This process as a program that has told nothing so far."""
    with fresh_program(monkeypatch) as client:
        yield client


def _snapshot(*, system: System = FULL, name: str = "shop") -> Snapshot:
    counts = Application()
    for duration in (0.001, 0.3, 77.0):
        counts.record_action("click", duration, success=duration < 1)
        counts.record_event(duration, success=True)
    for _ in range(3):
        counts.record_action("öffnen", 1_234_567.25, success=True)
    counts.begin("save")
    return Snapshot(Identity(name, "here-1"), counts.activity(), {"inbox": 3, AWKWARD: 2.5, "zero": 0}, system)


def _registry(snapshot: Snapshot) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(ApplicationCollector(lambda: snapshot))
    return registry


SNAPSHOTS = pytest.mark.parametrize(
    "snapshot",
    [
        _snapshot(),
        _snapshot(name=AWKWARD),
        _snapshot(system=System(memory_bytes=1_000_000)),
        Snapshot(Identity("idle", "here-1"), Application().activity(), {}, System()),
    ],
    ids=["full", "awkward names", "little known", "nothing done"],
)


@SNAPSHOTS
def test_the_text_is_what_prometheus_client_writes(snapshot: Snapshot) -> None:
    """Through the collector its writer gives the same bytes."""
    assert exposition(snapshot).encode() == generate_latest(_registry(snapshot))


@SNAPSHOTS
def test_openmetrics_is_what_prometheus_client_writes(snapshot: Snapshot) -> None:
    """In the other format too, down to the end mark."""
    expected = generate_openmetrics(_registry(snapshot))  # type: ignore[no-untyped-call]  # it has no types
    assert exposition(snapshot, openmetrics=True).encode() == expected


def _values(families: Iterator[Metric]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@SNAPSHOTS
def test_both_formats_are_read_back_the_same(snapshot: Snapshot) -> None:
    """prometheus_client's parsers find the same values in both, quotes and newlines in names included."""
    text = _values(iter(parse_text(exposition(snapshot))))
    families = parse_openmetrics(exposition(snapshot, openmetrics=True))  # type: ignore[no-untyped-call]  # as above
    assert text == _values(families)
    depths = {dict(labels)["queue"]: value for (name, labels), value in text.items() if name == "app_queue_depth"}
    assert depths == snapshot.queues


def test_the_families_are_the_exporters() -> None:
    """Names, types, labels and values are those that the exporter has; buckets are cumulative."""
    text = exposition(_snapshot())
    values = _values(iter(parse_text(text)))
    shop, process = ("application", "shop"), ("process", "here-1")
    theirs = [family for family in exporters.FAMILIES if family is not exporters.LAST_SEEN]  # the exporter's own clock
    assert {(name, frozenset(label for label, _ in labels)) for name, labels in values} == {
        (name, frozenset(labels)) for family in theirs for name, labels in family.series.items()
    }
    for family in theirs:
        assert f"# TYPE {family.name} {family.kind}\n" in text
    assert values["app_actions_total", (("action", "click"), shop)] == 3
    assert values["app_actions_failed_total", (("action", "click"), shop)] == 1
    assert values["app_actions_running", (("action", "save"), shop)] == 1
    assert values["app_action_duration_seconds_bucket", (("action", "click"), shop, ("le", "0.5"))] == 2
    assert values["app_event_processing_seconds_bucket", (shop, ("le", "+Inf"))] == 3
    assert values["app_cpu_seconds_total", (shop,)] == 12.5
    assert values["app_memory_bytes", (shop, process)] == 123_456_789
    assert (values["app_threads", (shop, process)], values["app_processes", (shop, process)]) == (3, 2)


def test_what_is_unknown_has_no_line() -> None:
    """Neither a 0 nor a family without lines."""
    text = exposition(_snapshot(system=System()))
    assert "app_cpu_seconds" not in text
    assert "app_memory_bytes" not in text


def _get(port: int, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("Application/OpenMetrics-Text; version=1.0.0; q=0.6, text/plain; version=0.0.4; q=0.5", OPENMETRICS),
        ("application/openmetrics-text;q=0.4,text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=much", TEXT),
    ],
)
def test_the_format_follows_accept(client: Client, accept: str, kind: str) -> None:
    """OpenMetrics for who asks for it at least as much as for text."""
    port = gauge.serve_metrics(0)
    assert port is not None
    assert _get(port, Accept=accept)[1] == kind


def test_a_program_serves_itself(client: Client) -> None:
    """One call, and what was counted is there, in the format that is asked for; nothing is pushed."""
    client.settings_now = replace(client.settings_now, application_interval=3600.0)
    gauge.application("shop")
    port = gauge.serve_metrics(0)
    assert port is not None
    gauge.record_event(0.5)
    status, kind, text = _get(port)
    assert (status, kind) == (200, TEXT)
    assert 'app_events_total{application="shop"} 1.0' in text
    status, kind, text = _get(port, Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert (status, kind) == (200, OPENMETRICS)
    assert text.endswith("# EOF\n")
    assert _get(port, method="HEAD") == (200, TEXT, "")
    assert _get(port, "/secret")[0] == 404
    for call in client.exits:
        call()
    assert not client.events


def test_the_same_address_again_is_the_same_server(client: Client) -> None:
    """Two modules of a program may both call it; another address takes the place of the one before."""
    first = gauge.serve_metrics(0)
    assert first is not None
    assert gauge.serve_metrics(0) == first
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert gauge.serve_metrics(port) == port
    with pytest.raises(ConnectionRefusedError):
        _get(first)


@pytest.mark.parametrize(("port", "address"), [(-1, "127.0.0.1"), (70_000, "127.0.0.1"), (0, "192.0.2.1")])
def test_an_address_that_cannot_be_is_logged(
    client: Client, caplog: pytest.LogCaptureFixture, port: int, address: str
) -> None:
    """The program goes on, and still pushes."""
    assert gauge.serve_metrics(port, address) is None
    assert "metrics are not served" in caplog.text


def test_a_port_that_is_taken_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The program goes on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert gauge.serve_metrics(taken.getsockname()[1]) is None
    assert "metrics are not served" in caplog.text


def test_idle_clients_are_bounded() -> None:
    """Who holds connections open keeps a bounded number of threads; one more is turned away at once."""
    server = MetricsServer(lambda *, openmetrics: str(openmetrics), port=0, address="127.0.0.1")
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(MOST_CONNECTIONS)]
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as further:
            assert further.recv(1) == b""
    finally:
        for client in idle:
            client.close()
        server.close()


def test_a_registry_of_the_program_takes_the_collector(client: Client) -> None:
    """What the program counts stands beside its own metrics."""
    gauge.application("shop")
    registry = CollectorRegistry()
    registry.register(gauge.collector())
    gauge.record_event(0.5)
    assert registry.get_sample_value("app_events_total", {"application": "shop"}) == 1
    assert 'app_events_total{application="shop"} 1.0' in gauge.exposition()
