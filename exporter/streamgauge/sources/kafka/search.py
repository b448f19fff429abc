"""Finds the timestamps of records by their offsets: the ListOffsets request by timestamp, as a batched bisection.

One request a leader and round, with a timestamp of its own for every partition. It moves no data and needs no right to
read. What is not found within a cycle's budget goes on in the next one from where it stood.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from kafka.protocol.consumer.offsets import IsolationLevel, ListOffsetsRequest

from streamgauge.model.bisection import Bisection, Stamped
from streamgauge.model.snapshot import Stamp, Topic
from streamgauge.sources.kafka.connection import Connection, NodeId, code_name, code_of
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.offsets import leader_epoch

Stamps = dict[str, dict[tuple[int, int], Stamp]]
"""What was found, by topic, then by partition and offset."""

_FIRST_WITH_TIMESTAMPS = 1  # version 0 answers with the ends of segments
_FIRST_WITH_LATEST = 7  # KIP-734, Kafka 3.0
_AHEAD_MS = 60_000  # clocks differ: records may be stamped a little later than now
_Key = tuple[str, int, int]
_Place = tuple[str, int]
_Log = tuple[str | None, int | None]


class SoughtRecord(NamedTuple):
    """A record that is searched for: the first one at or after an offset below the partition's end."""

    topic: str
    partition: int
    offset: int
    end: int


class TimestampSearch:
    """The searches of one cluster, those that go on from cycle to cycle too.

    Args:
        connection: the cluster.
        rounds: requests a leader and cycle, at most.
        partitions: searches under way at once, at most; 0: none.

    Attributes:
        waiting: records that are still searched for after the last cycle.
    """

    def __init__(self, connection: Connection, rounds: int, partitions: int) -> None:
        self._connection = connection
        self._rounds = rounds
        self._partitions = partitions
        self._searches: dict[_Key, Bisection] = {}
        self._logs: dict[_Place, _Log] = {}
        self.waiting = 0

    async def find(
        self,
        wanted: Collection[SoughtRecord],
        topics: Mapping[str, Topic],
        now: float,
        in_time: Callable[[], bool],
        failures: Failures,
    ) -> Stamps:
        """Search for a cycle's rounds, and return what was found.

        Args:
            wanted: where to search now; what is known of a partition serves its next search, and that alone.
            topics: who leads which partition.
            now: wall-clock seconds.
            in_time: whether there is time for another round: a search must not cost the cycle its deadline.
            failures: takes what could not be asked; it is tried again in the next cycle.
        """
        keys = {(one.topic, one.partition, one.offset) for one in wanted}
        self._forget_other_logs(topics)
        self._admit(wanted, round(now * 1000) + _AHEAD_MS)
        self._logs = {key[:2]: _log(topics, key) for key in self._searches}
        unanswered: set[_Key] = set()
        for _ in range(self._rounds):
            asked = self._next(unanswered)
            if not asked or not in_time():
                break
            questions = {key[:2]: self._searches[key].question() for key in asked}
            answers = await _ask(self._connection, questions, topics, failures)
            for key in asked:
                place = key[:2]
                if place in answers:
                    self._searches[key] = self._searches[key].narrowed(questions[place], answers[place])
                else:
                    unanswered.add(key)
        found: Stamps = {}
        for (topic, partition, offset), search in self._searches.items():
            if search.done:
                found.setdefault(topic, {})[partition, offset] = _stamp(search)
        self.waiting = len(keys) - sum(map(len, found.values()))
        return found

    def _forget_other_logs(self, topics: Mapping[str, Topic]) -> None:
        """Of a topic made anew, or cut short by another leader, other records may stand at the same offsets."""
        self._searches = {
            key: search for key, search in self._searches.items() if self._logs[key[:2]] == _log(topics, key)
        }

    def _admit(self, wanted: Collection[SoughtRecord], ceiling: int) -> None:
        """Begin what is new, from what is known of the same partition where something is, and drop the rest."""
        knows_latest = self._connection.supports(ListOffsetsRequest, _FIRST_WITH_LATEST)
        before = self._searches
        of_place = {key[:2]: search for key, search in before.items()}
        self._searches = {}
        room = self._partitions
        for topic, partition, offset, end in wanted:
            key, known = (topic, partition, offset), of_place.get((topic, partition))
            if key in self._searches:  # several groups wait for one record
                continue
            if key in before:
                search = before[key]
            elif known is None:
                search = Bisection(offset, end, ceiling, knows_latest)
            else:
                search = known.moved(offset, end, ceiling)
            room -= 0 if search.done else 1
            if room >= 0:
                self._searches[key] = search

    def _next(self, unanswered: Collection[_Key]) -> list[_Key]:
        """One search a partition: a request may name a partition once."""
        asked: dict[_Place, _Key] = {}
        for key, search in self._searches.items():
            if not search.done and key not in unanswered:
                asked.setdefault(key[:2], key)
        return list(asked.values())


def _log(topics: Mapping[str, Topic], key: _Key) -> _Log:
    """What tells a partition's log from another one of the same name: topic id and leader epoch, where known."""
    topic = topics.get(key[0])
    partition = None if topic is None else topic.partitions.get(key[1])
    return None if topic is None else topic.topic_id, None if partition is None else partition.leader_epoch


def _stamp(search: Bisection) -> Stamp:
    at, above = search.below or search.above, search.above
    next_one = at if search.is_hit else above
    return Stamp(None if at is None else at.timestamp / 1000, None if next_one is None else next_one.timestamp / 1000)


async def _ask(
    connection: Connection, questions: Mapping[_Place, int], topics: Mapping[str, Topic], failures: Failures
) -> dict[_Place, Stamped | None]:
    """The first record of each partition that is not stamped before a time; None: there is none."""
    answers: dict[_Place, Stamped | None] = {}
    for node_id, answer in (await connection.ask_each(_requests(questions, topics))).items():
        if answer.error is not None:
            failures.note("search", code_of(answer.error), f"node {node_id}: {answer.error}")
            continue
        for topic in answer.value.topics:
            for row in topic.partitions:
                place = (topic.name, row.partition_index)
                if row.error_code:
                    failures.note("search", code_name(row.error_code), f"{topic.name}/{row.partition_index}")
                else:
                    answers[place] = Stamped(row.offset, row.timestamp) if row.offset >= 0 else None
    return answers


def _requests(questions: Mapping[_Place, int], topics: Mapping[str, Topic]) -> dict[NodeId, Any]:
    message = ListOffsetsRequest.ListOffsetsTopic
    by_leader: dict[NodeId, dict[str, list[Any]]] = {}
    for (name, number), timestamp in questions.items():
        topic = topics.get(name)
        partition = None if topic is None else topic.partitions.get(number)
        if partition is not None and partition.leader is not None:
            epoch = leader_epoch(partition)
            row = message.ListOffsetsPartition(partition_index=number, current_leader_epoch=epoch, timestamp=timestamp)
            by_leader.setdefault(partition.leader, {}).setdefault(name, []).append(row)
    return {
        leader: ListOffsetsRequest(
            isolation_level=int(IsolationLevel.READ_UNCOMMITTED),
            topics=[message(name=name, partitions=rows) for name, rows in wanted.items()],
            min_version=_FIRST_WITH_TIMESTAMPS,
        )
        for leader, wanted in by_leader.items()
    }
