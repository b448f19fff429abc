"""What is made of the brokers' answers about the topics' settings where they are not whole."""

import asyncio
from types import SimpleNamespace

import pytest

from streamgauge.model.snapshot import TopicConfig
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.topic_configs import read_topic_configs
from tests.sources.kafka.answers import answering

WHOLE = {
    "cleanup.policy": "compact,delete",
    "message.timestamp.type": "LogAppendTime",
    "min.insync.replicas": "2",
    "retention.bytes": "-1",
    "retention.ms": "604800000",
}


def read(**topics: dict[str, str | None]) -> tuple[dict[str, TopicConfig], list[tuple[str, str, int]]]:
    """The settings that are read from an answer, and what failed."""
    results = [
        SimpleNamespace(
            error_code=0,
            resource_name=name,
            configs=[SimpleNamespace(name=key, value=value) for key, value in values.items()],
        )
        for name, values in topics.items()
    ]
    failures = Failures()
    configs = asyncio.run(read_topic_configs(answering(SimpleNamespace(results=results)), list(topics), failures))
    return configs, [(failure.stage, failure.code, failure.count) for failure in failures.noted()]


def test_settings_are_read_as_kafka_writes_them() -> None:
    """-1 is no limit; milliseconds become seconds."""
    assert read(orders=dict(WHOLE)) == ({"orders": TopicConfig("compact,delete", "LogAppendTime", 2, 604800, None)}, [])


@pytest.mark.parametrize("missing", sorted({*WHOLE} - {"min.insync.replicas"}))
@pytest.mark.parametrize("value", [None, "", "absent"])
def test_a_setting_that_is_not_told_is_unknown(missing: str, value: str | None) -> None:
    """A topic of which one setting is missing is absent and counted: Kafka's defaults are not guessed."""
    told: dict[str, str | None] = {**WHOLE, missing: value}
    if value == "absent":
        del told[missing]

    configs, failed = read(orders=told, payments=dict(WHOLE))

    assert list(configs) == ["payments"]
    assert failed == [("topic_configs", "INCOMPLETE_CONFIG", 1)]


def test_brokers_without_the_setting_of_in_sync_replicas_tell_the_rest() -> None:
    """Not every broker that speaks the protocol has min.insync.replicas: it is unknown, the others are read."""
    told: dict[str, str | None] = {key: value for key, value in WHOLE.items() if key != "min.insync.replicas"}

    assert read(orders=told) == ({"orders": TopicConfig("compact,delete", "LogAppendTime", None, 604800, None)}, [])
