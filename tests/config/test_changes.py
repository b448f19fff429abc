"""What differs between two configurations: a plan of changes by cluster, and what needs a restart."""

from pathlib import Path
from typing import Any

import pytest

from streamgauge.config import Changes, Config, concerns_of, needing_restart, plan

SECURED = {
    "security.protocol": "sasl_plaintext",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "gauge",
    "sasl.password": "before",
}
EAST: dict[str, Any] = {"name": "east", "bootstrap_servers": "east-1,east-2", "client": SECURED}
WEST: dict[str, Any] = {"name": "west", "bootstrap_servers": "west"}


def config(*clusters: dict[str, Any], **top: Any) -> Config:
    """A configuration of these clusters."""
    return Config.model_validate({"clusters": clusters, **top})


def changes(before: Config, after: Config) -> Changes:
    """What is to be done to get from one to the other."""
    return plan(concerns_of(before), concerns_of(after))


def test_what_is_equal_is_kept() -> None:
    """Read twice, nothing changes; neither does it by another order of the clusters."""
    assert changes(config(EAST, WEST), config(EAST, WEST)) == Changes(kept=("east", "west"))
    assert changes(config(EAST, WEST), config(WEST, EAST)) == Changes(kept=("west", "east"))


def test_clusters_come_and_go() -> None:
    """A cluster that is new is added, one that is gone is removed, and the others are kept."""
    assert changes(config(EAST), config(EAST, WEST)) == Changes(kept=("east",), added=("west",))
    assert changes(config(EAST, WEST), config(WEST)) == Changes(kept=("west",), removed=("east",))
    assert changes(config(EAST), config(EAST | {"name": "south"})) == Changes(removed=("east",), added=("south",))


@pytest.mark.parametrize(
    "change",
    [
        {"interval": "30s"},
        {"deadline": "3s"},
        {"stale_after": "5m"},
        {"topics": {"exclude": "tmp-.*"}},
        {"groups": {"include": "orders-.*"}},
        {"groups": {"explicit": {"billing": ["orders"]}}},
        {"api_version": "2.8"},
        {"client": SECURED | {"sasl.password": "after"}},
        {"client": SECURED | {"client.id": "other"}},
        {"bootstrap_servers": "east-2,east-3"},
    ],
    ids=str,
)
def test_a_cluster_that_is_watched_in_another_way_is_changed(change: dict[str, Any]) -> None:
    """Whatever differs in its section, secrets too; its neighbour is kept."""
    assert changes(config(EAST, WEST), config(EAST | change, WEST)) == Changes(kept=("west",), changed=("east",))


@pytest.mark.parametrize(
    "top",
    [
        {"series_budget": 10},
        {"granularity": {"default": "topic"}},
        {"granularity": {"overrides": [{"groups": "a.*", "granularity": "group"}]}},
        {"lag": {"slo": "1m"}},
        {"lag": {"slo_overrides": [{"groups": "a.*", "slo": "1m"}]}},
        {"lag": {"window": "2m"}},
    ],
    ids=str,
)
def test_what_holds_for_all_clusters_changes_all(top: dict[str, Any]) -> None:
    """Limits, granularity and budget concern every cluster."""
    assert changes(config(EAST, WEST), config(EAST, WEST, **top)) == Changes(changed=("east", "west"))


@pytest.mark.parametrize(
    "top",
    [
        {"web": {"listen_address": ":1"}},
        {"log": {"level": "debug", "format": "json"}},
        {"alertmanager": {"url": "http://alertmanager:9093"}},
        {"lag": {"history_points": 16}},
    ],
    ids=str,
)
def test_what_concerns_no_cluster_changes_none(top: dict[str, Any]) -> None:
    """Where it listens and what it logs is no reason to touch a cluster; nor is what a restart alone changes."""
    assert changes(config(EAST), config(EAST, **top)) == Changes(kept=("east",))


def test_a_name_with_other_brokers_is_another_cluster() -> None:
    """Without one address in common, numbers and histories of the old brokers say nothing about the new ones."""
    moved = EAST | {"bootstrap_servers": "elsewhere"}

    assert changes(config(EAST, WEST), config(moved, WEST)) == Changes(
        kept=("west",), removed=("east",), added=("east",)
    )


def test_a_secret_that_is_read_from_a_file_is_compared_by_its_content(tmp_path: Path) -> None:
    """The file's path stays, its content does not: the cluster is changed."""
    file = tmp_path / "password"
    client = {key: value for key, value in SECURED.items() if key != "sasl.password"}
    cluster = EAST | {"client": client | {"sasl.password_file": str(file)}}
    file.write_text("before\n")
    before = config(cluster)
    assert changes(before, config(cluster)) == Changes(kept=("east",))
    file.write_text("after\n")

    assert changes(before, config(cluster)) == Changes(changed=("east",))


def test_a_certificate_that_was_renewed_is_a_change(tmp_path: Path) -> None:
    """A file that the client reads when it connects is compared by its content, or by its absence."""
    file = tmp_path / "ca.pem"
    cluster = WEST | {"client": {"security.protocol": "ssl", "ssl.ca.location": str(file)}}
    file.write_text("before")
    unchanged = config(EAST, cluster)
    before = concerns_of(unchanged)
    assert plan(before, concerns_of(unchanged)) == Changes(kept=("east", "west"))
    file.write_text("after")
    assert plan(before, concerns_of(unchanged)) == Changes(kept=("east",), changed=("west",))
    file.unlink()
    assert plan(before, concerns_of(unchanged)) == Changes(kept=("east",), changed=("west",))


def test_what_needs_a_restart_is_named(tmp_path: Path) -> None:
    """By the keys of the file, in their order; nothing else is."""
    file = tmp_path / "web.yml"
    file.touch()
    web = {
        "listen_address": ":1",
        "config_file": str(file),
        "enable_lifecycle": True,
        "cors_origins": ["https://portal.example.org"],
        "limits": {"write_burst": 1},
    }
    before = config(EAST)

    assert needing_restart(before, config(EAST)) == ()
    assert needing_restart(before, config(WEST, log={"level": "debug"}, series_budget=5, lag={"slo": "1m"})) == ()
    tokens = [{"name": "ci", "sha256": "a" * 64, "scopes": ["write"]}]
    assert needing_restart(before, config(EAST, web={"tokens": tokens})) == ()
    assert needing_restart(before, config(EAST, web=web, lag={"history_points": 16})) == (
        "web.listen_address",
        "web.config_file",
        "web.enable_lifecycle",
        "web.cors_origins",
        "web.limits",
        "lag.history_points",
    )
