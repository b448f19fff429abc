"""One client's connection, bounded in time and number: uvicorn's own bounds begin only after a first answer.

Without these a client that connects and says nothing is kept for ever, and so is one that does not read its answer.
"""

import asyncio
import functools
import logging
from dataclasses import dataclass
from operator import itemgetter

import h11
from uvicorn import Config
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from streamgauge.web.middleware import HEAD_BYTES
from streamgauge.web.peer import Peers
from streamgauge.web.upgraded import Upgraded

LOG = logging.getLogger("streamgauge.web.http")


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
        requests: answers under way at once, each of which holds a page in memory; above, 503.
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
            self.app = service_unavailable if self._too_many_requests() else self.config.loaded_app
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

    def _too_many_requests(self) -> bool:
        return sum(peer.answering for peer in self._peers) >= self._limits.requests

    def _make_room(self) -> None:
        """Drop the connection that has been idle for longest: there is always one, the one that was just made."""
        idle = ((peer.idle_since, peer.transport) for peer in self._peers if peer.idle_since is not None)
        min(idle, key=itemgetter(0))[1].abort()
