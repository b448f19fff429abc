"""Puts the API's routes together."""

from fastapi import APIRouter
from starlette.convertors import Convertor, register_url_convertor

from streamgauge.web.api import alerts as alert_routes
from streamgauge.web.api import clusters, groups, topics
from streamgauge.web.api.jobs_reading import router as jobs_reading
from streamgauge.web.api.jobs_reading.source import Jobs
from streamgauge.web.api.jobs_writing import router as jobs_writing
from streamgauge.web.api.jobs_writing.submitting import Reporting
from streamgauge.web.readings import Readings
from streamgauge.web.workers import Workers


class _NameConvertor(Convertor[str]):
    """The rest of a path as a name: unlike Starlette's ``path`` it takes newlines, which Kafka takes in group names."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def create_router(
    store: Readings,
    workers: Workers,
    alerts: alert_routes.Alerts | None = None,
    reporting: Reporting | None = None,
    jobs: Jobs | None = None,
) -> APIRouter:
    """Everything under `/api/v1`."""
    register_url_convertor("name", _NameConvertor())
    router = APIRouter(prefix="/api/v1")
    for part in (clusters, groups, topics):
        router.include_router(part.create_router(store, workers))
    router.include_router(alert_routes.create_router(alerts))
    if reporting is not None:
        router.include_router(jobs_writing.create_router(reporting, workers))
    if jobs is not None:
        router.include_router(jobs_reading.create_router(jobs, workers))
    return router
