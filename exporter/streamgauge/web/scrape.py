"""Serves `/metrics`: the page that the store keeps ready, in the format that the client asks for."""

from functools import partial

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Request, Response

from streamgauge.metrics.exposition import OPENMETRICS, TEXT
from streamgauge.web.negotiation import accepts_gzip, prefers_openmetrics
from streamgauge.web.readings import Readings

# The store's locks may be held for the milliseconds in which a reading is published: waiting for them happens in
# threads, which scrapes share with nothing else, so that no amount of API requests can keep one waiting.
_THREADS = 4

_FORMATS = {
    200: {
        "description": "The metrics.",
        "content": {"text/plain": {"schema": {"type": "string"}}, "application/openmetrics-text": {}},
    }
}


def create_router(store: Readings) -> APIRouter:
    """The route of `/metrics`."""
    router = APIRouter(tags=["Prometheus"])
    limiter = CapacityLimiter(_THREADS)

    @router.get("/metrics", response_class=Response, responses=_FORMATS, summary="Metrics for Prometheus")  # type: ignore[arg-type]
    async def metrics(request: Request) -> Response:
        """The text format, or OpenMetrics 1.0 where `Accept` asks for it; gzip where `Accept-Encoding` takes it.

        A scrape never waits for Kafka: it serves what was last read.
        """
        openmetrics = prefers_openmetrics(request.headers.get("accept", ""))
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        page = partial(store.exposition, openmetrics=openmetrics, gzip=gzip)
        body = await anyio.to_thread.run_sync(page, limiter=limiter)
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=OPENMETRICS if openmetrics else TEXT, headers=headers)

    return router
