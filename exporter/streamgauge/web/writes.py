"""What a write is, and what must be true of one before anybody reads its body: who may, and from which page.

A route cannot be forgotten: whatever is under `/api/` and is not GET, HEAD or OPTIONS is a write.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.types import Scope

from streamgauge.model.refusals import Reason, Refusals
from streamgauge.web.refusing import Refusal
from streamgauge.web.tokens import Tokens

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
_CLOSED = Refusal(
    Reason.FORBIDDEN,
    HTTPStatus.FORBIDDEN,
    "writing is off, because nobody could be told apart: set web.tokens (streamgauge token create makes one), or "
    "basic_auth_users in the file of --web.config.file; without them only a server on a loopback address takes writes",
)
_FOREIGN_HOST = Refusal(
    Reason.BAD_ORIGIN,
    HTTPStatus.FORBIDDEN,
    "without web.tokens this server takes writes of its own machine alone: the Host header must be localhost or a "
    "loopback address",
)
_BEHIND_PROXY = Refusal(
    Reason.FORBIDDEN,
    HTTPStatus.FORBIDDEN,
    "without web.tokens this server takes writes of its own machine alone, and this one came by a proxy",
)
_FOREIGN_ORIGIN = Refusal(
    Reason.BAD_ORIGIN,
    HTTPStatus.FORBIDDEN,
    "this comes from a page of another site (Origin); web.cors_origins names those that may",
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one client may write.

    Attributes:
        body_bytes: the largest body, as it is sent and unpacked.
        body_seconds: how long a body may take to arrive.
        writes_per_second: in the long run.
        write_burst: at once, after a pause.
    """

    body_bytes: int = 1024 * 1024
    body_seconds: float = 10.0
    writes_per_second: float = 50
    write_burst: int = 200


@dataclass(frozen=True, slots=True)
class Access:
    """Who may write, from where and how much.

    Attributes:
        loopback: the server is bound to a loopback address: without tokens and users, this machine may write.
        tokens: the API's tokens; their content may be replaced while the server runs.
        origins: other sites whose scripts may use the API, as browsers write them (``Origin``).
        bounds: how much.
        refusals: where refused requests are counted.
    """

    loopback: bool = False
    tokens: Tokens = field(default_factory=Tokens)
    origins: Collection[str] = frozenset()
    bounds: Bounds = field(default_factory=Bounds)
    refusals: Refusals = field(default_factory=Refusals)


def is_write(scope: Scope) -> bool:
    """Whether a request may change something."""
    return scope["type"] == "http" and is_write_to(scope["method"], scope["path"])


def is_write_to(method: str, path: str) -> bool:
    """Whether a method at a path may change something."""
    return method not in SAFE_METHODS and (path == "/api" or path.startswith("/api/"))


def is_loopback(host: str) -> bool:
    """Whether a host, without brackets, can mean nothing but this machine; other names are not looked up."""
    host = host.lower().removesuffix(".")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def judge_open_write(access: Access, scope: Scope) -> Refusal | None:
    """What speaks against a write where there is neither a token nor a user."""
    if not access.loopback:
        return _CLOSED
    if any(values_of(scope, name) for name in _FORWARDED):
        return _BEHIND_PROXY
    if not is_loopback(_host_of(scope)):
        return _FOREIGN_HOST  # a site whose name was made to point here (DNS rebinding)
    return judge_origin(access, scope, through_proxy=False)


def judge_origin(access: Access, scope: Scope, *, through_proxy: bool = True) -> Refusal | None:
    """What speaks against the page that a browser sends a request from; programs send no Origin.

    The same host is the same site, whatever the scheme: TLS may end at a proxy.

    Args:
        access: the sites that may.
        scope: the request.
        through_proxy: believe ``Sec-Fetch-Site`` too, which no script can set, for proxies that change Host.
    """
    origins = values_of(scope, b"origin")
    if not origins:
        return None
    if len(origins) == 1:
        origin = origins[0].lower()
        if origin in access.origins or origin.partition("://")[2] == _authority_of(scope):
            return None
        if through_proxy and values_of(scope, b"sec-fetch-site") == ["same-origin"]:
            return None
    return _FOREIGN_ORIGIN


def values_of(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, one a line."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _authority_of(scope: Scope) -> str | None:
    hosts = values_of(scope, b"host")
    return hosts[0].lower() if len(hosts) == 1 and hosts[0] else None


def _host_of(scope: Scope) -> str:
    """The host that the client has named, without port and brackets."""
    authority = _authority_of(scope) or ""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]
