"""Puts the routes of reporting together."""

from fastapi import APIRouter

from streamgauge.web.api.jobs_writing import events, lineage, reports
from streamgauge.web.api.jobs_writing.submitting import JobSink
from streamgauge.web.workers import Workers


def create_router(sink: JobSink, workers: Workers) -> APIRouter:
    """Everything that jobs report by.

    Args:
        sink: where it goes.
        workers: the threads that read what was sent.
    """
    router = APIRouter()
    router.include_router(events.create_router(sink, workers))
    router.include_router(lineage.create_router(sink, workers))
    router.include_router(reports.create_router(sink))
    return router
