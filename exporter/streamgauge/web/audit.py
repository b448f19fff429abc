"""One log line for each write: who, what, how it was answered. Never a body, a query or a header."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.web.authentication import caller_of
from streamgauge.web.limits import Bucket
from streamgauge.web.tokens import without_tokens
from streamgauge.web.writes import is_write

LOG = logging.getLogger("streamgauge.web.audit")

_LONGEST_PATH = 500
# Whoever is refused so can try as often as they like: their lines must not fill a disk.
_AT_WILL = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
_REFUSED_LINES_PER_SECOND = 10
_REFUSED_LINES_AT_ONCE = 100


class Audit:
    """Logs each write at info level. Refused ones are bounded; what is left out is counted in the next line.

    Args:
        app: the application.
        clock: monotonic seconds.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._refused_lines = Bucket(_REFUSED_LINES_PER_SECOND, _REFUSED_LINES_AT_ONCE, clock())
        self._left_out = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log what became of it."""
        if not is_write(scope):
            await self._app(scope, receive, send)
            return
        status: int | None = None
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = self._clock()
        try:
            await self._app(scope, counted, noted)
        except Exception:
            status = status or HTTPStatus.INTERNAL_SERVER_ERROR  # Starlette answers it, outside of this
            raise
        finally:
            self._log(scope, status, size, self._clock() - started)

    def _log(self, scope: Scope, status: int | None, size: int, seconds: float) -> None:
        if status in _AT_WILL and self._refused_lines.take(self._clock()) > 0:
            self._left_out += 1
            return
        caller = caller_of(scope)
        left_out, self._left_out = self._left_out or None, 0
        LOG.info(
            "write",
            extra={
                "token": caller.token,
                "user": caller.user,
                "address": caller.address or None,
                "method": without_tokens(scope["method"])[:_LONGEST_PATH],
                "path": without_tokens(scope["path"])[:_LONGEST_PATH],
                "status": status if status is not None else "none",
                "bytes": size,
                "milliseconds": round(seconds * 1000, 1),
                "refused_writes_left_out": left_out,
            },
        )
