"""Samples, errors, warnings and artifacts; a run as a whole; applications."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from streamgauge.jobs.rules import StoreRules
from streamgauge.model.jobs.events import RUN, Begin, Resources, Warned
from streamgauge.web.api.jobs_reading import export
from tests.jobs.stores import Clock, give, opened, sqlite_url
from tests.web.job_past import NOON, ODD, P00, PLAN, Diary, past, process, reading_client

JOB = f"/api/v1/jobs/{PLAN}"
FAILED = f"{JOB}/runs/day-02"


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


def test_samples_come_in_times_order(client: TestClient) -> None:
    """Each with its step and its share of a CPU."""
    page = got(client, f"{FAILED}/resources")
    assert (page["run"], page["more"]) == ("day-02", False)
    assert [(item["phase"], item["sub_phase"], item["cpu_seconds"]) for item in page["items"]] == [
        ("P00", "validation", 20.0),
        ("P00", None, 50.0),
    ]
    assert page["items"][0]["cpu_ratio"] == 0.8
    assert page["items"][0]["time"] == "2025-12-30T11:50:25Z"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("resources?phase=P00", [50.0]),
        ("resources?phase=P00&sub_phase=validation", [20.0]),
        ("phases/P00/resources", [50.0]),
        ("phases/P00/sub-phases/validation/resources", [20.0]),
        ("resources?since=2025-12-30T11:50:25Z", [50.0]),
        ("phases/P01/resources", []),
    ],
)
def test_samples_of_one_step(client: TestClient, query: str, found: list[float]) -> None:
    """By parameters or by the path."""
    assert [item["cpu_seconds"] for item in got(client, f"{FAILED}/{query}")["items"]] == found


def test_samples_that_are_left_out_are_told(client: TestClient) -> None:
    """The newest are kept; a table says so in a header."""
    page = got(client, f"{FAILED}/resources?limit=1")
    assert (page["more"], [item["cpu_seconds"] for item in page["items"]]) == (True, [50.0])
    answer = client.get(f"{FAILED}/resources?limit=1&format=csv")
    assert answer.headers["x-more"] == "true"
    (row,) = table(answer.text)
    assert (row["phase"], row["sub_phase"], row["threads"]) == ("P00", "", "8")


def test_errors_of_a_run_the_newest_first(client: TestClient) -> None:
    """With type and traceback; counted is what was told, total what is kept."""
    page = got(client, f"{FAILED}/errors")
    assert (page["total"], page["counted"]) == (2, 2)
    assert [(item["message"], item["error_type"]) for item in page["items"]] == [
        ("no room", "OSError"),
        ("one row is wrong", "ValueError"),
    ]
    assert page["items"][0]["traceback"] == "Traceback: ..."


@pytest.mark.parametrize(
    ("path", "total", "counted"),
    [
        (f"{FAILED}/errors?phase=P01", 2, 2),
        (f"{FAILED}/errors?phase=P00", 0, 0),
        (f"{FAILED}/phases/P01/errors?limit=1", 2, 2),
        (f"{FAILED}/warnings", 1, 1),
        (f"{FAILED}/warnings?phase=P00", 0, 0),
        (f"{FAILED}/warnings?phase=P00&sub_phase=validation", 1, 1),
        (f"{FAILED}/phases/P00/sub-phases/validation/warnings", 1, 1),
        (f"{FAILED}/phases/P00/artifacts", 1, 1),
        (f"{JOB}/errors", 2, None),
        (f"{JOB}/warnings", 12, None),
        (f"{JOB}/artifacts?phase=P00&limit=2&offset=11", 12, None),
    ],
)
def test_notes_of_a_job_a_run_or_a_step(client: TestClient, path: str, total: int, counted: int | None) -> None:
    """A step's are its own, without those of its sub-phases."""
    page = got(client, path)
    assert (page["total"], page["counted"]) == (total, counted)
    assert len(page["items"]) == min(max(0, total - page["offset"]), page["limit"])


def test_an_artifact_has_its_place_and_size(client: TestClient) -> None:
    """As it was told; as a table too."""
    (item,) = got(client, f"{FAILED}/artifacts")["items"]
    wanted = {"name": "out.json", "uri": "s3://plans/out.json", "size_bytes": 18234, "kind": "output"}
    assert wanted.items() <= item.items()
    answer = client.get(f"{FAILED}/artifacts?format=csv")
    assert answer.headers["x-total-count"] == "1"
    assert table(answer.text)[0]["size_bytes"] == "18234"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("errors?phase=P0l", 404),
        ("phases/P0l/errors", 404),
        ("resources?phase=P0l", 404),
        ("errors?sub_phase=validation", 422),
        ("resources?sub_phase=validation", 422),
        ("resources?limit=5001", 422),
        ("phases/P00/errors?phase=P01", 422),
        ("export?pretty=true", 422),
    ],
)
def test_a_misspelt_phase_is_not_one_without_errors(client: TestClient, path: str, status: int) -> None:
    """404, or 422 where the parameters make no sense."""
    assert client.get(f"{FAILED}/{path}").status_code == status


def test_what_is_counted_but_not_kept_is_seen(tmp_path: Path) -> None:
    """The bound of notes shows as a difference."""
    diary = Diary("noisy", "r", NOON - 10).tell(RUN, Begin(running=True))
    for _ in range(5):
        diary.tell(RUN, Warned("again"))
    with opened(sqlite_url(tmp_path), StoreRules(notes=3), Clock(NOON)) as store:
        give(store, *diary.events)
        page = got(reading_client(store), "/api/v1/jobs/noisy/runs/latest/warnings")
        assert (page["total"], page["counted"]) == (3, 5)


def test_an_export_has_everything(client: TestClient) -> None:
    """What the routes of its parts answer, in one document to be kept."""
    answer = client.get(f"{FAILED}/export")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''daily-plan%20day-02.json"
    document = answer.json()
    assert document["run"] == got(client, FAILED)
    for kind in ("errors", "warnings", "artifacts"):
        assert document[kind] == got(client, f"{FAILED}/{kind}")["items"]
    assert document["samples"] == got(client, f"{FAILED}/resources")["items"]
    assert (document["exported_at"], document["left_out"]) == ("2026-01-01T12:00:00Z", [])


def test_an_export_is_packed_where_the_client_takes_it(client: TestClient) -> None:
    """The same document."""
    with client.stream("GET", f"{FAILED}/export", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed)) == client.get(f"{FAILED}/export").json()


def test_an_exported_table_has_one_row_a_step(client: TestClient) -> None:
    """The run itself first; what each has is its own, so that the columns add up."""
    answer = client.get(f"{FAILED}/export?format=csv")
    assert answer.headers["content-disposition"].endswith(".csv")
    rows = table(answer.text)
    assert [(row["phase"], row["sub_phase"], row["errors"]) for row in rows] == [
        ("", "", "0"),
        ("P00", "", "0"),
        ("P00", "validation", "0"),
        ("P01", "", "2"),
        ("P02", "", "0"),
    ]
    assert sum(float(row["cpu_seconds"] or 0) for row in rows) == got(client, FAILED)["cpu_seconds"]


def test_an_exported_table_runs_no_formula(client: TestClient) -> None:
    """Whatever a phase is called."""
    path = f"/api/v1/jobs/{quote(ODD, safe='')}/runs/latest/export?format=csv"
    rows = table(client.get(path).text)
    assert [row["phase"] for row in rows] == ["", "'=SUM(A1)/x", "'=SUM(A1)/x"]
    assert rows[2]["title"] == "'=1+1"


def test_a_long_export_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded, over several pages, nothing twice."""
    monkeypatch.setattr(export, "MOST_SAMPLES", 30)
    monkeypatch.setattr(export, "MOST_NOTES", 40)
    monkeypatch.setattr(export, "_AT_ONCE", 10)
    monkeypatch.setattr(export, "_PIECE_BYTES", 500)
    diary = Diary("long", "r", NOON - 200).tell(P00, Begin(running=True))
    for number in range(50):
        diary.tell(P00, Resources(1.0, 1.0), 1.0)
        diary.tell(P00, Warned(f"w{number}"))
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        give(store, *diary.events)
        document = reading_client(store).get("/api/v1/jobs/long/runs/r/export").json()
    assert [note["message"] for note in document["warnings"]] == [f"w{number}" for number in range(49, 9, -1)]
    assert len(document["samples"]) == 30
    assert document["left_out"] == ["warnings", "samples"]


def test_an_application_adds_up_its_processes(client: TestClient) -> None:
    """What one process does not tell is unknown of the whole."""
    (item,) = got(client, "/api/v1/applications")["items"]
    assert item == {
        "application": "planner",
        "last_heard": "2026-01-01T11:59:59Z",
        "process_count": 2,
        "actions_total": 150,
        "actions_failed": 3,
        "actions_running": 2,
        "events_total": None,
        "events_failed": None,
        "cpu_seconds": 20.0,
        "memory_bytes": None,
    }
    (row,) = table(client.get("/api/v1/applications?format=csv").text)
    assert (row["actions_total"], row["memory_bytes"]) == ("150", "")


def test_a_whole_application_has_its_actions_and_processes(client: TestClient) -> None:
    """Histograms with their bounds; the last snapshot of each process."""
    whole = got(client, "/api/v1/applications/planner")
    (click,) = whole["actions"]
    assert (click["name"], click["total"], click["running"], click["durations"]["count"]) == ("click", 150, 2, 150)
    assert len(click["durations"]["buckets"]) == len(click["durations"]["bounds_seconds"]) + 1
    assert [(each["process"], each["queues"], each["threads"]) for each in whole["processes"]] == [
        ("host-1", {"orders": 4.0}, 3),
        ("host-2", {}, None),
    ]


def test_applications_are_searched_and_sorted(tmp_path: Path) -> None:
    """An unknown one is a 404 with names like it."""
    with opened(sqlite_url(tmp_path), clock=Clock(NOON)) as store:
        clock = store._clock
        assert isinstance(clock, Clock)
        for name in ("shop", "mail"):
            clock.now += 1
            one = process("p", 1, 0)
            give(store, type(one)(name, "p", one.started, 1, one.time))
        client = reading_client(store)
        assert [each["application"] for each in got(client, "/api/v1/applications")["items"]] == ["mail", "shop"]
        by_age = got(client, "/api/v1/applications?sort=last_heard")["items"]
        assert [each["application"] for each in by_age] == ["shop", "mail"]
        assert got(client, "/api/v1/applications?search=HO")["total"] == 1
        unknown = client.get("/api/v1/applications/shopp")
        assert (unknown.status_code, unknown.json()["similar"]) == (404, ["shop"])
