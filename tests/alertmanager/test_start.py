"""What Alertmanager is started with: Slack where there is a URL, nobody where there is none."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.alertmanager.shipped import CONFIG, ROOT, TEMPLATES, amtool

START = ROOT / "alertmanager" / "start.sh"
NOBODY = 65534


def _start(run: Path, slack_url: Path) -> tuple[Path, str]:
    """The configuration file that Alertmanager would be given, and what the script says."""
    settings = {"CONFIG": str(CONFIG.parent), "RUN": str(run), "SLACK_URL": str(slack_url), "ALERTMANAGER": "echo"}
    done = subprocess.run(
        ["sh", str(START), "--storage.path=/data"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    config, storage = done.stdout.split()
    assert storage == "--storage.path=/data"
    return Path(config.removeprefix("--config.file=")), done.stderr


def test_with_a_slack_url(tmp_path: Path) -> None:
    """Alertmanager gets the shipped file itself."""
    slack_url = tmp_path / "slack_url"
    slack_url.write_text("http://127.0.0.1:1/services/secret\n", encoding="utf-8")
    config, said = _start(tmp_path, slack_url)
    assert config == CONFIG
    assert "alerts go to Slack" in said
    assert "secret" not in said


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_without_one(tmp_path: Path, name: str) -> None:
    """Every route that names Slack names a receiver that sends nowhere; the log says so; the file is valid."""
    (tmp_path / "empty").touch()
    config, said = _start(tmp_path, tmp_path / name)
    assert "no Slack URL is given" in said
    assert "nobody" in said
    text = config.read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert _named(document["route"]) == {"nowhere", "watchdog"}
    assert document["templates"] == [f"{TEMPLATES}/*.tmpl"]
    assert amtool("check-config", str(config)).returncode == 0


def test_with_one_that_it_may_not_read() -> None:
    """The log says what to do, and Alertmanager starts all the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)  # a folder of pytest's own is closed to other users
        script, slack_url = folder / "start.sh", folder / "slack_url"
        shutil.copy(START, script)
        slack_url.write_text("http://127.0.0.1:1/services/secret\n", encoding="utf-8")
        slack_url.chmod(0)
        (folder / "config").mkdir()
        shutil.copy(CONFIG, folder / "config")
        settings = {"CONFIG": f"{folder}/config", "RUN": name, "SLACK_URL": str(slack_url), "ALERTMANAGER": "echo"}
        done = subprocess.run(
            ["sh", str(script)],
            env={**os.environ, **settings},
            cwd=folder,
            # Root may read everything; the containers do not run as root.
            user=NOBODY if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "chmod 644" in done.stderr
        assert f"by user {NOBODY if os.geteuid() == 0 else os.geteuid()}" in done.stderr
        started_with = Path(done.stdout.strip().removeprefix("--config.file="))
        assert _named(yaml.safe_load(started_with.read_text(encoding="utf-8"))["route"]) == {"nowhere", "watchdog"}


def _named(route: dict[str, object]) -> set[str]:
    nested = route.get("routes", [])
    assert isinstance(nested, list)
    return {str(route["receiver"])}.union(*map(_named, nested))
