"""How events reach the exporter when it fails, is slow, or is away: all of them, once, in order."""

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import streamgauge_sdk as gauge
from streamgauge_sdk import _client
from streamgauge_sdk._http import Poster
from streamgauge_sdk._settings import Settings
from streamgauge_sdk._stats import Tally
from streamgauge_sdk._transport import Transport
from tests.sdk.event_server import EventServer, Fault
from tests.services.polling import eventually


@contextmanager
def _transport(url: str, spool: Path | None, **changes: object) -> Iterator[tuple[Transport, Tally]]:
    hasty: dict[str, object] = {"linger": 0.005, "retry": 0.002, "retry_limit": 0.01, "timeout": 5.0}
    chosen = Settings().with_changes(url=url, spool=spool, **{**hasty, **changes})
    tally = Tally()
    transport = Transport(chosen, Poster(chosen, "test"), tally)
    try:
        yield transport, tally
    finally:
        transport.close(chosen.flush)


def _event(name: object, kind: str = "warning") -> dict[str, object]:
    return {"type": kind, "job": "j", "run": "r", "name": str(name)}


def _names(server: EventServer) -> list[str]:
    return [each["name"] for each in server.events]


FAULTS = st.sampled_from([fault for fault in Fault if fault is not Fault.HANGS])


@pytest.mark.fault("connections dropped, answers lost, batches refused, in any order", of="jobs")
@settings(deadline=None, max_examples=60)
@given(
    bursts=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    faults=st.lists(st.one_of(st.none(), FAULTS), max_size=20),
    spooled=st.booleans(),
    most=st.integers(1, 40),
)
def test_whatever_fails_every_event_arrives_once_and_in_order(
    bursts: list[int], faults: list[Fault | None], *, spooled: bool, most: int
) -> None:
    """Every event arrives once and in its order; each burst is sent by a new process, as it were.

    A body that is unreadable in the exporter's eyes is taken apart until the one event that makes it so is known: a
    server that says so without a reason costs that event, and it is counted.
    """
    with tempfile.TemporaryDirectory() as folder, EventServer() as server:
        server.faults.extend(fault for fault in faults if fault is not None)
        server.most = most
        server.retry_after = "0"
        put, rejected = 0, 0
        for burst in bursts:
            with _transport(server.url, Path(folder) if spooled else None, flush=20.0) as (transport, tally):
                for _ in range(burst):
                    assert transport.put(_event(put))
                    put += 1
                assert transport.flush(20)
                assert tally.stats.dropped == 0
                rejected += tally.stats.rejected
        got = [int(name) for name in _names(server)]
        assert got == sorted(got)
        assert len(got) + rejected >= put  # a lost answer may have taken what another then called too large
        assert rejected <= faults.count(Fault.TOO_LARGE) + faults.count(Fault.UNREADABLE)


def test_events_travel_packed_in_batches_over_one_connection(server: EventServer) -> None:
    """Hundreds of events are a few requests: gzip, a content type, the SDK's name."""
    with _transport(server.url, None, linger=0.05) as (transport, tally):
        for number in range(1200):
            transport.put(_event(number))
        assert transport.flush(10)
        assert tally.stats.sent == 1200
    assert _names(server) == [str(number) for number in range(1200)]
    headers, _ = max(server.requests, key=lambda request: request[1])
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Type"] == "application/json"
    assert max(events for _, events in server.requests) <= 500


def test_an_event_has_an_id_and_a_time_though_none_was_given(server: EventServer) -> None:
    """The time is the one of the call, not of the arrival; what is given stays."""
    before = time.time()
    with _transport(server.url, None) as (transport, _):
        transport.put(_event("a"))
        transport.put({**_event("b"), "id": "my-own", "time": 5})
        assert transport.flush(10)
    first, second = server.events
    assert before - 1 <= first["time"] <= time.time() + 1
    assert (second["id"], second["time"]) == ("my-own", 5)


def test_a_lost_answer_is_asked_for_again_with_the_same_ids(server: EventServer) -> None:
    """The exporter sees duplicates, not new events."""
    server.faults.extend([Fault.LOST, Fault.LOST])
    with _transport(server.url, None) as (transport, _):
        transport.put(_event("a"))
        assert transport.flush(10)
    assert _names(server) == ["a"]
    assert server.duplicates >= 1


def test_what_is_too_large_is_halved(server: EventServer) -> None:
    """Until it fits, and in order."""
    server.most = 3
    with _transport(server.url, None, linger=0.05) as (transport, tally):
        for number in range(20):
            transport.put(_event(number))
        assert transport.flush(10)
        assert tally.stats.rejected == 0
    assert _names(server) == [str(number) for number in range(20)]


def test_a_rejected_event_is_never_sent_again(server: EventServer, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and logged with its reason; the others of its batch are taken."""
    server.refuses = frozenset({"bad"})
    with _transport(server.url, None, linger=0.05) as (transport, tally):
        for name in ("a", "bad", "b"):
            transport.put(_event(name))
        assert transport.flush(10)
        assert (tally.stats.sent, tally.stats.rejected) == (2, 1)
        assert tally.stats.last_error == "rejected: name: not liked"
    assert _names(server) == ["a", "b"]
    assert "name: not liked" in caplog.text


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.LIMITED])
def test_the_exporter_says_how_long_to_wait(server: EventServer, fault: Fault) -> None:
    """Retry-After is honoured, as a number and beyond our own backoff."""
    server.faults.append(fault)
    server.retry_after = "1"
    with _transport(server.url, None) as (transport, tally):
        began = time.monotonic()
        transport.put(_event("a"))
        assert transport.flush(20)
        assert time.monotonic() - began >= 1
        assert tally.stats.retries == 1


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.MOVED], ids=["a wrong token", "a redirect"])
def test_a_refusal_is_logged_once_without_the_token(
    server: EventServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """Events are kept and tried again; a redirect is not followed; the token stays secret."""
    server.faults.extend([fault] * 3)
    with _transport(server.url, None, token="s3cret") as (transport, tally):
        transport.put(_event("a"))
        assert transport.flush(10)
        assert "s3cret" not in repr(tally.stats)
    assert _names(server) == ["a"]
    assert all(headers["Authorization"] == "Bearer s3cret" for headers, _ in server.requests)
    said = [record for record in caplog.records if "takes no events" in record.getMessage()]
    assert len(said) == 1
    assert "s3cret" not in caplog.text


def test_another_servers_yes_is_no_yes(server: EventServer) -> None:
    """A portal that answers 200 to everything has not taken the events."""
    server.faults.append(Fault.STRANGER)
    with _transport(server.url, None) as (transport, tally):
        transport.put(_event("a"))
        assert transport.flush(10)
        assert tally.stats.retries == 1
    assert _names(server) == ["a"]


def test_a_full_queue_gives_up_the_lightest_first(server: EventServer) -> None:
    """Progress goes for warnings, both for how runs begin and end; what cannot be taken is refused and counted."""
    server.always = Fault.HANGS
    with _transport(server.url, None, queue_events=4, timeout=30.0, flush=0.0) as (transport, tally):
        transport.put(_event("in hand"))
        eventually(lambda: server.requests)
        for number in range(4):
            assert transport.put(_event(f"p{number}", "progress"))
        assert not transport.put(_event("p4", "progress"))
        assert transport.put(_event("w", "warning"))
        assert all(transport.put(_event(f"s{number}", "start")) for number in range(4))
        assert not transport.put(_event("w2", "warning"))
        assert not transport.put(_event("s4", "start"))
        assert tally.stats.dropped == 8
        server.always = None
        server.released.set()
        assert transport.flush(10)
    assert _names(server) == ["in hand", "s0", "s1", "s2", "s3"]


def test_the_queue_is_bounded_in_bytes_too(server: EventServer) -> None:
    """Large events fill it sooner."""
    server.always = Fault.HANGS
    with _transport(server.url, None, queue_bytes=10_000, timeout=30.0, flush=0.0) as (transport, tally):
        taken = sum(transport.put({**_event("x"), "message": "x" * 1000}) for _ in range(100))
        assert taken < 30
        assert tally.stats.dropped == 100 - taken


def test_an_event_that_is_no_json_is_dropped_and_counted(server: EventServer) -> None:
    """So is one that is larger than any request may be."""
    with _transport(server.url, None) as (transport, tally):
        assert not transport.put({**_event("a"), "value": object()})
        transport.put({**_event("a"), "value": float("nan")})  # found out when it is written
        assert not transport.put({**_event("b"), "message": "x" * 2_000_000})
        assert transport.put(_event("c"))
        assert transport.flush(10)
        assert tally.stats.dropped == 3
    assert _names(server) == ["c"]


@pytest.mark.fault("exporter hangs", of="jobs")
def test_a_hanging_exporter_blocks_neither_calls_nor_the_exit(server: EventServer, spool: Path) -> None:
    """What it has not answered is on disk when the process ends, and arrives with the next."""
    server.always = Fault.HANGS
    with _transport(server.url, spool, timeout=60.0, flush=0.2) as (transport, tally):
        for number in range(10):
            assert transport.put(_event(number))
        eventually(lambda: server.requests)
    assert tally.stats.spooled == 10
    server.always = None
    with _transport(server.url, spool) as (_, _tally):
        pass
    with _transport(server.url, spool) as (transport, _tally):
        transport.put(_event("next"))
        eventually(lambda: len(server.events) == 11)
    assert [name for name in _names(server) if name != "next"] == [str(number) for number in range(10)]
    assert not list(spool.iterdir())


def test_away_everything_goes_to_disk_and_later_arrives_in_order(spool: Path) -> None:
    """Within one process: spooled while nobody listens, sent when somebody does, and the file is gone at the end."""
    with EventServer() as server:
        port = int(server.url.rsplit(":", 1)[1])
    with _transport(f"http://127.0.0.1:{port}", spool) as (transport, tally):
        for number in range(700):
            transport.put(_event(number))
        eventually(lambda: tally.stats.spooled == 700)
        (file,) = spool.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        with EventServer(port) as server:
            transport.put(_event("last"))
            assert transport.flush(20)
            assert _names(server) == [*(str(number) for number in range(700)), "last"]
    assert not list(spool.iterdir())


def test_files_of_processes_that_report_elsewhere_are_left_alone(server: EventServer, spool: Path) -> None:
    """Nobody sends another exporter's events to this one."""
    with _transport("http://127.0.0.1:1", spool) as (transport, _):
        transport.put(_event("theirs"))
    with _transport(server.url, spool) as (transport, _):
        transport.put(_event("ours"))
        assert transport.flush(10)
    assert _names(server) == ["ours"]
    assert len(list(spool.iterdir())) == 1


@pytest.mark.fault("job killed in the middle of a write to its spool", of="jobs")
def test_a_torn_last_line_costs_itself_alone(server: EventServer, spool: Path) -> None:
    """A kill in the middle of a write leaves the events before it whole; the loss is counted."""
    server.always = Fault.DROPPED
    with _transport(server.url, spool, flush=0.0) as (transport, tally):
        for number in range(3):
            transport.put(_event(number))
        eventually(lambda: tally.stats.spooled == 3)
    (file,) = spool.iterdir()
    os.truncate(file, file.stat().st_size - 5)
    server.always = None
    with _transport(server.url, spool) as (transport, tally):
        transport.put(_event("next"))
        eventually(lambda: not list(spool.iterdir()))
        assert tally.stats.dropped == 1
    assert [name for name in _names(server) if name != "next"] == ["0", "1"]


@pytest.mark.fault("spool of a job full", of="jobs")
def test_a_full_spool_keeps_room_for_ends(server: EventServer, spool: Path) -> None:
    """Beyond the bound events are dropped and counted; how runs ended is kept in the reserve."""
    server.always = Fault.DROPPED
    with _transport(server.url, spool, spool_bytes=10_000, flush=0.0) as (transport, tally):
        for _ in range(30):
            transport.put({**_event("w"), "message": "x" * 500})
        transport.put(_event("end", "complete"))
        eventually(lambda: tally.stats.spooled > 10)
    assert tally.stats.dropped == 31 - tally.stats.spooled
    (file,) = spool.iterdir()
    assert file.stat().st_size <= 10_000
    assert json.loads(file.read_bytes().splitlines()[-1])["name"] == "end"


@pytest.mark.fault("spool of a job cannot be written", of="jobs")
def test_without_a_place_to_write_events_wait_in_memory(
    server: EventServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, events wait in memory, and they arrive all the same."""
    occupied = tmp_path / "file"
    occupied.write_text("")
    server.faults.extend([Fault.BROKEN] * 3)
    with _transport(server.url, occupied / "spool") as (transport, tally):
        transport.put(_event("a"))
        assert transport.flush(10)
        assert tally.stats.spooled == 0
    assert _names(server) == ["a"]
    assert len([record for record in caplog.records if "cannot be spooled" in record.getMessage()]) == 1


def test_an_idle_connection_that_was_closed_is_no_failure(server: EventServer) -> None:
    """It is made anew at once, and no retry is counted."""
    with _transport(server.url, None) as (transport, tally):
        transport.put(_event("a"))
        assert transport.flush(10)
        server.faults.append(Fault.DROPPED)
        transport.put(_event("b"))
        assert transport.flush(10)
        assert tally.stats.retries == 0
    assert _names(server) == ["a", "b"]


def test_this_machine_is_never_reached_through_a_proxy(server: EventServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the proxy variables say."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with _transport(server.url, None) as (transport, _):
        transport.put(_event("a"))
        assert transport.flush(10)
    assert _names(server) == ["a"]


def test_another_machine_is_reached_through_the_proxy(server: EventServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's server plays the proxy: it is asked for the whole address."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    with _transport("http://exporter.example:9308", None) as (transport, _):
        transport.put(_event("a"))
        assert transport.flush(10)
    assert server.requests[0][0]["Host"] == "exporter.example:9308"


def test_many_threads_report_at_once(reporting: EventServer) -> None:
    """Nothing is lost, and each thread's events are in order."""
    with gauge.job("j") as job:
        threads = [
            threading.Thread(target=lambda mine=mine: [job.metric(f"t{mine}", n) for n in range(200)])
            for mine in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert gauge.flush(20)
    for mine in range(8):
        assert [each["value"] for each in reporting.of("metric", name=f"t{mine}")] == list(range(200))


def test_settings_changed_later_lose_nothing(reporting: EventServer) -> None:
    """What waited by the old settings is sent by them."""
    with gauge.job("j") as job:
        job.warning("before")
        _client.configure(interval=10.0)
        job.warning("after")
    assert gauge.flush(10)
    assert [each["message"] for each in reporting.of("warning")] == ["before", "after"]


def test_a_fault_of_ours_is_logged_once_and_never_raised(
    reporting: EventServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even when sending itself is broken."""

    def broken(self: object, body: bytes) -> None:
        raise AssertionError("our own fault")

    monkeypatch.setattr(Poster, "post", broken)
    with caplog.at_level(logging.WARNING), gauge.job("j") as job:
        for _ in range(5):
            job.warning("text")
    assert not gauge.flush(0.2)
    assert caplog.text.count("our own fault") == 1
