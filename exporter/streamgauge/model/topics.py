"""What is remembered of each topic from reading to reading: its ends over time and its counter."""

from collections.abc import Mapping

from streamgauge.model.departed import Departed
from streamgauge.model.history import OffsetHistory
from streamgauge.model.reading import PartitionReading, TopicReading
from streamgauge.model.snapshot import ClusterSnapshot, EndOffset, Partition, Topic, TopicConfig
from streamgauge.model.throughput import RecordCounter, appended

_NOTHING: Mapping[int, EndOffset] = {}
_NO_OFFSETS: Mapping[int, int] = {}


class TopicState:
    """One topic's memory.

    Attributes:
        generation: grows when the topic is found to be made anew or gone; what was kept about its offsets is void then.
        partitions: where each of its partitions stands.
        ends: the ends of the last reading; absent where they could not be read.
        log_starts: likewise.
        histories: end offsets over time, by partition.
        config: its settings; None where they could not be read.
        sizes: bytes of the leaders' replicas, by partition; absent where they could not be read.
        appended_per_second: over all partitions; None while it is not known.
    """

    def __init__(self, history_points: int) -> None:
        self.generation = 0
        self.partitions: Mapping[int, Partition] = {}
        self.ends: Mapping[int, EndOffset] = _NOTHING
        self.log_starts: Mapping[int, int] = _NO_OFFSETS
        self.histories: dict[int, OffsetHistory] = {}
        self.config: TopicConfig | None = None
        self.sizes: Mapping[int, int] = _NO_OFFSETS
        self.appended_per_second: float | None = None
        self._history_points = history_points
        self._topic_id: str | None = None
        self._last_ends: dict[int, int] = {}
        self._unread: set[int] = set()  # new partitions whose end has not been read yet
        self._appended = RecordCounter()

    def update(self, topic: Topic, snapshot: ClusterSnapshot) -> TopicReading:
        """Take one reading of the topic."""
        self.ends = snapshot.ends.get(topic.name, _NOTHING)
        self.log_starts = snapshot.log_starts.get(topic.name, _NO_OFFSETS)
        made_anew = self._is_made_anew(topic)
        if made_anew:
            self.generation += 1
            self.histories.clear()
            self._last_ends.clear()
            self._unread = {*topic.partitions, *self.ends}
        elif self.partitions:
            self._unread.update(topic.partitions.keys() - self.partitions.keys())
        if self.ends:
            self._appended.add(self._take_ends(), snapshot.finished)
        if topic.partitions:
            self.partitions = topic.partitions
        self._topic_id = topic.topic_id or self._topic_id
        self.config = snapshot.topic_configs.get(topic.name)
        self.sizes = _leaders_sizes(topic, snapshot.replica_bytes.get(topic.name, {}))
        self.appended_per_second = self._appended.per_second if self.ends else None
        return self._reading(topic.name, snapshot)

    def depart(self) -> None:
        """The topic is gone: keep its counter, let go of the rest."""
        self.generation += 1
        self.histories.clear()
        self.ends, self.log_starts = _NOTHING, _NO_OFFSETS

    def _take_ends(self) -> int:
        count = 0
        for partition, end in self.ends.items():
            count += appended(self._last_ends.get(partition), end.offset, is_new=partition in self._unread)
            self._last_ends[partition] = end.offset
            self._history(partition).observe(end)
        self._unread.difference_update(self.ends)
        return count

    def _is_made_anew(self, topic: Topic) -> bool:
        if topic.topic_id is not None:
            return self._topic_id is not None and topic.topic_id != self._topic_id
        # Brokers older than 2.8 give no ids: an end that fell is the only sign.
        return any(end.offset < self._last_ends.get(partition, 0) for partition, end in self.ends.items())

    def _history(self, partition: int) -> OffsetHistory:
        history = self.histories.get(partition)
        if history is None:
            # Capacities differ a little, so that not every partition thins its history in the same cycle.
            fewer = partition * 7 % max(1, self._history_points // 4)
            history = self.histories[partition] = OffsetHistory(self._history_points - fewer)
        return history

    def _reading(self, name: str, snapshot: ClusterSnapshot) -> TopicReading:
        last_stable = snapshot.last_stable.get(name, _NO_OFFSETS)
        rows = tuple(
            PartitionReading(
                placement,
                None if (end := self.ends.get(partition)) is None else end.offset,
                last_stable.get(partition),
                self.log_starts.get(partition),
                self.sizes.get(partition),
            )
            for partition, placement in self.partitions.items()
        )
        moving = snapshot.reassigning
        return TopicReading(
            name=name,
            partitions=rows,
            appended_total=self._appended.total,
            appended_per_second=self.appended_per_second,
            config=self.config,
            reassigning=None if moving is None else len(moving.get(name, ())),
        )


class Topics:
    """The memory of all topics of a cluster."""

    def __init__(self, history_points: int) -> None:
        self._history_points = history_points
        self._departed: Departed[TopicState] = Departed()
        self.states: dict[str, TopicState] = {}

    def update(self, snapshot: ClusterSnapshot) -> dict[str, TopicReading]:
        """Take one reading of all topics; a topic that is gone takes its readings with it."""
        for name in [name for name in self.states if name not in snapshot.topics]:
            state = self.states.pop(name)
            state.depart()
            self._departed.keep(name, state, snapshot.finished)
        return {name: self._state(name).update(topic, snapshot) for name, topic in snapshot.topics.items()}

    def _state(self, name: str) -> TopicState:
        state = self.states.get(name)
        if state is None:
            state = self.states[name] = self._departed.recall(name) or TopicState(self._history_points)
        return state


def _leaders_sizes(topic: Topic, replicas: Mapping[int, Mapping[int, int]]) -> dict[int, int]:
    return {
        number: size
        for number, partition in topic.partitions.items()
        if partition.leader is not None and (size := replicas.get(number, {}).get(partition.leader)) is not None
    }
