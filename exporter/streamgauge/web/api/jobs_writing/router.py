"""Puts the routes of reporting together."""

from fastapi import APIRouter

from streamgauge.web.api.jobs_writing import events, lineage, reports
from streamgauge.web.api.jobs_writing.submitting import Reporting
from streamgauge.web.workers import Workers


def create_router(reporting: Reporting, workers: Workers) -> APIRouter:
    """Everything that jobs report by.

    Args:
        reporting: where it goes.
        workers: the threads that read what was sent.
    """
    router = APIRouter()
    router.include_router(events.create_router(reporting, workers))
    router.include_router(lineage.create_router(reporting, workers))
    router.include_router(reports.create_router(reporting))
    return router
