"""The API's description, as OpenAPI 3.0: FastAPI writes 3.1, which the bundled Swagger UI cannot read.

How a request shows who sends it, and how the middleware may answer before any route does, is described here for all
routes at once, as it is done for all of them at once.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from streamgauge.web.problem import Problem, described
from streamgauge.web.writes import is_write_to

_VERSION = "3.0.3"

_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the API (`sg_...`); `streamgauge token create` makes one.",
    },
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "A user of `basic_auth_users`, where there are any: then everything needs one, or a token.",
    },
}
# One of them, or none: who needs which is the configuration's word.
_ONE_OF_THEM: list[dict[str, list[str]]] = [{}, {"token": []}, {"password": []}]
_MAY_NOT = (401, 403)  # whatever is asked for: `web.authentication`
_NOT_TAKEN = (400, 408, 413, 415, 429)  # of a write: `web.limits`


def install(application: FastAPI) -> None:
    """Make the application describe itself as OpenAPI 3.0."""
    write = application.openapi

    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            document = write()
            components = document.setdefault("components", {})
            components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
            components["securitySchemes"] = _SCHEMES
            document["security"] = _ONE_OF_THEM
            _drop_usual_validation_errors(document)
            _add_answers_of_the_guard(document)
            application.openapi_schema = {**_translated(document), "openapi": _VERSION}
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]


def _drop_usual_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI adds its own kind of 422 wherever there is a parameter; ours are problems, and described."""
    for _, _, operation in _operations(document):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _add_answers_of_the_guard(document: dict[str, Any]) -> None:
    """What a request is refused with before a route sees it; what a route says of such an answer itself stays."""
    for path, method, operation in _operations(document):
        statuses = _MAY_NOT + (_NOT_TAKEN if is_write_to(method.upper(), path) else ())
        ours = {str(status): answer for status, answer in described(*statuses).items()}
        operation["responses"] = dict(sorted({**ours, **operation["responses"]}.items()))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation, with its path and its method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


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
