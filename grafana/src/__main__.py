"""Writes the dashboards: `python -m grafana.src`."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.src.application import application
from grafana.src.cluster import cluster
from grafana.src.dashboard import Dashboard
from grafana.src.exporter import exporter
from grafana.src.group import group
from grafana.src.job_run import job_run
from grafana.src.jobs import jobs
from grafana.src.overview import overview
from grafana.src.topic import topic

FOLDER = Path(__file__).parents[1] / "dashboards"


def dashboards() -> tuple[Dashboard, ...]:
    """All of them, in the order of the flow."""
    return (overview(), group(), topic(), cluster(), jobs(), job_run(), application(), exporter())


def files() -> dict[str, str]:
    """The text of every file by its name; the same from run to run."""
    return {
        f"{dashboard.page}.json": json.dumps(dashboard.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for dashboard in dashboards()
    }


def write(folder: Path) -> None:
    """Write every file, and remove those of dashboards that are no more."""
    wanted = files()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for left in folder.glob("*.json"):
        if left.name not in wanted:
            left.unlink()


if __name__ == "__main__":
    write(FOLDER)
