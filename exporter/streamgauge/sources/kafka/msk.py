"""Makes tokens for Amazon MSK's IAM access control, out of the AWS credentials of where the program runs.

Such a token is the address of a request that nobody sends, signed for the next 15 minutes (AWS Signature Version 4);
the brokers take it as an OAUTHBEARER token and check the signature. Only finding the credentials, which an AWS machine
keeps in a dozen places and renews, is left to botocore.
"""

import base64
import hashlib
import hmac
import importlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from streamgauge.sources.kafka.tokens import Token, TokenError

LIFETIME: Final = 900
"""Seconds that a token is good; more than this is refused."""

_SERVICE = "kafka-cluster"
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """Who signs."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(repr=False)


class AwsTokens:
    """Tokens for the brokers of Amazon MSK.

    Args:
        session: botocore's session; made at the first use when not given.
        clock: the time.
    """

    def __init__(self, session: Any = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()  # one attempt may be left behind, hanging, when the next one begins

    def fetch(self, timeout: float) -> Token:  # noqa: ARG002 - botocore has time-outs of its own
        """Sign a new token.

        Raises:
            TokenError: botocore, the credentials or the region are missing.
        """
        if self._session is None:
            self._session = _new_session()
        region = os.environ.get("AWS_REGION") or self._session.get_config_variable("region")
        if not region:
            raise TokenError("the AWS region is not known; set AWS_REGION")
        with self._lock:
            found = self._session.get_credentials()  # kept, and renewed, by the session
        if found is None:
            raise TokenError("no AWS credentials were found")
        frozen = found.get_frozen_credentials()
        credentials = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        return Token(signed_token(credentials, region, self._clock()), LIFETIME)


def signed_token(credentials: Credentials, region: str, now: datetime) -> str:
    """Sign the permission to connect.

    Args:
        credentials: who signs.
        region: where the cluster is.
        now: the time.
    """
    host = f"kafka.{region}.amazonaws.com"
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    query = {
        "Action": f"{_SERVICE}:Connect",
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(LIFETIME),
        **({"X-Amz-Security-Token": credentials.session_token} if credentials.session_token else {}),
        "X-Amz-SignedHeaders": "host",
    }
    written = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in query.items())
    canonical = "\n".join(["GET", "/", written, f"host:{host}", "", "host", _sha256("")])
    to_sign = "\n".join([_ALGORITHM, stamp, scope, _sha256(canonical)])
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    # The name of the program is not signed; the brokers log it.
    url = f"https://{host}/?{written}&X-Amz-Signature={signature}&User-Agent=streamgauge"
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _new_session() -> Any:
    try:
        return importlib.import_module("botocore.session").Session()
    except ImportError:
        raise TokenError("the Python package 'botocore' is not there; install 'streamgauge[aws]'") from None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
