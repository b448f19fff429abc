"""Asks Alertmanager's API v2, and makes and ends silences there. Each call has one deadline; nothing is kept.

GET alone is sent again after a failure that may pass; redirects are not followed; what is said of a failure holds
neither the answer's text nor anything of the request's credentials.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from streamgauge.config import AlertmanagerConfig
from streamgauge.errors import AlertmanagerError, AlertmanagerTimeoutError
from streamgauge.model.alerts import Alert, AlertState, Matcher, Silence

Found = TypeVar("Found")

BODY_BYTES: Final = 8 * 1024 * 1024
"""The largest answer that is read."""

_PIECE_BYTES = 64 * 1024
_CONNECT_SECONDS = 2.0
_PAUSES: Final = (0.1, 0.3)
_PASSING: Final = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
_TIMEOUTS: Final = (requests.Timeout, urllib3.exceptions.TimeoutError)
# What requests lets through besides its own errors: a certificate's file that is gone, and what a body's end brings.
_FAULTS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)

Note = Callable[[str, bool], None]
"""Takes the operation of a request that has ended, and whether it was answered right."""


class _PassingError(AlertmanagerError):
    """What may be gone at the next attempt."""


class AlertmanagerClient:
    """One Alertmanager. For one thread at a time.

    Args:
        settings: where it is, and how it knows us; ``url`` is given.
        note: told of every request.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        settings: AlertmanagerConfig,
        note: Note,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = f"{settings.url}/api/v2"
        self._timeout = settings.timeout
        self._note = note
        self._clock = clock
        self._sleep = sleep
        self._session = _session(settings)

    def alerts(self) -> list[Alert]:
        """Every alert that it has, silenced and inhibited ones too.

        Raises:
            AlertmanagerError: it could not be asked, or did not answer so.
        """
        return _read(self._get("list_alerts", "/alerts"), _alert)

    def silences(self) -> list[Silence]:
        """Every silence that is active or is to be.

        Raises:
            AlertmanagerError: it could not be asked, or did not answer so.
        """
        found = _read(self._get("list_silences", "/silences"), _silence)
        return [each for each in found if each is not None]

    def set_silence(self, silence: Silence) -> str:
        """Make a silence, or change the one whose id it has.

        Returns:
            Its id from now on.

        Raises:
            AlertmanagerError: it could not be asked, or refused.
        """
        body: dict[str, object] = {
            "matchers": [
                {"name": each.name, "value": each.value, "isRegex": each.is_regex, "isEqual": each.is_equal}
                for each in silence.matchers
            ],
            "startsAt": _written(silence.starts_at),
            "endsAt": _written(silence.ends_at),
            "createdBy": silence.author,
            "comment": silence.comment,
        }
        if silence.silence_id:
            body["id"] = silence.silence_id
        until = self._clock() + self._timeout
        answer = self._once("create_silence", "POST", "/silences", until, body)
        return _read([answer], lambda each: _text(each["silenceID"]))[0]

    def expire_silence(self, silence_id: str) -> None:
        """End a silence.

        Raises:
            AlertmanagerError: it could not be asked, or refused.
        """
        until = self._clock() + self._timeout
        self._once("expire_silence", "DELETE", f"/silence/{quote(silence_id, safe='')}", until)

    def _get(self, operation: str, path: str) -> Any:
        until = self._clock() + self._timeout
        for pause in (*_PAUSES, None):
            try:
                return self._once(operation, "GET", path, until)
            except _PassingError:
                if pause is None or self._clock() + pause >= until:
                    raise
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")  # for mypy

    def _once(self, operation: str, method: str, path: str, until: float, body: object = None) -> Any:
        answered = False
        try:
            found = self._ask(method, path, until, body)
            answered = True
        except _TIMEOUTS:
            raise self._late() from None
        except requests.exceptions.SSLError:
            raise AlertmanagerError(
                "Alertmanager's certificate was refused; alertmanager.ca_file names who signs it"
            ) from None
        except requests.ConnectionError:
            raise _PassingError(f"Alertmanager cannot be reached at {self._base}") from None
        except _FAULTS as fault:
            raise AlertmanagerError(f"Alertmanager could not be asked ({type(fault).__name__})") from None
        finally:
            self._note(operation, answered)
        return found

    def _ask(self, method: str, path: str, until: float, body: object) -> Any:
        left = until - self._clock()
        if left <= 0:
            raise self._late()
        with self._session.request(
            method,
            self._base + path,
            json=body,
            timeout=(min(_CONNECT_SECONDS, left), left),
            allow_redirects=False,
            stream=True,
        ) as response:
            _check_status(response.status_code)
            content = self._content(response, until)
        if method == "DELETE":
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise AlertmanagerError("Alertmanager answered something else than JSON") from None

    def _content(self, response: requests.Response, until: float) -> bytes:
        """Read the body piece by piece, so that neither its size nor a trickle can hold us."""
        found = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES):
            found += piece
            if len(found) > BODY_BYTES:
                raise AlertmanagerError(f"Alertmanager's answer is larger than {BODY_BYTES >> 20} MiB")
            if self._clock() >= until:
                raise self._late()
        return bytes(found)

    def _late(self) -> AlertmanagerTimeoutError:
        return AlertmanagerTimeoutError(
            f"Alertmanager did not answer in time (alertmanager.timeout is {self._timeout:g} s)"
        )


def _session(settings: AlertmanagerConfig) -> requests.Session:
    """Set up what every request has; nothing comes from the environment (proxies, .netrc)."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "streamgauge"})
    if settings.credentials:
        user, password = settings.credentials
        session.auth = HTTPBasicAuth(user.encode(), password.get_secret_value().encode())
    elif settings.bearer_token:
        session.headers["Authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    if settings.ca_file:
        session.verify = str(settings.ca_file)
    return session


def _check_status(status: int) -> None:
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise AlertmanagerError(
            f"Alertmanager refused our credentials (HTTP {status}); the configuration's section alertmanager has them"
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise AlertmanagerError(f"Alertmanager redirects (HTTP {status}); alertmanager.url is to be the final address")
    kind = _PassingError if status in _PASSING else AlertmanagerError
    raise kind(f"Alertmanager answered HTTP {status}")


def _read(items: Any, read: Callable[[Any], Found]) -> list[Found]:
    try:
        return [read(item) for item in items]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise AlertmanagerError("Alertmanager answered something else than its API v2 does") from None


def _alert(item: Any) -> Alert:
    status = item["status"]
    suppressed = status["state"] == AlertState.SUPPRESSED
    return Alert(
        fingerprint=_text(item["fingerprint"]),
        labels=_texts(item["labels"]),
        annotations=_texts(item["annotations"]),
        starts_at=_instant(item["startsAt"]),
        state=AlertState.SUPPRESSED if suppressed else AlertState.ACTIVE,
        silenced_by=_listed(status.get("silencedBy") or ()),
    )


def _silence(item: Any) -> Silence | None:
    """Read a silence; none where it has expired."""
    if item["status"]["state"] == "expired":
        return None
    return Silence(
        silence_id=_text(item["id"]),
        matchers=tuple(
            Matcher(_text(each["name"]), _text(each["value"]), bool(each["isRegex"]), bool(each.get("isEqual", True)))
            for each in item["matchers"]
        ),
        starts_at=_instant(item["startsAt"]),
        ends_at=_instant(item["endsAt"]),
        author=_text(item["createdBy"]),
        comment=_text(item["comment"]),
    )


def _texts(found: Any) -> Mapping[str, str]:
    return {_text(name): _text(value) for name, value in found.items()}


def _listed(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_text(each) for each in found)


def _text(value: Any) -> str:
    """Insist on text; half a surrogate pair, which no answer of ours could hold, becomes a question mark."""
    if not isinstance(value, str):
        raise TypeError
    return value.encode(errors="replace").decode()


def _instant(value: Any) -> float:
    return datetime.fromisoformat(_text(value)).timestamp()


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
