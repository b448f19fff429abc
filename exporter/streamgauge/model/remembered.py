"""End offset histories that outlive the process: put together from what was saved, and taken up by the topics.

What was saved is every history at one cycle, then each cycle's ends. The ends are observed again by the rules by which
they were observed the first time (``topics``), so that what comes out is what was there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streamgauge.model.history import OffsetHistory, history_for
from streamgauge.model.snapshot import EndOffset, Topic


@dataclass(slots=True)
class RememberedTopic:
    """One topic's histories, by partition, and which topic they are of; ``topic_id`` None: the brokers give no ids."""

    name: str
    topic_id: str | None
    histories: dict[int, OffsetHistory] = field(default_factory=dict)

    def take(self, topic_id: str | None, ends: Mapping[int, EndOffset], history_points: int) -> None:
        """Observe one cycle's ends; those of another topic of this name void all that was known."""
        if self._is_another(topic_id, ends):
            self.histories.clear()
        self.topic_id = topic_id or self.topic_id
        for partition, end in ends.items():
            history = self.histories.get(partition)
            if history is None:
                history = self.histories[partition] = history_for(self.name, partition, history_points)
            history.observe(end)

    def of(self, topic: Topic, ends: Mapping[int, EndOffset]) -> dict[int, OffsetHistory]:
        """What holds for a topic that is seen for the first time since.

        1. The same id: all of it; a partition whose end has fallen voids its own history when it is observed.
        2. Another id, or an id on one side only: nothing.
        3. No ids, and an end that fell: nothing.
        4. No ids otherwise: the partitions whose ends could be read and compared.
        """
        if topic.topic_id is not None or self.topic_id is not None:
            return self.histories if topic.topic_id == self.topic_id else {}
        if self._has_fallen(ends):
            return {}
        return {partition: history for partition, history in self.histories.items() if partition in ends}

    def _is_another(self, topic_id: str | None, ends: Mapping[int, EndOffset]) -> bool:
        if topic_id is not None:
            return self.topic_id is not None and topic_id != self.topic_id
        return self._has_fallen(ends)

    def _has_fallen(self, ends: Mapping[int, EndOffset]) -> bool:
        known = ((self.histories.get(partition), end) for partition, end in ends.items())
        return any(history is not None and end.offset < history.last_end for history, end in known)


class RememberedEnds:
    """The histories of all topics of a cluster as they are put together.

    Args:
        history_points: points kept a partition from now on, whatever it was when they were saved.
    """

    def __init__(self, history_points: int) -> None:
        self.history_points = history_points
        self.topics: dict[str, RememberedTopic] = {}

    def __len__(self) -> int:
        """How many points there are."""
        return sum(len(history) for history in self._histories())

    def take(self, topic_ids: Mapping[str, str | None], ends: Mapping[str, Mapping[int, EndOffset]]) -> None:
        """Observe one cycle again: the topics that there were, and the ends that could be read."""
        for gone in self.topics.keys() - topic_ids.keys():
            del self.topics[gone]
        for name, topic_id in topic_ids.items():
            topic = self.topics.get(name)
            if topic is None:
                topic = self.topics[name] = RememberedTopic(name, topic_id)
            topic.take(topic_id, ends.get(name, {}), self.history_points)

    def shift(self, seconds: float) -> None:
        """Move every instant: the monotonic clock began anew."""
        for history in self._histories():
            history.shift(seconds)

    def _histories(self) -> Iterator[OffsetHistory]:
        for topic in self.topics.values():
            yield from topic.histories.values()
