"""The API describes itself."""

from typing import Any

from tests.web.clients import client
from tests.web.examples import store


def every_node(node: Any) -> list[Any]:
    """A document's parts, at every depth."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [node, *(found for child in children for found in every_node(child))]


def test_the_document_is_openapi_3_0() -> None:
    """The version that the bundled Swagger UI reads: no null types, no lists of examples, lone references."""
    document = client(store()).get("/openapi.json").json()
    assert document["openapi"] == "3.0.3"
    nodes = [node for node in every_node(document) if isinstance(node, dict)]
    assert not [node for node in nodes if node.get("type") == "null" or "const" in node]
    assert not [node for node in nodes if isinstance(node.get("examples"), list)]
    assert not [node for node in nodes if "$ref" in node and len(node) > 1]


def test_the_words_of_a_status_are_listed() -> None:
    """In answers and in the filter, with what the field says of it."""
    document = client(store()).get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["Status"]["enum"] == ["ok", "lagging", "rewound", "stalled", "stopped", "lost", "unknown"]
    reference = [{"$ref": "#/components/schemas/Status"}]
    status = schemas["Group"]["properties"]["status"]
    assert (status["allOf"], status["example"]) == (reference, "ok")
    parameters = document["paths"]["/api/v1/groups"]["get"]["parameters"]
    (schema,) = [each["schema"] for each in parameters if each["name"] == "status"]
    assert (schema["allOf"], schema["nullable"]) == (reference, True)


def test_every_reference_leads_somewhere() -> None:
    """Problems included."""
    document = client(store()).get("/openapi.json").json()
    references = {node["$ref"] for node in every_node(document) if isinstance(node, dict) and "$ref" in node}
    schemas = document["components"]["schemas"]
    assert "#/components/schemas/Problem" in references
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= set(schemas)


def test_every_path_field_and_parameter_is_described() -> None:
    """A reference page without gaps."""
    document = client(store()).get("/openapi.json").json()
    assert set(document["paths"]) == {
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
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["description"] for operation in operations)
    queries = [each for operation in operations for each in operation.get("parameters", []) if each["in"] == "query"]
    assert all(each["description"] for each in queries)
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert "description" in described or "$ref" in described or field == "items", f"{name}.{field}"
