"""The page with an example of every family: clusters, jobs, applications, and what is about us."""

from collections.abc import Iterator

from streamgauge.metrics import catalogue, exporter, job_store
from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.jobs import JobsRenderer
from streamgauge.model.alerts import AlertmanagerStatus
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.refusals import Reason, Refusals
from streamgauge.model.websocket_counts import WebSocketCounts
from tests.metrics.job_readings import JOBS, STORE
from tests.metrics.readings import LEGACY, MAIN, RELOAD, STATUSES, UNLIMITED, rendered


def whole_page(*, openmetrics: bool = False) -> str:
    """Everything that can be rendered."""
    exposition = Exposition(catalogue.READ_FAMILIES)
    for reading in (MAIN, LEGACY):
        exposition.publish(reading.cluster, Exposition.prepare(rendered(reading)))
    exposition.publish("the jobs", Exposition.prepare(JobsRenderer(UNLIMITED).render(JOBS)))
    tail = exporter.render(STATUSES, openmetrics=openmetrics, reload=RELOAD, own=_own())
    return exposition.page(openmetrics=openmetrics).ended(tail, gzip=False).decode()


def _own() -> Iterator[exporter.OwnSample]:
    yield from job_store.samples(STORE)
    yield from job_store.invalid_samples(InvalidEvents(3))
    yield from job_store.rendering_samples(1)
    refusals = Refusals()
    refusals.count(Reason.UNAUTHORIZED)
    yield from exporter.refused_samples(refusals)
    yield from exporter.websocket_samples(WebSocketCounts(clients=2, received=7, sent=40))
    asked = AlertmanagerStatus(up=True, requests={"list_alerts": 9}, failed={"list_alerts": 1})
    yield from exporter.alertmanager_samples(asked)
