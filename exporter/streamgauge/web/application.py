"""Puts the web's parts together into one ASGI application."""

from fastapi import FastAPI

from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.websocket_counts import WebSocketCounts
from streamgauge.web import lifecycle, openapi, probes, problem, runbooks, scrape
from streamgauge.web.api import router as api
from streamgauge.web.api.alerts import Alerts, alerts_feed
from streamgauge.web.api.jobs_reading.feed import job_feed
from streamgauge.web.api.jobs_reading.source import Jobs
from streamgauge.web.api.jobs_writing.submitting import JobSink, Reporting
from streamgauge.web.audit import Audit
from streamgauge.web.authentication import Authentication, Users
from streamgauge.web.cors import Cors
from streamgauge.web.lifecycle import Reload
from streamgauge.web.limits import WriteLimits
from streamgauge.web.live import router as live
from streamgauge.web.live.feeds import store_feeds
from streamgauge.web.live.hub import Hub
from streamgauge.web.live.refusal import RefusedUpgrade
from streamgauge.web.middleware import AccessLog, Head, HeadSize, SecurityHeaders
from streamgauge.web.pages import router as pages
from streamgauge.web.readings import Readings
from streamgauge.web.security import WebSecurity
from streamgauge.web.workers import Workers
from streamgauge.web.writes import Access

_DESCRIPTION = """What Streamgauge knows of your pipelines: lag in records and in seconds, throughput, jobs and phases.

`null` (empty in CSV) always means unknown, never zero. Every error is a problem document (RFC 9457)."""


def create_application(  # noqa: PLR0913 - one a part that is put in
    store: Readings,
    *,
    version: str,
    refresh_seconds: float,
    security: WebSecurity | None = None,
    reload: Reload | None = None,
    access: Access | None = None,
    alerts: Alerts | None = None,
    reports: JobSink | None = None,
    invalid_events: InvalidEvents | None = None,
    jobs: Jobs | None = None,
    websockets: WebSocketCounts | None = None,
) -> FastAPI:
    """The application: `/metrics`, the probes, reloading, the API with its documentation, the runbooks, and the page.

    Args:
        store: what is known; read from several threads.
        version: Streamgauge's version.
        refresh_seconds: how often the page asks for news: about the smallest interval of the sources.
        security: users and headers; its TLS context is the server's part.
        reload: reads the configuration again; None: nobody may.
        access: who may write, from where and how much; None: nobody but a user of basic authentication.
        alerts: asks Alertmanager; None: there is none.
        reports: takes what jobs report; None: there are no such routes.
        invalid_events: where events that cannot be read are counted.
        jobs: knows what they are doing; None: there are no such routes.
        websockets: where the WebSocket's clients and messages are counted.
    """
    security = security or WebSecurity()
    access = access or Access()
    workers = Workers()
    application = FastAPI(title="Streamgauge", version=version, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    problem.install(application)
    openapi.install(application)
    reporting = None if reports is None else Reporting(reports, invalid_events or InvalidEvents())
    application.include_router(api.create_router(store, workers, alerts, reporting, jobs))
    application.include_router(scrape.create_router(store))
    application.include_router(probes.create_router(store))
    application.include_router(lifecycle.create_router(reload))
    application.include_router(runbooks.create_router(version=version))
    read_jobs = None if jobs is None else jobs.reading
    page = pages.create_router(store, workers, version=version, refresh_seconds=refresh_seconds, jobs=read_jobs)
    application.include_router(page)
    of_alerts = {} if alerts is None else {"alerts": alerts_feed(alerts)}
    of_jobs = {} if read_jobs is None else {"jobs": lambda: job_feed(read_jobs())}
    hub = Hub({**store_feeds(store), **of_alerts, **of_jobs}, workers)
    application.include_router(live.create_router(hub, version=version, counts=websockets))
    application.add_middleware(RefusedUpgrade)
    application.add_middleware(Head)
    application.add_middleware(WriteLimits, access=access)
    users = Users(security.users) if security.users else None
    application.add_middleware(Authentication, users=users, access=access)
    application.add_middleware(Audit)
    application.add_middleware(Cors, access=access)
    application.add_middleware(HeadSize)
    application.add_middleware(SecurityHeaders, configured=security.headers)
    application.add_middleware(AccessLog)
    return application
