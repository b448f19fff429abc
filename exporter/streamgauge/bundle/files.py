"""Finds the files that ship beside the code: in the package when installed from a wheel, else in the checkout."""

from pathlib import Path
from typing import Final

from streamgauge.errors import StreamgaugeError

SHIPPED: Final = {
    "grafana/dashboards": "grafana/dashboards",
    "prometheus/rules": "prometheus/rules",
    "alertmanager/alertmanager.yml": "alertmanager/alertmanager.yml",
    "alertmanager/templates": "alertmanager/templates",
    "runbooks": "docs/runbooks",
}
"""Each part of the bundle by its place in it, and its place in the repository; pyproject.toml puts it into wheels."""

_PACKAGED = Path(__file__).parent / "files"
_CHECKOUT = Path(__file__).parents[3]


def shipped(part: str) -> Path:
    """The file or folder of a part of the bundle.

    Raises:
        StreamgaugeError: it is not there.
    """
    for path in (_PACKAGED / part, _CHECKOUT / SHIPPED[part]):
        if path.exists():
            return path
    raise StreamgaugeError(f"{part} is not in this installation: install Streamgauge from its wheel or its repository")


def runbooks() -> dict[str, Path]:
    """The runbooks by the alert that they are about; empty where none were installed."""
    try:
        folder = shipped("runbooks")
    except StreamgaugeError:
        return {}
    return {file.stem: file for file in sorted(folder.glob("*.md"))}
