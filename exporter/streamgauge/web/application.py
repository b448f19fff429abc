"""Puts the web's parts together into one ASGI application."""

from fastapi import FastAPI

from streamgauge.web import lifecycle, openapi, probes, problem, runbooks, scrape
from streamgauge.web.api import router as api
from streamgauge.web.authentication import BasicAuthentication, Users
from streamgauge.web.lifecycle import Reload
from streamgauge.web.middleware import AccessLog, Head, HeadSize, SecurityHeaders
from streamgauge.web.pages import router as pages
from streamgauge.web.readings import Readings
from streamgauge.web.security import WebSecurity
from streamgauge.web.workers import Workers

_DESCRIPTION = """What Streamgauge knows of your Kafka clusters: lag in records and in seconds, and throughput.

`null` (empty in CSV) always means unknown, never zero. Every error is a problem document (RFC 9457)."""


def create_application(
    store: Readings,
    *,
    version: str,
    refresh_seconds: float,
    security: WebSecurity | None = None,
    reload: Reload | None = None,
) -> FastAPI:
    """The application: `/metrics`, the probes, reloading, the API with its documentation, the runbooks, and the page.

    Args:
        store: what is known; read from several threads.
        version: Streamgauge's version.
        refresh_seconds: how often the page asks for news: about the smallest interval of the sources.
        security: users and headers; its TLS context is the server's part.
        reload: reads the configuration again; None: nobody may.
    """
    security = security or WebSecurity()
    workers = Workers()
    application = FastAPI(title="Streamgauge", version=version, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    problem.install(application)
    openapi.install(application)
    application.include_router(api.create_router(store, workers))
    application.include_router(scrape.create_router(store))
    application.include_router(probes.create_router(store))
    application.include_router(lifecycle.create_router(reload))
    application.include_router(runbooks.create_router(version=version))
    application.include_router(pages.create_router(store, workers, version=version, refresh_seconds=refresh_seconds))
    application.add_middleware(Head)
    if security.users:
        application.add_middleware(BasicAuthentication, users=Users(security.users))
    application.add_middleware(HeadSize)
    application.add_middleware(SecurityHeaders, configured=security.headers)
    application.add_middleware(AccessLog)
    return application
