"""Histories, trends and comparisons."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from streamgauge.model.jobs.events import RUN, Begin, End, Status
from tests.jobs.stores import Clock, give, opened, sqlite_url
from tests.web.job_past import COMPLETED_DAYS, NOON, P00, PLAN, Diary, day, past, reading_client

JOB = f"/api/v1/jobs/{PLAN}"


@pytest.fixture(name="client", scope="module")
def client_of_the_past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client that reads the past."""
    with past(tmp_path_factory.mktemp("jobs")) as store:
        yield reading_client(store)


def got(client: TestClient, path: str) -> Any:
    """A good answer."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_phase_in_its_last_runs_the_oldest_first(client: TestClient) -> None:
    """Whatever became of the run."""
    history = got(client, f"{JOB}/phases/P00/history?last=3")
    assert (history["phase"], history["sub_phase"], history["last"]) == ("P00", None, 3)
    assert [(item["run"], item["status"], item["duration_seconds"]) for item in history["items"]] == [
        ("day-03", "completed", 145.0),
        ("day-02", "completed", 150.0),
        ("day-00", "completed", 160.0),
    ]
    failed = got(client, f"{JOB}/phases/P01/history?status=failed")["items"]
    assert [(item["run"], item["errors"], item["cpu_seconds"]) for item in failed] == [("day-02", 2, None)]


def test_a_sub_phase_in_its_last_runs(client: TestClient) -> None:
    """By a parameter; all that there are."""
    history = got(client, f"{JOB}/phases/P00/history?sub_phase=validation&last=200")
    assert (history["sub_phase"], len(history["items"])) == ("validation", 12)
    assert {item["warnings"] for item in history["items"]} == {1}


def test_whole_runs_have_the_figures_of_all_of_their_steps(client: TestClient) -> None:
    """Errors, CPU and memory of phases are a run's too."""
    items = got(client, f"{JOB}/history?last=2")["items"]
    assert [(item["run"], item["status"], item["errors"], item["cpu_seconds"]) for item in items] == [
        ("day-02", "failed", 2, 70.0),
        ("day-00", "running", 0, 72.0),
    ]
    rows = table(client.get(f"{JOB}/history?last=2&status=completed&format=csv").text)
    assert [row["run"] for row in rows] == ["day-04", "day-03"]


def test_where_the_duration_of_a_phase_goes(client: TestClient) -> None:
    """Five seconds more each run; the values are there to be drawn."""
    trends = got(client, f"{JOB}/phases/P00/trend?metric=duration")
    (duration,) = trends["items"]
    assert (duration["metric"], duration["unit"], duration["count"]) == ("duration", "seconds", 12)
    assert (duration["direction"], duration["slope_per_run"]) == ("rising", 5.0)
    assert (duration["minimum"], duration["maximum"]) == (100.0, 160.0)
    assert [value["value"] for value in duration["values"][-2:]] == [150.0, 160.0]
    assert duration["values"][0]["run"] == day(COMPLETED_DAYS[0])


def test_all_figures_at_once(client: TestClient) -> None:
    """Errors are over all runs that ended, the others over completed ones."""
    items = {item["metric"]: item for item in got(client, f"{JOB}/trend")["items"]}
    assert list(items) == ["duration", "memory", "cpu", "errors"]
    assert {name: (item["count"], item["direction"]) for name, item in items.items()} == {
        "duration": (10, "rising"),
        "memory": (10, "steady"),
        "cpu": (10, "rising"),
        "errors": (11, "steady"),
    }
    assert items["errors"]["maximum"] == 2.0


def test_some_figures_as_a_table(client: TestClient) -> None:
    """A row each, without the values; unknown is empty."""
    rows = table(client.get(f"{JOB}/phases/P01/trend?metric=cpu,duration&last=5&format=csv").text)
    assert [(row["metric"], row["count"], row["unknown"], row["median"], row["direction"]) for row in rows] == [
        ("duration", "5", "0", "200.0", "steady"),
        ("cpu", "0", "5", "", "unknown"),
    ]


@pytest.mark.parametrize(
    ("path", "similar"),
    [
        ("phases/p0O/history", ["P00"]),
        ("phases/P00/history?sub_phase=Validaton", ["validation"]),
        ("phases/P00/trend?sub_phase=Validaton", ["validation"]),
    ],
)
def test_a_phase_that_no_run_had_is_a_404(client: TestClient, path: str, similar: list[str]) -> None:
    """It is not one without a past."""
    answer = client.get(f"{JOB}/{path}")
    assert answer.status_code == 404
    assert similar == [name for name in answer.json()["similar"] if name in similar]


@pytest.mark.parametrize(
    "query",
    [
        "history?last=0",
        "history?last=201",
        "history?status=done",
        "trend?metric=speed",
        "compare?last=51",
        "compare?run=%00",
        "compare?with=",
    ],
)
def test_what_cannot_be_asked_is_a_422(client: TestClient, query: str) -> None:
    """Bounds, and words that there are not."""
    assert client.get(f"{JOB}/{query}").status_code == 422


def test_a_run_beside_the_median(client: TestClient) -> None:
    """Of the completed runs before it; the whole first."""
    found = got(client, f"{JOB}/compare?run=day-02")
    assert (found["run"], found["baseline"]) == ("day-02", "median")
    assert found["baseline_runs"] == [day(ago) for ago in reversed(COMPLETED_DAYS)]
    rows = {(row["phase"], row["sub_phase"]): row for row in found["items"]}
    assert list(rows) == [(None, None), ("P00", None), ("P00", "validation"), ("P01", None), ("P02", None)]
    first = rows["P00", None]
    assert first["duration_seconds"] == {
        "value": 150.0,
        "baseline": 122.5,
        "difference": 27.5,
        "ratio": pytest.approx(150 / 122.5),
    }
    assert first["items_per_second"]["value"] == pytest.approx(500 / 150)
    assert (rows["P01", None]["status"], rows["P01", None]["errors"]["difference"]) == ("failed", 2.0)
    assert (rows["P02", None]["only_in"], rows["P02", None]["baseline_run_count"]) == ("run", 0)
    assert rows["P02", None]["duration_seconds"]["baseline"] is None


def test_the_latest_run_beside_fewer(client: TestClient) -> None:
    """By default the latest; a failed run is in no median."""
    found = got(client, f"{JOB}/compare?last=2")
    assert (found["run"], found["baseline_runs"]) == ("day-00", ["day-03", "day-04"])


def test_a_run_beside_the_one_before_it(client: TestClient) -> None:
    """Whatever became of that."""
    found = got(client, f"{JOB}/compare?with=previous")
    assert found["baseline_runs"] == ["day-02"]
    assert (found["items"][0]["status"], found["items"][0]["baseline_status"]) == ("running", "failed")
    last = found["items"][-1]
    assert (last["phase"], last["only_in"], last["status"]) == ("P02", "baseline", None)


def test_a_run_beside_any_other(client: TestClient) -> None:
    """As a table: a figure is four columns."""
    rows = table(client.get(f"{JOB}/compare?run=day-03&with=day-12&format=csv").text)
    whole = rows[0]
    assert (whole["duration_seconds"], whole["duration_seconds_baseline"]) == ("345.0", "300.0")
    assert (whole["duration_seconds_difference"], whole["duration_seconds_ratio"]) == ("45.0", "1.15")
    assert client.get(f"{JOB}/compare?with=day-99").status_code == 404
    assert client.get(f"{JOB}/compare?run=day-99").status_code == 404


def test_what_has_nothing_before_it_cannot_be_compared(client: TestClient) -> None:
    """404, and what else can be asked."""
    for query in (f"compare?run={day(COMPLETED_DAYS[0])}", f"compare?run={day(COMPLETED_DAYS[0])}&with=previous"):
        answer = client.get(f"{JOB}/{query}")
        assert answer.status_code == 404
        assert "with=" in answer.json()["detail"]


def test_a_run_is_compared_with_runs_of_its_environment(tmp_path: Path) -> None:
    """What a test machine takes says nothing of production."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        for number, environment in enumerate(["prod", "test", "test", "prod"]):
            diary = Diary("job", f"r{number}", NOON - 1000 + number)
            diary.tell(RUN, Begin(running=True, environment=environment))
            diary.tell(P00, Begin(running=True)).tell(P00, End(Status.COMPLETED, 1.0))
            give(store, *diary.tell(RUN, End(Status.COMPLETED, 10.0)).events)
        client = reading_client(store)
        assert got(client, "/api/v1/jobs/job/compare")["baseline_runs"] == ["r0"]
        assert got(client, "/api/v1/jobs/job/compare?with=previous")["baseline_runs"] == ["r0"]
        assert got(client, "/api/v1/jobs/job/compare?with=r2")["baseline_runs"] == ["r2"]
