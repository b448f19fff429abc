"""Serves `/-/reload`, which reads the configuration again, as Prometheus does: POST or PUT, and only where allowed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from streamgauge.errors import StreamgaugeError
from streamgauge.web.problem import ProblemError, described

_NEVER_KEPT = {"Cache-Control": "no-store"}

Reload = Callable[[], Future[None]]
"""Asks for a reload; done when the configuration is in force, or failed with a ``StreamgaugeError``."""


def create_router(reload: Reload | None) -> APIRouter:
    """The route of `/-/reload`; None: it is not allowed."""
    router = APIRouter(tags=["Lifecycle"], default_response_class=PlainTextResponse)

    @router.put("/-/reload", include_in_schema=False)
    @router.post("/-/reload", summary="Reload", responses=described(403, 500))
    async def reload_configuration() -> PlainTextResponse:
        """200 when the configuration was read again and is in force; 500 with what is wrong with it when it is not.

        The old one stays in force then. 403 without `--web.enable-lifecycle`; SIGHUP reloads without that too.
        """
        if reload is None:
            detail = "reloading by HTTP is off; start with --web.enable-lifecycle, or send SIGHUP to the process"
            raise ProblemError(HTTPStatus.FORBIDDEN, detail)
        try:
            await asyncio.wrap_future(reload())
        except StreamgaugeError as error:
            raise ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from error
        return PlainTextResponse("Streamgauge has reloaded its configuration.\n", headers=_NEVER_KEPT)

    return router
