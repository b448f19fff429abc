"""Checks HTTP basic authentication against bcrypt hashes, for every path.

bcrypt is slow on purpose: it runs in few threads of its own, and a pair that was right is remembered as a keyed digest,
so that a scrape pays once. Names that do not exist cost as much as wrong passwords, so that time tells nothing.
"""

import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus

import anyio.to_thread
import bcrypt
from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from streamgauge.web.problem import problem_response

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


class BasicAuthentication:
    """Lets nothing through without a user's name and password.

    Args:
        app: the application.
        users: who may come in.
    """

    def __init__(self, app: ASGIApp, users: Users) -> None:
        self._app = app
        self._users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "lifespan" or await self._admitted(scope):
            await self._app(scope, receive, send)
            return
        challenge = {"WWW-Authenticate": 'Basic realm="Streamgauge", charset="UTF-8"'}
        response = problem_response(HTTPStatus.UNAUTHORIZED, "a user name and password are needed", headers=challenge)
        await response(scope, receive, send)

    async def _admitted(self, scope: Scope) -> bool:
        credentials = _credentials(dict(scope["headers"]).get(b"authorization", b""))
        return credentials is not None and await self._users.admits(*credentials)


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
