"""Lets the scripts of named other sites use the API (CORS); closed for everybody else.

Nothing is ever said of credentials: a browser's own passwords stay with the exporter's own pages, and a script of
another site shows a token that it was given.
"""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.web.writes import Access

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "Retry-After, X-Total-Count, X-Unread-Clusters"


@dataclass(frozen=True)
class Cors:
    """Says to browsers which other sites may read answers of the API.

    Args:
        app: the application.
        access: the sites.
    """

    app: ASGIApp
    access: Access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight of a site that may, which shows no credentials; else pass on, and name the site."""
        if scope["type"] != "http" or not self.access.origins or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = origin.lower() in self.access.origins
        if allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = Response(None, HTTPStatus.NO_CONTENT, headers={**_PREFLIGHT, **_named(origin)})
            answer.headers["Vary"] = "Origin"
            await answer(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered.add_vary_header("Origin")
                if allowed:
                    answered.update({**_named(origin), "Access-Control-Expose-Headers": _EXPOSED})
            await send(message)

        await self.app(scope, receive, named)


def _named(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin}
