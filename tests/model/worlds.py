"""A small Kafka on a clock of its own, where it is known when each record was truly appended.

A world lives by steps; some of them are cycles, in which its topic and its consumer group are read as the Kafka source
reads them: metadata, commits, ends, log starts, each at an instant of its own, with life going on in between.

What no reading can show does not happen in it: a log that is cut short, and a topic made anew on brokers that give no
ids, stay as they are until that was seen. (A cut that has been filled up again before the next reading is invisible:
ListOffsets gives no sign of it.)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from streamgauge.model.snapshot import ClusterSnapshot, EndOffset, Group, Topic
from tests.model.snapshots import GROUP, TOPIC, member, placed


@dataclass
class Log:
    """One partition's log: when the record at each offset was appended, those deleted since among them."""

    appended: list[float] = field(default_factory=list)
    log_start: int = 0
    read_end: int | None = None  # the highest end that was seen and has not been seen to fall

    @property
    def end(self) -> int:
        """The end offset."""
        return len(self.appended)

    @property
    def is_held(self) -> bool:
        """Whether nothing may be appended, because it fell and that was not seen yet."""
        return self.read_end is not None and self.end < self.read_end


@dataclass(frozen=True)
class Seen:
    """A cycle as the model gets it, with what a law needs to know: the offsets that were read, and the truth.

    Attributes:
        snapshot: what the model gets.
        commits: the commits as read.
        appended: when each record was truly appended, by partition.
        epoch: grows when all that was seen of the topic before is void: it is another one, or may be.
    """

    snapshot: ClusterSnapshot
    commits: Mapping[int, int | None] | None
    appended: Mapping[int, tuple[float, ...]]
    epoch: int

    @property
    def ends(self) -> Mapping[int, EndOffset]:
        """The ends as read."""
        return self.snapshot.ends.get(TOPIC, {})

    @property
    def log_starts(self) -> Mapping[int, int]:
        """The log starts as read."""
        return self.snapshot.log_starts.get(TOPIC, {})

    def next_record(self, partition: int) -> int | None:
        """The offset that the group reads next: its commit, or the log start where that has passed it."""
        committed = (self.commits or {}).get(partition)
        return None if committed is None else max(committed, self.log_starts.get(partition, 0))


@dataclass
class World:
    """One topic, read by one group.

    Args:
        partitions: the topic's partitions.
        has_ids: whether the brokers give topic ids.
    """

    partitions: int
    has_ids: bool
    now: float = 1000.0
    topic_number: int = 0
    epoch: int = 0
    logs: dict[int, Log] = field(default_factory=dict)
    commits: dict[int, int] = field(default_factory=dict)
    has_members: bool = True
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs = {partition: Log() for partition in range(self.partitions)}

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def log(self, partition: int) -> Log | None:
        """One of the logs; any number stands for one, as long as there is a topic."""
        return self.logs[partition % len(self.logs)] if self.logs else None

    def append(self, partition: int, records: int) -> None:
        """Records are appended, all now; nothing where that would hide what must be seen first."""
        log = self.log(partition)
        if log is not None and not any(one.is_held for one in self.logs.values()):
            log.appended += [self.now] * records

    def commit(self, partition: int, share: float) -> None:
        """The group commits an offset, forward or back: a share of what was ever appended."""
        log = self.log(partition)
        if log is not None:
            self.commits[partition % len(self.logs)] = round(share * log.end)

    def retain(self, partition: int, share: float) -> None:
        """Retention deletes the oldest records: a share of what is there."""
        log = self.log(partition)
        if log is not None:
            log.log_start += round(share * (log.end - log.log_start))

    def cut(self, partition: int, records: int) -> None:
        """An unclean election cuts the log short."""
        log = self.log(partition)
        if log is not None:
            del log.appended[max(0, log.end - records) :]
            log.log_start = min(log.log_start, log.end)

    def add_partition(self) -> None:
        """The topic gets one more partition."""
        if self.logs:
            self.logs[len(self.logs)] = Log()

    def delete(self, *, commits_stay: bool) -> None:
        """The topic is deleted, mostly with the group's commits on it."""
        self.logs = {}
        if not commits_stay:
            self.commits = {}

    def create(self, *, partitions: int, records: int) -> None:
        """A topic of the same name is made, if there is none."""
        if self.logs:
            return
        self.topic_number += 1
        self.epoch += 1
        before = self._known_ends() if not self.has_ids else {}
        self.logs = {partition: Log(read_end=before.get(partition)) for partition in range(partitions)}
        self.commits = {partition: offset for partition, offset in self.commits.items() if partition in self.logs}
        for partition in self.logs:
            self.append(partition, records)

    def cycle(self, cycle: "Cycle") -> None:
        """The source reads all once; life goes on between its requests."""
        topics = {TOPIC: Topic(TOPIC, self._topic_id(), placed(self.logs))} if self.logs else {}
        started, names = self.now, set(self.logs)
        commits = self._read_commits(cycle)
        self._live(cycle.before_ends)
        asked = self.now
        self._live(cycle.before_answer)
        ends = {partition: log.end for partition, log in self.logs.items() if partition in names - cycle.missing_ends}
        self._note_falls(ends)
        self._live(cycle.after_answer)
        self.wait(0.01)
        answered = self.now
        starts = {one: log.log_start for one, log in self.logs.items() if one in names and cycle.reads_log_starts}
        snapshot = ClusterSnapshot(
            started=started,
            finished=self.now,
            read_at=self.now,
            topics=topics,
            ends={TOPIC: {one: EndOffset(end, asked, answered) for one, end in ends.items()}} if ends else {},
            log_starts={TOPIC: starts},
            groups={} if cycle.is_group_missing else {GROUP: self._group(commits)},
        )
        appended = {partition: tuple(log.appended) for partition, log in self.logs.items()}
        self.seen.append(Seen(snapshot, commits, appended, self.epoch))

    def _note_falls(self, ends: Mapping[int, int]) -> None:
        if not self.has_ids and any(self.logs[partition].is_held for partition in ends):
            self.epoch += 1  # without ids, any end that falls may mean that the topic was made anew
        for partition, end in ends.items():
            self.logs[partition].read_end = end

    def _read_commits(self, cycle: "Cycle") -> dict[int, int | None] | None:
        if cycle.is_coordinator_silent:
            return None
        return {one: None if one in cycle.missing_commits else offset for one, offset in self.commits.items()}

    def _group(self, commits: Mapping[int, int | None] | None) -> Group:
        return Group(
            GROUP,
            state="Stable" if self.has_members else "Empty",
            commits=None if commits is None else {TOPIC: commits} if commits else {},
            members=(member(*self.logs),) if self.has_members else (),
        )

    def _live(self, steps: Iterable["Step"]) -> None:
        self.wait(0.01)
        for step in steps:
            step.happen(self)

    def _topic_id(self) -> str | None:
        return f"id-{self.topic_number}" if self.has_ids else None

    def _known_ends(self) -> dict[int, int]:
        """The ends of the topic before, unless a cycle saw that it was gone."""
        if not self.seen or not self.seen[-1].snapshot.topics:
            return {}
        known: dict[int, int] = {}
        for seen in self.seen:
            known |= {partition: end.offset for partition, end in seen.ends.items()}
            known = known if seen.snapshot.topics else {}
        return known


class Step:
    """Something that happens in a world."""

    def happen(self, world: World) -> None:
        """Let it happen."""
        raise NotImplementedError


@dataclass(frozen=True)
class Append(Step):
    """Records are appended after a while."""

    after: float
    partition: int
    records: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.wait(self.after)
        world.append(self.partition, self.records)


@dataclass(frozen=True)
class Commit(Step):
    """The group commits, forward or back."""

    partition: int
    share: float

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.commit(self.partition, self.share)


@dataclass(frozen=True)
class Retain(Step):
    """Retention takes the oldest records."""

    partition: int
    share: float

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.retain(self.partition, self.share)


@dataclass(frozen=True)
class Cut(Step):
    """A log is cut short."""

    partition: int
    records: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.cut(self.partition, self.records)


@dataclass(frozen=True)
class Accident(Step):
    """A log is cut short below the group's commit, which is seen, and grows beyond it again."""

    partition: int
    below: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        log = world.log(self.partition)
        if log is None:
            return
        committed = world.commits.get(self.partition % len(world.logs), log.end)
        world.cut(self.partition, log.end - committed + self.below)
        world.cycle(Cycle())
        world.wait(20)
        world.append(self.partition, self.below + 3)
        world.cycle(Cycle())


@dataclass(frozen=True)
class MadeAnew(Step):
    """The topic is deleted and made anew while the group's commits stay where they were; the new one outgrows them."""

    is_seen_gone: bool
    outgrows_the_old: bool
    beyond: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        ends = [log.end for log in world.logs.values()]
        records = max([0, *world.commits.values(), *(ends if self.outgrows_the_old else [])]) + self.beyond
        partitions = max(1, len(world.logs))
        world.delete(commits_stay=True)
        if self.is_seen_gone:
            world.cycle(Cycle())
        world.wait(5)
        world.create(partitions=partitions, records=records)
        for _ in range(2):
            world.cycle(Cycle())
            world.wait(5)
            for partition in world.logs:
                world.append(partition, records)
        world.cycle(Cycle())


@dataclass(frozen=True)
class LookBack(Step):
    """The group is reset to one place after another, each seen once."""

    places: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        for place in range(self.places):
            for partition in world.logs:
                world.commit(partition, place / self.places)
            world.cycle(Cycle())


@dataclass(frozen=True)
class AddPartition(Step):
    """The topic gets one more partition."""

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.add_partition()


@dataclass(frozen=True)
class Delete(Step):
    """The topic is deleted."""

    commits_stay: bool

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.delete(commits_stay=self.commits_stay)


@dataclass(frozen=True)
class Create(Step):
    """The topic is made anew, if it is gone."""

    partitions: int
    records: int

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.create(partitions=self.partitions, records=self.records)


@dataclass(frozen=True)
class MembersChange(Step):
    """All members leave, or some come back."""

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.has_members = not world.has_members


@dataclass(frozen=True)
class Cycle(Step):
    """The source reads; some of it may be missing, and life goes on meanwhile."""

    before_ends: tuple[Step, ...] = ()
    before_answer: tuple[Step, ...] = ()
    after_answer: tuple[Step, ...] = ()
    missing_ends: frozenset[int] = frozenset()
    missing_commits: frozenset[int] = frozenset()
    reads_log_starts: bool = True
    is_coordinator_silent: bool = False
    is_group_missing: bool = False

    def happen(self, world: World) -> None:
        """Let it happen."""
        world.cycle(self)


@dataclass(frozen=True)
class Flow(Step):
    """Many quiet cycles: records come at a steady rate, the group stands still or follows.

    Attributes:
        early: seconds after a cycle at which its records come.
        late: and how many of them pass from there until the next.
    """

    cycles: int
    early: float
    late: float
    records: int
    follows: bool

    def happen(self, world: World) -> None:
        """Let it happen."""
        for _ in range(self.cycles):
            world.wait(self.early)
            for partition in world.logs:
                world.append(partition, self.records)
                if self.follows:
                    world.commit(partition, 1.0)
            world.wait(self.late)
            world.cycle(Cycle())
