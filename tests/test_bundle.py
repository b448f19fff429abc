"""The bundle: what is written where, with which addresses, and that a wheel has it all."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streamgauge import cli
from streamgauge.bundle import files
from streamgauge.bundle.export import Bases, export
from streamgauge.errors import StreamgaugeError

ROOT = Path(__file__).parents[1]
CONFIG_MAP_BYTES = 1_048_576
GRAFANA = "https://grafana.example.com/base"
RUNBOOKS = "https://wiki.example.com/runbooks"


def _here(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _text(folder: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.yml")))


def _promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not on PATH; run `make services`", pytrace=False)
        pytest.skip("promtool is not on PATH; run `make services`")
    checked = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_everything_that_ships_is_written(tmp_path: Path) -> None:
    """Dashboards, rules, Alertmanager's files and runbooks, each as it is in the repository."""
    folder = tmp_path / "new" / "bundle"
    written = export(folder, Bases())
    expected = {
        **{f"grafana/dashboards/{file.name}": file for file in (ROOT / "grafana" / "dashboards").iterdir()},
        **{f"prometheus/rules/{file.name}": file for file in (ROOT / "prometheus" / "rules").iterdir()},
        **{f"alertmanager/templates/{file.name}": file for file in (ROOT / "alertmanager" / "templates").iterdir()},
        **{f"runbooks/{file.name}": file for file in (ROOT / "docs" / "runbooks").iterdir()},
        "alertmanager/alertmanager.yml": ROOT / "alertmanager" / "alertmanager.yml",
    }
    assert _here(folder) == set(expected) == {str(path) for path in written}
    for name, source in expected.items():
        assert (folder / name).read_bytes() == source.read_bytes()
        assert (folder / name).stat().st_mode & stat.S_IWUSR


def test_addresses_are_put_into_the_rules(tmp_path: Path) -> None:
    """With the two addresses no rule asks an external label, and the rules are valid."""
    export(tmp_path, Bases(f"{RUNBOOKS}/", GRAFANA))
    rules = tmp_path / "prometheus" / "rules"
    text = _text(rules)
    assert "externalLabels" not in text
    assert f"{RUNBOOKS}/KafkaConsumerGroupStopped" in text
    assert f"{GRAFANA}/d/streamgauge-group?" in text
    _promtool("check", "rules", *map(str, sorted(rules.glob("*.yml"))))


def test_without_addresses_external_labels_are_asked(tmp_path: Path) -> None:
    """One address given leaves the other to Prometheus."""
    export(tmp_path, Bases(grafana_url=GRAFANA))
    text = _text(tmp_path / "prometheus" / "rules")
    assert "$externalLabels.runbooks_url" in text
    assert "$externalLabels.grafana_url" not in text


@pytest.mark.parametrize("url", ["grafana", "ftp://x", 'http://x" y', "http://x\nexpr: 1", "http://{{ x }}", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    """The message names the flag; nothing can break out of the rules' YAML."""
    with pytest.raises(StreamgaugeError, match="--grafana-url"):
        Bases(grafana_url=url)
    with pytest.raises(StreamgaugeError, match="--runbooks-url"):
        Bases(runbooks_url=url)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    """Nothing is written without --force; with it, files of other names stay."""
    (tmp_path / "mine.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(StreamgaugeError, match="--force"):
        export(tmp_path, Bases())
    assert _here(tmp_path) == {"mine.yml"}
    export(tmp_path, Bases(), force=True)
    export(tmp_path, Bases(), force=True)
    assert (tmp_path / "mine.yml").read_text(encoding="utf-8") == "mine"
    assert "prometheus/rules/lag.yml" in _here(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The message names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StreamgaugeError, match="cannot write"):
        export(tmp_path / "file" / "bundle", Bases())


def test_an_installation_without_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message says what to install; there are no runbooks then."""
    monkeypatch.setattr(files, "_PACKAGED", tmp_path)
    monkeypatch.setattr(files, "_CHECKOUT", tmp_path)
    with pytest.raises(StreamgaugeError, match="not in this installation"):
        export(tmp_path / "out", Bases())
    assert files.runbooks() == {}


def _manifests(folder: Path) -> dict[str, Any]:
    loaded = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in (folder / "kubernetes").iterdir()}
    return dict(sorted(loaded.items()))


def test_kubernetes(tmp_path: Path) -> None:
    """A PrometheusRule with every group, unchanged and valid, and a ConfigMap a dashboard, found by label."""
    export(tmp_path, Bases(RUNBOOKS, GRAFANA), kubernetes=True)
    manifests = _manifests(tmp_path)
    rule = manifests.pop("prometheusrule.yaml")
    assert (rule["apiVersion"], rule["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    documents = [yaml.safe_load(file.read_text("utf-8")) for file in sorted((tmp_path / "prometheus/rules").iterdir())]
    assert rule["spec"]["groups"] == [group for document in documents for group in document["groups"]]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rule["spec"]), encoding="utf-8")
    _promtool("check", "rules", str(tmp_path / "rules.yml"))
    dashboards = {file.name: file for file in (tmp_path / "grafana" / "dashboards").iterdir()}
    for name, manifest in manifests.items():
        assert manifest["kind"] == "ConfigMap"
        assert manifest["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert (tmp_path / "kubernetes" / name).stat().st_size < CONFIG_MAP_BYTES
        ((dashboard, text),) = manifest["data"].items()
        assert json.loads(text) == json.loads(dashboards.pop(dashboard).read_text(encoding="utf-8"))
    assert dashboards == {}


def test_the_command(tmp_path: Path) -> None:
    """It says how many files were written, and where."""
    folder = tmp_path / "bundle"
    options = ["--kubernetes", "--runbooks-url", RUNBOOKS, "--grafana-url", GRAFANA]
    result = CliRunner().invoke(cli.app, ["bundle", "export", str(folder), *options])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{folder}: {len(_here(folder))} files;")
    again = CliRunner().invoke(cli.app, ["bundle", "export", str(folder)])
    assert isinstance(again.exception, StreamgaugeError)


@pytest.mark.service
@pytest.mark.service  # builds a wheel
def test_a_wheel_has_it_all(tmp_path: Path) -> None:
    """Installed from a wheel, with no repository in sight, the same files are written. Needs the package index."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = tmp_path.glob("streamgauge-*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    # An installation of its own in front of the editable one.
    run = [sys.executable, "-m", "streamgauge", "bundle", "export", str(tmp_path / "from-wheel")]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    subprocess.run(run, check=True, timeout=60, cwd=tmp_path, env=environment)
    export(tmp_path / "from-here", Bases())
    assert _here(tmp_path / "from-wheel") == _here(tmp_path / "from-here")
    assert (installed / "streamgauge" / "bundle" / "files").is_dir()
