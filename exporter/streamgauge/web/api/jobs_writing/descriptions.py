"""How OpenAPI describes a body that a route reads by itself."""

from typing import Any

_PREFIX = "#/$defs/"


def body_of(schema: dict[str, Any], example: object) -> dict[str, Any]:
    """The description of a body as JSON."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references: its parts are no components of the document, which other routes know nothing of."""
    parts = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        target = node.get("$ref")
        if isinstance(target, str):
            rest = {name: each for name, each in node.items() if name != "$ref"}
            return resolved({**parts[target.removeprefix(_PREFIX)], **rest})
        return {name: resolved(each) for name, each in node.items() if name != "discriminator"}

    found: dict[str, Any] = resolved(schema)
    return found
