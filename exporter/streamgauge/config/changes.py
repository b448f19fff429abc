"""What differs between two configurations: which clusters it concerns, and what needs a restart.

A cluster is concerned by its own section, by the sections that hold for all clusters, and by the content of the files
that its client properties name: a certificate that was renewed is a change although no line of the file is another.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamgauge.config.client import ClientProperties
from streamgauge.config.schema import ClusterConfig, Config

_AT_START: Final = (
    ("web", "listen_address"),
    ("web", "config_file"),
    ("web", "enable_lifecycle"),
    ("web", "cors_origins"),
    ("web", "limits"),
    ("lag", "history_points"),
    ("state", "dir"),
    ("jobs", "database"),
    ("jobs", "series_budget"),
)
"""What a running process does not change: where it listens, who may come in, the room of its memory, its files."""

_OF_NO_CLUSTER: Final[dict[str, Any]] = {
    "web": True,
    "log": True,
    "state": True,
    "jobs": True,
    "alertmanager": True,
    "clusters": True,
    "lag": {"history_points"},
}


@dataclass(frozen=True)
class Concern:
    """All that the watching of one cluster depends on."""

    cluster: ClusterConfig
    shared: Mapping[str, Any]
    files: Mapping[Path, bytes | None]


@dataclass(frozen=True)
class Changes:
    """What is to be done with which clusters, by name, in the order of the configurations.

    Attributes:
        kept: nothing that concerns them differs.
        changed: the same cluster, watched in another way: its memory goes on.
        removed: watched no longer.
        added: watched from now on. A name whose brokers are all others is removed and added: it is another cluster.
    """

    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def concerns_of(config: Config) -> dict[str, Concern]:
    """Find what concerns each cluster, reading its certificates and keys.

    Args:
        config: the configuration.

    Returns:
        One entry a cluster, by its name.
    """
    shared = config.model_dump(exclude=_OF_NO_CLUSTER)
    return {cluster.name: Concern(cluster, shared, _files_of(cluster.client)) for cluster in config.clusters}


def plan(before: Mapping[str, Concern], after: Mapping[str, Concern]) -> Changes:
    """Compare what concerned each cluster with what does now.

    Args:
        before: under the configuration that is in force.
        after: under the one that is to be.

    Returns:
        What is to be done.
    """
    same = {name for name in after if name in before and _is_one_cluster(before[name].cluster, after[name].cluster)}
    return Changes(
        kept=tuple(name for name in after if name in same and before[name] == after[name]),
        changed=tuple(name for name in after if name in same and before[name] != after[name]),
        removed=tuple(name for name in before if name not in same),
        added=tuple(name for name in after if name not in same),
    )


def needing_restart(before: Config, after: Config) -> tuple[str, ...]:
    """Name the keys whose new values a running process cannot take over.

    Args:
        before: the configuration that the process was started with.
        after: the one that it is to follow.

    Returns:
        Keys as ``web.listen_address``.
    """
    return tuple(".".join(path) for path in _AT_START if _value(before, path) != _value(after, path))


def _is_one_cluster(before: ClusterConfig, after: ClusterConfig) -> bool:
    """Tell whether two configurations can mean the same brokers: one address in both is of one cluster."""
    return not set(before.bootstrap_servers).isdisjoint(after.bootstrap_servers)


def _files_of(properties: ClientProperties) -> dict[Path, bytes | None]:
    """Digest every file that is read when the client connects; secrets' files were read with the configuration."""
    values = (getattr(properties, name) for name in type(properties).model_fields)
    return {path: _digest(path) for path in values if isinstance(path, Path)}


def _digest(path: Path) -> bytes | None:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:  # it was there a moment ago; connecting will say what is wrong
        return None


def _value(config: Config, path: tuple[str, ...]) -> Any:
    value: Any = config
    for name in path:
        value = getattr(value, name)
    return value
