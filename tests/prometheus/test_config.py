"""The Prometheus of compose: what it scrapes, what it evaluates, whom it tells."""

from typing import Any

import pytest
import yaml

from tests.prometheus.shipped import CONFIG


@pytest.fixture
def config() -> dict[str, Any]:
    """The configuration as it is shipped."""
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return loaded


def test_it_scrapes_the_four_services(config: dict[str, Any]) -> None:
    """Every service of the stack is a target, under a job of its own name."""
    targets = {
        job["job_name"]: [target for static in job["static_configs"] for target in static["targets"]]
        for job in config["scrape_configs"]
    }

    assert targets == {
        "streamgauge": ["streamgauge:9308"],
        "prometheus": ["localhost:9090"],
        "alertmanager": ["alertmanager:9093"],
        "grafana": ["grafana:3000"],
    }


def test_it_loads_the_rules_beside_it(config: dict[str, Any]) -> None:
    """The rules' path is relative to the file, so that both lie together wherever they are mounted."""
    assert config["rule_files"] == ["rules/*.yml"]


def test_links_come_from_the_environment_and_stay_out_of_alerts(config: dict[str, Any]) -> None:
    """Both bases are external labels, for the rules' templates; Alertmanager does not get them as labels."""
    external = config["global"]["external_labels"]
    (dropped,) = config["alerting"]["alert_relabel_configs"]

    assert external == {"runbooks_url": "${RUNBOOKS_URL}", "grafana_url": "${GRAFANA_URL}"}
    assert dropped["action"] == "labeldrop"
    assert set(dropped["regex"].split("|")) == set(external)


def test_it_tells_alertmanager(config: dict[str, Any]) -> None:
    """Alerts go to the stack's Alertmanager."""
    (manager,) = config["alerting"]["alertmanagers"]

    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]


def test_rules_are_evaluated_as_often_as_numbers_come(config: dict[str, Any]) -> None:
    """Scrapes and evaluations keep the same interval."""
    assert config["global"]["scrape_interval"] == config["global"]["evaluation_interval"] == "15s"
