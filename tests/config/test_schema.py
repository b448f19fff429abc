"""The schema: valid files, defaults, the way back, and JSON Schema."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from streamgauge.config import (
    AlertmanagerConfig,
    Config,
    Granularity,
    LogFormat,
    LogLevel,
    Overrides,
    check,
    json_schema,
    load,
)
from streamgauge.config.structure import fields_of, sections

VALID = Path(__file__).parent / "valid"
ENVIRON = {"SECRET": "hunter2"}


def config_of(**cluster: Any) -> Config:
    """Build a configuration of one cluster."""
    return Config.model_validate({"clusters": [{"bootstrap_servers": "kafka:9092", **cluster}]})


@pytest.mark.parametrize("path", sorted(VALID.glob("*.yml")), ids=lambda path: path.stem)
def test_valid_files(path: Path) -> None:
    """Each valid file is accepted."""
    assert check(path, ENVIRON).clusters


def test_defaults() -> None:
    """A cluster needs no more than its servers."""
    config = check(VALID / "minimal.yml", {})
    cluster = config.clusters[0]
    assert (config.web.host, config.web.port, config.web.enable_lifecycle) == ("127.0.0.1", 9308, False)
    assert (config.log.format, config.log.level) == (LogFormat.LOGFMT, LogLevel.INFO)
    assert (config.series_budget, config.lag.history_points) == (200_000, 256)
    assert (cluster.name, cluster.bootstrap_servers) == ("default", ("kafka:9092",))
    assert (cluster.interval, cluster.deadline, cluster.stale_after) == (15.0, 10.0, 45.0)
    assert cluster.api_version_tuple is None
    assert cluster.groups.explicit == {}


def test_everything() -> None:
    """Every key is read as it is meant."""
    config = check(VALID / "everything.yml", ENVIRON)
    east, oauth, west = config.clusters
    assert (config.web.host, config.web.port, config.web.enable_lifecycle) == ("::1", 9400, True)
    assert (config.log.format, config.log.level) == (LogFormat.JSON, LogLevel.WARNING)
    assert (config.series_budget, config.lag.history_points) == (50_000, 64)
    assert east.bootstrap_servers == ("kafka-1:9092", "kafka-2:9093", "[2001:db8::1]:9094", "[::1]:9092")
    assert (east.interval, east.deadline, east.stale_after) == (90.0, 0.5, 600.0)
    assert east.api_version_tuple == (2, 8)
    assert east.client.receive_message_max_bytes == 64 << 20
    assert east.client.sasl_username == "reader"
    assert east.groups.exclude.pattern == "test-${.*"
    assert list(east.groups.explicit.items()) == [
        ("orders-worker", ("orders", "payments")),
        ("name with spaces\nand more", ("a.b_c-D",)),
    ]
    assert oauth.client.sasl_oauthbearer_extensions == (("logicalCluster", "lkc-1"), ("identityPoolId", "pool-2"))
    assert oauth.client.client_secret is not None
    assert west.bootstrap_servers == ("kafka-3:9092", "kafka-4:9092")
    assert (west.client.client_id, west.client.sasl_username) == ("gauge-west", "reader")


def test_an_alertmanager_is_asked_as_everything_says() -> None:
    """Its address loses the slash at its end, its password is the file's; without a section there is none."""
    alertmanager = check(VALID / "everything.yml", ENVIRON).alertmanager
    assert (alertmanager.url, alertmanager.timeout) == ("https://alertmanager.example.org/am", 2.0)
    assert alertmanager.credentials is not None
    assert alertmanager.credentials[0] == "gauge"
    assert alertmanager.credentials[1].get_secret_value() == (VALID / "../files/password").read_text().rstrip("\n")
    assert alertmanager.bearer_token is None
    assert check(VALID / "minimal.yml", {}).alertmanager == AlertmanagerConfig()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9093", "http://localhost:9093", "http://[::1]:9093", "https://a"])
def test_a_token_may_be_sent_within_this_machine_or_encrypted(url: str) -> None:
    """Wherever else it would have to be https; without secrets http may go anywhere."""
    token = VALID / "../files/password"
    alertmanager = AlertmanagerConfig.model_validate({"url": url, "bearer_token_file": str(token)})
    assert alertmanager.bearer_token is not None
    assert alertmanager.credentials is None
    assert AlertmanagerConfig.model_validate({"url": "http://alertmanager:9093"}).credentials is None


def test_everything_names_every_key() -> None:
    """The file that claims to hold every key does, so that no key goes untested."""
    text = (VALID / "everything.yml").read_text(encoding="utf-8")
    other_spelling = {"sasl.mechanism", "sasl.password_file", "ssl.key.password", "sasl.kerberos.service.name"}
    other_spelling |= {"sasl.oauthbearer.client.secret", "password", "bearer_token_file"}
    keys = {key for _, model in sections() for key in fields_of(model)} - other_spelling
    assert [key for key in sorted(keys) if not re.search(rf"^[ -]*{re.escape(key)}:", text, re.MULTILINE)] == []


def test_shown_configuration_is_a_configuration(tmp_path: Path) -> None:
    """What `config show` prints, its secrets filled in again, loads as the same configuration."""
    original = check(VALID / "everything.yml", ENVIRON)
    shown = yaml.safe_dump(original.masked(), allow_unicode=True)
    for token in original.web.tokens:
        shown = shown.replace("sha256: <secret>", f"sha256: {token.sha256.get_secret_value()}", 1)
    shown = shown.replace("<secret>", "hunter2")
    again = tmp_path / "again.yml"
    again.write_text(shown, encoding="utf-8")
    assert check(again, {}).masked() == original.masked()
    assert check(again, {}) == original


def test_shown_defaults_are_a_configuration(tmp_path: Path) -> None:
    """What `config show` prints for one cluster without a file loads as the same configuration."""
    original = load(None, Overrides(kafka="kafka"), {})
    again = tmp_path / "again.yml"
    again.write_text(yaml.safe_dump(original.masked()), encoding="utf-8")
    assert check(again, {}) == original


@pytest.mark.parametrize(
    ("written", "numbers"), [("2.0", (2, 0)), ("3.9.1", (3, 9)), ("0.10.2", (0, 10, 2)), ("0.11.0.1", (0, 11, 0))]
)
def test_api_version(written: str, numbers: tuple[int, ...]) -> None:
    """A version is told as kafka-python's table has it: two numbers, or three before Kafka 1.0."""
    assert config_of(api_version=written).clusters[0].api_version_tuple == numbers


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("0.0.0.0:9308", "0.0.0.0", 9308), (":9308", "", 9308), ("[::]:0", "::", 0), ("gauge.example.org:80", None, 80)],
)
def test_listen_address(address: str, host: str | None, port: int) -> None:
    """An address has a host, which may be empty (all interfaces), and a port, which may be 0 (a free one)."""
    web = Config.model_validate({"web": {"listen_address": address}}).web
    assert (web.host, web.port) == (address.partition(":")[0] if host is None else host, port)


def test_patterns_match_whole_names() -> None:
    """A pattern counts only where it matches a whole name, and exclusion wins."""
    topics = config_of(topics={"include": "orders|payments.*"}).clusters[0].topics
    assert topics.selects("orders")
    assert not topics.selects("orders-eu")
    assert topics.selects("payments-eu")
    groups = config_of(groups={"exclude": "test.*"}).clusters[0].groups
    assert groups.selects("a test")
    assert not groups.selects("test")


def test_kafkas_own_topics() -> None:
    """Kafka's own topics are left out, unless the exclusion is changed."""
    assert not config_of().clusters[0].topics.selects("__consumer_offsets")
    assert config_of(topics={"exclude": ""}).clusters[0].topics.selects("__consumer_offsets")


def test_names_with_newlines() -> None:
    """The default patterns match names with newlines, which groups may have."""
    groups = config_of().clusters[0].groups
    assert groups.selects("a\nb")
    assert not config_of(groups={"exclude": "a.*"}).clusters[0].groups.selects("a\nb")


def test_granularity_overrides() -> None:
    """The first override whose pattern matches the whole group counts."""
    overrides = [{"groups": "a.*", "granularity": "topic"}, {"groups": "ab", "granularity": "group"}]
    granularity = Config.model_validate({"granularity": {"overrides": overrides}}).granularity
    assert [granularity.of(group) for group in ("ab", "b")] == [Granularity.TOPIC, Granularity.PARTITION]


def test_stale_after_follows_the_interval() -> None:
    """A reading goes stale after three intervals, unless another time is given."""
    assert config_of(interval="1m").clusters[0].stale_after == 180.0
    assert config_of(interval="1m", stale_after="2m").clusters[0].stale_after == 120.0


def test_nobody_changes_it() -> None:
    """The configuration is frozen."""
    with pytest.raises(ValidationError, match="frozen"):
        config_of().series_budget = 1


@pytest.mark.parametrize(("path", "model"), list(sections()), ids=str)
def test_every_field_is_described(path: str, model: type[BaseModel]) -> None:
    """Every key says what it means: the reference page, JSON Schema and messages use it."""
    assert all((field.description or "").endswith(".") for field in fields_of(model).values())


def test_json_schema() -> None:
    """The JSON Schema knows every key, refuses unknown ones, and has defaults as a file would."""
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(part["additionalProperties"] is False for part in (schema, *schema["$defs"].values()))
    cluster = schema["$defs"]["ClusterConfig"]["properties"]
    assert cluster["interval"]["default"] == "15s"
    assert re.fullmatch(cluster["interval"]["pattern"], "1m30s")
    assert schema["$defs"]["TopicSelection"]["properties"]["exclude"]["default"] == "__.*"
    client = schema["$defs"]["ClientProperties"]["properties"]
    assert client["sasl.password"]["writeOnly"] is True
    assert client["sasl.mechanism"] == client["sasl.mechanisms"]
    assert {"type": "null"} not in client["sasl.username"].get("anyOf", [])
