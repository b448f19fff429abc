"""The SDK's distribution by itself: its wheel with psutil in an empty environment, and the example that runs there."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.sdk.event_server import EventServer

_ROOT = Path(__file__).parents[2]
_SDK = _ROOT / "exporter" / "sdk"


def _pip(python: Path | str, *arguments: str) -> None:
    subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True, timeout=300
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release would be."""
    folder = tmp_path_factory.mktemp("dist")
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(_SDK))
    return next(folder.glob("*.whl"))


@pytest.mark.service
def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """With its type marker; it needs psutil alone."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert "streamgauge_sdk/py.typed" in names
    assert all(name.startswith("streamgauge_sdk") for name in names)
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: psutil>=5.9"
    ]
    assert "Requires-Python: >=3.10" in metadata


@pytest.mark.service
def test_the_example_runs_in_an_empty_environment(wheel: Path, server: EventServer, tmp_path: Path) -> None:
    """With nothing of the exporter's installed, and all of its run arrives."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=300)
    python = tmp_path / "venv" / "bin" / "python"
    _pip(python, "install", str(wheel))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STREAMGAUGE_", "PYTHON"))}
    done = subprocess.run(
        [str(python), "-W", "error", str(_ROOT / "examples" / "phased_job.py"), "--run", "r1"],
        env={**kept, "STREAMGAUGE_URL": server.url, "STREAMGAUGE_SPOOL_DIR": str(tmp_path / "spool")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {each["run"] for each in server.events} == {"r1"}
    assert [each["phase"] for each in server.of("pending")] == ["P00", "P01", "P02"]
    ends = [(each.get("phase"), each.get("sub_phase")) for each in server.of("complete")]
    assert ends == [("P00", "validation"), ("P00", None), ("P01", None), ("P02", None), (None, None)]
    assert server.of("progress")[-1]["done"] == 500
    assert server.of("artifact")[0]["size_bytes"] > 0


@pytest.mark.parametrize("module", sorted((_SDK / "streamgauge_sdk").glob("*.py")), ids=lambda path: path.name)
def test_every_module_is_python_3_10(module: Path) -> None:
    """Its syntax, and no name of the standard library that came later."""
    tree = ast.parse(module.read_text(), feature_version=(3, 10))
    used = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    imported = {alias.name for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) for alias in each.names}
    modules = {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    later = {"StrEnum", "UTC", "TaskGroup", "ExceptionGroup", "Self", "batched", "override", "add_note", "verify"}
    assert not (used | imported) & later
    assert "tomllib" not in modules


def test_the_types_hold_for_python_3_10() -> None:
    """As mypy sees the standard library of that version."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-version", "3.10", "--package", "streamgauge_sdk"],
        cwd=_ROOT,
        env={**os.environ, "MYPYPATH": "exporter/sdk"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_the_sdk_does_nothing() -> None:
    """No thread, no file, no connection, no output, and none of the heavy modules that a job may not want."""
    heavy = "{'asyncio', 'multiprocessing', 'prometheus_client'}"
    program = "import sys, threading, streamgauge_sdk; "
    program += f"print(threading.active_count(), sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PYTHONPATH": str(_SDK)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "1 []\n"
