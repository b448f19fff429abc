"""Requests that are made by hand: runs, phases and sub-phases over plain REST."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streamgauge.model.jobs.events import (
    RUN,
    Artifact,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    Measured,
    Progress,
    Resources,
    Status,
    StepKey,
    Warned,
)
from streamgauge.web.api.jobs_writing.report_table import reports
from tests.web.job_sink import MemorySink, reporting_client

ROOT = "/api/v1/jobs"
RUN_PATH = f"{ROOT}/daily-plan/runs/r1"
LEVELS = {
    RUN_PATH: RUN,
    f"{RUN_PATH}/phases/P00": StepKey("P00"),
    f"{RUN_PATH}/phases/P00/sub-phases/validation": StepKey("P00", "validation"),
}
ACTIONS: dict[str, tuple[dict[str, object] | None, Fact]] = {
    "complete": (None, End(Status.COMPLETED)),
    "fail": (
        {"exit_code": 3, "error": {"type": "E", "message": "no"}},
        End(Status.FAILED, exit_code=3, error=Fault("no", "E")),
    ),
    "abort": ({"message": "stopped"}, End(Status.ABORTED, message="stopped")),
    "progress": ({"done": 3, "items": 5}, Progress(3.0, 5.0)),
    "resources": ({"cpu_seconds": 1.5, "memory_bytes": 7}, Resources(1.5, memory_bytes=7)),
    "artifacts": ({"name": "out.json"}, Artifact("out.json")),
    "warnings": ({"message": "page 7 skipped"}, Warned("page 7 skipped")),
    "errors": ({"message": "bad", "error_type": "E"}, Erred(Fault("bad", "E"))),
    "metrics": ({"name": "pages", "value": 50}, Measured("pages", 50.0)),
    "heartbeat": (None, Heartbeat()),
}


def sent(body: dict[str, Any] | None) -> dict[str, Any]:
    """How a body is given to the client; None: none."""
    return {} if body is None else {"json": body}


@pytest.mark.parametrize("path", LEVELS)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_report_of_every_level_is_one_event(path: str, action: str) -> None:
    """What the path and the body say."""
    sink = MemorySink()
    body, fact = ACTIONS[action]
    response = reporting_client(sink).post(f"{path}/{action}", **sent(body))

    assert response.status_code == 200, response.text
    assert (sink.only.job, sink.only.run, sink.only.step, sink.only.fact) == ("daily-plan", "r1", LEVELS[path], fact)
    assert response.json()["id"] == sink.only.id


@pytest.mark.parametrize("path", LEVELS)
@pytest.mark.parametrize("status", ["completed", "failed", "aborted"])
def test_a_status_can_be_set_by_patch(path: str, status: str) -> None:
    """The same as the path of each end."""
    sink = MemorySink()
    response = reporting_client(sink).patch(path, json={"status": status, "message": "so it is", "time": 1795230000})

    assert response.status_code == 200, response.text
    assert (sink.only.step, sink.only.time) == (LEVELS[path], 1795230000.0)
    assert sink.only.fact == End(Status(status), message="so it is")


def test_a_whole_run_is_told_by_hand() -> None:
    """From its start to its end, with what the answers say."""
    sink = MemorySink()
    client = reporting_client(sink)
    answer = client.post(f"{ROOT}/daily-plan/runs", json={"environment": "prod", "time": "2026-11-21T03:00:00Z"})
    run = answer.json()["run"]
    place = answer.headers["location"]
    assert (answer.status_code, place) == (201, f"{ROOT}/daily-plan/runs/{run}")

    announced = client.post(f"{place}/phases", json={"phase": "P01", "status": "pending", "time": 1795230001})
    phase = client.post(f"{place}/phases", json={"phase": "P00", "items": 10, "time": 1795230002})
    assert (announced.status_code, phase.headers["location"]) == (201, f"{place}/phases/P00")
    sub = client.post(f"{phase.headers['location']}/sub-phases", json={"sub_phase": "validation", "time": 1795230003})
    client.post(f"{sub.headers['location']}/complete", json={"time": 1795230004})
    client.post(f"{phase.headers['location']}/progress", json={"done": 5, "time": 1795230005})

    found = sink.run("daily-plan", run)
    assert (found.status, found.environment) == (Status.RUNNING, "prod")
    by_name = {step.phase: step for step in found.phases}
    assert (by_name["P01"].status, by_name["P00"].progress_ratio) == (Status.PENDING, 0.5)
    assert by_name["P00"].sub_phases[0].status is Status.COMPLETED


@pytest.mark.parametrize("name", ["a/b", "a b", "täglich", "a%2Fb", "100%", "a/runs/b", "..", "日次", "a?b#c", "a+b"])
def test_names_may_hold_anything(name: str) -> None:
    """Percent-encoded, they come through as they are, also in the address that is answered."""
    sink = MemorySink()
    client = reporting_client(sink)
    encoded = quote(name, safe="").replace(".", "%2E")
    place = client.post(f"{ROOT}/{encoded}/runs", json={"run": name}).headers["location"]
    client.post(f"{ROOT}/{encoded}/runs/{encoded}/phases/{encoded}/sub-phases/{encoded}/heartbeat")
    if name != "..":
        assert client.post(f"{place}/heartbeat").status_code == 200

    assert sink.runs() == {(name, name)}
    assert StepKey(name, name) in {event.step for event in sink.events.values()}


@pytest.mark.parametrize("name", ["%ff", "%0a", "x" * 201])
def test_a_name_that_cannot_be_is_a_problem(name: str) -> None:
    """No UTF-8, control characters, too long."""
    response = reporting_client(MemorySink()).post(f"{ROOT}/{name}/runs")

    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert response.json()["errors"][0]["parameter"] == "job"


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("progress", {"dine": 1}, "done"),
        ("progress", None, "body"),
        ("progress", {"done": 1, "more": 1}, "more"),
        ("metrics", {"name": "x", "value": "5"}, "value"),
        ("phases", {}, "phase"),
        ("phases", {"phase": "P", "status": "done"}, "status"),
        ("phases", {"phase": "P", "labels": {}}, "labels"),
        ("warnings", {"message": "x", "time": "now"}, "time"),
    ],
)
def test_a_wrong_body_is_a_problem_that_names_the_field(path: str, body: Any, parameter: str) -> None:
    """And nothing is taken."""
    sink = MemorySink()
    response = reporting_client(sink).post(f"{RUN_PATH}/{path}", **sent(body))

    assert (response.status_code, sink.events) == (422, {})
    assert response.json()["errors"][0]["parameter"] == parameter


def test_a_key_makes_a_request_that_is_sent_again_the_same() -> None:
    """On the same path; elsewhere the same key is another event. A new run keeps its id."""
    sink = MemorySink()
    client = reporting_client(sink)
    key = {"Idempotency-Key": "4711"}
    first = client.post(f"{ROOT}/j/runs", headers=key).json()
    again = client.post(f"{ROOT}/j/runs", headers=key).json()
    other = client.post(f"{ROOT}/k/runs", headers=key).json()

    assert (first["duplicate"], again) == (False, first | {"duplicate": True})
    assert other["id"] != first["id"]
    assert client.post(f"{RUN_PATH}/warnings", json={"message": "x", "id": "mine"}, headers=key).json()["id"] == "mine"


def test_without_a_key_or_an_id_every_request_is_an_event_of_its_own() -> None:
    """Two warnings are two."""
    sink = MemorySink()
    client = reporting_client(sink)
    for _ in range(2):
        client.post(f"{RUN_PATH}/warnings", json={"message": "x"})

    assert sink.run("daily-plan", "r1").warnings == 2


def test_what_the_store_refuses_is_a_problem_with_its_word() -> None:
    """A run that was given up is gone."""
    response = reporting_client(MemorySink(forgotten="r1")).post(f"{RUN_PATH}/heartbeat")

    assert response.status_code == 410
    assert (response.json()["code"], response.json()["detail"]) == ("forgotten", "its run was given up")


def test_the_document_shows_every_route() -> None:
    """With what it is for, every field described, and the problems that may be."""
    document = reporting_client(MemorySink()).get("/openapi.json").json()
    for report in reports():
        operation = document["paths"][f"/api/v1{report.path}"][report.action.method.lower()]
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "410", "413", "415", "422", "429", "503"} <= set(operation["responses"])
        assert all(parameter["description"] for parameter in operation["parameters"])
        assert operation["requestBody"]["content"]["application/json"]["schema"]
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))
    for name in ("NewRun", "Failure", "ResourcesReport", "RaisedError", "Taken", "EventsTaken"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert "description" in schema, f"{name}.{field}"


def test_the_document_describes_bodies_that_are_read_by_hand() -> None:
    """Every kind of event, whole, with an example."""
    document = reporting_client(MemorySink()).get("/openapi.json").json()
    assert not [path for path in document["paths"] if "'#/$defs" in str(document["paths"][path])]
    for path in ("/api/v1/events", "/api/v1/lineage", "/api/v1/lineage/batch"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]
        assert content["schema"]
    body = document["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert len(body["properties"]["events"]["items"]["oneOf"]) == 13


def test_the_page_lists_every_route() -> None:
    """docs/reporting.md, by the last part of the path or the whole of it."""
    text = (Path(__file__).parents[2] / "docs" / "reporting.md").read_text(encoding="utf-8")
    for report in reports():
        if report.named:
            assert f"`POST /api/v1{report.path}`" in text
        else:
            assert f"`{report.action.path or 'PATCH'}`" in text
    for path in ("events", "lineage", "lineage/batch"):
        assert f"`POST /api/v1/{path}`" in text
