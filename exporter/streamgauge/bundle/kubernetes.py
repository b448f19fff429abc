"""Turns rules and dashboards into manifests: a PrometheusRule, and a ConfigMap a dashboard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# kube-prometheus selects rules by the first two; its Helm chart by `release`, which is the user's to add.
_RULE_LABELS = {"app.kubernetes.io/name": "streamgauge", "prometheus": "k8s", "role": "alert-rules"}
# Grafana's sidecar loads what has this label.
_DASHBOARD_LABELS = {"app.kubernetes.io/name": "streamgauge", "grafana_dashboard": "1"}


def manifests(rules: Path, dashboards: Path) -> dict[str, str]:
    """The manifests by file name.

    Args:
        rules: the folder of Prometheus' rule files.
        dashboards: the folder of dashboards.
    """
    found = {"prometheusrule.yaml": _prometheus_rule(rules)}
    for file in sorted(dashboards.glob("*.json")):
        found[f"dashboard-{file.stem}.yaml"] = _config_map(file)
    return found


def _prometheus_rule(rules: Path) -> str:
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(rules.glob("*.yml"))]
    return _dump(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "streamgauge", "labels": _RULE_LABELS},
            "spec": {"groups": [group for document in documents for group in document["groups"]]},
        }
    )


def _config_map(dashboard: Path) -> str:
    return _dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"dashboard-{dashboard.stem}", "labels": _DASHBOARD_LABELS},
            "data": {dashboard.name: dashboard.read_text(encoding="utf-8")},
        }
    )


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as lines."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(manifest: Mapping[str, Any]) -> str:
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
