"""What Grafana is given at its start: the datasource of the compose file, and the dashboards' folder."""

from pathlib import Path
from typing import Any

import yaml

PROVISIONING = Path(__file__).parents[2] / "grafana" / "provisioning"


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    return document


def test_the_datasource_is_the_prometheus_of_the_compose_file() -> None:
    """Its uid is stable, and its interval is the scrape interval: a rate never falls between two scrapes."""
    (datasource,) = _read("datasources/prometheus.yml")["datasources"]

    assert datasource["uid"] == "prometheus"
    assert datasource["type"] == "prometheus"
    assert datasource["url"] == "http://prometheus:9090"
    assert datasource["isDefault"]
    assert datasource["jsonData"]["timeInterval"] == "${SCRAPE_INTERVAL}"


def test_the_dashboards_are_read_from_their_folder_and_not_edited_in_place() -> None:
    """What is generated is changed in its source; Grafana offers to save a copy."""
    (provider,) = _read("dashboards/streamgauge.yml")["providers"]

    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert not provider["allowUiUpdates"]
