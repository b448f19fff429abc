"""Reads the web configuration file: TLS, headers and users, in exporter-toolkit's format."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamgauge.errors import ConfigError
from streamgauge.web.tls import ServerCertificate, create_certificate
from streamgauge.web.web_file import Section, read_yaml

_SECTIONS = ("tls_server_config", "http_server_config", "basic_auth_users")
_UNSUPPORTED = {"rate_limit": "what is bounded here is bounded always; limit rates in a reverse proxy"}
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}")
_COSTS = range(4, 19)  # bcrypt's least; the most that answers within a minute


@dataclass(frozen=True)
class WebSecurity:
    """Who may connect, and how.

    Attributes:
        certificate: the server's certificate with its TLS context; None serves plain HTTP.
        users: bcrypt hashes by user name; empty lets everybody in.
        headers: response headers that are set on every response.
    """

    certificate: ServerCertificate | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context."""
        return self.certificate.context if self.certificate else None


def load_web_config(path: Path) -> WebSecurity:
    """Read the file that ``--web.config.file`` names.

    Args:
        path: the file; paths in it count from its directory.

    Raises:
        ConfigError: the file cannot be read or is wrong; the message names the file, the key and what is allowed.
    """
    whole = Section(path, "", read_yaml(path), known=_SECTIONS, unsupported=_UNSUPPORTED)
    tls = whole.given("tls_server_config")
    return WebSecurity(
        certificate=create_certificate(path, tls) if tls else None,
        users=_users(whole),
        headers=_headers(path, whole.given("http_server_config")),
    )


def _users(whole: Section) -> dict[str, str]:
    given = whole.given("basic_auth_users") or {}
    if not isinstance(given, dict):
        raise whole.error("basic_auth_users", "must be a mapping of user names to bcrypt hashes")
    return {name: _hash(whole, name, value) for name, value in given.items()}


def _hash(whole: Section, name: object, value: object) -> str:
    if not isinstance(name, str) or not name or ":" in name:
        raise whole.error("basic_auth_users", f"{name!r} is no user name: give text without a colon, in quotes")
    found = _BCRYPT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        # The value is not repeated: it may be the password itself.
        raise _bad_user(whole, name, "the value is not a bcrypt hash ($2y$...)")
    if int(found["cost"]) not in _COSTS:
        raise _bad_user(whole, name, f"bcrypt cost {int(found['cost'])}; choose {_COSTS.start} to {_COSTS.stop - 1}")
    return found.group()


def _bad_user(whole: Section, name: str, what: str) -> ConfigError:
    return whole.error(f"basic_auth_users.{name}", f"{what}; make one with: htpasswd -nBC 10 '' | tr -d ':\\n'")


def _headers(path: Path, values: object) -> dict[str, str]:
    section = Section(path, "http_server_config", values, known=("http2", "headers"))
    # HTTP/2 is exporter-toolkit's default, so files that say so are taken; what is served is HTTP/1.1.
    section.boolean("http2", default=True)
    headers = Section(path, "http_server_config.headers", section.given("headers"), known=_HEADERS)
    return {name: value for name in _HEADERS if (value := _header(headers, name)) is not None}


def _header(headers: Section, name: str) -> str | None:
    value = headers.text(name)
    if value is None:
        return None
    choices = _HEADERS[name]
    if choices and value.lower() not in choices:
        raise headers.error(name, f"is {value!r}; choose one of {', '.join(choices)}")
    if not value.isascii() or not value.isprintable():
        raise headers.error(name, "may hold printable ASCII only")
    return value
