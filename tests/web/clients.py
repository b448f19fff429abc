"""A client of the application in this process: no socket, no thread of ours."""

from starlette.testclient import TestClient

from streamgauge.web.api.alerts import Alerts
from streamgauge.web.api.jobs_reading.source import Jobs
from streamgauge.web.api.jobs_writing.submitting import JobSink
from streamgauge.web.application import create_application
from streamgauge.web.lifecycle import Reload
from streamgauge.web.readings import Readings
from streamgauge.web.security import WebSecurity
from streamgauge.web.writes import Access


def client(  # noqa: PLR0913 - one a part of the application
    store: Readings,
    *,
    security: WebSecurity | None = None,
    refresh_seconds: float = 5.0,
    reload: Reload | None = None,
    access: Access | None = None,
    alerts: Alerts | None = None,
    reports: JobSink | None = None,
    jobs: Jobs | None = None,
) -> TestClient:
    """A client of an application that serves the store; it sends no header that a test does not ask for.

    Without an ``access`` of its own it is as on a loopback address: whoever is on this machine may write.
    """
    application = create_application(
        store,
        version="1.2.3",
        refresh_seconds=refresh_seconds,
        security=security,
        reload=reload,
        access=access or Access(loopback=True),
        alerts=alerts,
        reports=reports,
        jobs=jobs,
    )
    found = TestClient(application, base_url="http://localhost:9308", raise_server_exceptions=False)
    found.headers.clear()
    return found
