"""The route `/api/v1/ws`."""

from http import HTTPStatus

from fastapi import APIRouter, WebSocket

from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web.live.hub import Hub
from streamgauge.web.live.session import LiveLimits, Session
from streamgauge.web.problem import problem_response

PATH = "/api/v1/ws"

_RETRY_SECONDS = 30


def create_router(
    hub: Hub, *, version: str, counts: WebSocketCounts | None = None, limits: LiveLimits | None = None
) -> APIRouter:
    """The route of the WebSocket; who may come is the middleware's part.

    Args:
        hub: the topics.
        version: Streamgauge's version.
        counts: where clients and messages are counted.
        limits: what is bounded.
    """
    counts, limits = counts or WebSocketCounts(), limits or LiveLimits()
    router = APIRouter()

    @router.websocket(PATH)
    async def live(websocket: WebSocket) -> None:
        """One client, until it leaves."""
        if counts.clients >= limits.clients:
            detail = f"there are {limits.clients} WebSockets already; try again later"
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            refusal = problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)
            await websocket.send_denial_response(refusal)
            return
        counts.clients += 1
        try:
            await websocket.accept()
            await Session(websocket, hub, version=version, limits=limits, counts=counts).run()
        finally:
            counts.clients -= 1

    return router
