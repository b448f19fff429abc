"""Jobs, runs and phases as they are read."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.queries import JobQueries
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.events import RUN, Begin, End, Progress, Status
from streamgauge.model.jobs.reading import JobsReading
from streamgauge.web.api.jobs_reading.source import unknown
from tests.jobs.stores import Clock, give, opened, sqlite_url
from tests.web.job_past import NOON, ODD, PLAN, SYNC, Diary, past, reading_client

RUNS = f"/api/v1/jobs/{PLAN}/runs"


@pytest.fixture(name="store", scope="module")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobStore]:
    """The past, which no test of this module changes."""
    with past(tmp_path_factory.mktemp("jobs")) as store:
        yield store


@pytest.fixture(name="client", scope="module")
def client_of_it(store: JobStore) -> TestClient:
    """A client that reads it."""
    return reading_client(store)


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    return list(csv.DictReader(io.StringIO(text)))


def got(client: TestClient, path: str) -> Any:
    """A good answer."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(client: TestClient, query: str) -> list[str]:
    """The jobs that a query finds."""
    return [item["job"] for item in got(client, f"/api/v1/jobs?{query}")["items"]]


def runs(client: TestClient, query: str) -> list[str]:
    """The runs that a query finds."""
    return [item["run"] for item in got(client, f"/api/v1/runs?{query}")["items"]]


def test_a_job_comes_with_its_latest_run_and_what_is_usual(client: TestClient) -> None:
    """Times are dates, and what is not known is null."""
    (item,) = got(client, "/api/v1/jobs?search=daily")["items"]
    assert item == {
        "job": PLAN,
        "title": "Daily plan",
        "status": "running",
        "run": "day-00",
        "environment": "prod",
        "started": "2026-01-01T11:56:30Z",
        "finished": None,
        "duration_seconds": None,
        "elapsed_seconds": 210.0,
        "progress_ratio": pytest.approx(210 / 360),
        "estimated_completion": "2026-01-01T12:02:30Z",
        "estimated_from": "history",
        "errors": 0,
        "warnings": 1,
        "running": 1,
        "lost": 0,
        "last_success": "2025-12-29T11:55:45Z",
        "last_duration_seconds": 345.0,
        "usual_runs": 10,
        "usual_duration_seconds": 322.5,
        "usual_p95_seconds": 342.75,
        "due": None,
        "start_by": None,
        "deadline": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [PLAN, SYNC, ODD]),
        ("sort=-name", [ODD, SYNC, PLAN]),
        ("search=DAILY PLAN", [PLAN]),
        ("search=%3D1%2B1", [ODD]),
        ("status=lost", [SYNC]),
        ("status=lost&status=running", [PLAN, SYNC]),
        ("status=Lost,running", [PLAN, SYNC]),
        ("status=", [PLAN, SYNC, ODD]),
        ("status=failed", []),
        ("environment=prod", [PLAN]),
        ("environment=", [PLAN, SYNC, ODD]),
        ("sort=-status", [SYNC, PLAN, ODD]),
        ("sort=-started", [PLAN, SYNC, ODD]),
        ("sort=-duration", [PLAN, ODD, SYNC]),
        ("sort=duration", [ODD, PLAN, SYNC]),
        ("limit=1&offset=1", [SYNC]),
    ],
)
def test_jobs_are_filtered_sorted_and_paged(client: TestClient, query: str, found: list[str]) -> None:
    """A filter that is empty is none; an unknown figure comes last either way."""
    assert names(client, query) == found


def test_jobs_as_a_table(client: TestClient) -> None:
    """Unknown is empty, and a header says how many there are."""
    answer = client.get("/api/v1/jobs?limit=1&offset=1", headers={"Accept": "text/csv"})
    assert answer.headers["x-total-count"] == "3"
    (row,) = table(answer.text)
    assert (row["job"], row["status"], row["lost"], row["last_success"]) == (SYNC, "lost", "1", "")


def test_a_whole_job_has_its_latest_run_and_its_steps_over_all_runs(client: TestClient) -> None:
    """Totals, what is usual, and whether it becomes slower."""
    job = got(client, f"/api/v1/jobs/{PLAN}")
    assert (job["latest"]["run"], len(job["latest"]["phases"])) == ("day-00", 2)
    steps = {(step["phase"], step["sub_phase"]): step for step in job["steps"]}
    assert {(None, None), ("P00", None), ("P00", "validation"), ("P01", None)} <= set(steps)
    whole, check = steps[None, None], steps["P00", "validation"]
    assert (whole["ends"], whole["failures"], whole["usual_runs"]) == (11, 1, 10)
    assert (check["ends"], check["warnings"], check["cpu_seconds"]) == (12, 12, 240.0)
    assert steps["P00", None]["duration_trend_ratio"] == pytest.approx(140 / 112.5)
    assert whole["limit_duration_seconds"] is None


def test_everything_in_one_small_answer(client: TestClient) -> None:
    """Jobs by status, a day's runs, the slowest phase, applications."""
    summary = got(client, "/api/v1/jobs/summary")
    slowest = summary.pop("slowest_phases")
    assert summary == {
        "time": "2026-01-01T12:00:00Z",
        "job_count": 3,
        "jobs": {"pending": 0, "running": 1, "completed": 1, "failed": 0, "aborted": 0, "lost": 1},
        "runs_running": 1,
        "runs_lost": 1,
        "runs_last_24h": 3,
        "runs_failed_last_24h": 0,
        "errors": 0,
        "warnings": 1,
        "applications": {
            "applications": 1,
            "processes": 2,
            "actions_total": 150,
            "actions_failed": 3,
            "events_total": None,
            "events_failed": None,
        },
    }
    assert [(phase["phase"], phase["duration_seconds"]) for phase in slowest] == [("P00", 160.0)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("limit=3", ["day-00", "sync-1", "a/b?c#d"]),
        ("status=failed", ["day-02"]),
        ("status=lost,running", ["day-00", "sync-1"]),
        ("environment=test", ["sync-1"]),
        ("since=2026-01-01T11:50:00Z", ["day-00"]),
        ("since=2026-01-01T12:50:00%2B01:00", ["day-00"]),
        (f"since={NOON - 1000:.0f}&until={NOON - 600:.0f}", ["sync-1"]),
        ("until=2025-12-21T00:00:00Z", ["day-12"]),
        ("search=SYNC", ["sync-1"]),
        ("search=100%25", []),
        ("search=daily&limit=2&offset=1", ["day-02", "day-03"]),
    ],
)
def test_runs_of_all_jobs_are_filtered(client: TestClient, query: str, found: list[str]) -> None:
    """The one that started last comes first."""
    assert runs(client, query) == found


def test_runs_of_one_job(client: TestClient) -> None:
    """In short: figures over all of its steps."""
    page = got(client, f"{RUNS}?status=failed")
    assert page["total"] == 1
    (item,) = page["items"]
    assert (item["errors"], item["warnings"], item["artifacts"]) == (2, 1, 1)
    assert (item["cpu_seconds"], item["memory_peak_bytes"]) == (70.0, 220 * 1024 * 1024)
    assert (item["phase_count"], item["completed_phase_count"]) == (3, 1)
    (row,) = table(client.get(f"{RUNS}?status=failed&format=csv").text)
    assert (row["run"], row["duration_seconds"], row["progress_ratio"]) == ("day-02", "210.0", "")


def test_a_whole_run(client: TestClient) -> None:
    """Labels, measured numbers, phases with their sub-phases, what is its own and what its parts'."""
    run = got(client, f"{RUNS}/day-02")
    assert (run["status"], run["message"], run["labels"]) == ("failed", "phase P01 failed", {"customer": "acme"})
    assert (run["errors"], run["own_errors"], run["remaining_seconds"]) == (2, 0, None)
    assert [phase["phase"] for phase in run["phases"]] == ["P00", "P01", "P02"]
    first, second, third = run["phases"]
    assert (first["measured"], first["artifacts"], first["usual_duration_seconds"]) == ({"pages": 50}, 1, 125.0)
    (check,) = first["sub_phases"]
    assert (check["sub_phase"], check["cpu_seconds"], check["warnings"]) == ("validation", 20.0, 1)
    assert "sub_phases" not in check
    assert (second["status"], second["exit_code"], second["message"]) == ("failed", 1, "no room")
    assert (third["status"], third["started"], third["cpu_seconds"]) == ("pending", None, None)


def test_latest_is_the_run_that_started_last(client: TestClient) -> None:
    """For whoever polls, and knows no ids."""
    assert got(client, f"{RUNS}/latest")["run"] == "day-00"
    assert got(client, f"{RUNS}/latest/progress") == got(client, f"{RUNS}/day-00/progress")


def test_progress_tells_how_far_a_run_is(client: TestClient) -> None:
    """With what runs now, and what the estimate stands on."""
    answer = client.get(f"{RUNS}/latest/progress")
    assert answer.headers["cache-control"] == "no-store"
    progress = answer.json()
    assert len(answer.content) < 1024
    assert (progress["status"], progress["elapsed_seconds"], progress["remaining_seconds"]) == ("running", 210.0, 150.0)
    assert (progress["estimated_completion"], progress["estimated_from"]) == ("2026-01-01T12:02:30Z", "history")
    (current,) = progress["current"]
    assert (current["phase"], current["done"], current["progress_ratio"]) == ("P01", 25.0, 0.25)


def test_progress_of_a_run_that_ended(client: TestClient) -> None:
    """Completed is all of it; failed is not known to be anything."""
    done = got(client, f"{RUNS}/day-03/progress")
    assert (done["progress_ratio"], done["duration_seconds"], done["current"]) == (1.0, 345.0, [])
    failed = got(client, f"{RUNS}/day-02/progress")
    assert (failed["progress_ratio"], failed["remaining_seconds"], failed["estimated_from"]) == (None, None, None)


def test_phases_are_filtered_by_status(client: TestClient) -> None:
    """In their order, with their sub-phases; a table has one row a phase."""
    page = got(client, f"{RUNS}/day-02/phases?status=completed,pending")
    assert [(item["phase"], len(item["sub_phases"])) for item in page["items"]] == [("P00", 1), ("P02", 0)]
    assert (page["run"], page["total"]) == ("day-02", 2)
    rows = table(client.get(f"{RUNS}/day-02/phases?format=csv").text)
    assert [(row["phase"], row["status"]) for row in rows] == [
        ("P00", "completed"),
        ("P01", "failed"),
        ("P02", "pending"),
    ]


def test_where_a_new_step_is_said_to_be_it_is(client: TestClient) -> None:
    """The paths that reporting answers as ``Location``."""
    assert got(client, f"{RUNS}/latest/phases/P00")["title"] == "Document assembly"
    assert got(client, f"{RUNS}/latest/phases/P00/sub-phases/validation")["title"] == "Validation"
    page = got(client, f"{RUNS}/latest/phases/P00/sub-phases?status=completed")
    assert [item["sub_phase"] for item in page["items"]] == ["validation"]


def test_names_may_hold_anything(client: TestClient) -> None:
    """Slashes, question marks and percent signs, encoded; a table runs none of them as a formula."""
    path = f"/api/v1/jobs/{quote(ODD, safe='')}/runs/{quote('a/b?c#d', safe='')}"
    assert got(client, path)["job"] == ODD
    phase = f"{path}/phases/{quote('=SUM(A1)/x', safe='')}"
    assert got(client, phase)["phase"] == "=SUM(A1)/x"
    assert got(client, f"{phase}/sub-phases/{quote('50 %', safe='')}")["title"] == "=1+1"
    (row,) = table(client.get(f"{path}/phases?format=csv").text)
    assert row["phase"] == "'=SUM(A1)/x"


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("jobs/Daily-Plam", {"similar": [PLAN]}),
        ("jobs/nothing-like-it", {"similar": []}),
        ("jobs/daily-plam/runs", {"similar": [PLAN]}),
        ("jobs/daily-plan/runs/day-99", {"latest_run": "day-00"}),
        ("jobs/daily-plan/runs/latest/phases/p01", {"similar": ["P01", "P00"]}),
        ("jobs/daily-plan/runs/latest/phases/P00/sub-phases/validaton", {"similar": ["validation"]}),
        ("jobs/daily-plan/runs/latest/phases/P01/errors/x", {}),
    ],
)
def test_what_there_is_not_is_a_404_that_helps(client: TestClient, path: str, members: dict[str, Any]) -> None:
    """A slip of the hand is seen at once."""
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {name: problem[name] for name in problem.keys() & {"similar", "latest_run"}} == members


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("jobs?statuses=lost", "statuses"),
        ("jobs?status=lots", "status.0"),
        ("jobs?sort=age", "sort"),
        ("jobs?cluster=x", "cluster"),
        ("runs?since=yesterday", "since"),
        ("runs?since=2026-01-01T12:00:00", "since"),
        ("runs?since=nan", "since"),
        ("runs?since=1767268800000", "since"),
        ("runs?search=%00", "search"),
        ("runs?search=" + 201 * "x", "search"),
        ("runs?limit=0", "limit"),
        ("runs?limit=1001", "limit"),
        ("runs?offset=-1", "offset"),
    ],
)
def test_a_wrong_parameter_is_a_422_that_names_it(client: TestClient, path: str, parameter: str) -> None:
    """A misspelt filter is not a missing one."""
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize("name", ["%ff", "%00", "a%00b", "%ed%a0%80"])
@pytest.mark.parametrize(
    "path",
    [
        "jobs/{}",
        "jobs/{}/runs",
        "jobs/daily-plan/runs/{}",
        "jobs/daily-plan/runs/{}/export",
        "jobs/daily-plan/runs/latest/phases/{}",
        "jobs/daily-plan/runs/latest/phases/P00/sub-phases/{}",
        "jobs/daily-plan/phases/{}/history",
        "applications/{}",
    ],
)
def test_a_name_that_is_no_text_is_refused(client: TestClient, path: str, name: str) -> None:
    """No database is asked for it."""
    assert client.get(f"/api/v1/{path.format(name)}").status_code == 422


def test_names_are_compared_only_where_that_is_cheap() -> None:
    """A request that is wrong must not cost more than one that is right."""
    assert unknown("no", "jop", ["job", "JOB", "x"]).members == {"similar": ["JOB"]}
    many = [f"{number:03}{'ab' * 95}" for number in range(900)]
    assert unknown("no", many[0][:-1], many).members == {"similar": []}
    assert unknown("no", "x" * 30_000, ["x" * 200]).members == {"similar": []}


def test_head_is_get_without_the_body(client: TestClient) -> None:
    """At every path."""
    for path in ("/api/v1/jobs", f"{RUNS}/latest/progress"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]


def test_what_is_longer_is_compressed_where_the_client_takes_it(client: TestClient) -> None:
    """As everywhere."""
    assert client.get("/api/v1/jobs", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_a_job_called_summary_can_be_asked_for(tmp_path: Path) -> None:
    """With one of its letters encoded."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        give(store, *Diary("summary", "r", NOON - 5).tell(RUN, Begin(running=True)).events)
        client = reading_client(store)
        assert got(client, "/api/v1/jobs/%73ummary")["job"] == "summary"
        assert got(client, "/api/v1/jobs/summary")["job_count"] == 1
        assert got(client, "/api/v1/jobs/summary/runs")["total"] == 1


def test_a_store_without_jobs_answers_so(tmp_path: Path) -> None:
    """Nothing there is not nothing known."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        client = reading_client(store)
        assert got(client, "/api/v1/jobs")["items"] == []
        assert got(client, "/api/v1/runs")["total"] == 0
        summary = got(client, "/api/v1/jobs/summary")
        assert (summary["job_count"], summary["applications"]["actions_total"]) == (0, None)


def test_an_estimate_beyond_the_calendar_is_unknown(tmp_path: Path) -> None:
    """One of a trillion items in a day: not within ten thousand years."""
    diary = Diary("slow", "r", NOON - 86400).tell(RUN, Begin(running=True, items=1e15)).tell(RUN, Progress(1), 86000)
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        give(store, *diary.events)
        progress = got(reading_client(store), "/api/v1/jobs/slow/runs/r/progress")
        told = ("estimated_completion", "estimated_from", "remaining_seconds")
        assert [progress[name] for name in told] == [None, None, None]


def test_sums_of_what_was_never_told_are_unknown(tmp_path: Path) -> None:
    """A job that tells neither items nor CPU has not done none and used none."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        give(store, *Diary("quiet", "r", NOON - 60).tell(RUN, Begin(running=True)).events)
        (whole,) = got(reading_client(store), "/api/v1/jobs/quiet")["steps"]
        assert (whole["items"], whole["cpu_seconds"], whole["ends"]) == (None, None, 0)


def test_runs_that_overlap_are_each_estimated_from_what_is_usual(tmp_path: Path) -> None:
    """Not the latest alone."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        for number in range(3):
            diary = Diary("twice", f"done-{number}", NOON - 9000 + number)
            give(store, *diary.tell(RUN, Begin(running=True)).tell(RUN, End(Status.COMPLETED, 100.0), 100.0).events)
        for name, ago in (("first", 60.0), ("second", 30.0)):
            give(store, *Diary("twice", name, NOON - ago).tell(RUN, Begin(running=True)).events)
        client = reading_client(store)
        for name, remaining in (("first", 40.0), ("second", 70.0)):
            progress = got(client, f"/api/v1/jobs/twice/runs/{name}/progress")
            assert (progress["remaining_seconds"], progress["estimated_from"]) == (remaining, "history")
        listed = got(client, "/api/v1/jobs/twice/runs?status=running")["items"]
        assert [(item["run"], item["progress_ratio"]) for item in listed] == [("second", 0.3), ("first", 0.6)]


class Away:
    """A store whose database is away."""

    def reading(self) -> JobsReading:
        """Nothing was read yet."""
        raise StoreUnavailableError("the database is away", 4.2)

    @property
    def queries(self) -> JobQueries:
        """Nothing can be asked."""
        raise StoreUnavailableError("the database is away", 4.2)


@pytest.mark.parametrize(
    "path",
    [
        "jobs",
        "jobs/summary",
        "jobs/x",
        "runs",
        "jobs/x/runs",
        "jobs/x/runs/latest",
        "jobs/x/runs/latest/progress",
        "jobs/x/runs/latest/phases",
        "jobs/x/runs/latest/resources",
        "jobs/x/runs/latest/export",
        "jobs/x/errors",
        "jobs/x/history",
        "jobs/x/trend",
        "jobs/x/compare",
        "applications",
        "applications/x",
    ],
)
def test_while_the_database_is_away_it_is_said_so(path: str) -> None:
    """503, and when to come again."""
    answer = reading_client(Away()).get(f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "the database is away"
