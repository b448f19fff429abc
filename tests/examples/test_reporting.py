"""The examples that report without the SDK run as they are, and what they tell is what they say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.runs import Run
from streamgauge.web.application import create_application
from streamgauge.web.tokens import Token, Tokens, TokenScope, create
from streamgauge.web.writes import Access
from tests.web.examples import store
from tests.web.job_sink import MemorySink
from tests.web.serving import serving

pytestmark = pytest.mark.service

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGE = Path(__file__).parents[2] / "docs" / "reporting.md"
DEADLINE = 120  # seconds; the examples take a few


@dataclass
class Exporter:
    """A server that takes reports with a token.

    Attributes:
        url: where it is.
        token: that may write.
        sink: what came.
    """

    url: str
    token: str
    sink: MemorySink

    def run(self, job: str) -> Run:
        """The one run of a job."""
        ((name, run),) = self.sink.runs()
        assert name == job
        return self.sink.run(name, run)


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """A server on a free port."""
    token, digest = create()
    access = Access(tokens=Tokens([Token("example", bytes.fromhex(digest), frozenset({TokenScope.WRITE}))]))
    sink = MemorySink()
    application = create_application(store(), version="1.2.3", refresh_seconds=5, access=access, reports=sink)
    with serving(application) as address:
        yield Exporter(address.url.rstrip("/"), token, sink)


def call(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an example to its end."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command, env=known | environment, capture_output=True, text=True, timeout=DEADLINE, check=False
    )


def by_curl(exporter: Exporter, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    told = {"STREAMGAUGE_URL": exporter.url, "STREAMGAUGE_TOKEN": exporter.token, "PAUSE": "0.01"}
    return call("bash", EXAMPLES / "report_by_curl.sh", *arguments, **told | environment)


def by_openlineage(exporter: Exporter, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the Python program."""
    program = EXAMPLES / "openlineage_job.py"
    told = {"OPENLINEAGE_URL": exporter.url, "OPENLINEAGE_API_KEY": exporter.token}
    return call(sys.executable, program, *arguments, **told)


def test_a_script_reports_by_curl(exporter: Exporter) -> None:
    """Phases, progress, a warning, an artifact, and its end; names may hold anything."""
    done = by_curl(exporter, "täglich / export", "the 1st")
    assert (done.returncode, done.stderr) == (0, "")

    run = exporter.run("täglich / export")
    assert (run.run, run.status, run.environment, run.warnings) == ("the 1st", Status.COMPLETED, "demo", 1)
    assert [(step.phase, step.title, step.status) for step in run.phases] == [
        ("P00", "Read the pages", Status.COMPLETED),
        ("P01", "Upload", Status.COMPLETED),
    ]
    assert (run.phases[0].done, run.phases[1].artifacts, run.phases[1].measured) == (5, 1, {"pages": 5})
    assert [step.status for step in run.phases[1].sub_phases] == [Status.COMPLETED]


def test_a_script_that_fails_says_so(exporter: Exporter) -> None:
    """Its trap ends the run with the exit code, and what still ran with it."""
    assert by_curl(exporter, FAIL="yes").returncode == 3

    run = exporter.run("nightly-export")
    assert (run.status, run.itself.exit_code, run.errors) == (Status.FAILED, 3, 1)
    statuses = {step.key: step.status for step in run.steps()}
    assert statuses == {
        StepKey("P00"): Status.COMPLETED,
        StepKey("P01"): Status.ABORTED,
        StepKey("P01", "check sums"): Status.FAILED,
    }


def test_a_script_works_without_an_exporter(exporter: Exporter) -> None:
    """It says what it could not tell, and does its work; a wrong token shows in no output."""
    done = by_curl(exporter, STREAMGAUGE_TOKEN="sg_wrong")

    assert (done.returncode, exporter.sink.events) == (0, {})
    assert "not reported: /" in done.stderr
    assert "sg_wrong" not in done.stdout + done.stderr


def test_the_commands_of_the_page_do_what_it_says(exporter: Exporter) -> None:
    """docs/reporting.md: by hand, and a batch of events."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [block for block in blocks if "curl" in block]
    assert len(commands) == 2
    for command in commands:
        told = {"STREAMGAUGE_URL": exporter.url, "STREAMGAUGE_TOKEN": exporter.token}
        done = call("bash", "-euc", command, **told)
        assert (done.returncode, done.stderr) == (0, "")

    assert exporter.sink.run("nightly-export", "2026-11-21").status is Status.COMPLETED
    assert exporter.sink.run("daily-plan", "2026-11-21").phases[0].done == 12


def test_a_program_reports_by_openlineage(exporter: Exporter) -> None:
    """Its steps are phases, what they write is artifacts."""
    done = by_openlineage(exporter)
    assert done.returncode == 0, done.stderr

    run = exporter.run("openlineage_job")
    assert run.run in done.stdout
    assert run.status is Status.COMPLETED
    assert [(step.phase, step.status) for step in run.phases] == [
        ("assemble", Status.COMPLETED),
        ("write", Status.COMPLETED),
    ]
    assert run.phases[1].measured == {"output_rows": 500.0, "output_bytes": 104857600.0}


def test_a_program_that_fails_says_so_by_openlineage(exporter: Exporter) -> None:
    """The error is counted once."""
    assert by_openlineage(exporter, "--fail").returncode == 1

    run = exporter.run("openlineage_job")
    assert (run.status, run.errors) == (Status.FAILED, 1)
    assert [(step.status, step.message) for step in run.phases][1] == (Status.FAILED, "the plan has a hole")
