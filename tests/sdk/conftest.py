"""A server that takes events, and the SDK reporting to it, begun anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamgauge_sdk import _client, _faults, _jobs, _sampler
from streamgauge_sdk._stats import Tally
from tests.sdk.event_server import EventServer

_VARIABLES = ("URL", "TOKEN", "TOKEN_FILE", "SPOOL_DIR", "DISABLED", "ENVIRONMENT", "CA_FILE", "JOB", "RUN", "PHASE")


@pytest.fixture(autouse=True)
def unsaid() -> None:
    """What is logged once was not logged yet."""
    _faults._said.clear()


@pytest.fixture
def server() -> Iterator[EventServer]:
    """Takes events as the exporter does."""
    with EventServer() as running:
        yield running


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where the SDK spools."""
    return tmp_path / "spool"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The SDK as in a process that has not used it yet."""
    for name in _VARIABLES:
        monkeypatch.delenv(f"STREAMGAUGE_{name}", raising=False)
    _forget()
    yield
    if _sampler._process.sampler is not None:
        _sampler._process.sampler.abort_all()
    if _client._client.transport is not None:
        _client._client.transport.close(2.0)
    _forget()


@pytest.fixture
def reporting(fresh: None, server: EventServer, spool: Path) -> EventServer:
    """The SDK reports to this server, hastily."""
    _client.configure(url=server.url, spool=spool, linger=0.01, retry=0.01, retry_limit=0.05, interval=3600.0)
    return server


def _forget() -> None:
    client = _client._client
    client.settings, client.transport, client.configured = None, None, False
    client.tally = Tally()
    client.before_exit = []
    _sampler._process.sampler = None
    _jobs._of_environment.cache_clear()
