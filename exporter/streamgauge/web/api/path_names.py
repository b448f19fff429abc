"""Names as parts of a path: percent-encoded, so that one may hold a slash, a space, or any other character."""

from typing import Any
from urllib.parse import quote, unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class NamedPartsRoute(APIRoute):
    """A route that is matched against the path as it was sent, so that an encoded slash does not part a name.

    Starlette matches the decoded path, in which ``a%2Fb`` cannot be told from ``a/b``.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As FastAPI's; a name whose encoding is no UTF-8 is left for validation to refuse."""
        sent: bytes | None = scope.get("raw_path")
        if sent is None:
            return super().matches(scope)
        match, child_scope = super().matches({**scope, "path": sent.decode("latin-1")})
        if match is not Match.NONE:
            parameters: dict[str, Any] = child_scope["path_params"]
            child_scope["path_params"] = {
                name: unquote(value, errors="surrogateescape") if isinstance(value, str) else value
                for name, value in parameters.items()
            }
        return match, child_scope


def path_of(*parts: str) -> str:
    """A path of these parts, each of which may be any name."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
