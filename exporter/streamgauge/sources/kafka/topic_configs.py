"""How long each topic keeps its records, and how safe they are: the DescribeConfigs request."""

from collections.abc import Collection

from kafka.errors import KafkaError
from kafka.protocol.admin import DescribeConfigsRequest

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import TopicConfig
from streamgauge.sources.kafka.connection import Connection, code_name, code_of
from streamgauge.sources.kafka.failures import Failures

_TOPIC = 2  # Kafka's number for this kind of resource
_KEYS = ["cleanup.policy", "message.timestamp.type", "min.insync.replicas", "retention.bytes", "retention.ms"]


async def read_topic_configs(
    connection: Connection, topics: Collection[str], failures: Failures
) -> dict[str, TopicConfig]:
    """The settings of these topics, in one request; those in error are absent. Needs DESCRIBE_CONFIGS on them."""
    if not topics or not connection.supports(DescribeConfigsRequest, 0):
        return {}
    resource = DescribeConfigsRequest.DescribeConfigsResource
    resources = [resource(resource_type=_TOPIC, resource_name=name, configuration_keys=_KEYS) for name in topics]
    try:
        answer = await connection.ask_any(DescribeConfigsRequest(resources=resources))
    except (KafkaError, SourceError) as error:
        failures.note("topic_configs", code_of(error), str(error), len(topics))
        return {}
    configs = {}
    for result in answer.results:
        if result.error_code:
            failures.note("topic_configs", code_name(result.error_code), f"topic {result.resource_name}")
            continue
        try:
            configs[result.resource_name] = _config(
                {entry.name: entry.value for entry in result.configs if entry.value}
            )
        except (KeyError, ValueError) as error:  # a setting that this broker does not tell
            failures.note("topic_configs", "INCOMPLETE_CONFIG", f"topic {result.resource_name}: {error!r}")
    return configs


def _config(values: dict[str, str]) -> TopicConfig:
    retention_ms = int(values["retention.ms"])
    retention_bytes = int(values["retention.bytes"])
    min_insync_replicas = values.get("min.insync.replicas")
    return TopicConfig(
        cleanup_policy=values["cleanup.policy"],
        timestamp_type=values["message.timestamp.type"],
        min_insync_replicas=None if min_insync_replicas is None else int(min_insync_replicas),
        retention_seconds=None if retention_ms < 0 else retention_ms / 1000,
        retention_bytes=None if retention_bytes < 0 else retention_bytes,
    )
