"""The shipped rules, their tests and their runbooks, read once: what several tests look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
CONFIG = PROMETHEUS / "prometheus.yml"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TEST_FILES = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGE = ROOT / "docs" / "alerts.md"

ALIASES = "kafka-lag-exporter.yml"
"""The one file whose recording rules carry somebody else's names."""


@dataclass(frozen=True)
class Rule:
    """One rule, recording or alerting, as it stands in its file."""

    file: str
    group: str
    name: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    waits: str | None = None
    keeps: str | None = None

    def __str__(self) -> str:
        """Its name, and what tells rules of one name apart."""
        return "-".join((self.name, *(self.labels.values() if ":" in self.name else ())))


@dataclass(frozen=True)
class AlertCase:
    """One test group of promtool, as far as it is about one alert."""

    alert: str
    title: str
    series: tuple[str, ...]
    firing: tuple[tuple[float, int], ...]
    """When it was looked at, in seconds, and how many were to fire then; in the order of time."""
    annotations: tuple[Mapping[str, str], ...]
    asks_for_pending: bool


@cache
def recordings() -> tuple[Rule, ...]:
    """Every recording rule."""
    return tuple(rule for rule, kind in _rules() if kind == "record")


@cache
def alerts() -> tuple[Rule, ...]:
    """Every alerting rule."""
    return tuple(rule for rule, kind in _rules() if kind == "alert")


@cache
def alert_cases() -> tuple[AlertCase, ...]:
    """Every test group whose name begins with an alert's."""
    return tuple(
        _case(group)
        for path in TEST_FILES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        if group["name"].split(":")[0] in {alert.name for alert in alerts()}
    )


def _rules() -> Iterator[tuple[Rule, str]]:
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                kind = "alert" if "alert" in rule else "record"
                found = Rule(
                    path.name,
                    group["name"],
                    rule[kind],
                    rule["expr"],
                    rule.get("labels", {}),
                    rule.get("annotations", {}),
                    rule.get("for"),
                    rule.get("keep_firing_for"),
                )
                yield found, kind


def _case(group: Mapping[str, Any]) -> AlertCase:
    alert, _, title = group["name"].partition(": ")
    looked = [one for one in group.get("alert_rule_test", ()) if one["alertname"] == alert]
    asked = [one for one in group.get("promql_expr_test", ()) if f'alertname="{alert}"' in one["expr"]]
    counted = [one for one in asked if 'alertstate="firing"' in one["expr"]]
    firing = [(_seconds(one["eval_time"]), len(one["exp_alerts"])) for one in looked]
    firing += [(_seconds(one["eval_time"]), one["exp_samples"][0]["value"]) for one in counted]
    return AlertCase(
        alert,
        title,
        tuple(one["series"] for one in group["input_series"]),
        tuple(sorted(firing)),
        tuple(alert["exp_annotations"] for one in looked for alert in one["exp_alerts"]),
        any('alertstate="pending"' in one["expr"] for one in asked),
    )


def _seconds(duration: str) -> float:
    """A duration as these files write them."""
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    total, number = 0, ""
    for sign in duration:
        if sign.isdigit():
            number += sign
        else:
            total, number = total + int(number) * units[sign], ""
    return total
