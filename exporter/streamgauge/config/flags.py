"""The settings that can be given without a file, as flags and environment variables: one list for CLI and documents."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True)
class Flag:
    """A flag, its environment variable and what it sets; without a metavar it takes no value, and sets ``true``."""

    field: str
    names: tuple[str, ...]
    metavar: str
    variable: str
    help: str


FLAGS: Final = (
    Flag(
        "config_file",
        ("--config.file",),
        "FILE",
        "STREAMGAUGE_CONFIG_FILE",
        "A YAML file, for more than one cluster, TLS, SASL and all else.",
    ),
    Flag(
        "kafka",
        ("--kafka",),
        "HOST:PORT,...",
        "STREAMGAUGE_KAFKA",
        "The brokers of the one cluster to watch; no file is needed.",
    ),
    Flag(
        "cluster",
        ("--cluster",),
        "NAME",
        "STREAMGAUGE_CLUSTER",
        "With --kafka, the cluster's name. With a file, the only one of its clusters to watch.",
    ),
    Flag("interval", ("--interval",), "DURATION", "STREAMGAUGE_INTERVAL", "How often to read, such as 15s or 1m."),
    Flag(
        "groups",
        ("--groups",),
        "REGEX",
        "STREAMGAUGE_GROUPS",
        "The consumer groups to watch; the pattern matches whole names.",
    ),
    Flag(
        "topics",
        ("--topics",),
        "REGEX",
        "STREAMGAUGE_TOPICS",
        "The topics to watch; the pattern matches whole names.",
    ),
    Flag(
        "listen",
        ("--listen", "--web.listen-address"),
        "HOST:PORT",
        "STREAMGAUGE_LISTEN",
        "Where to serve; by default 127.0.0.1:9308, this machine alone.",
    ),
    Flag(
        "web_config_file",
        ("--web.config.file",),
        "FILE",
        "STREAMGAUGE_WEB_CONFIG_FILE",
        "TLS and basic authentication, in the Prometheus exporter-toolkit's format.",
    ),
    Flag(
        "web_enable_lifecycle",
        ("--web.enable-lifecycle",),
        "",
        "STREAMGAUGE_WEB_ENABLE_LIFECYCLE",
        "Let POST /-/reload read the configuration again; SIGHUP works always.",
    ),
    Flag(
        "state_dir",
        ("--state.dir",),
        "DIR",
        "STREAMGAUGE_STATE_DIR",
        "Where histories are saved over a restart; '' for nowhere. Default: ~/.local/state/streamgauge.",
    ),
    Flag("log_format", ("--log.format",), "logfmt|json", "STREAMGAUGE_LOG_FORMAT", "How a log line is written."),
    Flag(
        "log_level",
        ("--log.level",),
        "debug|info|warning|error",
        "STREAMGAUGE_LOG_LEVEL",
        "The least important log line that is written.",
    ),
)
"""Every flag, in the order of the help."""


@dataclass(frozen=True)
class Overrides:
    """What flags gave; None where one was not given."""

    kafka: str | None = None
    cluster: str | None = None
    interval: str | None = None
    groups: str | None = None
    topics: str | None = None
    listen: str | None = None
    web_config_file: str | None = None
    web_enable_lifecycle: str | None = None
    state_dir: str | None = None
    log_format: str | None = None
    log_level: str | None = None


@dataclass(frozen=True)
class Setting:
    """A value and where it was given: ``--interval`` or ``STREAMGAUGE_INTERVAL``."""

    value: str
    origin: str


def settings(overrides: Overrides, environ: Mapping[str, str]) -> dict[str, Setting]:
    """Put flags before the environment; an empty variable counts as not given.

    Args:
        overrides: what flags gave.
        environ: the environment.

    Returns:
        Each setting that was given, by its field's name in `Overrides`.
    """
    given: dict[str, Setting] = {}
    known = {item.name for item in fields(overrides)}
    for flag in FLAGS:
        if flag.field not in known:
            continue
        value = getattr(overrides, flag.field)
        if value is not None:
            given[flag.field] = Setting(value, flag.names[0])
        elif environ.get(flag.variable):
            given[flag.field] = Setting(environ[flag.variable], flag.variable)
    return given


def config_file_variable(environ: Mapping[str, str]) -> str | None:
    """Read the configuration file's name out of the environment."""
    return environ.get("STREAMGAUGE_CONFIG_FILE") or None
