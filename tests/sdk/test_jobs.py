"""What jobs, phases and sub-phases tell."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import streamgauge_sdk as gauge
from streamgauge_sdk import _client
from tests.sdk.event_server import EventServer


def _sent(server: EventServer) -> EventServer:
    assert gauge.flush(10)
    return server


@contextmanager
def _after(phase: gauge.Phase) -> Iterator[None]:
    with phase:
        pass
    yield


def test_a_job_tells_its_run_from_its_start_to_its_end(reporting: EventServer) -> None:
    """With labels, the environment and the promise of heartbeats at the start; the duration at the end."""
    with gauge.job("daily", run="r1", title="Daily", labels={"team": "data"}, environment="production"):
        pass
    start, *_, end = _sent(reporting).events
    assert {name: start[name] for name in start if name not in ("id", "time")} == {
        "type": "start",
        "job": "daily",
        "run": "r1",
        "title": "Daily",
        "labels": {"team": "data"},
        "environment": "production",
        "heartbeat_seconds": 30.0,
    }
    assert (end["type"], end["job"], end["run"]) == ("complete", "daily", "r1")
    assert 0 <= end["duration_seconds"] < 60
    assert len({start["id"], end["id"]}) == 2


def test_a_run_without_an_id_gets_one_of_its_own(reporting: EventServer) -> None:
    """It says when, and differs even within a second."""
    first, second = gauge.job("daily"), gauge.job("daily")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-[0-9a-f]{6}", first.run)
    assert first.run != second.run


def test_phases_and_sub_phases_stand_in_their_order(reporting: EventServer) -> None:
    """Positions count from 1; declared phases are pending with their titles, which their starts repeat."""
    with gauge.job("daily") as job:
        job.phases({"P00": "Assembly", "P01": "Planning"})
        with job.phase("P01") as phase, phase.sub_phase("b", items=3):
            pass
        with job.phase("P02", "Extra"):
            pass
    server = _sent(reporting)
    assert [(each["phase"], each["title"], each["position"]) for each in server.of("pending")] == [
        ("P00", "Assembly", 1),
        ("P01", "Planning", 2),
    ]
    starts = [
        (each["phase"], each.get("sub_phase"), each.get("title"), each["position"])
        for each in server.of("start")
        if "phase" in each
    ]
    assert starts == [("P01", None, "Planning", 2), ("P01", "b", None, 1), ("P02", None, "Extra", 3)]


def test_what_a_phase_reports_lands_there(reporting: EventServer, tmp_path: Path) -> None:
    """Artifacts with the size of a local file, warnings, errors and metrics, by the object or by what is current."""
    made = tmp_path / "out.json"
    made.write_text("[1, 2]")
    with gauge.job("daily") as job, job.phase("P00") as phase:
        phase.artifact(made)
        gauge.artifact("table", uri="s3://bucket/table", kind="input")
        gauge.warning("page 7 skipped")
        phase.error("no such page")
        phase.error(KeyError("seven"))
        gauge.metric("pages", 50)
    server = _sent(reporting)
    assert all(each["phase"] == "P00" for each in server.events if each["type"] in ("artifact", "warning", "error"))
    file, table = server.of("artifact")
    assert (file["name"], file["size_bytes"], file["kind"]) == (str(made), 6, "output")
    assert (table["uri"], table["kind"]) == ("s3://bucket/table", "input")
    assert "size_bytes" not in table
    plain, raised = server.of("error")
    assert plain["message"] == "no such page"
    assert (raised["error_type"], raised["message"]) == ("KeyError", "'seven'")
    (metric,) = server.of("metric")
    assert (metric["name"], metric["value"]) == ("pages", 50)


def test_progress_is_told_at_once_then_seldom_then_at_the_end(reporting: EventServer) -> None:
    """Ten thousand calls are a few events, and the last number is never lost."""
    with gauge.job("daily") as job, job.phase("P00", items=10_000) as phase:
        for _ in range(10_000):
            phase.advance()
    told = _sent(reporting).of("progress")
    assert told[0]["done"] == 1
    assert told[-1]["done"] == 10_000
    assert told[-1]["items"] == 10_000
    assert len(told) < 50


def test_an_exception_fails_the_phase_and_goes_on_unchanged(reporting: EventServer) -> None:
    """Type, message and traceback stand at the innermost level alone; the outer ones fail with a message."""
    boom = ValueError("boom")
    with (
        pytest.raises(ValueError, match="boom") as caught,
        gauge.job("daily") as job,
        job.phase("P00") as phase,
        phase.sub_phase("a"),
    ):
        raise boom
    assert caught.value is boom
    inner, middle, outer = _sent(reporting).of("fail")
    assert inner["sub_phase"] == "a"
    assert (inner["error"]["type"], inner["error"]["message"]) == ("ValueError", "boom")
    assert "raise boom" in inner["error"]["traceback"]
    assert "error" not in middle
    assert "error" not in outer
    assert outer["message"] == "ValueError: boom"


def test_a_traceback_is_trimmed_to_its_last_frames(reporting: EventServer) -> None:
    """Deep recursion and a long message stay within the exporter's bounds."""

    def dive(depth: int) -> None:
        if not depth:
            raise RuntimeError("x" * 50_000)
        dive(depth - 1)

    with pytest.raises(RuntimeError), gauge.job("daily"):
        dive(100)
    (fail,) = _sent(reporting).of("fail")
    assert len(fail["error"]["traceback"]) <= 8000
    assert len(fail["error"]["message"]) <= 1000


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (KeyboardInterrupt(), "abort", None),
        (asyncio.CancelledError(), "abort", None),
        (GeneratorExit(), "abort", None),
        (SystemExit(0), "complete", None),
        (SystemExit(None), "complete", None),
        (SystemExit(3), "fail", 3),
        (SystemExit("no input"), "fail", 1),
    ],
    ids=repr,
)
def test_what_ends_a_program_is_no_error(
    reporting: EventServer, raised: BaseException, kind: str, code: int | None
) -> None:
    """Interrupts and cancellations abort; an exit completes or fails by its code."""
    with pytest.raises(type(raised)), gauge.job("daily"):
        raise raised
    *_, end = _sent(reporting).events
    assert end["type"] == kind
    assert end.get("exit_code") == code
    assert "error" not in end


def test_frameworks_start_and_end_by_calls(reporting: EventServer) -> None:
    """A phase starts its job; an end is told once, whatever is called after it."""
    job = gauge.job("daily")
    phase = job.phase("P00")
    phase.start()
    phase.fail(ValueError("bad"))
    phase.complete()
    other = job.phase("P01")
    other.start()
    other.abort("not wanted")
    job.complete()
    server = _sent(reporting)
    assert server.types() == ["start", "start", "fail", "start", "abort", "complete"]
    assert server.of("abort")[0]["message"] == "not wanted"


def test_a_start_after_an_end_is_a_new_attempt(reporting: EventServer) -> None:
    """The same phase starts and ends twice."""
    with gauge.job("daily") as job:
        phase = job.phase("P00")
        with pytest.raises(ValueError, match="once"), phase:
            raise ValueError("once")
        with phase:
            pass
    assert _sent(reporting).types() == ["start", "start", "fail", "start", "complete", "complete"]


def test_decorated_functions_run_in_phases_of_their_own_run(reporting: EventServer) -> None:
    """Each call of the job's function is a run; its phases belong to it though they were bound before."""
    job = gauge.job("daily")

    @job.phase("P00")
    def double(number: int) -> int:
        gauge.progress(number)
        return 2 * number

    @gauge.phase("P01")
    async def triple(number: int) -> int:
        gauge.warning("slow")
        return 3 * number

    @job
    def main(number: int) -> int:
        return double(number) + asyncio.run(triple(number))

    assert (main(1), main(2)) == (5, 10)
    server = _sent(reporting)
    runs = {each["run"] for each in server.events}
    assert len(runs) == 2
    for run in runs:
        own = [(each["type"], each.get("phase")) for each in server.events if each["run"] == run]
        assert [each for each in own if each[0] not in ("resources", "heartbeat")] == [
            ("start", None),
            ("start", "P00"),
            ("progress", "P00"),
            ("complete", "P00"),
            ("start", "P01"),
            ("warning", "P01"),
            ("complete", "P01"),
            ("complete", None),
        ]


def test_without_a_job_calls_do_nothing(reporting: EventServer) -> None:
    """Library code may report whether or not a job runs."""
    gauge.progress(3)
    gauge.warning("nobody listens")
    gauge.metric("pages", 1)
    with gauge.phase("P00") as phase, gauge.sub_phase("a"):
        phase.advance()
    assert _sent(reporting).events == []


def test_nonsense_never_raises_into_the_job(reporting: EventServer, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong numbers, texts and types are passed over and logged once; the run goes on."""
    with gauge.job("da\nily " * 100, labels={str(number): "x" for number in range(40)}) as job:
        for _ in range(3):
            job.progress(-1)
            job.progress(float("nan"))
            job.metric("pages", float("inf"))
            job.artifact(None)  # type: ignore[arg-type]  # on purpose
            job.advance("many")  # type: ignore[arg-type]  # on purpose
            job.warning("\ud800\0 half a sign")
            job.phases(7)  # type: ignore[arg-type]  # on purpose
    server = _sent(reporting)
    start = server.events[0]
    assert len(start["job"]) <= 200
    assert "\n" not in start["job"]
    assert len(start["labels"]) == 16
    assert server.types() == ["start", "warning", "warning", "warning", "complete"]
    assert all(json.dumps(each, ensure_ascii=False).encode() for each in server.events)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == len(set(said))


def test_heartbeats_are_sent_when_nothing_else_is(reporting: EventServer) -> None:
    """A silent job says that it lives; one that tells something need not."""
    _client.configure(heartbeat=0.02)
    with gauge.job("daily") as job:
        job.tell_life(3600)
        assert not _sent(reporting).of("heartbeat")
        job.tell_life(0)
    assert len(_sent(reporting).of("heartbeat")) >= 1


def test_disabled_nothing_is_sent_sampled_or_started(
    fresh: None, server: EventServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STREAMGAUGE_DISABLED leaves the program as it is."""
    monkeypatch.setenv("STREAMGAUGE_DISABLED", "1")
    monkeypatch.setenv("STREAMGAUGE_URL", server.url)
    with gauge.job("daily") as job, job.phase("P00") as phase:
        phase.progress(3)
    assert gauge.flush()
    assert server.requests == []
    assert gauge.stats() == gauge.Stats()


def test_inside_streamgauge_run_the_same_job_joins(reporting: EventServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither starts nor ends the run; another name is a job of its own; without a job it is the command's phase."""
    for name, value in {"JOB": "daily", "RUN": "r7", "PHASE": "command"}.items():
        monkeypatch.setenv(f"STREAMGAUGE_{name}", value)
    gauge.progress(5, items=10)
    with pytest.raises(ValueError, match="bad"), gauge.job("daily") as job, _after(job.phase("P01")):
        raise ValueError("bad")
    assert job.run == "r7"
    with gauge.job("other", run="r8"):
        pass
    server = _sent(reporting)
    assert [
        (each["type"], each["run"], each.get("phase")) for each in server.events if each["type"] != "resources"
    ] == [
        ("progress", "r7", "command"),
        ("start", "r7", "P01"),
        ("complete", "r7", "P01"),
        ("error", "r7", None),
        ("start", "r8", None),
        ("complete", "r8", None),
    ]
    assert "position" not in server.of("start", phase="P01")[0]  # others may have phases in this run
