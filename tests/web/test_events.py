"""`POST /api/v1/events`."""

import gzip
import json
import time
import uuid
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.errors import StoreBusyError, StoreUnavailableError
from streamgauge.model.jobs.applications import BOUNDS
from streamgauge.model.jobs.events import RUN, Begin, End, Fault, Status, StepKey
from streamgauge.web.api.jobs_writing import submitting
from streamgauge.web.api.jobs_writing.event_models import read_event
from streamgauge.web.api.jobs_writing.events import judge
from streamgauge.web.api.jobs_writing.reasons import WrongEventError
from tests.web.job_sink import MemorySink, reporting_client

START = {"id": "1", "time": 1795230000, "type": "start", "job": "daily-plan", "run": "r1"}
JSON = {"Content-Type": "application/json"}
BUCKETS = [0] * (len(BOUNDS) + 1)
APPLICATION = {"type": "application", "application": "planner", "process": "h-1", "started": 1795230000, "sequence": 1}


def send(sink: MemorySink, *events: object) -> dict[str, Any]:
    """The answer to a batch."""
    response = reporting_client(sink).post("/api/v1/events", json={"events": events})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_run_with_a_phase_is_taken_as_it_was_told() -> None:
    """Every field of a start, and the end of a phase with its error."""
    sink = MemorySink()
    start = START | {
        "title": "Daily plan",
        "items": 5,
        "position": 1,
        "labels": {"customer": "acme"},
        "environment": "prod",
        "heartbeat_seconds": 30,
    }
    error = {"type": "ValueError", "message": "no", "traceback": "line 1\nline 2"}
    fail = START | {"id": "2", "type": "fail", "phase": "P00", "sub_phase": "x", "exit_code": 3, "error": error}

    assert send(sink, start, fail) == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert sink.events["1"].step == RUN
    assert sink.events["1"].fact == Begin(
        running=True,
        title="Daily plan",
        items=5.0,
        position=1,
        labels={"customer": "acme"},
        environment="prod",
        heartbeat_seconds=30.0,
    )
    assert sink.events["2"].step == StepKey("P00", "x")
    fault = Fault("no", "ValueError", "line 1\nline 2")
    assert sink.events["2"].fact == End(Status.FAILED, exit_code=3, error=fault)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "pending", "phase": "P", "title": "t", "items": 3, "position": 2},
        {"type": "complete", "duration_seconds": 1.5, "exit_code": 0, "message": "done"},
        {"type": "abort", "message": "stopped"},
        {"type": "progress", "done": 3, "items": 5},
        {
            "type": "resources",
            "cpu_seconds": 1,
            "memory_bytes": 5,
            "memory_peak_bytes": 6,
            "threads": 1,
            "processes": 1,
        },
        {"type": "artifact", "name": "out\n.json", "uri": "s3://a/b", "size_bytes": 3, "kind": "input"},
        {"type": "warning", "message": "page 7\nskipped"},
        {"type": "error", "message": "bad", "error_type": "E", "traceback": None},
        {"type": "metric", "name": "pages", "value": -5.5},
        {"type": "heartbeat"},
    ],
    ids=lambda fields: str(fields["type"]),
)
def test_every_kind_of_event_is_taken(fields: dict[str, object]) -> None:
    """With all of its fields; null is as good as absent."""
    assert send(MemorySink(), START | fields)["rejected"] == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": "red"}, "colour: is not known here"),
        ({"job": None}, "job: should be a valid string"),
        ({"job": "a\nb"}, "job: must not hold control characters"),
        ({"run": ""}, "run: should have at least 1 character"),
        ({"phase": "x" * 201}, "phase: should have at most 200 characters"),
        ({"sub_phase": "x"}, "phase: is missing; a sub-phase is one of a phase"),
        ({"phase": "P", "labels": {"a": "b"}}, "labels: only a run has it, and this is about a phase"),
        ({"labels": {str(each): "" for each in range(17)}}, "labels: should have at most 16 items, not more"),
        ({"type": "begin"}, "type: must be one of pending, start,"),
        ({"type": "pending", "environment": "prod"}, "environment: is not known here"),
        ({"items": -1}, "items: should be greater than or equal to 0"),
        ({"items": True}, "items: should be a valid number"),
        ({"items": "3"}, "items: should be a valid number"),
        ({"position": 1.5}, "position: should be a valid integer"),
        ({"type": "progress"}, "done: is missing"),
        ({"type": "metric", "name": "x", "value": 10**400}, "value: should be a valid number"),
        ({"type": "resources", "cpu_seconds": 1e300}, "cpu_seconds: should be less than or equal to 10000000000"),
        ({"type": "artifact", "name": "x", "kind": "both"}, "kind: should be 'input' or 'output'"),
        ({"time": "2026-11-21T03:00:00"}, "time: should be a time with its zone (RFC 3339)"),
        ({"time": "2026-02-30T03:00:00Z"}, "time: is no date that there is"),
        ({"time": 1795230000000}, "time: should be seconds since the epoch, not milliseconds"),
        ({"id": "x" * 65}, "id: should have at most 64 characters"),
    ],
)
def test_a_wrong_event_is_refused_with_its_field(change: dict[str, object], reason: str) -> None:
    """The reason names the field; the others of the request are taken."""
    answer = send(MemorySink(), {**START, **change}, START)

    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (1, [0])
    assert answer["rejected"][0]["reason"].startswith(reason)


@pytest.mark.parametrize("said", [None, 3, "start", [], {}, {"type": None}, {"type": ["start"]}])
def test_what_is_no_event_is_refused_alone(said: object) -> None:
    """Whatever JSON can say."""
    answer = send(MemorySink(), START, said)

    assert (answer["accepted"], answer["rejected"][0]["index"], answer["rejected"][0]["id"]) == (1, 1, None)


def reason_for(said: object) -> str:
    """Why an event is refused; nothing where it is taken."""
    try:
        read_event(said, 0.0)
    except WrongEventError as error:
        return str(error)
    return ""


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_value_of_a_field_is_a_fault_of_ours(value: object) -> None:
    """Each is taken, or refused with a reason that is not long."""
    for field in (*START, "labels", "items", "phase", "title"):
        assert len(reason_for(START | {field: value})) < 300


def test_reasons_name_at_most_three_fields() -> None:
    """However many are wrong, and however long their names."""
    answer = send(MemorySink(), START | {f"{'x' * 1000}{each}": 1 for each in range(50)})

    assert answer["rejected"][0]["reason"].endswith("; and 47 more")
    assert len(answer["rejected"][0]["reason"]) < 300


def test_numbers_must_be_finite_and_texts_unicode() -> None:
    """Python writes NaN and halves of surrogate pairs: they spoil one event, not the batch."""
    sink = MemorySink()
    events = [START | {"items": float("nan")}, START | {"title": "\udc80"}, START]
    body = json.dumps({"events": events})
    answer = reporting_client(sink).post("/api/v1/events", content=body, headers=JSON).json()

    assert [each["reason"] for each in answer["rejected"]] == [
        "items: must be a finite number",
        "title: is not text that Unicode has",
    ]
    assert answer["accepted"] == 1


def test_a_nul_in_a_message_is_no_reason_to_lose_it() -> None:
    """It is replaced, for PostgreSQL cannot keep it."""
    sink = MemorySink()
    send(sink, START | {"type": "warning", "message": "a\0b"})

    assert "\N{REPLACEMENT CHARACTER}" in str(sink.only.fact)


@pytest.mark.parametrize("written", [1795230000, 1795230000.0, "2026-11-21T03:00:00Z", "2026-11-21t04:00:00.000+01:00"])
def test_a_time_is_a_number_or_a_text(written: object) -> None:
    """Both mean the same."""
    sink = MemorySink()
    send(sink, START | {"time": written})

    assert sink.only.time == 1795230000.0


def test_without_time_and_id_events_keep_their_order_and_get_ids() -> None:
    """They happened when they arrived, one after the other."""
    sink = MemorySink()
    before = time.time()
    events = [{"type": "progress", "job": "j", "run": "r", "done": done} for done in range(10)]
    assert send(sink, *events)["accepted"] == 10

    times = [event.time for event in sink.events.values()]
    assert times == sorted(set(times))
    assert before <= times[0] <= times[-1] < time.time() + 1


def test_the_same_event_again_is_a_duplicate() -> None:
    """By its id."""
    sink = MemorySink()
    send(sink, START)

    assert send(sink, START) == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_what_the_store_refuses_is_named_by_its_place_in_the_request() -> None:
    """Also where others before it were refused here."""
    answer = send(MemorySink(forgotten="old"), {}, START, START | {"id": "9", "run": "old"})

    assert answer["accepted"] == 1
    assert [(each["index"], each["id"]) for each in answer["rejected"]] == [(0, None), (2, "9")]
    assert answer["rejected"][1]["reason"] == "its run was given up"


def test_an_application_tells_what_it_counted() -> None:
    """Counters, a histogram, queues, its system; its id is not needed."""
    sink = MemorySink()
    histogram = {"sum": 1.5, "count": 2, "buckets": [2, *BUCKETS[1:]]}
    event = APPLICATION | {
        "actions": {"click": {"total": 2, "failed": 1, "running": 1, "duration_seconds": histogram}},
        "events": {"total": 3, "failed": 0, "processing_seconds": histogram},
        "queues": {"incoming": 4},
        "current_action": None,
        "system": {"cpu_seconds_total": 2.5, "memory_bytes": 10, "threads": 2, "processes": 1},
    }
    assert send(sink, event)["accepted"] == 1

    (snapshot,) = sink.snapshots
    assert (snapshot.application, snapshot.process, snapshot.sequence) == ("planner", "h-1", 1)
    assert (snapshot.actions["click"].total, snapshot.actions["click"].durations.count) == (2, 2)
    assert (snapshot.running, snapshot.queues, snapshot.cpu_seconds) == ({"click": 1}, {"incoming": 4.0}, 2.5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"job": "j"}, "job: is not known here"),
        ({"actions": {"x": {"total": -1}}}, "actions.x.total: should be greater than"),
        ({"actions": {str(each): {"total": 1} for each in range(102)}}, "actions: should have at most 101 items"),
        (
            {"events": {"total": 1, "processing_seconds": {"sum": 1, "count": 1, "buckets": [1]}}},
            "events.processing_seconds.buckets: should have at least 14 items, not 1",
        ),
    ],
)
def test_a_wrong_application_is_refused_with_its_field(change: dict[str, object], reason: str) -> None:
    """The place of the fault is given whole."""
    (rejected,) = send(MemorySink(), APPLICATION | change)["rejected"]

    assert rejected["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "the body is no JSON"),
        (b"{", 400, "the body is no JSON"),
        (b"\xff", 400, "the body is no JSON"),
        (b"[" * 100_000, 400, "the body is no JSON"),
        (b"[]", 422, 'the body should be {"events": [...]}'),
        (b'{"events": {}}', 422, 'the body should be {"events": [...]}'),
        (b'{"events": [], "more": 1}', 422, "more: is not known beside events"),
        (json.dumps({"events": [{}] * 1001}).encode(), 413, "a request takes at most 1000 events, and this has 1001"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(body: bytes, status: int, detail: str) -> None:
    """Whatever it is, and nothing of it is taken."""
    response = reporting_client(MemorySink()).post("/api/v1/events", content=body, headers=JSON)

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["detail"].startswith(detail)


def test_a_body_may_be_packed() -> None:
    """With gzip, as the SDK does."""
    body = gzip.compress(json.dumps({"events": [START]}).encode())
    headers = JSON | {"Content-Encoding": "gzip"}
    response = reporting_client(MemorySink()).post("/api/v1/events", content=body, headers=headers)

    assert response.json()["accepted"] == 1


@pytest.mark.parametrize("fault", [StoreBusyError("too much waits", 2.2), StoreUnavailableError("it is away", 30)])
def test_when_the_store_cannot_the_client_is_told_when_to_come_back(
    fault: StoreBusyError | StoreUnavailableError,
) -> None:
    """503 with whole seconds."""
    sink = MemorySink()
    sink.fault = fault
    response = reporting_client(sink).post("/api/v1/events", json={"events": [START]})

    assert (response.status_code, response.json()["detail"]) == (503, str(fault))
    assert response.headers["retry-after"] == {2.2: "3", 30: "30"}[fault.retry_after]


def test_a_disk_that_takes_long_is_no_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """503: the same events may be sent again, for they may be on disk or not."""
    sink = MemorySink()
    monkeypatch.setattr(sink, "submit", lambda _: Future())
    monkeypatch.setattr(submitting, "PATIENCE_SECONDS", 0.01)
    response = reporting_client(sink).post("/api/v1/events", json={"events": [START]})

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


def test_nothing_to_store_is_not_stored() -> None:
    """A request whose events are all wrong does not need the store."""
    sink = MemorySink()
    sink.fault = AssertionError("asked")

    assert send(sink, {})["accepted"] == 0
    assert send(sink) == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_five_hundred_events_take_a_few_milliseconds() -> None:
    """The best of some tries, with much room for a slow machine: it is about 3 ms."""
    events = [START | {"id": uuid.uuid4().hex, "phase": "P00", "title": "t", "items": 5} for _ in range(500)]

    def seconds() -> float:
        begun = time.perf_counter()
        assert len(judge(events, 0.0).good) == 500
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(5)) < 0.03
