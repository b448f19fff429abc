"""The committed dashboards as tests look at them: panels, queries and links, with the JSON path left behind."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "grafana" / "dashboards"

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One PromQL expression, and where it stands."""

    place: str
    expression: str
    legend: str = ""

    def __str__(self) -> str:
        return self.place


def dashboards() -> dict[str, Json]:
    """Every committed dashboard by its uid."""
    read = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {dashboard["uid"]: dashboard for dashboard in read}


def panels(dashboard: Json) -> list[Json]:
    """The panels without the rows' headings, and without those that are words alone."""
    return [panel for panel in dashboard["panels"] if panel["type"] not in {"row", "text"}]


def variables(dashboard: Json) -> dict[str, Json]:
    """A dashboard's variables by name."""
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def asked() -> list[Asked]:
    """Every expression of every panel, annotation and variable."""
    return [one for dashboard in dashboards().values() for one in _asked_by(dashboard)]


def about_jobs(one: Asked) -> bool:
    """Whether it is about jobs or applications, which need no Kafka; else it is about Kafka, or both."""
    dashboards_of_jobs = ("streamgauge-jobs", "streamgauge-job-run", "streamgauge-application")
    panels_of_jobs = ("What are the jobs doing?", "Does the store work?", "What do jobs tell?", "What was not taken?")
    uid, name = one.place.split(" / ")[:2]
    return uid in dashboards_of_jobs or name in panels_of_jobs


def links(node: object) -> Iterator[str]:
    """Every address anywhere below."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "url" and isinstance(value, str):
                yield value
            else:
                yield from links(value)
    elif isinstance(node, list):
        for value in node:
            yield from links(value)


def _asked_by(dashboard: Json) -> Iterator[Asked]:
    uid = dashboard["uid"]
    for panel in panels(dashboard):
        for target in panel["targets"]:
            place = f"{uid} / {panel['title']} / {target['refId']}"
            yield Asked(place, target["expr"], target.get("legendFormat", ""))
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            text = f"{annotation['titleFormat']} {annotation['textFormat']}"
            yield Asked(f"{uid} / annotation {annotation['name']}", annotation["expr"], text)
    for variable in variables(dashboard).values():
        if variable["type"] == "query":
            values = re.fullmatch(r"label_values\((?P<selector>.+), (?P<label>\w+)\)", variable["definition"])
            assert values, variable["definition"]
            place = f"{uid} / variable {variable['name']}"
            yield Asked(place, f"group by ({values['label']}) ({values['selector']})")


def with_values(expression: str, **values: str) -> str:
    """An expression as Grafana would send it.

    Args:
        expression: with Grafana's variables.
        values: by variable; All where one is not given.
    """
    known = {
        "__rate_interval": "1m",
        "__interval": "30s",
        "__range": "1h",
        "cluster": ".*",
        "consumergroup": ".*",
        "topic": ".*",
        "job_name": ".*",
        "phase": ".*",
        "application": ".*",
    }

    def value(found: re.Match[str]) -> str:
        return (known | values)[found[1]]

    # `$1` is label_replace's own.
    return re.sub(r"\$([a-z_]+)\b", value, expression)
