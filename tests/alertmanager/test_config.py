"""The Alertmanager configuration: it is valid, its examples are, and every alert goes where it should."""

import re
from pathlib import Path

import pytest
import yaml

from tests.alertmanager.shipped import CONFIG, ROOT, SEVERITIES, TEMPLATES, amtool

RULES = ROOT / "prometheus" / "rules"
EXAMPLE = re.compile(r"^( *)#(?=[^ #])", re.MULTILINE)
"""A line that begins with # and no space after it is an example."""

RECEIVERS = {"critical": "slack", "warning": "slack", "info": "slack", "none": "nowhere"}


def _receiver(*labels: str) -> str:
    return amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).stdout.strip()


def test_it_is_valid() -> None:
    """The configuration and its templates are taken by amtool."""
    checked = amtool("check-config", str(CONFIG))
    assert checked.returncode == 0, checked.stderr
    assert "1 templates" in checked.stdout


def test_its_examples_are_valid(tmp_path: Path) -> None:
    """With every example uncommented it is valid as well, and the examples are used."""
    text = EXAMPLE.sub(r"\1", CONFIG.read_text(encoding="utf-8"))
    (tmp_path / "templates").symlink_to(TEMPLATES)
    example = tmp_path / "alertmanager.yml"
    example.write_text(text, encoding="utf-8")
    checked = amtool("check-config", str(example))
    assert checked.returncode == 0, checked.stderr
    kinds = {kind for receiver in yaml.safe_load(text)["receivers"] for kind in receiver if kind != "name"}
    assert kinds == {"slack_configs", "webhook_configs", "email_configs"}
    to_payments = amtool("config", "routes", "test", f"--config.file={example}", "severity=warning", "team=payments")
    assert to_payments.stdout.strip() == "slack-payments"


@pytest.mark.parametrize("alert", SEVERITIES)
def test_every_alert_goes_somewhere(alert: str) -> None:
    """An alert goes by its severity; one of a team goes to the team's receiver; Watchdog has one of its own."""
    labels = [f"alertname={alert}", f"severity={SEVERITIES[alert]}", "cluster=demo", "consumergroup=billing"]
    if alert == "Watchdog":
        assert _receiver(*labels) == "watchdog"
        return
    assert _receiver(*labels) == RECEIVERS[SEVERITIES[alert]]
    assert _receiver(*labels, "team=payments") == "slack-team"


def test_other_peoples_alerts_are_not_lost() -> None:
    """An alert without a severity of ours goes to the first receiver."""
    assert _receiver("alertname=DiskFull") == "slack"
    assert _receiver("alertname=DiskFull", "severity=page") == "slack"


def test_the_list_of_alerts_is_that_of_the_rules() -> None:
    """The alerts and severities that are tested here are those of the rules that ship."""
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(RULES.glob("*.yml"))]
    rules = [rule for document in documents for group in document["groups"] for rule in group["rules"]]
    assert {rule["alert"]: rule["labels"]["severity"] for rule in rules if "alert" in rule} == SEVERITIES


def test_messages_are_grouped_by_what_they_are_about() -> None:
    """One message a team, a cluster, a consumer group, a pipeline and a job."""
    route = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["route"]
    assert route["group_by"] == ["team", "cluster", "consumergroup", "pipeline", "job_name"]


def test_no_missing_label_counts_as_equal() -> None:
    """Every label that an inhibition compares is demanded on both sides."""
    for rule in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["inhibit_rules"]:
        for label in rule.get("equal", []):
            for side in ("source_matchers", "target_matchers"):
                assert f'{label}!=""' in rule[side], rule


def test_nothing_secret_is_in_it() -> None:
    """Every address that is a secret comes from a file."""
    text = CONFIG.read_text(encoding="utf-8")
    assert "api_url:" not in text
    assert not re.search(r"hooks\.slack\.com", text)
