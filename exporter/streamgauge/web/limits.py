"""How much one client may write: how often, in what form, how large, and how slowly.

A body is read as a whole before a route sees it, unpacked and within its bounds, so no route has to think of that.
"""

import asyncio
import ipaddress
import math
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.model.refusals import Reason
from streamgauge.web.authentication import Caller, caller_of
from streamgauge.web.refusing import Refusal, refuse
from streamgauge.web.writes import Access, is_write, values_of

CLIENTS: Final = 10_000
"""Clients whose rate is remembered; above, those that come anew share one bucket."""

_GZIP = 16 + zlib.MAX_WBITS
_IPV6_BITS = 64
_WRONG_TYPE = Refusal(
    Reason.BAD_MEDIA_TYPE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "a body must be JSON and say so: Content-Type: application/json",
    (("Accept", "application/json"),),
)
_WRONG_CODING = Refusal(
    Reason.BAD_MEDIA_TYPE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "a body may be packed with gzip, once, and with nothing else",
    (("Accept-Encoding", "gzip"),),
)
_NO_GZIP = Refusal(
    Reason.BAD_MEDIA_TYPE, HTTPStatus.BAD_REQUEST, "the body says that it is gzip, and is not one whole gzip member"
)


class Bucket:
    """A token bucket: full at the start, filled at a steady rate.

    Args:
        rate: how many a second.
        size: how many at once.
        now: monotonic seconds.
    """

    __slots__ = ("_left", "_rate", "_seen", "_size")

    def __init__(self, rate: float, size: int, now: float) -> None:
        self._rate, self._size = rate, size
        self._left, self._seen = float(size), now

    def take(self, now: float) -> float:
        """Take one; 0, or in how many seconds there will be one to take."""
        self._fill(now)
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate

    def is_full(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        self._fill(now)
        return self._left >= self._size

    def _fill(self, now: float) -> None:
        self._left = min(self._size, self._left + (now - self._seen) * self._rate)
        self._seen = now


class Rates:
    """A bucket for each client.

    Args:
        rate: writes a second.
        burst: writes at once.
        clock: monotonic seconds.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._others = Bucket(rate, burst, clock())

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._buckets)

    def take(self, client: str) -> float:
        """Take one write of a client; 0, or in how many seconds it may come again."""
        now = self._clock()
        return self._bucket_of(client, now).take(now)

    def _bucket_of(self, client: str, now: float) -> Bucket:
        found = self._buckets.get(client)
        if found is None:
            if len(self._buckets) >= CLIENTS:
                longest_away = next(iter(self._buckets))
                if not self._buckets[longest_away].is_full(now):
                    return self._others
                del self._buckets[longest_away]
            found = self._buckets[client] = Bucket(self._rate, self._burst, now)
        self._buckets.move_to_end(client)
        return found


def client_of(caller: Caller) -> str:
    """Whose bucket it is: one token, one user, one address; of IPv6 the /64, for each host has all of one."""
    if caller.token:
        return f"token {caller.token}"
    if caller.user:
        return f"user {caller.user}"
    try:
        address = ipaddress.ip_address(caller.address.partition("%")[0])
    except ValueError:
        return f"address {caller.address}"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return f"address {address.ipv4_mapped}"
        return f"address {ipaddress.ip_network((address, _IPV6_BITS), strict=False)}"
    return f"address {address}"


class WriteLimits:
    """Lets a write through when its client has not written too often, with its body read whole.

    Args:
        app: the application; it sees a body that is unpacked and here.
        access: the bounds.
        clock: monotonic seconds.
    """

    def __init__(self, app: ASGIApp, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._refusals = access.refusals
        self._bounds = access.bounds
        self._rates = Rates(self._bounds.writes_per_second, self._bounds.write_burst, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the write on with its body, or answer 400, 408, 413, 415 or 429."""
        if not is_write(scope):
            await self._app(scope, receive, send)
            return
        found = self._too_often(scope) or _judge_form(scope) or await self._body(scope, receive)
        if isinstance(found, Refusal):
            await refuse(found, self._refusals, scope, receive, send)
        elif found is not None:
            await self._app(_unpacked(scope, found), _replayed(found, receive), send)

    def _too_often(self, scope: Scope) -> Refusal | None:
        wait = self._rates.take(client_of(caller_of(scope)))
        if not wait:
            return None
        rate, burst = self._bounds.writes_per_second, self._bounds.write_burst
        detail = f"one client may write {rate:g} times a second, and {burst} times at once after a pause"
        again = (("Retry-After", str(math.ceil(wait))),)
        return Refusal(Reason.TOO_MANY_REQUESTS, HTTPStatus.TOO_MANY_REQUESTS, detail, again)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Refusal | None:
        """The body, unpacked; None when the client has gone."""
        body = _Body(self._bounds.body_bytes, packed=_coding(scope) == "gzip")
        try:
            if int((values_of(scope, b"content-length") or ["0"])[0]) > self._bounds.body_bytes:
                return self._too_large()
            async with asyncio.timeout(self._bounds.body_seconds):
                while (message := await receive())["type"] == "http.request":
                    body.add(message.get("body", b""))
                    if not message.get("more_body", False):
                        return body.whole()
        except TimeoutError:
            detail = f"the body did not arrive within {self._bounds.body_seconds:g} s"
            # What is still to come is not waited for.
            return Refusal(Reason.TIMEOUT, HTTPStatus.REQUEST_TIMEOUT, detail, (("Connection", "close"),))
        except OverflowError:
            return self._too_large()
        except (zlib.error, EOFError):
            return _NO_GZIP
        return None

    def _too_large(self) -> Refusal:
        detail = f"a body may have {self._bounds.body_bytes} bytes, as it is sent and unpacked; send it in parts"
        return Refusal(Reason.BODY_TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


class _Body:
    """What has arrived of a body; it is unpacked piece by piece, and never beyond the bound."""

    def __init__(self, limit: int, *, packed: bool) -> None:
        self._limit = limit
        self._gzip = zlib.decompressobj(_GZIP) if packed else None
        self._arrived = 0
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """One more piece; ``OverflowError`` when it is too much."""
        self._arrived += len(piece)
        if self._gzip is not None:
            piece = self._gzip.decompress(piece, self._limit - len(self._content) + 1)
            if self._gzip.unused_data:
                raise zlib.error
        self._content += piece
        if max(self._arrived, len(self._content)) > self._limit:
            raise OverflowError

    def whole(self) -> bytes:
        """All of it; ``EOFError`` when its packing has not ended."""
        if self._gzip is not None and self._arrived and not self._gzip.eof:
            raise EOFError
        return bytes(self._content)


def _coding(scope: Scope) -> str:
    coding = ", ".join(values_of(scope, b"content-encoding")).lower()
    return {"identity": "", "x-gzip": "gzip"}.get(coding, coding)


def _judge_form(scope: Scope) -> Refusal | None:
    """A body says that it is JSON: what a form of another site can send, does not."""
    if values_of(scope, b"content-length") in ([], ["0"]) and not values_of(scope, b"transfer-encoding"):
        return None
    types = values_of(scope, b"content-type")
    kind = types[0].partition(";")[0].strip().lower() if len(types) == 1 else ""
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return _WRONG_TYPE
    return None if _coding(scope) in {"", "gzip"} else _WRONG_CODING


def _unpacked(scope: Scope, body: bytes) -> Scope:
    """The request as it would have come unpacked and in one piece."""
    dropped = {b"content-encoding", b"content-length", b"transfer-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body at first, then whatever comes: the client's going."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
