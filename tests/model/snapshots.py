"""Snapshots in a few words, and a model that is fed with them.

A cycle *at* an instant asks for the end offsets then and has the answer one second later.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from streamgauge.model.cluster import ClusterModel
from streamgauge.model.groups import GroupRules
from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag, TopicReading
from streamgauge.model.search import SearchRules
from streamgauge.model.snapshot import Broker, ClusterSnapshot, EndOffset, Group, Member, Partition, Topic

TOPIC = "orders"
GROUP = "billing"
ANSWER_SECONDS = 1.0
RULES = GroupRules(
    interval=10.0,
    window=60.0,
    limit_of=lambda _: 300.0,
    reads_committed=lambda name: name.endswith("-committed"),
    search=SearchRules(precision=20.0, clock_skew=1.0),
)

Offsets = Mapping[int, int]
Commits = Mapping[int, int | None]


def placed(partitions: Iterable[int]) -> dict[int, Partition]:
    """Partitions, each on one broker that leads it."""
    return {number: Partition(number, 1, (1,), (1,)) for number in partitions}


def topic(partitions: Iterable[int] = (0,), *, name: str = TOPIC, topic_id: str | None = "first") -> Topic:
    """A topic; a new ``topic_id`` is a topic made anew."""
    return Topic(name, topic_id, placed(partitions))


def member(*partitions: int, name: str = TOPIC) -> Member:
    """A member that is assigned these partitions of a topic."""
    return Member("consumer-1", "client", "/10.0.0.1", {name: partitions})


def group(
    commits: Mapping[str, Commits] | None,
    *,
    name: str = GROUP,
    state: str | None = "Stable",
    members: tuple[Member, ...] | None = (),
) -> Group:
    """A group with its commits by topic; None: its coordinator did not answer."""
    return Group(name, state=state, commits=commits, members=members)


def ends_at(at: float, ends: Offsets) -> dict[int, EndOffset]:
    """End offsets that were asked for at an instant."""
    return {partition: EndOffset(offset, at, at + ANSWER_SECONDS) for partition, offset in ends.items()}


def snapshot(
    at: float,
    *,
    topics: Iterable[Topic] = (),
    groups: Iterable[Group] = (),
    ends: Mapping[str, Offsets] | None = None,
    log_starts: Mapping[str, Offsets] | None = None,
    **found: Any,
) -> ClusterSnapshot:
    """One cycle's view of a cluster with one broker; ``found``: what else the snapshot holds."""
    return ClusterSnapshot(
        started=at,
        finished=at + ANSWER_SECONDS,
        read_at=1_700_000_000 + at,
        brokers=(Broker(1, "kafka-1", 9092),),
        controller=1,
        topics={one.name: one for one in topics},
        ends={name: ends_at(at, offsets) for name, offsets in (ends or {}).items()},
        log_starts=log_starts or {},
        groups={one.name: one for one in groups},
        **found,
    )


class Watched:
    """A model of a cluster that is watched, and its last reading; mostly one group on one topic."""

    reading: ClusterReading

    def __init__(self, history_points: int = 64) -> None:
        self._model = ClusterModel("test", history_points, RULES)

    def take(self, seen: ClusterSnapshot) -> ClusterReading:
        """Feed a snapshot."""
        self.reading = self._model.update(seen)
        return self.reading

    def see(
        self,
        at: float,
        ends: Offsets,
        commits: Commits | None = None,
        *,
        topic_id: str | None = "first",
        name: str = GROUP,
        **found: Any,
    ) -> "Watched":
        """Feed a cycle that saw one topic with these ends, and the group with these commits."""
        seen = snapshot(
            at,
            topics=[topic(ends, topic_id=topic_id)],
            ends={TOPIC: ends},
            groups=[] if commits is None else [group({TOPIC: commits}, name=name)],
            **found,
        )
        self.take(seen)
        return self

    @property
    def topic(self) -> TopicReading:
        """The topic's last reading."""
        return self.reading.topics[TOPIC]

    @property
    def group(self) -> GroupReading:
        """The group's last reading."""
        return self.reading.groups[GROUP]

    @property
    def lag(self) -> GroupTopicLag:
        """The group's last lag on the topic."""
        return self.group.topics[TOPIC]
