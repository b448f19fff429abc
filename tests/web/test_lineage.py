"""`POST /api/v1/lineage`, without a client of OpenLineage's; `tests/services/test_openlineage.py` has the real one."""

import copy
from typing import Any

import pytest

from streamgauge.model.jobs.events import Begin, Status
from tests.web.job_sink import MemorySink, reporting_client

DAG = {"run": {"runId": "dag-run"}, "job": {"namespace": "airflow", "name": "daily_plan"}}
EVENT: dict[str, Any] = {
    "eventType": "START",
    "eventTime": "2026-11-21T03:00:00.5Z",
    "producer": "https://example.org/producer",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "task-run", "facets": {"parent": DAG, "spark_properties": {"properties": {"a": 1}}}},
    "job": {"namespace": "airflow", "name": "daily_plan.assemble", "facets": {"jobType": {"jobType": "TASK"}}},
    "inputs": [],
    "outputs": [
        {"namespace": "s3://plans", "name": "out", "outputFacets": {"outputStatistics": {"rowCount": 7, "size": -1}}}
    ],
}
TAKEN = {"events": 1, "ignored": 0, "accepted": 3, "duplicates": 0, "rejected": []}


def changed(place: str, value: object) -> dict[str, Any]:
    """The event with another value somewhere; None takes it away."""
    found = copy.deepcopy(EVENT)
    *above, last = place.split(".")
    node: Any = found
    for step in above:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return found


def test_a_run_event_is_taken_as_a_phase() -> None:
    """201, as Marquez answers; facets that are not known are passed over."""
    sink = MemorySink()
    response = reporting_client(sink).post("/api/v1/lineage", json=EVENT)

    assert (response.status_code, response.json()) == (201, TAKEN)
    run = sink.run("daily_plan", "dag-run")
    assert [(step.phase, step.status, step.artifacts, step.measured) for step in run.phases] == [
        ("assemble", Status.RUNNING, 1, {"output_rows": 7.0})
    ]
    assert run.phases[0].started == 1795230000.5


def test_the_same_event_again_is_taken_once() -> None:
    """Clients that were not answered send the same body again."""
    client = reporting_client(MemorySink())
    client.post("/api/v1/lineage", json=EVENT)
    again = client.post("/api/v1/lineage", json=EVENT)

    assert (again.status_code, again.json()) == (201, TAKEN | {"accepted": 0, "duplicates": 3})


@pytest.mark.parametrize(
    "said",
    [
        {"eventTime": "2026-11-21T03:00:00Z", "dataset": {"namespace": "n", "name": "d"}},
        {"eventTime": "2026-11-21T03:00:00Z", "job": {"namespace": "n", "name": "j"}, "inputs": []},
    ],
    ids=["DatasetEvent", "JobEvent"],
)
def test_events_about_no_run_are_taken_and_mean_nothing(said: dict[str, object]) -> None:
    """So that clients are content."""
    sink = MemorySink()
    response = reporting_client(sink).post("/api/v1/lineage", json=said)

    assert (response.status_code, response.json()["ignored"], sink.events) == (201, 1, {})


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("eventTime", None, "eventTime: is missing"),
        ("eventTime", "yesterday", "eventTime: should be date, time and zone"),
        ("eventTime", 1795230000, "eventTime: should be a text"),
        ("eventType", "BEGIN", "eventType: should be 'START',"),
        ("run.runId", None, "run.runId: is missing"),
        ("run.runId", "", "run.runId: should have at least 1 character"),
        ("job.namespace", None, "job.namespace: is missing"),
        ("run.facets.parent", {"run": {}, "job": DAG["job"]}, "run.facets.parent.run.runId: is missing"),
        ("run.facets.errorMessage", {"message": 3}, "run.facets.errorMessage.message: should be a valid string"),
        ("outputs.0.name", None, "outputs.0.name: is missing"),
        ("inputs", {}, "inputs: must be a list"),
    ],
)
def test_a_wrong_shape_is_a_problem_that_names_the_field(place: str, value: object, reason: str) -> None:
    """And nothing is taken."""
    sink = MemorySink()
    response = reporting_client(sink).post("/api/v1/lineage", json=changed(place, value))

    assert (response.status_code, sink.events) == (422, {})
    assert response.json()["detail"].startswith(reason), response.json()["detail"]


@pytest.mark.parametrize("said", [3, [], {}, "START"])
def test_what_is_no_event_is_a_problem(said: object) -> None:
    """Whatever JSON can say."""
    assert reporting_client(MemorySink()).post("/api/v1/lineage", json=said).status_code == 422


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("eventType", None),
        ("eventTime", "2026-11-21T03:00:00"),
        ("inputs", None),
        ("run.facets", None),
        ("run.facets.parent.root", {"run": {"runId": "r"}, "job": {"namespace": "n", "name": "x\ny"}}),
        ("run.facets.errorMessage", {"message": "a\0b", "programmingLanguage": "JAVA", "stackTrace": "t" * 90_000}),
        ("run.facets.processing_engine", {"version": "3.1", "name": None}),
    ],
)
def test_what_clients_do_in_other_ways_is_taken(place: str, value: object) -> None:
    """No zone is UTC, no type is OTHER; control characters and long texts are made to fit."""
    sink = MemorySink()
    response = reporting_client(sink).post("/api/v1/lineage", json=changed(place, value))

    assert response.status_code == 201, response.text
    assert all("\0" not in str(event) and "\n" not in event.job for event in sink.events.values())


def test_the_address_says_how_jobs_are_named() -> None:
    """Clients keep it in their settings."""
    sink = MemorySink()
    client = reporting_client(sink)
    client.post("/api/v1/lineage?with_namespace=true&environment=prod", json=changed("run.facets.parent", None))

    (job, run) = next(iter(sink.runs()))
    assert (job, run) == ("airflow/daily_plan.assemble", "task-run")
    begin = next(event.fact for event in sink.events.values() if isinstance(event.fact, Begin))
    assert begin.environment == "prod"
    assert client.post("/api/v1/lineage?namespace=x", json=EVENT).status_code == 422


def test_a_batch_is_judged_event_by_event() -> None:
    """200 with what became of each, whoever refused it."""
    sink = MemorySink(forgotten="dag-run")
    dataset = {"eventTime": "2026-11-21T03:00:00Z", "dataset": {"namespace": "n", "name": "d"}}
    events = [changed("run.facets", None), dataset, {"run": {}}, changed("eventType", "COMPLETE")]
    response = reporting_client(sink).post("/api/v1/lineage/batch", json=events)

    answer = response.json()
    assert (response.status_code, answer["events"], answer["ignored"]) == (200, 4, 1)
    assert {each["index"] for each in answer["rejected"]} == {2, 3}
    assert sink.runs() == {("daily_plan.assemble", "task-run")}


@pytest.mark.parametrize(("said", "status"), [({}, 422), ([{}] * 1001, 413)])
def test_a_batch_is_a_list_of_at_most_a_thousand(said: object, status: int) -> None:
    """Else it is a problem."""
    assert reporting_client(MemorySink()).post("/api/v1/lineage/batch", json=said).status_code == status


def test_an_event_of_a_run_that_was_given_up_is_gone() -> None:
    """Nothing of it was taken."""
    response = reporting_client(MemorySink(forgotten="dag-run")).post("/api/v1/lineage", json=EVENT)

    assert (response.status_code, response.json()["code"]) == (410, "forgotten")
