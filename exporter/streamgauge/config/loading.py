"""From file, environment and flags to a `Config`, or to one error that names every problem."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from streamgauge.config.document import read_document
from streamgauge.config.flags import Overrides, Setting, config_file_variable, settings
from streamgauge.config.problems import Document, Loc, describe
from streamgauge.config.schema import Config
from streamgauge.errors import ConfigError

_SECTIONS: Final[dict[str, Loc]] = {
    "listen": ("web", "listen_address"),
    "web_config_file": ("web", "config_file"),
    "web_enable_lifecycle": ("web", "enable_lifecycle"),
    "state_dir": ("state", "dir"),
    "log_format": ("log", "format"),
    "log_level": ("log", "level"),
}
_PATHS: Final = ("web_config_file", "state_dir")
_OF_EACH_CLUSTER: Final[dict[str, Loc]] = {
    "interval": ("interval",),
    "groups": ("groups", "include"),
    "topics": ("topics", "include"),
}
_OF_CLUSTERS: Final = ("cluster", *_OF_EACH_CLUSTER)


@dataclass(frozen=True)
class Given:
    """What a command line and an environment say; the files that they name are read anew by each ``load``.

    Args:
        config_file: the YAML file; without one, ``STREAMGAUGE_CONFIG_FILE`` of `environ` counts.
        overrides: what flags gave.
        environ: where ``STREAMGAUGE_...`` and the file's ``${VAR}`` are looked up.
    """

    config_file: Path | None
    overrides: Overrides
    environ: Mapping[str, str] = field(repr=False)

    @property
    def file(self) -> Path | None:
        """The YAML file; None where there is none."""
        named = config_file_variable(self.environ)
        return self.config_file if self.config_file is not None else Path(named) if named else None

    def load(self) -> Config:
        """Load the configuration, see ``load``.

        Raises:
            ConfigError: something is wrong; each line of the message is one problem.
        """
        return _load(self.file, settings(self.overrides, self.environ), self.environ)


def load(file: Path | None, overrides: Overrides, environ: Mapping[str, str]) -> Config:
    """Load the configuration: flags before environment variables, those before the file, that before the defaults.

    Args:
        file: the YAML file; without one, ``STREAMGAUGE_CONFIG_FILE`` of `environ` counts.
        overrides: what flags gave.
        environ: where ``STREAMGAUGE_...`` and the file's ``${VAR}`` are looked up.

    Raises:
        ConfigError: something is wrong; each line of the message is one problem.
    """
    return Given(file, overrides, environ).load()


def check(path: Path, environ: Mapping[str, str]) -> Config:
    """Load a file alone, without flags and their environment variables.

    Args:
        path: the YAML file.
        environ: where the file's ``${VAR}`` are looked up.

    Raises:
        ConfigError: something is wrong; each line of the message is one problem.
    """
    return _load(path, {}, environ)


def listen_address(overrides: Overrides, environ: Mapping[str, str]) -> str:
    """Find where to listen, for a command that needs no cluster: the flag, the variable or the default.

    Args:
        overrides: what flags gave.
        environ: where ``STREAMGAUGE_LISTEN`` is looked up.

    Raises:
        ConfigError: it is no address.
    """
    given = {name: setting for name, setting in settings(overrides, environ).items() if name == "listen"}
    config, lines = _validated(_with_settings(Document(None, {}), given), Path(), [])
    if config is None:
        raise ConfigError("\n".join(lines))
    return config.web.listen_address


def _load(path: Path | None, given: Mapping[str, Setting], environ: Mapping[str, str]) -> Config:
    document, faults = read_document(path, environ) if path else (Document(None, {}), {})
    document = _with_state_dir(_with_settings(document, given), environ)
    base = path.parent if path else Path()
    config, lines = _validated(document, base, [*faults])
    lines = [*faults.values(), *lines]
    if config is None or lines:
        raise ConfigError("\n".join(lines))
    if not config.clusters and (about_clusters := [setting for name, setting in given.items() if name in _OF_CLUSTERS]):
        raise ConfigError(_no_cluster(path, about_clusters[0]))
    return _only(config, given.get("cluster")) if "kafka" not in given else config


def _validated(document: Document, base: Path, known_bad: list[Loc]) -> tuple[Config | None, list[str]]:
    """Validate; the error is turned into lines here, so that no traceback carries the values along."""
    try:
        return Config.model_validate(document.data, context={"base": base}), []
    except ValidationError as error:
        return None, describe(error, document, known_bad)


def _with_settings(document: Document, given: Mapping[str, Setting]) -> Document:
    """Put flags and environment variables over the file, and remember which value is whose."""
    data, origins, variables = document.data, dict(document.origins), dict(document.variables)

    def put(loc: Loc, setting: Setting) -> None:
        nonlocal data
        data = _put(data, loc, setting.value)
        origins[loc] = setting.origin
        variables.pop(loc, None)

    for name, loc in _SECTIONS.items():
        if name in given:
            put(loc, _from_here(given[name]) if name in _PATHS else given[name])
    if "kafka" in given:
        if data.get("clusters"):
            raise ConfigError(
                f"{given['kafka'].origin}: {document.name} has clusters already; use one or the other"
                " (--cluster NAME watches one of the file's clusters)"
            )
        data = data | {"clusters": [{}]}
        put(("clusters", 0, "bootstrap_servers"), given["kafka"])
        if "cluster" in given:
            put(("clusters", 0, "name"), given["cluster"])
    clusters = data.get("clusters")
    for index in range(len(clusters) if isinstance(clusters, list) else 0):
        for name, loc in _OF_EACH_CLUSTER.items():
            if name in given:
                put(("clusters", index, *loc), given[name])
    return replace(document, data=data, origins=origins, variables=variables)


def _from_here(setting: Setting) -> Setting:
    """Let a flag's relative path start at the working directory, not at the configuration file."""
    return replace(setting, value=str(Path(setting.value).absolute())) if setting.value else setting


def _with_state_dir(document: Document, environ: Mapping[str, str]) -> Document:
    """Fill in the default, which is this machine's: where its users keep what programs remember."""
    state = document.data.get("state", {})
    if not isinstance(state, dict) or "dir" in state:
        return document
    home = environ.get("HOME", "")
    base = Path(environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else ""))
    place = str(base / "streamgauge") if base.is_absolute() else ""
    return replace(document, data=_put(document.data, ("state", "dir"), place))


def _put(data: Any, loc: Loc, value: Any) -> Any:
    """Copy `data` with one value changed; what has the wrong shape stays as it is, for validation to refuse."""
    if not loc:
        return value
    key, rest = loc[0], loc[1:]
    if isinstance(key, int):
        return [_put(item, rest, value) if index == key else item for index, item in enumerate(data)]
    return {**data, key: _put(data.get(key, {}), rest, value)} if isinstance(data, dict) else data


def _no_cluster(path: Path | None, setting: Setting) -> str:
    """Say how to name a cluster to somebody who has said something about clusters."""
    if path is None:
        return (
            f"{setting.origin}: no cluster is given: use --kafka host:9092 (or STREAMGAUGE_KAFKA), or --config.file"
            " with a file that has clusters:"
        )
    remedy = "write - bootstrap_servers: host:9092 under clusters:, or use --kafka"
    return f"{setting.origin}: {path} has no clusters; {remedy}"


def _only(config: Config, wanted: Setting | None) -> Config:
    """Keep the one cluster that was asked for."""
    if wanted is None:
        return config
    kept = tuple(cluster for cluster in config.clusters if cluster.name == wanted.value)
    if not kept:
        names = sorted((cluster.name for cluster in config.clusters), key=lambda name: -_likeness(name, wanted.value))
        known = ", ".join(f"'{name}'" for name in names)
        raise ConfigError(f"{wanted.origin}: no cluster is called '{wanted.value}'; the file has {known}")
    return config.model_copy(update={"clusters": kept})


def _likeness(name: str, wanted: str) -> float:
    return difflib.SequenceMatcher(None, name.casefold(), wanted.casefold()).ratio()
