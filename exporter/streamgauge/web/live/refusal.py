"""An upgrade to a WebSocket that is refused is answered by a problem document, as every other error is."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.web.problem import problem_response

_EXTENSION = "websocket.http.response"


@dataclass(frozen=True)
class RefusedUpgrade:
    """Answers 404 where no WebSocket is served; Starlette closes it, which would be an empty 403."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its refusal back in words."""
        if scope["type"] != "websocket" or _EXTENSION not in scope.get("extensions", {}):
            await self.app(scope, receive, send)
            return
        answered = False

        async def explain(message: Message) -> None:
            nonlocal answered
            if not answered and message["type"] == "websocket.close":
                detail = f"no WebSocket is served at {scope['path']}; /api/v1/ws is one"
                await problem_response(HTTPStatus.NOT_FOUND, detail)(scope, receive, send)
            else:
                await send(message)
            answered = True

        await self.app(scope, receive, explain)
