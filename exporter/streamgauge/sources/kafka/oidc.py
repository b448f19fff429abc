"""Asks an identity provider's token endpoint for a token, with the client's own credentials (RFC 6749, 4.4)."""

import base64
import binascii
import http.client
import json
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib import error, parse, request

from streamgauge.sources.kafka.tokens import Token, TokenError

_LARGEST_ANSWER = 256 * 1024
_LIFETIME_UNKNOWN = 300.0  # seconds, where neither the answer nor the token says how long it is good
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_ERROR_CODES = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True)
class TokenEndpoint:
    """A token endpoint, and who asks it. No message of it repeats what the endpoint says, which may hold a secret.

    Args:
        url: its address.
        client_id: who asks.
        client_secret: the proof of it.
        scope: what the token shall be good for.
        ca_location: who may have signed the endpoint's certificate; without it, the system's authorities.
        wall_clock: seconds since the epoch.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    ca_location: Path | None = None
    wall_clock: Callable[[], float] = time.time

    def fetch(self, timeout: float) -> Token:
        """Ask for a new token.

        Raises:
            TokenError: the endpoint could not be reached, refused, or answered something else than a token.
        """
        give_up_at = time.monotonic() + timeout
        try:
            with self._opener().open(self._request(), timeout=timeout) as response:
                content = _read(response, give_up_at)
        except error.HTTPError as refusal:
            with refusal:
                raise TokenError(
                    f"the token endpoint answered {refusal.code}{_error_code(refusal, give_up_at)}"
                ) from None
        except (OSError, http.client.HTTPException) as failure:
            raise TokenError(f"the token endpoint {_fault(failure)}") from None
        return self._token(content)

    def _opener(self) -> request.OpenerDirector:
        try:
            context = ssl.create_default_context(cafile=self.ca_location)
        except OSError as failure:
            raise TokenError(f"https.ca.location cannot be used: {failure.strerror or failure}") from None
        return request.build_opener(request.HTTPSHandler(context=context), _NoRedirects())

    def _request(self) -> request.Request:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        credentials = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        # The configuration lets https alone through, and http to the loopback interface.
        return request.Request(self.url, parse.urlencode(form).encode(), headers, method="POST")  # noqa: S310

    def _token(self, content: bytes) -> Token:
        answer = _json_object(content)
        text = answer.get("access_token")
        if not isinstance(text, str) or not _TOKEN.fullmatch(text):
            raise TokenError("the token endpoint answered without a token")
        return Token(text, self._lifetime(text, answer))

    def _lifetime(self, text: str, answer: dict[str, Any]) -> float:
        told = _number(answer.get("expires_in"))
        if told is not None:
            return told
        expiry = _number(_claims(text).get("exp"))
        return _LIFETIME_UNKNOWN if expiry is None else expiry - self.wall_clock()


class _NoRedirects(request.HTTPRedirectHandler):
    """A redirect would carry the credentials to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: the redirect itself becomes the answer."""
        return


def _read(response: Any, give_up_at: float) -> bytes:
    """Read an answer; one that drips in costs no more time than one that does not come."""
    content = b""
    while piece := response.read1(_LARGEST_ANSWER):
        content += piece
        if len(content) > _LARGEST_ANSWER:
            raise TokenError("the token endpoint answered more than 256 KB")
        if time.monotonic() >= give_up_at:
            raise TimeoutError
    return content


def _error_code(refusal: error.HTTPError, give_up_at: float) -> str:
    """The standard's own word for a refusal, which is all that is repeated of its text."""
    try:
        code = _json_object(_read(refusal, give_up_at)).get("error")
    except (OSError, http.client.HTTPException, TokenError):
        return ""
    return f" ({code})" if isinstance(code, str) and code in _ERROR_CODES else ""


def _fault(failure: Exception) -> str:
    reason = failure.reason if isinstance(failure, error.URLError) else failure
    if isinstance(reason, TimeoutError):
        return "did not answer in time"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError):
        return f"could not be reached by TLS: {reason.reason}"
    if isinstance(reason, OSError) and reason.strerror:
        return f"could not be reached: {reason.strerror}"
    return "did not answer by HTTP"


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TokenError("the token endpoint answered no JSON object")
    return answer


def _claims(text: str) -> dict[str, Any]:
    """What a token says of itself; nothing when it is no JWT, which it need not be."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims and signature
        return {}
    try:
        return _json_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, TokenError):
        return {}


def _number(value: object) -> float | None:
    """A number of seconds, which some endpoints write as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e12 else None  # noqa: PLR2004 - beyond every date; and nan is not below
