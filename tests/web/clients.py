"""A client of the application in this process: no socket, no thread of ours."""

from starlette.testclient import TestClient

from streamgauge.web.application import create_application
from streamgauge.web.lifecycle import Reload
from streamgauge.web.readings import Readings
from streamgauge.web.security import WebSecurity


def client(
    store: Readings,
    *,
    security: WebSecurity | None = None,
    refresh_seconds: float = 5.0,
    reload: Reload | None = None,
) -> TestClient:
    """A client of an application that serves the store; it sends no header that a test does not ask for."""
    application = create_application(
        store, version="1.2.3", refresh_seconds=refresh_seconds, security=security, reload=reload
    )
    found = TestClient(application, raise_server_exceptions=False)
    found.headers.clear()
    return found
