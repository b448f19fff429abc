"""Puts the routes of reading together."""

from fastapi import APIRouter

from streamgauge.web.api.jobs_reading import (
    applications,
    comparison,
    details,
    export,
    history,
    jobs,
    runs,
    steps,
)
from streamgauge.web.api.jobs_reading.source import Jobs
from streamgauge.web.workers import Workers


def create_router(source: Jobs, workers: Workers) -> APIRouter:
    """Everything that is read of jobs.

    Args:
        source: the store.
        workers: the threads that ask it.
    """
    router = APIRouter()
    for part in (jobs, runs, steps, details, history, comparison, export, applications):
        router.include_router(part.create_router(source, workers))
    return router
