"""`run`: any program as a job with one phase."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdk.event_server import EventServer

_ROOT = Path(__file__).parents[2]


def _variables(server: EventServer, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    places = {"STREAMGAUGE_URL": server.url, "STREAMGAUGE_SPOOL_DIR": str(folder)}
    return {**kept, **places, "PYTHONPATH": str(_ROOT / "exporter" / "sdk")}


def _command(*arguments: str, flags: tuple[str, ...] = ()) -> list[str]:
    own = [sys.executable, "-W", "error", "-m", "streamgauge_sdk", "run", "--job", "backup", *flags]
    return [*own, "--", *arguments]


def _run(
    server: EventServer, folder: Path, *arguments: str, flags: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments, flags=flags),
        env=_variables(server, folder),
        input="in\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_commands_life_is_a_run_with_one_phase(server: EventServer, tmp_path: Path) -> None:
    """Its output is its own; CPU and the peak of its memory are known to the end."""
    program = (
        "import time; x = b'a' * 60_000_000; print(input())\nfor _ in iter(lambda: time.process_time() < 0.3, False): 1"
    )
    flags = ("--run", "r1", "--phase", "P07", "--title", "Dump", "--label", "team=data", "--environment", "production")
    done = _run(server, tmp_path, sys.executable, "-c", program, flags=flags)
    assert (done.returncode, done.stdout, done.stderr) == (0, "in\n", "")
    run, phase = server.of("start")
    assert (run["job"], run["run"], run["labels"], run["environment"]) == (
        "backup",
        "r1",
        {"team": "data"},
        "production",
    )
    assert (phase["phase"], phase["title"]) == ("P07", "Dump")
    used = server.of("resources")
    assert {each["phase"] for each in used} == {"P07"}
    assert 0.3 <= sum(each["cpu_seconds"] for each in used) < 10
    assert used[-1]["memory_peak_bytes"] >= 60_000_000
    assert server.types() == ["start", "start", "complete", "complete"]
    assert server.of("complete")[0]["duration_seconds"] >= 0.3


def test_a_small_program_is_not_told_to_be_as_large_as_this_one(server: EventServer, tmp_path: Path) -> None:
    """The system counts what ran in the process before the program's start; that is not the program's memory."""
    assert _run(server, tmp_path, "sleep", "0.2").returncode == 0
    assert [
        each["memory_peak_bytes"] for each in server.of("resources") if each["memory_peak_bytes"] > 10_000_000
    ] == []


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        ("raise SystemExit(3)", 3, "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", 137, "killed by signal 9"),
    ],
    ids=["an exit code", "a signal"],
)
def test_a_failure_is_passed_on_and_told(
    server: EventServer, tmp_path: Path, program: str, code: int, message: str
) -> None:
    """As a shell would have it."""
    assert _run(server, tmp_path, sys.executable, "-c", program).returncode == code
    phase, run = server.of("fail")
    assert (phase["phase"], phase["exit_code"], phase["message"]) == ("command", code, message)
    assert run["exit_code"] == code


def test_a_command_that_is_not_there_is_a_failed_run(server: EventServer, tmp_path: Path) -> None:
    """127 and a clear message; 126 where it cannot be executed."""
    done = _run(server, tmp_path, "no-such-command", "--flag")
    assert done.returncode == 127
    assert done.stderr == "streamgauge run: no-such-command: command not found\n"
    assert [each["exit_code"] for each in server.of("fail")] == [127, 127]
    plain = tmp_path / "plain"
    plain.write_text("text")
    assert _run(server, tmp_path, str(plain)).returncode == 126


def _heeding_signals() -> None:
    """As a shell in a terminal starts programs: what runs in the background has SIGINT ignored, and hands that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_go_on_to_the_command_and_what_it_started(
    server: EventServer, tmp_path: Path, number: signal.Signals
) -> None:
    """It decides how to end; the run tells how it did."""
    on_signal = f"import os, signal, subprocess, sys; signal.signal({int(number)}, lambda *_: "
    inner = on_signal + "sys.exit(os.write(1, b'inner\\n') - 6)); print('ready', flush=True); signal.pause()"
    outer = on_signal + f"os.write(1, b'outer\\n')); subprocess.run([sys.executable, '-c', {inner!r}]); sys.exit(7)"
    with subprocess.Popen(
        _command(sys.executable, "-c", outer),
        env=_variables(server, tmp_path),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_heeding_signals,  # noqa: PLW1509 - nothing here holds a lock while it forks
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            running.send_signal(number)
            said, _ = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 7
    assert sorted(said.split()) == ["inner", "outer"]
    assert server.of("fail")[0]["exit_code"] == 7


def test_a_program_with_the_sdk_inside_joins_the_run(server: EventServer, tmp_path: Path) -> None:
    """One run, begun and ended by the command; the program's phases are in it."""
    program = """
import streamgauge_sdk as gauge
gauge.progress(1, items=2)
with gauge.job("backup") as job, job.phase("P01"):
    gauge.warning("inside")
"""
    assert _run(server, tmp_path, sys.executable, "-c", program).returncode == 0
    assert len({each["run"] for each in server.events}) == 1
    assert server.of("warning")[0]["phase"] == "P01"
    assert server.of("progress")[0]["phase"] == "command"
    for kind in ("start", "complete"):  # between two processes no order is promised
        assert {each.get("phase") for each in server.of(kind)} == {None, "command", "P01"}


def test_without_an_exporter_the_command_runs_all_the_same(tmp_path: Path) -> None:
    """Its exit code is its own."""
    with EventServer() as server:
        pass
    assert _run(server, tmp_path, sys.executable, "-c", "raise SystemExit(4)").returncode == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--job", "j"], "a command is needed"),
        (["--", "true"], "--job"),
        (["--job", "j", "--label", "nonsense", "--", "true"], "NAME=VALUE"),
    ],
)
def test_a_wrong_command_line_is_explained(tmp_path: Path, arguments: list[str], message: str) -> None:
    """And nothing is run."""
    done = subprocess.run(
        [sys.executable, "-m", "streamgauge_sdk", "run", *arguments],
        env={**os.environ, "PYTHONPATH": str(_ROOT / "exporter" / "sdk")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
