"""The API describes itself, with all that jobs report and are asked."""

from typing import Any

import pytest

from streamgauge.web.problem import MEDIA_TYPE
from tests.web.clients import client
from tests.web.examples import store
from tests.web.job_sink import MemorySink
from tests.web.test_job_reading import Away

DOCUMENT: dict[str, Any] = client(store(), reports=MemorySink(), jobs=Away()).get("/openapi.json").json()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
READING = sorted(name for name in OPERATIONS if name.startswith("GET "))
WRITING = sorted(name for name in OPERATIONS if " /api/" in name and not name.startswith("GET "))
LIFECYCLE = "POST /-/reload"


def every_node(node: Any) -> list[Any]:
    """A document's parts, at every depth."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [node, *(found for child in children for found in every_node(child))]


def test_the_document_is_openapi_3_0() -> None:
    """The version that the bundled Swagger UI reads: no null types, no lists of examples, lone references."""
    assert DOCUMENT["openapi"] == "3.0.3"
    nodes = [node for node in every_node(DOCUMENT) if isinstance(node, dict)]
    assert not [node for node in nodes if node.get("type") == "null" or "const" in node]
    assert not [node for node in nodes if isinstance(node.get("examples"), list)]
    assert not [node for node in nodes if "$ref" in node and len(node) > 1]


def test_the_words_of_a_status_are_listed() -> None:
    """In answers and in the filter, with what the field says of it."""
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Status"]["enum"] == ["ok", "lagging", "rewound", "stalled", "stopped", "lost", "unknown"]
    reference = [{"$ref": "#/components/schemas/Status"}]
    status = schemas["Group"]["properties"]["status"]
    assert (status["allOf"], status["example"]) == (reference, "ok")
    parameters = OPERATIONS["GET /api/v1/groups"]["parameters"]
    (schema,) = [each["schema"] for each in parameters if each["name"] == "status"]
    assert (schema["allOf"], schema["nullable"]) == (reference, True)


def test_every_reference_leads_somewhere() -> None:
    """Problems included."""
    references = {node["$ref"] for node in every_node(DOCUMENT) if isinstance(node, dict) and "$ref" in node}
    schemas = DOCUMENT["components"]["schemas"]
    assert "#/components/schemas/Problem" in references
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= set(schemas)


def test_what_has_no_jobs_describes_none() -> None:
    """The paths are those that are served."""
    paths = client(store()).get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/-/reload",
        "/api/v1/alerts",
        "/api/v1/alerts/{fingerprint}/acknowledge",
        "/api/v1/alerts/{fingerprint}/clear",
        "/api/v1/clusters",
        "/api/v1/groups",
        "/api/v1/groups/{cluster}/{group}",
        "/api/v1/topics",
        "/api/v1/topics/{cluster}/{topic}",
    }


def test_every_path_field_and_parameter_is_described() -> None:
    """A reference page without gaps."""
    assert all(operation["summary"] and operation["description"] for operation in OPERATIONS.values())
    parameters = [each for operation in OPERATIONS.values() for each in operation.get("parameters", [])]
    assert all(each["description"] for each in parameters if each["in"] in {"query", "header"})
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert "description" in described or "$ref" in described or field == "items", f"{name}.{field}"


def test_there_are_two_ways_to_say_who_asks() -> None:
    """So that the page of the API has a form for a token and one for a password; who needs none leaves it out."""
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {(scheme["type"], scheme["scheme"]) for scheme in schemes.values()} == {
        ("http", "bearer"),
        ("http", "basic"),
    }
    assert DOCUMENT["security"] == [{}, *({name: []} for name in schemes)]
    assert not any("security" in operation for operation in OPERATIONS.values())


def test_every_operation_reads_or_writes() -> None:
    """None is left out of what follows."""
    assert {*READING, *WRITING, LIFECYCLE} == set(OPERATIONS)


@pytest.mark.parametrize("name", WRITING)
def test_a_write_lists_the_answers_of_the_guard(name: str) -> None:
    """Who may not, and a body that is not taken; each is a problem."""
    answers = OPERATIONS[name]["responses"]
    assert list(answers) == sorted(answers)
    for status in ("400", "401", "403", "408", "413", "415", "429"):
        assert set(answers[status]["content"]) == {MEDIA_TYPE}


@pytest.mark.parametrize("name", [*READING, LIFECYCLE])
def test_reading_lists_who_may_not(name: str) -> None:
    """And nothing that only a write is answered."""
    answers = OPERATIONS[name]["responses"]
    assert {MEDIA_TYPE} == set(answers["401"]["content"]) == set(answers["403"]["content"])
    assert not {"408", "413", "415", "429"} & set(answers)
