"""Jobs through the whole of it: a program that reports by the SDK, an exporter without Kafka, its metrics and its API.

Both are processes, as their users run them.
"""

import json
import os
import socket
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.services.exporter import Exporter, Page
from tests.services.polling import eventually

pytestmark = pytest.mark.service

JOB_DEADLINE = 60
PHASED = """
    import streamgauge_sdk as gauge

    with gauge.job("daily-plan", run="2026-11-21", environment="test") as job:
        job.phases({"P00": "Document assembly", "P01": "Print"})
        with job.phase("P00", items=500) as phase:
            with phase.sub_phase("validation"):
                sum(number * number for number in range(300_000))
            phase.progress(500)
            phase.artifact("out.json", size_bytes=12)
            phase.warning("page 7 skipped")
            phase.metric("pages", 50)
        with job.phase("P01"):
            raise RuntimeError("no paper")
"""


def run_job(url: str, source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that reports to an exporter, its spool in a folder."""
    environment = {**os.environ, "STREAMGAUGE_URL": url, "STREAMGAUGE_SPOOL_DIR": str(folder)}
    command = [sys.executable, "-c", textwrap.dedent(source)]
    return subprocess.run(command, env=environment, timeout=JOB_DEADLINE, capture_output=True, text=True, check=False)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def send(exporter: Exporter, *events: dict[str, Any]) -> dict[str, int]:
    """Post events as a program without the SDK would; what became of them."""
    body = {"events": [{"id": uuid.uuid4().hex, **event} for event in events]}
    answer = requests.post(f"{exporter.url}api/v1/events", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    receipt: dict[str, int] = answer.json()
    return receipt


def status_of(page: Page, job: str) -> set[str]:
    """Every status that is served as a job's."""
    return {dict(labels)["status"] for labels in page.series("job_status") if dict(labels)["job_name"] == job}


def eventually_status(exporter: Exporter, job: str, wanted: Sequence[str], *, deadline: float = 15) -> Page:
    """Scrape until a job has exactly these statuses."""

    def scraped() -> Page:
        page = exporter.scrape()
        assert status_of(page, job) == set(wanted)
        return page

    return eventually(scraped, deadline=deadline)


def test_a_job_reports_and_is_seen(tmp_path: Path) -> None:
    """Three lines in a program, no Kafka anywhere: phases, progress, CPU, memory, warnings and errors are metrics."""
    with Exporter(tmp_path) as exporter:
        done = run_job(exporter.url, PHASED, tmp_path / "spool")
        assert done.returncode == 1
        assert "RuntimeError: no paper" in done.stderr
        page = eventually_status(exporter, "daily-plan", ["failed"])

        phase = {"job_name": "daily-plan", "phase": "P00", "sub_phase": ""}
        assert page.value("job_phase_status", **phase) == 1
        assert page.value("job_phase_progress_ratio", **phase) == 1
        assert page.value("job_phase_items_total", **phase) == 500
        assert page.value("job_warnings_total", **phase) == 1
        assert page.value("job_phase_duration_seconds_count", **phase) == 1
        assert (page.value("job_phase_memory_peak_bytes", **phase) or 0) > 5_000_000
        assert (page.value("job_phase_cpu_seconds_total", **{**phase, "sub_phase": "validation"}) or 0) > 0
        assert page.value("job_phase_status", job_name="daily-plan", phase="P01", status="failed") == 1
        assert sum(page.values("job_errors_total", job_name="daily-plan")) == 1
        assert page.value("job_runs_failed_total", job_name="daily-plan") == 1
        assert page.value("job_last_success_timestamp_seconds", job_name="daily-plan") is None


@pytest.mark.fault("exporter killed (SIGKILL) right after it answered", of="jobs")
def test_what_was_answered_outlives_a_crash(tmp_path: Path) -> None:
    """A SIGKILL right after the answers: the exporter that starts next knows every event, and counters go on."""
    state = ["--state.dir", str(tmp_path / "kept")]
    with Exporter(tmp_path / "first", state) as exporter:
        for number in range(20):
            about = {"job": "import", "run": str(number)}
            receipt = send(exporter, {"type": "start", **about}, {"type": "complete", **about})
            assert receipt["accepted"] == 2
        exporter.kill()
    with Exporter(tmp_path / "second", state) as exporter:
        page = eventually_status(exporter, "import", ["completed"])
        assert page.value("job_runs_total", job_name="import") == 20
        assert page.value("job_duration_seconds_count", job_name="import") == 20


@pytest.mark.fault("exporter away for the whole of a run", of="jobs")
def test_a_job_outlives_the_exporter(tmp_path: Path) -> None:
    """A job that runs while the exporter is away is not held up, and what it told is there afterwards, once."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    done = run_job(url, PHASED, tmp_path / "spool")
    assert done.returncode == 1
    assert "RuntimeError: no paper" in done.stderr
    with Exporter(tmp_path, ["--listen", f"127.0.0.1:{port}"]) as exporter:
        later = run_job(url, PHASED.replace("2026-11-21", "2026-11-22"), tmp_path / "spool")
        assert later.returncode == 1

        page = exporter.eventually("job_runs_total", 2, job_name="daily-plan")
        assert sum(page.values("job_warnings_total", job_name="daily-plan")) == 2
        assert sum(page.values("job_errors_total", job_name="daily-plan")) == 2
        runs = requests.get(f"{exporter.url}api/v1/jobs/daily-plan/runs", timeout=10).json()
        assert [run["run"] for run in runs["items"]] == ["2026-11-22", "2026-11-21"]


@pytest.mark.fault("a run falls silent", of="jobs")
def test_a_run_that_falls_silent_is_lost_until_it_is_heard(tmp_path: Path) -> None:
    """A run that promised to be heard and is not is lost, never running; a word from it takes that back."""
    with Exporter(tmp_path) as exporter:
        about = {"job": "nightly", "run": "1"}
        send(exporter, {"type": "start", "heartbeat_seconds": 0.5, **about}, {"type": "start", "phase": "P00", **about})
        eventually_status(exporter, "nightly", ["running"])
        page = eventually_status(exporter, "nightly", ["lost"], deadline=20)
        assert page.value("job_runs_running", job_name="nightly") == 0
        assert page.value("job_runs_lost", job_name="nightly") == 1
        send(exporter, {"type": "complete", **about})
        page = eventually_status(exporter, "nightly", ["completed"])
        assert page.value("job_runs_lost", job_name="nightly") == 0


def test_limits_of_the_configuration_are_metrics_and_follow_a_reload(tmp_path: Path) -> None:
    """What jobs are held against comes from the configuration, and another limit needs no restart."""

    def config(minutes: int) -> dict[str, Any]:
        return {"jobs": {"slos": [{"job": "night.*", "phase": "P0.", "duration": f"{minutes}m"}]}}

    with Exporter(tmp_path, config=config(10)) as exporter:
        send(exporter, {"type": "start", "job": "nightly", "run": "1", "phase": "P00"})
        exporter.eventually("job_slo_duration_seconds", 600, job_name="nightly", phase="P00", sub_phase="")
        exporter.reload(config(20))
        exporter.eventually("job_slo_duration_seconds", 1200, job_name="nightly", phase="P00", sub_phase="")


def test_a_command_is_a_job(tmp_path: Path) -> None:
    """`streamgauge run` needs no change of the program: its exit code is passed on and seen."""
    with Exporter(tmp_path) as exporter:
        environment = {**os.environ, "STREAMGAUGE_URL": exporter.url, "STREAMGAUGE_SPOOL_DIR": str(tmp_path / "spool")}
        command = [sys.executable, "-m", "streamgauge", "run", "--job", "backup", "--", "sh", "-c", "echo hi; exit 7"]
        done = subprocess.run(
            command, env=environment, timeout=JOB_DEADLINE, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (7, "hi\n")
        eventually_status(exporter, "backup", ["failed"])
        run = requests.get(f"{exporter.url}api/v1/jobs/backup/runs/latest", timeout=10).json()
        assert run["phases"][0]["exit_code"] == 7, json.dumps(run)


def test_an_application_is_counted_exactly(tmp_path: Path) -> None:
    """What two processes of a program acted and processed adds up in the exporter's counters, to the last one."""
    source = """
        import streamgauge_sdk as gauge

        gauge.application("shop")
        for number in range(40):
            gauge.record_event(0.01, success=number % 4 != 0)
            with gauge.action("order"):
                pass
    """
    with Exporter(tmp_path) as exporter:
        for _ in range(2):
            assert run_job(exporter.url, source, tmp_path / "spool").returncode == 0
        page = exporter.eventually("app_events_total", 80, application="shop")
        assert page.value("app_events_failed_total", application="shop") == 20
        assert page.value("app_actions_total", application="shop", action="order") == 80
        assert page.value("app_action_duration_seconds_count", application="shop", action="order") == 80


@pytest.mark.fault("no token, and everybody reaches the exporter", of="jobs")
def test_nothing_is_written_where_everybody_reaches_it_without_a_token(tmp_path: Path) -> None:
    """An exporter that listens on all interfaces takes nothing from anybody who has no token, and says what to do."""
    with Exporter(tmp_path, ["--listen", "0.0.0.0:0"]) as exporter:
        port = exporter.url.rstrip("/").rpartition(":")[2]
        answer = requests.post(f"http://127.0.0.1:{port}/api/v1/events", json={"events": []}, timeout=10)
        assert answer.status_code == 403
        assert "web.tokens" in answer.json()["detail"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_at_debug_level_no_log_has_what_jobs_tell(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Neither the store's statements nor what is in them: messages and tracebacks may hold anything."""
    config: dict[str, Any] = {"log": {"level": "debug"}}
    if database == "postgresql":
        address: str = request.getfixturevalue("postgresql").create_database()
        config["jobs"] = {"database": address.replace("postgres@", "postgres:hunter2@")}
    secrets = [f"{word}-8c1f" for word in ("message", "trace", "label", "uri", "app")]
    message, trace, label, uri, application = secrets
    about = {"job": "import", "run": "1"}
    with Exporter(tmp_path, config=config) as exporter:
        send(
            exporter,
            {"type": "start", **about, "labels": {"team": label}},
            {"type": "warning", **about, "message": message},
        )
        send(exporter, {"type": "artifact", **about, "name": "out.json", "uri": uri})
        error = {"type": "ValueError", "message": message, "traceback": trace}
        send(exporter, {"type": "fail", **about, "error": error})
        send(exporter, {"type": "application", "application": application, "process": "p", "started": 1, "sequence": 1})
        eventually_status(exporter, "import", ["failed"])
        for path in ("runs/1", "errors", "warnings", "artifacts"):
            assert exporter.get(f"api/v1/jobs/import/{path}").status_code == 200
        assert message in exporter.get("api/v1/jobs/import/errors").text

        assert "level=debug" in exporter.log
        assert [secret for secret in [*secrets, "hunter2"] if secret in exporter.log] == []
        assert [word for word in ("INSERT", "SELECT", "UPDATE", "sqlalchemy", "alembic") if word in exporter.log] == []
