"""Serves the probes: whether the process answers at all, and whether there is something to see."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from streamgauge.web.readings import Readings

_NEVER_KEPT = {"Cache-Control": "no-store"}


def create_router(store: Readings) -> APIRouter:
    """The routes of `/-/healthy` and `/-/ready`."""
    router = APIRouter(tags=["Probes"], default_response_class=PlainTextResponse)

    @router.get("/-/healthy", summary="Liveness")
    async def healthy() -> PlainTextResponse:
        """200 while the process answers, whatever its sources say."""
        return PlainTextResponse("Streamgauge is healthy.\n", headers=_NEVER_KEPT)

    @router.get("/-/ready", summary="Readiness", responses={503: {"description": "A source has not finished yet."}})
    def ready() -> PlainTextResponse:
        """200 when every source has finished its first cycle, good or bad; 503 with their names before."""
        if store.ready():
            return PlainTextResponse("Streamgauge is ready.\n", headers=_NEVER_KEPT)
        waiting = [f"{view.status.source} of {view.status.cluster}" for view in store.views() if not view.status.cycles]
        text = f"Streamgauge is not ready: waiting for the first cycle of {', '.join(waiting)}.\n"
        return PlainTextResponse(text, HTTPStatus.SERVICE_UNAVAILABLE, headers=_NEVER_KEPT)

    return router
