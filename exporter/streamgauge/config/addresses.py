"""The types of network addresses: where to listen, Kafka's bootstrap servers, and what secrets are sent to."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from streamgauge.config.values import Phrase, Value, refused, text_of

DEFAULT_KAFKA_PORT: Final = 9092
_LARGEST_PORT = 65535
_HOST = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ListenAddress(Value[str]):
    """Where to listen: ``host:port``, ``[ipv6]:port`` or ``:port``."""

    kind = "address"

    def _read(self, value: object) -> str:
        example = "for example 127.0.0.1:9308, [::1]:9308 or :9308 (all interfaces)"
        allowed = f"write host:port, {example}; port 0 takes a free one"
        if isinstance(value, int) and not isinstance(value, bool):
            raise refused("has no host", allowed, safe=True)
        text = text_of(value, allowed)
        host, colon, port = text.rpartition(":")
        if not colon:
            raise refused("has no port", allowed, safe=True)
        _check_host(text, host, allowed)
        if _port(port, lowest=0) is None:
            raise refused("has a port that is not a number from 0 to 65535", allowed, safe=True)
        return f"{host}:{int(port)}"

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^.*:[0-9]+$"}


@dataclass(frozen=True)
class Servers(Value[tuple[str, ...]]):
    """Kafka's bootstrap servers, as one text with commas or as a list; each is held with its port."""

    kind = "servers"

    def _read(self, value: object) -> tuple[str, ...]:
        allowed = f"write host:port,host:port or a list of them; the port's default is {DEFAULT_KAFKA_PORT}"
        parts = value if isinstance(value, list | tuple) else text_of(value, allowed).split(",")
        whole = Phrase("the list") if isinstance(value, list | tuple) else value
        if not parts or parts == [""]:
            raise refused("is empty", allowed, subject=whole, safe=True)
        if any(isinstance(part, str) and not part.strip() for part in parts):
            raise refused("holds an empty server", allowed, subject=whole, safe=True)
        return tuple(dict.fromkeys(_server(part, allowed) for part in parts))

    def _write(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def _shape(self) -> dict[str, Any]:
        one = {"type": "string", "minLength": 1}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


@dataclass(frozen=True)
class SecureUrl(Value[str]):
    """Where secrets are sent to: ``https``, or ``http`` on the loopback interface."""

    kind = "URL"

    def _read(self, value: object) -> str:
        allowed = "write an address such as https://login.example.org/oauth2/token; http is for this machine alone"
        text = _url_text(value, allowed)
        if sends_in_the_clear(text):
            raise refused("would send secrets in the clear", allowed, safe=True)
        return text

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri"}


@dataclass(frozen=True)
class ServiceUrl(Value[str]):
    """Where a service's HTTP API is: what its paths are appended to."""

    kind = "URL"

    def _read(self, value: object) -> str:
        allowed = "write an address such as http://alertmanager:9093"
        text = _url_text(value, allowed)
        if "?" in text or "#" in text:
            raise refused("has more than a path behind the host", allowed, safe=True)
        return text.rstrip("/")

    def _shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri"}


def sends_in_the_clear(url: str) -> bool:
    """Tell whether what is sent to a URL leaves this machine without encryption."""
    parts = _split_url(url)
    return parts is not None and parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _url_text(value: object, allowed: str) -> str:
    """Insist on the text of a URL without secrets in it."""
    text = text_of(value, allowed)
    if "@" in text:
        raise refused("holds an '@'", "user and secret go under keys of their own", subject=SecretStr(text), safe=True)
    url = _split_url(text)
    if url is None or not text.isascii() or not text.isprintable() or " " in text:
        raise refused("is no URL", allowed, safe=True)
    if url.scheme not in ("https", "http"):
        raise refused("is neither https nor http", allowed, safe=True)
    return text


def _split_url(text: str) -> SplitResult | None:
    """Split a URL; none when it has no host, or a port that is no port."""
    try:
        url = urlsplit(text)
        usable = bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if usable else None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _server(part: object, allowed: str) -> str:
    """Read one bootstrap server."""
    if not isinstance(part, str):
        raise refused("is not text", f"put it in quotes; {allowed}", subject=part, safe=True)
    text = part.strip()
    if "@" in text:
        raise refused(
            "holds an '@'",
            "a user and password go under client: as sasl.username and sasl.password",
            subject=SecretStr(text),
            safe=True,
        )
    if "://" in text:
        raise refused("has a scheme", "leave it out; security.protocol under client: says it", subject=text, safe=True)
    host, port = _split_server(text)
    _check_host(text, host, allowed)
    number = _port(port, lowest=1)
    if number is None or not host:
        fault = "has a port that is not a number from 1 to 65535" if number is None else "has no host"
        raise refused(fault, allowed, subject=text, safe=True)
    return f"{host}:{number}"


def _split_server(text: str) -> tuple[str, str]:
    """Split host and port; a server without a port has Kafka's default one."""
    if text.startswith("[") and text.endswith("]"):
        return text, str(DEFAULT_KAFKA_PORT)
    if text.count(":") > 1 and not text.startswith("["):
        raise refused(
            "is an IPv6 address without brackets", "write it in brackets: [::1]:9092", subject=text, safe=True
        )
    host, colon, port = text.rpartition(":")
    return (host, port) if colon else (text, str(DEFAULT_KAFKA_PORT))


def _check_host(text: str, host: str, allowed: str) -> None:
    """Refuse what is neither a name, nor an IPv4 address, nor an IPv6 address in brackets; empty is the caller's."""
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise refused("has no IPv6 address in its brackets", allowed, subject=text, safe=True) from None
    elif host.count(":"):
        raise refused("has an IPv6 address without brackets", allowed, subject=text, safe=True)
    elif host and not _HOST.fullmatch(host):
        raise refused("has a host with characters that no host has", allowed, subject=text, safe=True)


def _port(text: str, lowest: int) -> int | None:
    """Read a port."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= _LARGEST_PORT:
        return None
    return int(text)
