"""One client's connection, bounded in time and number: uvicorn's own bounds begin only after a first answer.

Without these a client that connects and says nothing is kept for ever, and so is one that does not read its answer.
"""

import asyncio
import functools
import logging
from dataclasses import dataclass
from http import HTTPStatus
from operator import itemgetter

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from streamgauge.web.middleware import HEAD_BYTES, SecurityHeaders
from streamgauge.web.peer import Peers
from streamgauge.web.problem import problem_response
from streamgauge.web.upgraded import Upgraded
from streamgauge.web.writes import is_write

LOG = logging.getLogger("streamgauge.web.http")

_RETRY_SECONDS = 1  # answers take milliseconds: there is room again soon


@dataclass(frozen=True, slots=True)
class Limits:
    """What is bounded.

    Attributes:
        request_seconds: from connecting (or from its first byte) until a request's head has arrived.
        response_seconds: from a request until the client has taken its answer.
        keep_alive_seconds: an answered connection stays open for the next request; above a usual scrape interval,
            so that Prometheus need not connect (and shake hands) anew for each scrape.
        handshake_seconds: a TLS handshake.
        shutdown_seconds: answers that are under way when the server is told to end.
        connections: connections at once; above, the one that has been idle for longest makes room.
        requests: answers under way at once, each of which holds a page in memory; above, 503. Writes, which wait for
            their bodies and for the disk, are refused from three quarters on: jobs that all report at once must not
            keep Prometheus from its scrape.
        head_bytes: a request's head.
    """

    request_seconds: float = 10
    response_seconds: float = 60
    keep_alive_seconds: int = 90
    handshake_seconds: float = 5
    shutdown_seconds: int = 1
    connections: int = 512
    requests: int = 64
    head_bytes: int = HEAD_BYTES


class Connection(H11Protocol):
    """HTTP/1.1 on one connection, within limits; ``since`` is when it last changed between waiting and answering.

    An upgrade to a WebSocket hands the connection over to an ``Upgraded``, which takes this one's place.

    Args:
        config: uvicorn's configuration.
        server_state: uvicorn's state: the connections and tasks of the server.
        limits: what is bounded.
        peers: every open connection of the server; this one adds and removes itself.
    """

    def __init__(self, config: Config, server_state: ServerState, limits: Limits, peers: Peers) -> None:
        super().__init__(config=config, server_state=server_state, app_state={})
        self.logger = LOG
        self.access_log = False  # streamgauge.web.middleware writes ours
        self._limits = limits
        self._peers = peers
        self.since = self.loop.time()
        self._requesting = True
        self.ws_protocol_class = functools.partial(  # type: ignore[assignment]  # uvicorn only calls it
            Upgraded, response_seconds=limits.response_seconds, peers=peers
        )

    @property
    def answering(self) -> bool:
        """Whether an answer is under way, up to its last byte."""
        # uvicorn types the cycle as if there always were one; before the first request it is None.
        complete: bool = getattr(self.cycle, "response_complete", True)
        return not complete or self.transport.get_write_buffer_size() > 0

    @property
    def idle_since(self) -> float | None:
        """Since when nothing is asked; None while an answer is under way."""
        return None if self.answering else self.since

    def enforce(self, now: float) -> None:
        """Drop the connection when its client has taken too long."""
        waited = now - self.since
        if self.answering:
            overdue, why = waited > self._limits.response_seconds, "it does not take its answer"
        else:
            overdue, why = self._requesting and waited > self._limits.request_seconds, "it sends no whole request"
        if overdue:
            LOG.debug("dropped client %s after %.1f s: %s", self.client, waited, why)
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, making room for it where there are too many."""
        super().connection_made(transport)
        self._peers.add(self)
        if len(self._peers) > self._limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._peers.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note when a request begins and when its head is complete."""
        if not self.answering:
            if not self._requesting:
                self._requesting, self.since = True, self.loop.time()
            self.app = self._app_for_now()
        super().data_received(data)
        if self._requesting and self.answering:
            self._requesting, self.since = False, self.loop.time()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        self._peers.discard(self)
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Start counting anew: for the client to take the answer, then for the next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    def _app_for_now(self) -> ASGIApp:
        most = self._limits.requests
        answering = sum(peer.answering for peer in self._peers)
        if answering >= most:
            return _UNAVAILABLE
        app: ASGIApp = self.config.loaded_app
        return app if answering < most - most // 4 else _WithoutWrites(app)

    def _make_room(self) -> None:
        """Drop the connection that has been idle for longest: there is always one, the one that was just made."""
        idle = ((peer.idle_since, peer.transport) for peer in self._peers if peer.idle_since is not None)
        min(idle, key=itemgetter(0))[1].abort()


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without the application: what it would answer with is what there is no room for."""
    detail = "as many answers are under way as there may be; ask again in a moment"
    headers = {"Retry-After": str(_RETRY_SECONDS), "Connection": "close"}
    await problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)(scope, receive, send)


_UNAVAILABLE = SecurityHeaders(_refuse)


@dataclass(frozen=True, slots=True)
class _WithoutWrites:
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (_UNAVAILABLE if is_write(scope) else self.app)(scope, receive, send)
