"""How long each topic keeps its records, and how safe they are: the DescribeConfigs request."""

from collections.abc import Collection
from typing import Any

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
        else:
            configs[result.resource_name] = _config({entry.name: entry.value for entry in result.configs})
    return configs


def _config(values: dict[str, Any]) -> TopicConfig:
    retention_ms = int(values.get("retention.ms") or -1)
    retention_bytes = int(values.get("retention.bytes") or -1)
    return TopicConfig(
        cleanup_policy=values.get("cleanup.policy") or "delete",
        timestamp_type=values.get("message.timestamp.type") or "CreateTime",
        min_insync_replicas=int(values.get("min.insync.replicas") or 1),
        retention_seconds=None if retention_ms < 0 else retention_ms / 1000,
        retention_bytes=None if retention_bytes < 0 else retention_bytes,
    )
