"""What is remembered of each topic from reading to reading: its ends over time and its counter."""

from collections.abc import Iterator, Mapping

from streamgauge.model.departed import Departed
from streamgauge.model.history import HistorySize, OffsetHistory, history_for
from streamgauge.model.reading import PartitionReading, TopicReading
from streamgauge.model.remembered import RememberedEnds, RememberedTopic
from streamgauge.model.snapshot import ClusterSnapshot, EndOffset, Partition, Stamp, Tail, Topic, TopicConfig
from streamgauge.model.throughput import RecordCounter, appended

_NOTHING: Mapping[int, EndOffset] = {}
_NO_OFFSETS: Mapping[int, int] = {}
_NO_STAMPS: Mapping[tuple[int, int], Stamp] = {}
_NO_TAILS: Mapping[Tail, bool] = {}


class TopicState:
    """One topic's memory.

    Args:
        history_points: points of end offset history kept a partition.
        remembered: what an earlier process knew of a topic of this name.

    Attributes:
        generation: grows when the topic is found to be made anew or gone; what was kept about its offsets is void then.
        partitions: where each of its partitions stands.
        ends: the ends of the last reading; absent where they could not be read.
        stable_ends: likewise, for those who read committed data: below them no transaction is open.
        log_starts: likewise.
        histories: end offsets over time, by partition.
        stamps: what a search has found, by partition and offset, on the clock of the ends.
        tails: what was found by reading tails.
        config: its settings; None where they could not be read.
        sizes: bytes of the leaders' replicas, by partition; absent where they could not be read.
        appended_per_second: over all partitions; None while it is not known.
    """

    def __init__(self, history_points: int, remembered: RememberedTopic | None = None) -> None:
        self.generation = 0
        self.partitions: Mapping[int, Partition] = {}
        self.ends: Mapping[int, EndOffset] = _NOTHING
        self.stable_ends: Mapping[int, EndOffset] = _NOTHING
        self.log_starts: Mapping[int, int] = _NO_OFFSETS
        self.histories: dict[int, OffsetHistory] = {}
        self.stamps: Mapping[tuple[int, int], Stamp] = _NO_STAMPS
        self.tails: Mapping[Tail, bool] = _NO_TAILS
        self.config: TopicConfig | None = None
        self.sizes: Mapping[int, int] = _NO_OFFSETS
        self.appended_per_second: float | None = None
        self._history_points = history_points
        self._remembered = remembered
        self._topic_id: str | None = None
        self._last_ends: dict[int, int] = {}
        self._unread: set[int] = set()  # new partitions whose end has not been read yet
        self._appended = RecordCounter()
        self._open_since: dict[int, tuple[int, float]] = {}  # last stable offsets that an open transaction holds

    def update(self, topic: Topic, snapshot: ClusterSnapshot) -> TopicReading:
        """Take one reading of the topic."""
        self.ends = snapshot.ends.get(topic.name, _NOTHING)
        self.stable_ends = _stable(self.ends, snapshot.last_stable.get(topic.name))
        self.stamps = _on_our_clock(snapshot.stamps.get(topic.name), snapshot)
        self.tails = snapshot.tails
        self.log_starts = snapshot.log_starts.get(topic.name, _NO_OFFSETS)
        if self._remembered is not None and topic.partitions:
            # Histories alone: what was appended meanwhile is not counted, as with any topic that is seen first.
            self.histories, self._remembered = self._remembered.of(topic, self.ends), None
        made_anew = self._is_made_anew(topic)
        if made_anew:
            self.generation += 1
            self.histories.clear()
            self._last_ends.clear()
            self._open_since.clear()
            self._unread = {*topic.partitions, *self.ends}
        elif self.partitions:
            self._unread.update(topic.partitions.keys() - self.partitions.keys())
        if self.ends:
            self._appended.add(self._take_ends(topic.name), snapshot.finished)
        if topic.partitions:
            self.partitions = topic.partitions
        self._topic_id = topic.topic_id or self._topic_id
        self.config = snapshot.topic_configs.get(topic.name)
        self.sizes = _leaders_sizes(topic, snapshot.replica_bytes.get(topic.name, {}))
        self.appended_per_second = self._appended.per_second if self.ends else None
        return self._reading(topic.name, snapshot)

    def remembered(self, name: str) -> RememberedTopic:
        """What is to outlive the process."""
        return self._remembered or RememberedTopic(name, self._topic_id, self.histories)

    def depart(self) -> None:
        """The topic is gone: keep its counter, let go of the rest."""
        self.generation += 1
        self._remembered = None
        self.histories.clear()
        self._open_since.clear()
        self.ends, self.stable_ends, self.log_starts = _NOTHING, _NOTHING, _NO_OFFSETS

    def _take_ends(self, topic: str) -> int:
        count = 0
        for partition, end in self.ends.items():
            count += appended(self._last_ends.get(partition), end.offset, is_new=partition in self._unread)
            self._last_ends[partition] = end.offset
            self._history(topic, partition).observe(end)
        self._unread.difference_update(self.ends)
        return count

    def _is_made_anew(self, topic: Topic) -> bool:
        if topic.topic_id is not None:
            return self._topic_id is not None and topic.topic_id != self._topic_id
        # Brokers older than 2.8 give no ids: an end that fell is the only sign.
        return any(end.offset < self._last_ends.get(partition, 0) for partition, end in self.ends.items())

    def _history(self, topic: str, partition: int) -> OffsetHistory:
        history = self.histories.get(partition)
        if history is None:
            history = self.histories[partition] = history_for(topic, partition, self._history_points)
        return history

    def _reading(self, name: str, snapshot: ClusterSnapshot) -> TopicReading:
        last_stable = snapshot.last_stable.get(name, {})
        open_for = self._open_transactions(last_stable, snapshot.finished)
        rows = tuple(
            PartitionReading(
                placement,
                None if (end := self.ends.get(partition)) is None else end.offset,
                last_stable.get(partition),
                self.log_starts.get(partition),
                self.sizes.get(partition),
                open_for.get(partition),
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

    def _open_transactions(self, last_stable: Mapping[int, int | None], now: float) -> dict[int, float]:
        """For how long, at least, each partition's last stable offset has stood still below the end.

        The record at that offset is the first of the oldest open transaction: it is open since that came, where the
        history reaches back to it (over a restart too), or since the offset was first seen there. Where the offset
        cannot be read nothing is told, but it goes on: where it is then found unmoved it has stood still.
        """
        before = self._open_since
        seen_now = {
            partition: seen
            if (seen := before.get(partition)) and seen[0] == offset
            else (offset, self._came(partition, offset, now))
            for partition, offset in last_stable.items()
            if offset is not None
        }
        unread = {p: seen for p, seen in before.items() if p not in self.ends or last_stable.get(p, 0) is None}
        self._open_since = unread | seen_now
        return {partition: now - since for partition, (_, since) in seen_now.items()}

    def _came(self, partition: int, offset: int, now: float) -> float:
        """The latest instant at which the record at an offset can have come."""
        history, end = self.histories.get(partition), self.ends.get(partition)
        if history is None or end is None or end.offset <= offset:
            return now
        return history.proven(offset).latest


class Topics:
    """The memory of all topics of a cluster."""

    def __init__(self, history_points: int) -> None:
        self._history_points = history_points
        self._departed: Departed[TopicState] = Departed()
        self._remembered: dict[str, RememberedTopic] = {}
        self.states: dict[str, TopicState] = {}

    def update(self, snapshot: ClusterSnapshot) -> dict[str, TopicReading]:
        """Take one reading of all topics; a topic that is gone takes its readings with it."""
        for name in [name for name in self.states if name not in snapshot.topics]:
            state = self.states.pop(name)
            state.depart()
            self._departed.keep(name, state, snapshot.finished)
        readings = {name: self._state(name).update(topic, snapshot) for name, topic in snapshot.topics.items()}
        self._remembered.clear()  # what is not among the topics now was deleted meanwhile
        return readings

    def restore(self, remembered: RememberedEnds) -> None:
        """Take up what an earlier process knew; before the first reading."""
        self._remembered = remembered.topics

    def remembered(self) -> Iterator[RememberedTopic]:
        """What is to outlive the process, by topic; to be used up before the next reading."""
        return (state.remembered(name) for name, state in self.states.items())

    def history_size(self) -> HistorySize:
        """How much is remembered."""
        partitions = points = 0
        for state in self.states.values():
            partitions += len(state.histories)
            points += sum(map(len, state.histories.values()))
        return HistorySize(partitions, points)

    def _state(self, name: str) -> TopicState:
        state = self.states.get(name)
        if state is None:
            state = self.states[name] = self._departed.recall(name) or TopicState(
                self._history_points, self._remembered.get(name)
            )
        return state


def _stable(ends: Mapping[int, EndOffset], last_stable: Mapping[int, int | None] | None) -> Mapping[int, EndOffset]:
    """The ends, lowered to the last stable offset where a transaction is open; absent where that is not known."""
    if not last_stable:
        return ends
    stable = {}
    for partition, end in ends.items():
        offset = last_stable.get(partition, end.offset)
        if offset is not None:
            stable[partition] = EndOffset(offset, end.asked, end.answered)
    return stable


def _on_our_clock(
    stamps: Mapping[tuple[int, int], Stamp] | None, snapshot: ClusterSnapshot
) -> Mapping[tuple[int, int], Stamp]:
    if not stamps:
        return _NO_STAMPS
    ahead = snapshot.read_at - snapshot.finished
    return {
        key: Stamp(None if at is None else at - ahead, None if next_at is None else next_at - ahead)
        for key, (at, next_at) in stamps.items()
    }


def _leaders_sizes(topic: Topic, replicas: Mapping[int, Mapping[int, int]]) -> dict[int, int]:
    return {
        number: size
        for number, partition in topic.partitions.items()
        if partition.leader is not None and (size := replicas.get(number, {}).get(partition.leader)) is not None
    }
