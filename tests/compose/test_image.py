"""The image's recipe: what it is built from is there, and what it installs is pinned and small."""

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamgauge.bundle.files import SHIPPED
from tests.compose.stack import ROOT, services, variables

DOCKERFILE = (ROOT / "exporter" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(None, 1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
SITE_PACKAGES_MB = 150


def _steps(instruction: str) -> list[str]:
    return [rest for name, rest in STEPS if name == instruction]


def _copied() -> list[str]:
    """Everything that is copied out of the repository."""
    return [source for step in _steps("COPY") if "--from" not in step for source in step.split()[:-1]]


def _ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out; the last line that matches it or a folder above it counts."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        above = [path, *(str(parent) for parent in Path(path).parents)]
        if any(fnmatch.fnmatch(name, pattern) for name in above):
            ignored = not line.startswith("!")
    return ignored


def test_what_it_copies_is_there() -> None:
    """In the repository, and not kept out by .dockerignore, which keeps out everything else."""
    assert _copied()
    for source in _copied():
        assert (ROOT / source).exists(), source
        assert not _ignored(source), source
    for kept_out in (".git", "tests", "build", ".venv", ".env", "secrets", "docs/compose.md"):
        assert _ignored(kept_out), kept_out


def test_the_bundle_is_among_it() -> None:
    """So that the image's exporter serves its runbooks."""
    for place in SHIPPED.values():
        assert any(Path(place).is_relative_to(source) for source in _copied()), place


def test_its_base_is_a_slim_python_by_its_tag() -> None:
    """Two stages, both of one tag that stands in .env, where it is the same as here."""
    assert _steps("ARG") == [f"PYTHON_TAG={variables()['PYTHON_TAG']}"]
    assert _steps("FROM") == ["python:${PYTHON_TAG} AS build", "python:${PYTHON_TAG}"]
    assert "-slim" in variables()["PYTHON_TAG"]
    assert services()["exporter"]["build"]["args"] == {"PYTHON_TAG": variables()["PYTHON_TAG"]}


def test_everything_it_installs_is_pinned_with_hashes() -> None:
    """From the lock files alone; what is built of ours is built from what is there, with no index."""
    installs = [command for step in _steps("RUN") for command in step.split("&&") if "pip" in command.split("#")[0]]
    assert installs
    for command in installs:
        if " install " in command or " wheel " in command:
            assert "--require-hashes" in command or "--no-index" in command, command
    assert not re.search(r"apt-get|curl|wget|git clone", DOCKERFILE)


def test_what_builds_the_wheel_is_what_pyproject_asks_for() -> None:
    """The lock file of the build holds the build backend, with hashes."""
    lock = (ROOT / "requirements-build.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^(\S+)==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE)
    assert "hatchling" in pins
    assert len(pins) == len(re.findall(r"^\S+==", lock, re.MULTILINE))


def test_it_runs_as_nobody_in_particular() -> None:
    """By number, as compose runs it, with the program's own healthcheck and its port."""
    assert _steps("USER") == [services()["exporter"]["user"]]
    assert json.loads(_steps("ENTRYPOINT")[0]) == ["streamgauge"]
    check = re.search(r"CMD (\[.*\])", _steps("HEALTHCHECK")[0])
    assert check is not None
    assert json.loads(check[1]) == ["streamgauge", "healthcheck"]
    assert _steps("EXPOSE") == ["9308"]
    assert "STREAMGAUGE_LISTEN=:9308" in " ".join(_steps("ENV"))


@pytest.mark.service  # installs all packages anew
def test_its_packages_are_small(tmp_path: Path) -> None:
    """Its site-packages, installed as the image installs them, take less than 150 MB. Needs the package index."""
    target = tmp_path / "site-packages"
    lock = str(ROOT / "requirements.lock")
    options = ["--quiet", "--require-hashes", "--only-binary=:all:", "--target", str(target), "-r", lock]
    subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True, timeout=300)
    (slimming,) = (step for step in _steps("RUN") if step.startswith("find "))
    subprocess.run(slimming.replace("/opt/streamgauge", str(target)), shell=True, check=True)
    assert len(list(target.rglob("plotly.min.js"))) == 1
    used = sum(path.stat().st_blocks * 512 for path in target.rglob("*") if path.is_file())
    assert used < SITE_PACKAGES_MB * 1_000_000
