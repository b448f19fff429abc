"""What fails while jobs report: the exporter, its database, its disk, a token. Everything is a process of its own."""

import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pytest
import requests

from streamgauge.web.tokens import create
from tests.services.exporter import Exporter
from tests.services.polling import eventually
from tests.services.postgresql import PostgreSQLServer
from tests.services.test_jobs import JOB_DEADLINE, free_port, send, status_of

ANSWER_DEADLINE = 30  # seconds; the exporter waits for its store for half as long
BACK_DEADLINE = 60.0

LINES = """
    import sys
    import streamgauge_sdk as gauge

    with gauge.job("reader", run="1") as job, job.phase("P00") as phase:
        for line in sys.stdin:
            phase.warning(line.strip())
"""


def program(source: str, url: str, folder: Path, *, token: str = "") -> "subprocess.Popen[str]":
    """Start a program that reports to an exporter, its spool in a folder."""
    told = {"STREAMGAUGE_URL": url, "STREAMGAUGE_SPOOL_DIR": str(folder / "spool"), "STREAMGAUGE_TOKEN": token}
    command = [sys.executable, "-c", textwrap.dedent(source)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **told}, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def say(program_input: IO[str] | None, numbers: range) -> None:
    """Give a program lines to read."""
    assert program_input is not None
    program_input.writelines(f"page {number}\n" for number in numbers)
    program_input.flush()


def answered(exporter: Exporter, event: Mapping[str, Any]) -> requests.Response:
    """Post one event, which may be refused for now."""
    return requests.post(f"{exporter.url}api/v1/events", json={"events": [event]}, timeout=ANSWER_DEADLINE)


def taken_again(exporter: Exporter, event: Mapping[str, Any]) -> None:
    """Send an event that was refused until it is taken: it is counted once."""
    eventually(lambda: answered(exporter, event).status_code == 200, deadline=BACK_DEADLINE)
    receipt = answered(exporter, event).json()
    assert (receipt["accepted"], receipt["duplicates"]) == (0, 1)
    exporter.eventually("job_warnings_total", 1, job_name="plan", phase="", sub_phase="")


@pytest.mark.fault("exporter killed (SIGKILL) and back while a job runs", of="jobs")
def test_a_killed_exporter_costs_a_running_job_nothing(tmp_path: Path) -> None:
    """The job goes on; what it told before, meanwhile and after is there when the exporter is back, each once."""
    port = free_port()
    arguments = ["--listen", f"127.0.0.1:{port}", "--state.dir", str(tmp_path / "state")]
    job = program(LINES, f"http://127.0.0.1:{port}", tmp_path)
    with job:
        with Exporter(tmp_path / "first", arguments) as exporter:
            say(job.stdin, range(100))
            eventually(lambda: sum(exporter.scrape().values("job_warnings_total", job_name="reader")) > 0)
            exporter.kill()
        say(job.stdin, range(100, 200))
        with Exporter(tmp_path / "second", arguments) as exporter:
            say(job.stdin, range(200, 300))
            _, said = job.communicate(timeout=JOB_DEADLINE)
            assert (job.returncode, "Traceback" in said) == (0, False)
            page = exporter.eventually("job_status", 1, job_name="reader", status="completed", deadline=BACK_DEADLINE)
            assert sum(page.values("job_warnings_total", job_name="reader")) == 300
            told = exporter.get("api/v1/jobs/reader/warnings?limit=1000").json()["items"]
    assert {each["message"] for each in told} == {f"page {number}" for number in range(300)}


@pytest.mark.fault("PostgreSQL away and back", of="jobs")
def test_a_database_that_is_away_holds_up_no_scrape(own_postgresql: PostgreSQLServer, tmp_path: Path) -> None:
    """Events get 503 and `Retry-After`, what was last known is served and a metric says so; then all goes on."""
    warning = {"id": "w1", "type": "warning", "job": "plan", "run": "1", "message": "page 7 skipped"}
    config = {"jobs": {"database": own_postgresql.create_database()}, "log": {"level": "debug"}}
    with Exporter(tmp_path, config=config) as exporter:
        send(exporter, {"type": "start", "job": "plan", "run": "1"})
        exporter.eventually("job_status", 1, job_name="plan", status="running")
        own_postgresql.stop()

        refused = answered(exporter, warning)
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert int(refused.headers["retry-after"]) >= 1
        page = exporter.eventually("streamgauge_job_store_up", 0)
        assert status_of(page, "plan") == {"running"}
        assert (page.value("streamgauge_job_store_errors_total") or 0) >= 1
        assert exporter.get("api/v1/runs").status_code == 503

        own_postgresql.start()
        exporter.eventually("streamgauge_job_store_up", 1, deadline=BACK_DEADLINE)
        taken_again(exporter, warning)
        assert warning["message"] not in exporter.log  # as a parameter of the statement that failed


@pytest.mark.fault("disk full for the store of runs", of="jobs")
def test_a_full_disk_refuses_events_and_loses_none(tmp_path: Path) -> None:
    """Events get 503 while nothing can be written, what was answered is served; with room again they are taken."""
    warning = {"id": "w1", "type": "warning", "job": "plan", "run": "1", "message": "page 7 skipped"}
    with Exporter(tmp_path) as exporter:
        send(exporter, {"type": "start", "job": "plan", "run": "1"})
        exporter.eventually("job_status", 1, job_name="plan", status="running")
        unlimited = resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (64, unlimited[1]))
        refused = answered(exporter, warning)
        assert refused.status_code == 503
        page = exporter.eventually("streamgauge_job_store_up", 0)
        assert status_of(page, "plan") == {"running"}
        resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, unlimited)
        exporter.eventually("streamgauge_job_store_up", 1, deadline=BACK_DEADLINE)
        taken_again(exporter, warning)


@pytest.mark.fault("wrong token of a job", of="jobs")
def test_a_job_with_a_wrong_token_runs_and_says_so_once(tmp_path: Path) -> None:
    """The job runs to its end and says so once; a later run with the right token brings its events too."""
    (token, digest), (wrong, _) = create(), create()
    entry = {"name": "reader", "sha256": digest, "scopes": ["write"]}
    with Exporter(tmp_path, config={"web": {"tokens": [entry]}}) as exporter:
        with program(LINES, exporter.url, tmp_path, token=wrong) as job:
            _, said = job.communicate("".join(f"page {number}\n" for number in range(10)), timeout=JOB_DEADLINE)
        assert job.returncode == 0
        assert said.count("takes no events") == 1
        assert wrong not in said + exporter.log
        page = exporter.scrape()
        assert status_of(page, "reader") == set()
        assert (page.value("streamgauge_web_refused_requests_total", reason="unauthorized") or 0) >= 1

        with program(LINES.replace('run="1"', 'run="2"'), exporter.url, tmp_path, token=token) as job:
            _, said = job.communicate("", timeout=JOB_DEADLINE)
        assert (job.returncode, said) == (0, "")
        exporter.eventually("job_runs_total", 2, job_name="reader")
        assert sum(exporter.scrape().values("job_warnings_total", job_name="reader")) == 10
