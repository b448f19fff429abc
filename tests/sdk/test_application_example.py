"""The example runs as it is."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.sdk.application_process import SDK, run_python
from tests.sdk.event_server import EventServer
from tests.services.polling import eventually

EXAMPLE = Path(__file__).parents[2] / "examples" / "asyncio_application.py"


def test_it_runs_without_an_exporter(tmp_path: Path) -> None:
    """It says once that nobody listens, handles its orders and ends well."""
    ended = run_python(str(EXAMPLE), "--seconds", "0.3", directory=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("nobody listens") == 1
    assert re.search(r"^[1-9]\d* orders handled$", ended.stdout, re.MULTILINE)


def test_the_exporter_gets_what_it_did(tmp_path: Path, server: EventServer) -> None:
    """At the latest as it ends: each order an event, each with a look-up and a save, some of which failed."""
    ended = run_python(str(EXAMPLE), "--seconds", "0.3", directory=tmp_path, url=server.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"metrics: sent to {server.url}" in ended.stdout
    handled = int(ended.stdout.splitlines()[-1].split()[0])
    last = server.events[-1]
    assert (last["type"], last["application"]) == ("application", "orders-example")
    assert {name: action["total"] for name, action in last["actions"].items()} == {"look up": handled, "save": handled}
    assert (last["events"]["total"], last["events"]["failed"]) == (handled, handled // 10)


def test_it_serves_its_metrics(tmp_path: Path) -> None:
    """Under the address that it prints, while it runs."""
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE), "--seconds", "60", "--serve", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SDK), "XDG_STATE_HOME": str(tmp_path)},
    ) as program:
        try:
            assert program.stdout is not None
            url = program.stdout.readline().removeprefix("metrics: ").strip()
            eventually(lambda: {"app_queue_depth", "app_memory_bytes"} <= _families(url))
        finally:
            program.kill()


def _families(url: str) -> set[str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return {family.name for family in text_string_to_metric_families(answer.read().decode())}
