"""Each example, by the command of its page, beside a real exporter: what it told is in the metrics and in the API."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.exporter import Exporter, Page

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
COMMANDS = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([^`]+)` \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE))
DEADLINE = 120  # seconds; the examples take a few

STARTS_PYTHON = re.compile(r"(?<!\S)python(?= )")


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """One for all of them: each is a job of its own."""
    with Exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


def run(name: str, exporter: Exporter, folder: Path) -> str:
    """Run an example as its page says, and return what it has printed."""
    url = exporter.url.rstrip("/")
    command = STARTS_PYTHON.sub(shlex.quote(sys.executable), COMMANDS[name]).replace("http://localhost:9308", url)
    told = {"STREAMGAUGE_URL": url, "STREAMGAUGE_SPOOL_DIR": str(folder / "spool")}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=ROOT,
        env=kept | told,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def completed(exporter: Exporter, job: str) -> tuple[Page, dict[str, Any]]:
    """The metrics and the latest run of a job that is completed, and the two tell the same of its phases."""
    page = exporter.eventually("job_status", 1, job_name=job, status="completed")
    run: dict[str, Any] = exporter.get(f"api/v1/jobs/{job}/runs/latest").json()
    assert run["status"] == "completed"
    steps = [step for phase in run["phases"] for step in (phase, *phase["sub_phases"])]
    served = {
        frozenset(dict(labels).items()) for labels in page.series("job_phase_status") if ("job_name", job) in labels
    }
    assert served == {
        frozenset(
            {
                "job_name": job,
                "phase": step["phase"],
                "sub_phase": step["sub_phase"] or "",
                "status": step["status"],
            }.items()
        )
        for step in steps
    }
    assert {step["status"] for step in steps} == {"completed"}
    for step in steps:
        labels = {"job_name": job, "phase": step["phase"], "sub_phase": step["sub_phase"] or ""}
        assert page.value("job_phase_last_duration_seconds", **labels) == pytest.approx(step["duration_seconds"])
        assert page.value("job_warnings_total", **labels) == step["warnings"]
    return page, run


def test_the_page_names_every_example() -> None:
    """With a command that runs it, and nothing else."""
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh"}}
    assert set(COMMANDS) == files
    assert all(f"examples/{name}" in command for name, command in COMMANDS.items())


@pytest.mark.service
def test_a_phased_job(exporter: Exporter, tmp_path: Path) -> None:
    """Three phases and a sub-phase with their durations, CPU and memory; progress, a warning and an artifact."""
    printed = run("phased_job.py", exporter, tmp_path)
    page, found = completed(exporter, "daily-plan")
    assert f"run {found['run']} is done" in printed
    assert [phase["title"] for phase in found["phases"]] == ["Document assembly", "Planning", "Publication"]
    assert (found["labels"], found["warnings"], found["artifacts"]) == ({"team": "planning"}, 1, 1)
    first = {"job_name": "daily-plan", "phase": "P00", "sub_phase": ""}
    assert page.value("job_phase_items_total", **first) == 500
    assert page.value("job_phase_progress_ratio", **first) == 1
    assert (page.value("job_phase_memory_peak_bytes", **first) or 0) > 5_000_000
    (artifact,) = exporter.get("api/v1/jobs/daily-plan/artifacts").json()["items"]
    assert Path(artifact["name"]).name == "plan.json"
    assert artifact["size_bytes"] > 0


@pytest.mark.service
def test_an_asyncio_application(exporter: Exporter, tmp_path: Path) -> None:
    """Every order is an event, looked up and saved; every tenth failed; its queue and its process are known."""
    printed = run("asyncio_application.py", exporter, tmp_path)
    handled = int(printed.splitlines()[-1].split()[0])
    about = {"application": "orders-example"}
    page = exporter.eventually("app_events_total", handled, application="orders-example")
    assert page.value("app_events_failed_total", **about) == handled // 10
    assert page.value("app_actions_total", action="look up", **about) == handled
    assert page.value("app_actions_failed_total", action="save", **about) == handled // 10
    assert page.value("app_queue_depth", queue="orders", **about) is not None

    found = exporter.get("api/v1/applications/orders-example").json()
    assert (found["events_total"], found["events_failed"]) == (handled, handled // 10)
    assert {each["name"]: each["total"] for each in found["actions"]} == {"look up": handled, "save": handled}
    assert found["process_count"] == 1


@pytest.mark.service
def test_a_script_that_reports_by_curl(exporter: Exporter, tmp_path: Path) -> None:
    """Two phases and a sub-phase, told by requests alone."""
    run("report_by_curl.sh", exporter, tmp_path)
    page, found = completed(exporter, "nightly-export")
    assert (found["title"], found["environment"], found["exit_code"]) == ("Nightly export", "demo", 0)
    assert [(phase["title"], phase["warnings"]) for phase in found["phases"]] == [("Read the pages", 1), ("Upload", 0)]
    assert [step["sub_phase"] for step in found["phases"][1]["sub_phases"]] == ["check sums"]
    assert page.value("job_phase_items_total", job_name="nightly-export", phase="P00", sub_phase="") == 5
    (artifact,) = exporter.get("api/v1/jobs/nightly-export/artifacts").json()["items"]
    assert (artifact["name"], artifact["phase"]) == ("pages.tar", "P01")


@pytest.mark.service
def test_a_job_that_is_told_by_openlineage(exporter: Exporter, tmp_path: Path) -> None:
    """Its steps are phases; what it wrote is an artifact, with the numbers of its rows and bytes."""
    printed = run("openlineage_job.py", exporter, tmp_path)
    _, found = completed(exporter, "openlineage_job")
    assert f"run {found['run']} of openlineage_job was told" in printed
    assert [phase["phase"] for phase in found["phases"]] == ["assemble", "write"]
    assert found["phases"][1]["measured"] == {"output_rows": 500, "output_bytes": 104857600}
    artifacts = exporter.get("api/v1/jobs/openlineage_job/artifacts").json()["items"]
    assert "s3://plans/plan.parquet" in {artifact["name"] for artifact in artifacts}
