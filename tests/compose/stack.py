"""docker-compose.yml and .env as docker compose reads them: variables filled in."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
ENV_FILE = ROOT / ".env"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

Service = dict[str, Any]


def variables() -> dict[str, str]:
    """What stands in .env."""
    lines = ENV_FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def used_variables() -> dict[str, str | None]:
    """Every variable that docker-compose.yml names, with its default."""
    text = FILE.read_text(encoding="utf-8").replace("$$", "")
    return {found["name"]: found["default"] for found in VARIABLE.finditer(text)}


def stack() -> dict[str, Any]:
    """The whole file, filled in with what stands in .env."""
    known = variables()

    def fill(found: re.Match[str]) -> str:
        return known.get(found["name"], found["default"] or "")

    text = VARIABLE.sub(fill, FILE.read_text(encoding="utf-8"))
    loaded: dict[str, Any] = yaml.safe_load(text.replace("$$", "$"))
    return loaded


def services() -> dict[str, Service]:
    """The services by name."""
    found: dict[str, Service] = stack()["services"]
    return found


def broker_properties() -> dict[str, str]:
    """What the demo's Kafka is set up with, by the names of its properties, but for what is about its own place."""
    place = {"node.id", "process.roles", "listeners", "advertised.listeners", "log.dirs", "heap.opts"}
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in services()["kafka"]["environment"].items()
    }
    return {name: value for name, value in given.items() if name not in place and "controller" not in name}
