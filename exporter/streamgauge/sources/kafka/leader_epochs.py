"""Remembers the highest leader epoch of each partition, so that a former leader is not believed.

A broker that was frozen or cut off goes on with the view that it had: it names itself the leader, and answers with an
old end. Every election raises the partition's leader epoch (KIP-101). A request that carries the highest one seen is
refused by such a broker (UNKNOWN_LEADER_EPOCH, KIP-320), and the partition is unknown until its true leader answers.
"""

from collections.abc import Mapping
from dataclasses import replace

from streamgauge.model.snapshot import Partition, Topic


class LeaderEpochs:
    """The highest leader epochs of a cluster's partitions.

    Kept by topic id, as a topic made anew begins at 0; where brokers give no ids there is nothing to go by.
    """

    def __init__(self) -> None:
        self._highest: dict[str, dict[int, int]] = {}

    def raised(self, topics: Mapping[str, Topic]) -> dict[str, Topic]:
        """The topics with no leader epoch lower than one that was seen before; others are forgotten."""
        before, self._highest = self._highest, {}
        return {name: self._raised(topic, before.get(topic.topic_id or "", {})) for name, topic in topics.items()}

    def _raised(self, topic: Topic, before: Mapping[int, int]) -> Topic:
        if topic.topic_id is None:
            return topic
        seen = {
            number: partition.leader_epoch
            for number, partition in topic.partitions.items()
            if partition.leader_epoch is not None
        }
        higher = {number: epoch for number, epoch in before.items() if epoch > seen.get(number, -1)}
        self._highest[topic.topic_id] = seen | higher
        if not higher:
            return topic
        partitions = {number: _with(partition, higher.get(number)) for number, partition in topic.partitions.items()}
        return replace(topic, partitions=partitions)


def _with(partition: Partition, epoch: int | None) -> Partition:
    return partition if epoch is None else replace(partition, leader_epoch=epoch)
