"""What is read of jobs is described, by the API itself and by docs/jobs-api.md."""

import re
from pathlib import Path
from typing import Any

import pytest

from streamgauge.model.jobs.summary import MOST_SLOW_PHASES
from streamgauge.model.jobs.trend import LEAST_CHANGE, LEAST_RUNS
from streamgauge.web.api.jobs_reading import details, export, history, source
from streamgauge.web.application import create_application
from tests.web.examples import store
from tests.web.test_job_reading import Away

TEXT = (Path(__file__).parents[2] / "docs" / "jobs-api.md").read_text(encoding="utf-8")
WITHOUT = create_application(store(), version="1.2.3", refresh_seconds=5).openapi()
DOCUMENT: dict[str, Any] = create_application(store(), version="1.2.3", refresh_seconds=5, jobs=Away()).openapi()
PATHS = sorted(set(DOCUMENT["paths"]) - set(WITHOUT["paths"]))
OPERATIONS = [DOCUMENT["paths"][path]["get"] for path in PATHS]
PARAMETERS = sorted({each["name"] for operation in OPERATIONS for each in operation.get("parameters", [])})
SCHEMAS = sorted(set(DOCUMENT["components"]["schemas"]) - set(WITHOUT["components"]["schemas"]))


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_there(path: str) -> None:
    """In the table at the top, shortened by what all have in front."""
    assert f"`{path.removeprefix('/api/v1')}`" in TEXT


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_parameter_is_there(parameter: str) -> None:
    """Those in paths too."""
    assert f"`{parameter}`" in TEXT or f"{{{parameter}}}" in TEXT


@pytest.mark.parametrize("path", PATHS)
def test_every_route_describes_itself(path: str) -> None:
    """What it does, what it takes, what it answers, and that the store may be away."""
    operation = DOCUMENT["paths"][path]["get"]
    assert operation["summary"]
    assert operation["description"]
    assert all(each.get("description") for each in operation.get("parameters", []))
    assert {"200", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described(name: str) -> None:
    """No enumeration takes a name of others from them."""
    assert "__" not in name
    for field, described in DOCUMENT["components"]["schemas"][name].get("properties", {}).items():
        assert "description" in described or "$ref" in described or field == "items", f"{name}.{field}"


def test_operations_have_names_of_their_own() -> None:
    """Generated clients need them."""
    ids = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "bound",
    [
        f"{history.MOST_RUNS} runs",
        f"{details.MOST_SAMPLES:,} samples",
        f"{export.MOST_NOTES:,} notes of a kind",
        f"{export.MOST_SAMPLES:,} samples",
        f"at least {LEAST_RUNS} runs",
        f"{LEAST_CHANGE:.0%}".replace("%", " %"),
        f"{MOST_SLOW_PHASES} phases",
        f"{source.MOST_SIMILAR}; none where comparing would take long: {source.MOST_COMPARED:,} characters",
    ],
)
def test_every_bound_is_there(bound: str) -> None:
    """As it is in the code."""
    assert bound in re.sub(r"\s+", " ", TEXT)
