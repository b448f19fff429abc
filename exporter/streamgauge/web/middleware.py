"""What happens around every request: the log line, the headers, HEAD, and a limit of size. All of it plain ASGI."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.web.problem import problem_response
from streamgauge.web.tokens import without_tokens

HEAD_BYTES = 32 * 1024
"""The most that a request's head may have."""

LOG = logging.getLogger("streamgauge.web.access")

# Nothing is loaded from outside, nothing inline is run, nobody may frame us.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


# A WebSocket has an answer with headers of ours only where its upgrade is refused.
_HEADS = frozenset({"http.response.start", "websocket.http.response.start"})


@dataclass(frozen=True)
class AccessLog:
    """One line a request at debug level: scrapes are many and look alike."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it was answered."""
        if scope["type"] != "http" or not LOG.isEnabledFor(logging.DEBUG):
            await self.app(scope, receive, send)
            return
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, note)
        finally:
            seconds = time.perf_counter() - started
            method, path = without_tokens(scope["method"]), without_tokens(scope["path"])
            LOG.debug("%s %r answered %d in %.4f s", method, path, status, seconds)


@dataclass(frozen=True)
class HeadSize:
    """Refuses a request whose head is too large; uvicorn counts only heads that have not arrived as a whole."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 431."""
        if scope["type"] == "http":
            size = len(scope["raw_path"]) + len(scope["query_string"])
            size += sum(len(name) + len(value) for name, value in scope["headers"])
            if size > HEAD_BYTES:
                status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                response = problem_response(status, f"a request's head may have {HEAD_BYTES} bytes")
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class SecurityHeaders:
    """Sets the security headers that a response does not set itself.

    Args:
        app: the application.
        configured: headers of the web configuration: they win over all others.
    """

    app: ASGIApp
    configured: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the response's headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] in _HEADS:
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                for name, value in self.configured.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, complete)


@dataclass(frozen=True)
class Head:
    """Answers HEAD as GET without the body, at every path."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, without_body)
