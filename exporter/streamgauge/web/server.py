"""Serves an application on a socket: binds it with messages that help, and ends when it is told to.

uvicorn does the work. What is added: the limits of ``connection``, TLS handshakes that end, a shutdown that is over
in two seconds whatever the clients do, and a return instead of the signal once more.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

from streamgauge.errors import AddressInUseError, ConfigError
from streamgauge.web.connection import Connection, Limits
from streamgauge.web.peer import Peers
from streamgauge.web.security import WebSecurity
from streamgauge.web.tls import ServerCertificate
from streamgauge.web.upgraded import MESSAGE_BYTES, PING_SECONDS

LOG = logging.getLogger("streamgauge.web.server")

_BACKLOG = 1024
_RENEWAL_TICKS = 100  # ten seconds
_HIGHEST_PORT = 65535


class Address(NamedTuple):
    """Where the server listens."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for people; a server that listens everywhere is reached at ``localhost``."""
        host = "localhost" if self.host in ("", "::", "0.0.0.0") else self.host
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"


class WebServer:
    """A server whose address is taken as soon as it is made, so that a taken one is known before anything starts.

    Args:
        application: what is served.
        listen: ``host:port``, ``[v6]:port``, or ``:port`` for every address of the machine; port 0 takes a free one.
        security: TLS; basic authentication and headers are the application's part.
        limits: what is bounded.

    Raises:
        AddressInUseError: another program listens there.
        ConfigError: the address cannot be read, resolved or taken.
    """

    def __init__(
        self,
        application: ASGIApp,
        listen: str,
        *,
        security: WebSecurity | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        certificate = security.certificate if security else None
        self._socket = _bind(listen)
        # Its connections have it from it: a body must not wait until the head before it was acknowledged. asyncio sees
        # to that itself only for sockets that name their protocol.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = self._socket.getsockname()[:2]
        self.address = Address("https" if certificate else "http", host, port)
        config = uvicorn.Config(
            application,
            http=Connection,
            ws="websockets-sansio",  # Connection hands an upgrade over to our own kind of it
            ws_max_size=MESSAGE_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            lifespan="off",
            loop="asyncio",
            interface="asgi3",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=limits.keep_alive_seconds,
            timeout_graceful_shutdown=limits.shutdown_seconds,
            h11_max_incomplete_event_size=limits.head_bytes,
        )
        self._server = _Server(config, self._socket, certificate, limits)

    def run(self, on_listening: Callable[[Address], None] | None = None) -> None:
        """Serve until ``stop`` is called or, in the main thread, SIGINT or SIGTERM comes; then return.

        Args:
            on_listening: called once with the address when requests are taken; it must not block.
        """

        def listening() -> None:
            LOG.info("listening on %s", self.address.url)
            if on_listening is not None:
                on_listening(self.address)

        self._server.on_listening = listening
        try:
            self._server.run()
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End ``run``, from any thread or signal handler; it returns within two seconds."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the address back without having run."""
        self._socket.close()


def serve(
    application: ASGIApp,
    listen: str,
    *,
    security: WebSecurity | None = None,
    limits: Limits | None = None,
    on_listening: Callable[[Address], None] | None = None,
) -> None:
    """Serve an application until SIGINT or SIGTERM comes, then return; see ``WebServer``."""
    WebServer(application, listen, security=security, limits=limits).run(on_listening)


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        certificate: ServerCertificate | None,
        limits: Limits,
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._certificate = certificate
        self._limits = limits
        self._connections = Peers()
        self.on_listening: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """As uvicorn's, with bounds on TLS handshakes, which it leaves at a minute."""
        handshake = self._limits.handshake_seconds if self._certificate else None
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self.config, self.server_state, self._limits, self._connections),
            sock=self._listener,
            backlog=_BACKLOG,
            ssl=self._certificate.context if self._certificate else None,
            ssl_handshake_timeout=handshake,
            ssl_shutdown_timeout=handshake,
        )
        self.servers = [server]
        self.started = True
        self.on_listening()

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's, ten times a second; drop the clients that have taken too long, and renew the certificate."""
        now = asyncio.get_running_loop().time()
        for connection in list(self._connections):
            connection.enforce(now)
        if self._certificate and counter % _RENEWAL_TICKS == 0:
            self._certificate.renew()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then drop the clients that it has waited for in vain."""
        await super().shutdown(sockets)
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that ended the server is not raised once more: ``run`` returns."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bind(listen: str) -> socket.socket:
    host, port = _parse(listen)
    try:
        if host:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
        return _bind_everywhere(port)
    except socket.gaierror as error:
        raise ConfigError(f"cannot resolve {host!r} of --listen {listen}: {error.strerror}") from error
    except OSError as error:
        raise _explained(listen, error) from error


def _bind_everywhere(port: int) -> socket.socket:
    """IPv6 and IPv4 at once where the machine has both."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise  # IPv6 that is compiled in and switched off fails otherwise
    return socket.create_server(("", port), backlog=_BACKLOG)


def _parse(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > _HIGHEST_PORT:
        raise ConfigError(f"--listen {listen!r} is not an address; write host:port or :port, for example :9308")
    return host, int(port)


def _explained(listen: str, error: OSError) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return AddressInUseError(f"{listen} is in use by another program; choose another address with --listen")
    if error.errno == errno.EACCES:
        return ConfigError(
            f"{listen} may not be listened on without more rights (ports below 1024 are the system's); "
            "choose another address with --listen"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigError(f"{listen} is not an address of this machine; choose another address with --listen")
    return ConfigError(f"cannot listen on {listen}: {error.strerror}; choose another address with --listen")
