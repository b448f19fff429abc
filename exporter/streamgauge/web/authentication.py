"""Finds out who sends a request, by basic authentication or a token, and whether they may.

Basic authentication, where it is on, is for every path; a token is for what its scopes say. A token in an address is
never taken: addresses are logged by whoever passes them on.

bcrypt is slow on purpose: it runs in few threads of its own, and a pair that was right is remembered as a keyed digest,
so that a scrape pays once. Names that do not exist cost as much as wrong passwords, so that time tells nothing.
"""

import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import anyio.to_thread
import bcrypt
from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from streamgauge.model.refusals import Reason
from streamgauge.web.refusing import Refusal, refuse
from streamgauge.web.tokens import TokenScope
from streamgauge.web.writes import SAFE_METHODS, Access, is_write, judge_open_write, judge_origin

_CALLER: Final = "streamgauge.caller"
_BASIC: Final = ("a user name and password", 'Basic realm="Streamgauge", charset="UTF-8"')
_BEARER: Final = ("a token (Authorization: Bearer ...)", 'Bearer realm="Streamgauge"')
_WITHOUT_SCOPE: Final = {
    scope: Refusal(
        Reason.FORBIDDEN, HTTPStatus.FORBIDDEN, f"this token may not {scope}: its scopes in web.tokens do not say so"
    )
    for scope in TokenScope
}
_REMEMBERED = 128
_THREADS = 2
_BCRYPT_READS = 72  # bytes; what is longer was cut off when the hash was made, and bcrypt refuses to guess that


class Users:
    """The users and their bcrypt hashes.

    Args:
        hashes: bcrypt hashes by user name; at least one.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = {name: value.encode() for name, value in hashes.items()}
        self._decoy = next(iter(self._hashes.values()))
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._limiter = CapacityLimiter(_THREADS)

    async def admits(self, name: str, password: bytes) -> bool:
        """Whether this is a user's name and password."""
        digest = self._digest(name, password)
        if digest in self._right:
            self._right.move_to_end(digest)
            return True
        stored = self._hashes.get(name)
        matches = await anyio.to_thread.run_sync(
            _matches, password, stored or self._decoy, limiter=self._limiter, abandon_on_cancel=True
        )
        if stored is None or not matches:
            return False
        self._right[digest] = None
        if len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)
        return True

    def _digest(self, name: str, password: bytes) -> bytes:
        """Keyed by a secret of this process, so that what is remembered is worth nothing elsewhere."""
        user = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
        return hashlib.blake2b(user + password, key=self._key, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has sent a request: a token's name, else a user's, else nothing but an address.

    Attributes:
        address: where it came from; empty where the server does not know.
        token: the name of the token that was shown and is good.
        user: the name of the user whose password was right.
        scopes: what this caller may.
    """

    address: str
    token: str | None = None
    user: str | None = None
    scopes: frozenset[TokenScope] = frozenset()

    @property
    def name(self) -> str:
        """For people: whom an acknowledgement or an entry of a log is from."""
        return self.token or self.user or self.address


def caller_of(scope: Scope) -> Caller:
    """Who has sent this request, as far as it was asked for: reads that are open to everybody ask for nothing."""
    found = scope.get(_CALLER)
    return found if isinstance(found, Caller) else Caller(_address_of(scope))


class Authentication:
    """Lets through who may do what the request asks for, and notes who it is.

    Args:
        app: the application.
        users: the users of basic authentication; None where it is off, and everybody may read.
        access: tokens, and what else is asked of a write.
    """

    def __init__(self, app: ASGIApp, users: Users | None, access: Access) -> None:
        self._app = app
        self._users = users
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 or 403."""
        refusal = await self._judge(scope) if scope["type"] in {"http", "websocket"} else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, self._access.refusals, scope, receive, send)

    async def _judge(self, scope: Scope) -> Refusal | None:
        if scope["type"] == "websocket" and (foreign := judge_origin(self._access, scope)):
            return foreign
        write = is_write(scope)
        if self._users is None and not write:
            return None  # `/-/reload` has a rule of its own
        if self._users is None and not self._access.tokens:
            return judge_open_write(self._access, scope)
        caller = await self._authenticated(scope)
        if caller is None:
            return self._unauthorized()
        scope[_CALLER] = caller
        needed = TokenScope.READ if scope.get("method", "GET") in SAFE_METHODS else TokenScope.WRITE
        if needed not in caller.scopes:
            return _WITHOUT_SCOPE[needed]
        # A browser sends a password by itself, whatever page asks for it; a token it does not.
        return judge_origin(self._access, scope) if write and caller.user else None

    async def _authenticated(self, scope: Scope) -> Caller | None:
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(headers) != 1:
            return None
        scheme, _, shown = headers[0].partition(b" ")
        if scheme.lower() == b"bearer":
            token = self._access.tokens.find(shown.strip())
            return Caller(_address_of(scope), token=token.name, scopes=token.scopes) if token else None
        credentials = _credentials(headers[0])
        if self._users is None or credentials is None or not await self._users.admits(*credentials):
            return None
        return Caller(_address_of(scope), user=credentials[0], scopes=frozenset(TokenScope))

    def _unauthorized(self) -> Refusal:
        means = [_BASIC] * (self._users is not None) + [_BEARER] * bool(self._access.tokens)
        detail = f"this needs {' or '.join(what for what, _ in means)}"
        challenges = tuple(("WWW-Authenticate", challenge) for _, challenge in means)
        return Refusal(Reason.UNAUTHORIZED, HTTPStatus.UNAUTHORIZED, detail, challenges)


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _credentials(header: bytes) -> tuple[str, bytes] | None:
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return (name.decode(errors="surrogateescape"), password) if colon else None


def _matches(password: bytes, stored: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_BCRYPT_READS], stored)
    except ValueError:  # a password that bcrypt cannot take was nobody's
        return False
