"""One WebSocket's connection, within limits: uvicorn alone would wait for ever for a client that does not read.

uvicorn and websockets do the work. What is added: a client that does not read is dropped, a message counts as sent when
the system has taken it (so that the next one is made only then), messages that are made for many are sent as they are
(``live.prepared``), the end of the server is told by code 1001, and a refused upgrade is a problem document.
"""

import logging
import socket
from asyncio.transports import BaseTransport
from http import HTTPStatus
from typing import Any, cast

from uvicorn import Config
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from streamgauge.web.live.prepared import PREPARED, WINDOW_BITS, Prepared
from streamgauge.web.peer import Peers
from streamgauge.web.problem import MEDIA_TYPE, problem_response

LOG = logging.getLogger("streamgauge.web.http")

MESSAGE_BYTES = 64 * 1024
"""The most that a client's message may have, unpacked."""

PING_SECONDS = 20.0
"""How often a client is asked whether it is there, and how long it has to answer."""

_SEND_BUFFER_BYTES = 256 * 1024  # the system's: what a slow client gets is at most so old
_CLIENT_WINDOW_BITS = 12
_MOST_FRAGMENTS = 256  # of one message; empty ones would cost memory for ever
_MOST_PINGS = 64  # of a client that does not read the answers


class Upgraded(WebSocketsSansIOProtocol):
    """A WebSocket on one connection.

    Args:
        config: uvicorn's configuration.
        server_state: uvicorn's state.
        app_state: uvicorn's state of the application.
        response_seconds: how long its client may take to read.
        peers: every open connection of the server; this one adds and removes itself.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        response_seconds: float,
        peers: Peers,
    ) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        # No context is kept between our messages, so that one that was compressed once can be sent to many.
        deflate = ServerPerMessageDeflateFactory(
            server_no_context_takeover=True,
            client_max_window_bits=_CLIENT_WINDOW_BITS,
            compress_settings={"memLevel": 5},
        )
        self.conn = _Handshake(
            extensions=[deflate], max_size=config.ws_max_size, logger=logging.getLogger("uvicorn.error")
        )
        self._response_seconds = response_seconds
        self._peers = peers
        self._waiting_for: str | None = None
        self._since = self.loop.time()
        self._pings = 0

    @property
    def answering(self) -> bool:
        """Never: no page is held for it, and hundreds of clients may come back at once after a restart."""
        return False

    @property
    def idle_since(self) -> float | None:
        """Never: it is used as long as it is open."""
        return None

    def enforce(self, now: float) -> None:
        """Drop the connection when its client has taken too long to read, or to say hello or farewell."""
        why = self._waits_for()
        if why != self._waiting_for:
            self._waiting_for, self._since = why, now
        elif why and now - self._since > self._response_seconds:
            self._drop(why)

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection over."""
        super().connection_made(transport)
        self._peers.add(self)
        # What was sent counts as taken when nothing of it is left here; with high=0 asyncio's TLS would never resume.
        self.transport.set_write_buffer_limits(high=1, low=0)
        connection = cast("socket.socket", self.transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._peers.discard(self)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The client reads."""
        self._waiting_for, self._pings = None, 0
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, which does not answer a head that websockets finds too large."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """As uvicorn's, with a bound on fragments."""
        if len(self.frames) < _MOST_FRAGMENTS:
            super().handle_cont(event)
        elif not self.transport.is_closing():
            self._drop("its message has too many fragments")

    def handle_ping(self) -> None:
        """As uvicorn's, unless the answers pile up."""
        super().handle_ping()
        if not self.writable.is_set():
            self._pings += 1
            if self._pings > _MOST_PINGS:
                self._drop("it sends pings and does not read")

    def shutdown(self) -> None:
        """As uvicorn's, with the code that says that the server goes away."""
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.GOING_AWAY})
        if self.conn.state is State.OPEN:
            self.conn.send_close(CloseCode.GOING_AWAY, "the server goes away")
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's; a message is sent when the system has taken all of it."""
        prepared = cast("Prepared | None", message.get(PREPARED))
        if prepared is None:
            await super().send(message)
            if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
                self.handshake_complete = True  # refused is an end too; uvicorn would log an error for each
            return
        await self.writable.wait()
        if self.disconnected or self.conn.state is not State.OPEN or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(prepared.frame(deflated=self._deflates))
        await self.writable.wait()

    @property
    def _deflates(self) -> bool:
        """Whether the client takes our compressed frames; one with a smaller window gets plain ones."""
        return any(
            isinstance(extension, PerMessageDeflate) and extension.local_max_window_bits >= WINDOW_BITS
            for extension in self.conn.extensions
        )

    def _waits_for(self) -> str | None:
        if self.transport.is_closing():
            return "it does not take its last message"
        if not self.writable.is_set():
            return "it does not read"
        return None if self.handshake_complete else "its upgrade does not end"

    def _drop(self, why: str) -> None:
        LOG.debug("dropped client %s: %s", self.client, why)
        self.transport.abort()


class _Handshake(ServerProtocol):
    """The protocol of websockets, whose refusals are problem documents."""

    def reject(self, status: HTTPStatus | int, text: str) -> Response:
        """Refuse the upgrade."""
        document = problem_response(HTTPStatus(status), text.strip())
        response = super().reject(status, bytes(document.body).decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = MEDIA_TYPE
        response.headers["Cache-Control"] = "no-store"
        return response
