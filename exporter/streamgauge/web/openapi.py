"""The API's description, as OpenAPI 3.0: FastAPI writes 3.1, which the bundled Swagger UI cannot read."""

from typing import Any

from fastapi import FastAPI

from streamgauge.web.problem import Problem

_VERSION = "3.0.3"


def install(application: FastAPI) -> None:
    """Make the application describe itself as OpenAPI 3.0."""
    write = application.openapi

    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            document = write()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            _drop_usual_validation_errors(document)
            application.openapi_schema = {**_translated(document), "openapi": _VERSION}
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]


def _drop_usual_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI adds its own kind of 422 wherever there is a parameter; ours are problems, and described."""
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _translated(node: Any) -> Any:
    if isinstance(node, list):
        return [_translated(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: _translated(value) for key, value in node.items()}
    return _schema(node) if {"type", "anyOf", "const", "examples", "$ref"} & node.keys() else node


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    """What 3.1 took from JSON Schema, in the words of 3.0."""
    options = schema.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del schema["anyOf"]
        schema = {**schema, **(rest[0] if len(rest) == 1 else {"anyOf": rest}), "nullable": True}
    examples = schema.get("examples")
    if isinstance(examples, list):
        del schema["examples"]
        schema.update({"example": examples[0]} if examples else {})
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "$ref" in schema and len(schema) > 1:  # 3.0 ignores whatever stands beside a reference
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    return schema
