"""The start scripts of Prometheus and Grafana. Alertmanager's is in tests/alertmanager."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.compose.stack import ROOT

SHIPPED = ROOT / "prometheus" / "prometheus.yml"


def _run(script: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", str(ROOT / script), "--an-argument"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )


def test_prometheus_scrapes_at_the_interval_of_the_stack(tmp_path: Path) -> None:
    """The shipped file with another interval and whole paths of rules; the rest is as it is, and valid."""
    done = _run(
        "prometheus/start.sh",
        CONFIG=str(SHIPPED.parent),
        RUN=str(tmp_path),
        PROMETHEUS="echo",
        SCRAPE_INTERVAL="7s",
    )
    config = tmp_path / "prometheus.yml"
    assert done.stdout == f"--config.file={config} --an-argument\n"
    expected = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    expected["global"] |= {"scrape_interval": "7s", "evaluation_interval": "7s"}
    expected["rule_files"] = [f"{SHIPPED.parent}/{path}" for path in expected["rule_files"]]
    assert yaml.safe_load(config.read_text(encoding="utf-8")) == expected
    if shutil.which("promtool") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not on PATH; run `make services`", pytrace=False)
        pytest.skip("promtool is not on PATH; run `make services`")
    subprocess.run(["promtool", "check", "config", str(config)], capture_output=True, check=True)


def test_grafanas_password_is_made_once(tmp_path: Path) -> None:
    """The first start makes one that only Grafana may read and that no log shows; the second leaves it alone."""
    environment = {"DATA": str(tmp_path), "GRAFANA": "env"}
    first = subprocess.run(
        ["sh", str(ROOT / "grafana" / "start.sh")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    file = tmp_path / "admin-password"
    password = file.read_text(encoding="utf-8").strip()
    assert len(password) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"GF_SECURITY_ADMIN_PASSWORD__FILE={file}" in first.stdout.splitlines()
    assert password not in first.stderr
    assert "made a password" in first.stderr
    (tmp_path / "grafana.db").touch()
    second = _run("grafana/start.sh", DATA=str(tmp_path), GRAFANA="echo")
    assert file.read_text(encoding="utf-8").strip() == password
    assert second.stdout == "--an-argument\n"
    assert "made a password" not in second.stderr


def test_grafanas_password_is_not_made_for_a_database_that_has_one(tmp_path: Path) -> None:
    """Where Grafana has started before, a new file would be a password that does not work."""
    (tmp_path / "grafana.db").touch()
    done = _run("grafana/start.sh", DATA=str(tmp_path), GRAFANA="echo")
    assert not (tmp_path / "admin-password").exists()
    assert "reset-admin-password" in done.stderr
