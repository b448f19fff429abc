"""The brokers' log directories and the size of each replica in them: the DescribeLogDirs request."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from kafka.errors import ClusterAuthorizationFailedError
from kafka.protocol.admin import DescribeLogDirsRequest

from streamgauge.model.snapshot import LogDir
from streamgauge.sources.kafka.connection import Connection, Wanted, code_name, code_of
from streamgauge.sources.kafka.failures import Failures

_FORBIDDEN = "the sizes of logs and disks need DESCRIBE on the cluster; they are left out, and asked for hourly"


class LogDirs(NamedTuple):
    """What was read; ``forbidden``: the right to ask (DESCRIBE on the cluster) is missing."""

    log_dirs: tuple[LogDir, ...]
    replica_bytes: dict[str, dict[int, dict[int, int]]]
    forbidden: bool


async def read_log_dirs(
    connection: Connection, node_ids: Collection[int], wanted: Wanted, failures: Failures
) -> LogDirs:
    """One request a broker; a broker that does not answer is absent."""
    if not connection.supports(DescribeLogDirsRequest, 0):
        return LogDirs((), {}, forbidden=False)
    log_dirs: list[LogDir] = []
    sizes: dict[str, dict[int, dict[int, int]]] = {}
    answers = await connection.ask_each({node_id: DescribeLogDirsRequest(topics=None) for node_id in node_ids})
    for node_id, answer in answers.items():
        if answer.error is not None:
            failures.note("log_dirs", code_of(answer.error), f"node {node_id}: {answer.error}")
            continue
        code = answer.value.error_code or 0
        # Before version 3 of the answer a missing right is an empty list without an error.
        if code == ClusterAuthorizationFailedError.errno or (not code and not answer.value.results):
            example = (
                "the sizes of logs and disks need DESCRIBE on the cluster; they are left out, and asked for hourly"
            )
            failures.note("log_dirs", code_name(ClusterAuthorizationFailedError.errno), example)
            return LogDirs((), {}, forbidden=True)
        if code:
            failures.note("log_dirs", code_name(code), f"node {node_id}")
            continue
        for result in answer.value.results:
            if result.error_code:
                failures.note("log_dirs", code_name(result.error_code), f"node {node_id}: {result.log_dir}")
                continue
            total, usable = _known(result.total_bytes), _known(result.usable_bytes)
            log_dirs.append(LogDir(int(node_id), result.log_dir, total, usable))
            for topic, partition, size in _replicas(result, wanted):
                sizes.setdefault(topic, {}).setdefault(partition, {})[int(node_id)] = size
    return LogDirs(tuple(log_dirs), sizes, forbidden=False)


def _replicas(result: Any, wanted: Wanted) -> Iterator[tuple[str, int, int]]:
    for topic in result.topics:
        if wanted(topic.name):
            for partition in topic.partitions:
                if not partition.is_future_key:  # a copy that is still being moved to this directory
                    yield topic.name, partition.partition_index, partition.partition_size


def _known(size: int | None) -> int | None:
    return None if size is None or size < 0 else size
