"""An application with a route that may be written to, and what writes to it."""

import hashlib
from collections.abc import Collection

import bcrypt
from fastapi import FastAPI, Request, WebSocket
from starlette.testclient import TestClient

from streamgauge.model.refusals import Reason, Refusals
from streamgauge.web.application import create_application
from streamgauge.web.authentication import caller_of
from streamgauge.web.security import WebSecurity
from streamgauge.web.tokens import Token, Tokens, TokenScope
from streamgauge.web.writes import Access
from tests.web.examples import store

PATH = "/api/v1/written"
SOCKET = "/api/v1/talk"
READER, WRITER, BOTH = "sg_reader-0123456789", "sg_writer-0123456789", "sg_both-0123456789"
PASSWORD = "wonder land"
USERS = WebSecurity(users={"alice": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()})
ALICE = ("alice", PASSWORD)


def token(name: str, secret: str, *scopes: TokenScope) -> Token:
    """What is known of a token."""
    return Token(name, hashlib.sha256(secret.encode()).digest(), frozenset(scopes))


def three_tokens() -> Tokens:
    """One that may read, one that may write, one that may both."""
    return Tokens(
        [
            token("reader", READER, TokenScope.READ),
            token("writer", WRITER, TokenScope.WRITE),
            token("both", BOTH, TokenScope.READ, TokenScope.WRITE),
        ]
    )


def bearer(secret: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {secret}"}


def writable(access: Access | None = None, security: WebSecurity | None = None) -> FastAPI:
    """The whole application, with a route and a WebSocket that say who came and with what."""
    application = create_application(store(), version="1.2.3", refresh_seconds=5, security=security, access=access)

    @application.api_route(PATH, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def written(request: Request) -> dict[str, object]:
        body = await request.body()
        return {
            "by": caller_of(request.scope).name,
            "body": body.decode(),
            "length": request.headers.get("content-length"),
            "coding": request.headers.get("content-encoding"),
        }

    @application.websocket(SOCKET)
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(caller_of(socket.scope).name)
        await socket.close()

    @application.post("/api/v1/fault")
    async def fault() -> None:
        raise RuntimeError("a fault of ours")

    return application


def writer(
    access: Access | None = None,
    security: WebSecurity | None = None,
    *,
    url: str = "http://localhost:9308",
    address: str = "127.0.0.1",
) -> TestClient:
    """A client of it that comes from an address and sends no header that a test does not ask for."""
    found = TestClient(
        writable(access, security), base_url=url, raise_server_exceptions=False, client=(address, 50_000)
    )
    found.headers.clear()
    return found


def counted(refusals: Refusals) -> dict[Reason, int]:
    """What has been refused at all."""
    return {reason: count for reason, count in refusals.counts().items() if count}


def everyone(origins: Collection[str] = ()) -> Access:
    """As a server that others reach, with tokens."""
    return Access(tokens=three_tokens(), origins=frozenset(origins))
