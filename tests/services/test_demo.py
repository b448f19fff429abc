"""`streamgauge demo`, as a new user runs it: with nothing but Python."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.services.exporter import Page
from tests.services.polling import eventually


@contextmanager
def _demo(folder: Path, listen: str = "127.0.0.1:0") -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    output = folder / "output"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "streamgauge", "demo", "--listen", listen]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()


def _url(output: Path) -> str:
    found = re.search(r"live page +(\S+)", output.read_text())
    assert found, output.read_text()
    return found[1]


def _lag_seconds(url: str) -> dict[str, float]:
    page = Page(requests.get(f"{url}metrics", timeout=5).text)
    found = {
        group: page.value("kafka_consumergroup_max_lag_seconds", consumergroup=group)
        for group in ("billing", "warehouse")
    }
    return {group: seconds for group, seconds in found.items() if seconds is not None}


def test_the_demo_shows_a_pipeline_that_moves_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    """Groups have lag seconds, records flow, a job has phases, the page names them, and Ctrl-C ends it within 2 s."""
    with _demo(tmp_path) as (process, output):
        url = eventually(lambda: _url(output), deadline=20)
        eventually(lambda: set(_lag_seconds(url)) == {"billing", "warehouse"}, deadline=30)
        first = Page(requests.get(f"{url}metrics", timeout=5).text)

        def moved() -> bool:
            page = Page(requests.get(f"{url}metrics", timeout=5).text)
            flows = ("kafka_topic_records_appended_total", "kafka_consumergroup_records_consumed_total")
            return all(sum(page.values(name)) > sum(first.values(name)) for name in flows)

        eventually(moved)
        assert first.value("kafka_brokers") == 3
        assert first.values("kafka_consumergroup_members") == []

        def reported() -> bool:
            page = Page(requests.get(f"{url}metrics", timeout=5).text)
            running = page.value("job_phase_status", job_name="nightly-report", phase="P00", status="running")
            return running == 1 and bool(page.value("job_phase_progress_ratio", phase="P00"))

        eventually(reported)
        page = requests.get(url, timeout=5).text
        assert "billing" in page
        assert "warehouse" in page
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - started < 2
        assert "Traceback" not in output.read_text()


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_in_use_is_said_with_the_flag(command: str) -> None:
    """The message names the address and the flag, without a traceback, and the exit code is 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        arguments = ["--kafka", "127.0.0.1:1", "--state.dir", ""] if command == "serve" else []
        run = [sys.executable, "-m", "streamgauge", command, "--listen", address, *arguments]
        ended = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"{address} is in use" in ended.stderr
    assert "--listen" in ended.stderr
    assert "Traceback" not in ended.stderr
