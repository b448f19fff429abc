"""Asks a running exporter whether it answers: what a container's health check runs."""

import ssl
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from streamgauge.errors import StreamgaugeError

_PATH = "/-/healthy"
_TIMEOUT_SECONDS = 4.0
_EVERYWHERE = {"", "0.0.0.0", "::"}


def url_of(listen_address: str) -> str:
    """Where a program that listens there is reached from the same machine."""
    host, _, port = listen_address.rpartition(":")
    host = host.strip("[]")
    if host in _EVERYWHERE:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}{_PATH}" if ":" in host else f"http://{host}:{port}{_PATH}"


def check(url: str) -> str:
    """Ask once, and say what was answered.

    An answer that asks for a password is one: the program lives, and this check has no password.

    Raises:
        StreamgaugeError: there was no answer, or it was an error.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise StreamgaugeError(f"{url}: give an address that begins with http:// or https://")
    # It is asked whether it lives, not who it is: its certificate is for the name that others know it by.
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
    try:
        with urlopen(Request(url), timeout=_TIMEOUT_SECONDS, context=context) as response:  # noqa: S310 - see above
            return f"{url}: {response.status}"
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.UNAUTHORIZED:
            return f"{url}: {error.code}"
        raise StreamgaugeError(f"{url}: {error.code} {error.reason}") from error
    except (URLError, OSError) as error:
        raise StreamgaugeError(f"{url}: {error}") from error
