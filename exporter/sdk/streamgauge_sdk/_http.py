"""One request to the exporter and what its answer means; knows nothing of queues and retries."""

import base64
import contextlib
import email.utils
import encodings.idna  # noqa: F401  # else the first connection imports it, and a fork meanwhile locks it for ever
import gzip
import http.client
import json
import os
import ssl
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from streamgauge_sdk._settings import Settings

_ANSWER_BYTES = 1 << 20
_WORTH_PACKING = 1000
_TOO_LARGE = 413
_UNREADABLE = frozenset({400, 422})
_WRONG_TOKEN = frozenset({401, 403})
_OK = 200
_ABANDONED: list[http.client.HTTPConnection] = []  # by forks; one at most each


class Verdict(Enum):
    """What to do after a request."""

    TAKEN = "taken"  # all of it, save what is named as rejected
    SPLIT = "split"  # too large or unreadable: try a part of it
    REFUSED = "refused"  # a wrong token or address: try seldom
    AWAY = "away"  # try again soon


@dataclass(frozen=True)
class Answer:
    """An answer, judged.

    Attributes:
        reason: what went wrong, for the log; without any secret.
        wait: seconds that the exporter asked to wait.
        rejected: indexes of events that are wrong for ever, with the reason.
        unreachable: no connection could be made at all.
    """

    verdict: Verdict
    reason: str = ""
    wait: float = 0.0
    rejected: Mapping[int, str] = field(default_factory=dict)
    unreachable: bool = False


class Poster:
    """Posts batches over a connection that it keeps; used by one thread at a time."""

    def __init__(self, settings: Settings, agent: str) -> None:
        self._settings = settings
        self._url = urlsplit(settings.url)
        self._headers = {"Content-Type": "application/json", "User-Agent": agent}
        if settings.token is not None:
            self._headers["Authorization"] = f"Bearer {settings.token}"
        self._connection: http.client.HTTPConnection | None = None
        self._target = ""

    def post(self, body: bytes) -> Answer:
        """Send a batch; failures are answers too, nothing is raised."""
        reused = self._connection is not None
        try:
            return self._attempt(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not reused or isinstance(error, TimeoutError):
                return _failure(error)
        try:  # the exporter closes idle connections: that says nothing about it
            return self._attempt(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _failure(error)

    def close(self) -> None:
        """Close the connection; the next post makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def abandon(self) -> None:
        """Let go of a parent's connection in a forked child.

        Its objects may be locked by a thread that is not here, so they are left as they are, for ever; only their
        descriptor is closed, and for this process alone.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        _ABANDONED.append(connection)
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                os.close(connection.sock.detach())

    def _attempt(self, body: bytes) -> Answer:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except OSError as error:
                return _failure(error, unreachable=True)
        headers = dict(self._headers)
        if len(body) >= _WORTH_PACKING:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        self._connection.request("POST", self._target, body, headers)
        response = self._connection.getresponse()
        text = response.read(_ANSWER_BYTES)
        if response.will_close or not response.isclosed():
            self.close()
        return _judge(response.status, response.headers.get("Retry-After"), text)

    def _connect(self) -> http.client.HTTPConnection:
        host, secure = self._url.hostname or "", self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        path = f"{self._url.path}/api/v1/events"
        proxy = _proxy_for(self._url.scheme, host, port)
        self._target = path
        if proxy is None:
            connection = self._connection_to(host, port, secure=secure)
        else:
            connection = self._connection_to(proxy.hostname or "", proxy.port or 80, secure=secure)
            if secure:
                connection.set_tunnel(host, port, headers=_proxy_rights(proxy))
            else:
                self._target = f"http://{self._url.netloc}{path}"
                self._headers.update(_proxy_rights(proxy))
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _connection_to(self, host: str, port: int, *, secure: bool) -> http.client.HTTPConnection:
        if not secure:
            return http.client.HTTPConnection(host, port, timeout=self._settings.timeout)
        trusted = ssl.create_default_context(cafile=self._settings.ca_file)
        return http.client.HTTPSConnection(host, port, timeout=self._settings.timeout, context=trusted)


def _proxy_for(scheme: str, host: str, port: int) -> SplitResult | None:
    """The proxy by the environment; what is on this machine never goes through one."""
    if _is_this_machine(host) or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy:
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy_rights(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    known = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(known.encode()).decode('ascii')}"}


def _failure(error: Exception, *, unreachable: bool = False) -> Answer:
    return Answer(Verdict.AWAY, f"{type(error).__name__}: {error}", unreachable=unreachable)


def _judge(status: int, retry_after: str | None, text: bytes) -> Answer:
    if status == _OK:
        return _judge_success(text)
    reason = f"HTTP status {status}"
    if status == _TOO_LARGE or status in _UNREADABLE:
        return Answer(Verdict.SPLIT, reason)
    if status in _WRONG_TOKEN:
        return Answer(Verdict.REFUSED, f"{reason}: the token is missing, wrong, or may not write")
    if status < 500 and status not in (408, 425, 429):  # noqa: PLR2004  # as HTTP names them
        return Answer(
            Verdict.REFUSED, f"{reason}: this is not where the exporter takes events (no redirect is followed)"
        )
    return Answer(Verdict.AWAY, reason, wait=_seconds(retry_after))


def _judge_success(text: bytes) -> Answer:
    """Only what the exporter says that it took is taken: another server's 200 means nothing."""
    try:
        said = json.loads(text)
        accepted = said["accepted"]
        rejected = {int(each["index"]): str(each.get("reason", "")) for each in said.get("rejected", ())}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answer(Verdict.AWAY, "an answer that is not the exporter's")
    if not isinstance(accepted, int):
        return Answer(Verdict.AWAY, "an answer that is not the exporter's")
    return Answer(Verdict.TAKEN, rejected=rejected)


def _seconds(retry_after: str | None) -> float:
    """Retry-After is a number of seconds or a date."""
    if not retry_after:
        return 0.0
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, moment.timestamp() - time.time())
