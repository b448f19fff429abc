"""The SDK's settings: their defaults, what the environment says, and what a program configures."""

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

_log = logging.getLogger("streamgauge_sdk")
_TRUE = frozenset({"1", "true", "yes", "on"})
_TEXTS = frozenset({"url", "environment"})
_POSITIVE = (
    "interval",
    "heartbeat",
    "application_interval",
    "timeout",
    "linger",
    "retry",
    "retry_limit",
    "queue_events",
    "queue_bytes",
    "spool_bytes",
)


@dataclass(frozen=True)
class Settings:
    """How this process reports.

    Attributes:
        url: where the exporter listens; `/api/v1/events` is added.
        token: the bearer token; never shown.
        environment: of every job that names none ("production", "staging").
        ca_file: certificates to trust for https instead of the system's.
        spool: the directory for events while the exporter is away; None keeps them in memory alone.
        disabled: do nothing at all.
        interval: seconds between two samples of CPU and memory.
        heartbeat: seconds within which a running job promises a sign of life.
        application_interval: seconds between two snapshots of what an application acts on.
        timeout: seconds for connecting, and for each read of an answer.
        linger: seconds that an event waits for others to share its request.
        flush: seconds that the end of the process may wait for the exporter.
        retry: seconds before the first retry; doubles with each failure, with jitter.
        retry_limit: the longest wait between two retries.
        queue_events: events in memory at most.
        queue_bytes: bytes of events in memory at most.
        spool_bytes: bytes in the spool directory at most, over all processes.
    """

    url: str = "http://127.0.0.1:9308"
    token: str | None = field(default=None, repr=False)
    environment: str | None = None
    ca_file: Path | None = None
    spool: Path | None = None
    disabled: bool = False
    interval: float = 5.0
    heartbeat: float = 30.0
    application_interval: float = 5.0
    timeout: float = 10.0
    linger: float = 1.0
    flush: float = 2.0
    retry: float = 0.5
    retry_limit: float = 30.0
    queue_events: int = 10_000
    queue_bytes: int = 10_000_000
    spool_bytes: int = 50_000_000

    def with_changes(self, **changes: object) -> "Settings":
        """These settings with some changed.

        Raises:
            ValueError: for an unknown name or a value that cannot be; the message never holds the token.
        """
        names = {each.name for each in fields(self)}
        for name in changes:
            if name not in names:
                raise ValueError(f"{name}: no such setting; there are {', '.join(sorted(names))}")
        return replace(self, **{name: _checked(name, value) for name, value in changes.items()})  # type: ignore[arg-type]  # each is checked


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings by STREAMGAUGE_* variables; a wrong one is logged and its default used."""
    settings = Settings(spool=default_spool(environment))
    for name, variable in (
        ("url", "STREAMGAUGE_URL"),
        ("token", "STREAMGAUGE_TOKEN"),
        ("environment", "STREAMGAUGE_ENVIRONMENT"),
        ("ca_file", "STREAMGAUGE_CA_FILE"),
        ("spool", "STREAMGAUGE_SPOOL_DIR"),
    ):
        settings = _changed(settings, name, variable, environment.get(variable))
    settings = _changed(settings, "token", "STREAMGAUGE_TOKEN_FILE", _token_of_file(environment))
    return replace(settings, disabled=environment.get("STREAMGAUGE_DISABLED", "").strip().lower() in _TRUE)


def default_spool(environment: Mapping[str, str]) -> Path | None:
    """Where the XDG rules put state; None without a home."""
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # the XDG rules: what is not absolute is ignored
        return Path(state) / "streamgauge-sdk"
    try:
        return Path.home() / ".local" / "state" / "streamgauge-sdk"
    except RuntimeError:
        return None


def _changed(settings: Settings, name: str, variable: str, value: str | None) -> Settings:
    if value is None or not value.strip():
        return settings
    try:
        return settings.with_changes(**{name: value.strip()})
    except ValueError as error:
        _log.warning("%s is not used: %s", variable, error)
        return settings


def _token_of_file(environment: Mapping[str, str]) -> str | None:
    name = environment.get("STREAMGAUGE_TOKEN_FILE", "").strip()
    if not name:
        return None
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        _log.warning("STREAMGAUGE_TOKEN_FILE cannot be read: %s", reason)
        return None


def _checked(name: str, value: object) -> object:  # noqa: PLR0911  # one return a kind of setting
    if name in ("token", "environment") and value is None:
        return None
    if name == "token":
        return _token(value)
    if name == "url":
        return _url(value)
    if name in _TEXTS:
        return _text(name, value)
    if name in ("spool", "ca_file"):
        return _path(name, value)
    if name == "disabled":
        if not isinstance(value, bool):
            raise ValueError("disabled: true or false")
        return value
    return _number(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name}: a text that is not empty")
    return value.strip()


def _token(value: object) -> str:
    token = value.strip() if isinstance(value, str) else ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("token: letters, digits and signs without blanks")  # never the value itself
    return token


def _url(value: object) -> str:
    url = _text("url", value).rstrip("/")
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
        parts = urlsplit("")
    if not right or parts.query or parts.fragment:
        raise ValueError("url: http://host:port or https://host:port, perhaps with a path")
    if "@" in parts.netloc:
        raise ValueError("url: no user or password in it; use token")
    return url


def _path(name: str, value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueError(f"{name}: a path")
    path = Path(os.fspath(value)).expanduser()
    if name == "ca_file" and not path.is_file():
        raise ValueError(f"ca_file: {path} is no file")
    return path


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: a number")
    if value < 0 or (value == 0 and name in _POSITIVE):
        raise ValueError(f"{name}: greater than 0")
    whole = name in ("queue_events", "queue_bytes", "spool_bytes")
    return int(value) if whole else float(value)
