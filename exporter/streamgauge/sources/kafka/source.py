"""One cycle of reading a Kafka cluster: the order of its requests, and what is read more rarely than the rest.

Commits are read before end offsets, so that no consumer can overtake the end between the two: lag is never negative
by the order of reading. With one broker a cycle takes six requests, and one or two more when groups have changed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import ClusterSnapshot, EndOffset, Group, Quorum, Sought, Tail, Topic, TopicConfig
from streamgauge.sources.kafka.connection import Connection, NodeId, Wanted
from streamgauge.sources.kafka.failures import Failures
from streamgauge.sources.kafka.groups import (
    Description,
    ListedGroup,
    Listing,
    describe_groups,
    find_coordinators,
    list_groups,
)
from streamgauge.sources.kafka.leader_epochs import LeaderEpochs
from streamgauge.sources.kafka.log_dirs import LogDirs, read_log_dirs
from streamgauge.sources.kafka.metadata import Metadata, read_metadata, read_quorum, read_reassignments
from streamgauge.sources.kafka.offsets import Commits, read_commits, read_ends, read_last_stable, read_log_starts
from streamgauge.sources.kafka.search import SoughtRecord, Stamps, TimestampSearch
from streamgauge.sources.kafka.topic_configs import read_topic_configs
from streamgauge.sources.kafka.trailing_markers import read_tails

RARE_SECONDS = 60.0
"""What changes slowly (members of a group whose state has not changed, configurations, disks) is read this often."""

FORBIDDEN_SECONDS = 3600.0
"""What may not be read is asked for again this often: rights are granted now and then, and each refusal is logged."""

_MEMBERLESS = ("Empty", "Dead")


class KafkaSource:
    """Reads one Kafka cluster. ``read`` belongs to one thread.

    Args:
        cluster: the cluster's name in every series.
        connection: how its brokers are asked.
        interval: seconds between the starts of two readings.
        deadline: seconds that one reading may take.
        topics: which topics are watched.
        groups: which of the groups that the brokers list are watched.
        search: how records are searched for by their timestamps.
        explicit_groups: for brokers that cannot list groups: each group with the topics that it reads. Other groups,
            members, configurations and disks are not read then.
        clock: monotonic seconds.
        wall_clock: seconds since the epoch.
    """

    name = "kafka"
    help = "Brokers, topics, offsets and consumer groups, by Kafka's own protocol."

    def __init__(  # noqa: PLR0913  # one argument a setting; all by name
        self,
        *,
        cluster: str,
        connection: Connection,
        interval: float,
        deadline: float,
        topics: Wanted,
        groups: Wanted,
        explicit_groups: Mapping[str, Sequence[str]] | None = None,
        search: TimestampSearch,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.cluster = cluster
        self.target = ",".join(connection.bootstrap_servers)
        self.interval = interval
        self.deadline = deadline
        self._connection = connection
        self._topics = topics
        self._groups = groups
        self._explicit_groups = explicit_groups or {}
        self._search = search
        self._leader_epochs = LeaderEpochs()
        self._sought: tuple[Sought, ...] = ()
        self._tails: tuple[Tail, ...] = ()
        self._unreadable_tails: dict[str | Tail, float] = {}  # topics without the right, tails not told; until when
        self._clock = clock
        self._wall_clock = wall_clock
        self._cycle_number = 0
        self._rare_cycles = max(1, round(RARE_SECONDS / interval))
        self._listed: dict[str, ListedGroup] = {}
        self._described: dict[str, tuple[ListedGroup, Description]] = {}
        self._coordinators: dict[str, NodeId] = {}
        self._topic_configs: dict[str, TopicConfig] = {}
        self._reassigning: dict[str, frozenset[int]] | None = None
        self._unreadable: set[str] = (
            set()
        )  # topics whose configuration may not be read: not asked again before its turn
        self._quorum: Quorum | None = None
        self._log_dirs = LogDirs((), {}, forbidden=False)
        self._log_dirs_due = 0.0

    def look_for(self, sought: tuple[Sought, ...], tails: tuple[Tail, ...]) -> None:
        """Say what the next reading should find out besides: records' timestamps, and what tails consist of."""
        self._sought, self._tails = sought, tails

    def read(self) -> ClusterSnapshot:
        """Read everything once.

        Raises:
            SourceError: no broker answered, or the deadline passed.
        """
        snapshot = self._connection.run(self._cycle, self.deadline)
        self._cycle_number += 1
        return snapshot

    def requests(self) -> Mapping[str, int]:
        """Requests sent since the start, by Kafka's name of the API."""
        return dict(self._connection.requests)

    def interrupt(self) -> None:
        """End a reading that is under way, from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    async def _cycle(self) -> ClusterSnapshot:
        started = self._clock()
        failures = Failures()
        connection = self._connection
        metadata = await read_metadata(connection, self._topics, failures)
        metadata = replace(metadata, topics=self._leader_epochs.raised(metadata.topics))
        listing = await self._list(metadata, failures)
        commits = await read_commits(connection, self._wanted_commits(listing, metadata), self._topics, failures)
        ends = await read_ends(connection, metadata.topics, failures)
        log_starts = await read_log_starts(connection, metadata.topics, failures)
        last_stable = await read_last_stable(connection, metadata.topics, ends, failures)
        await self._describe(listing, failures)
        await self._read_rare(metadata, failures)
        wanted = list(self._wanted_records(commits, ends, log_starts))
        stamps, tails = await self._look_closer(metadata, wanted, started, failures)
        return ClusterSnapshot(
            started=started,
            finished=self._clock(),
            read_at=self._wall_clock(),
            brokers=metadata.brokers,
            controller=metadata.named_controller if self._quorum is None else self._quorum.leader,
            topics=metadata.topics,
            ends=ends,
            last_stable=last_stable,
            log_starts=log_starts,
            groups={name: self._group(group, commits) for name, group in listing.groups.items()},
            broker_loads=metadata.loads,
            topic_configs=self._topic_configs,
            reassigning=self._reassigning,
            log_dirs=self._log_dirs.log_dirs,
            replica_bytes=self._log_dirs.replica_bytes,
            quorum=self._quorum,
            stamps=stamps,
            searching=self._search.waiting,
            tails=tails,
            failures=failures.noted(),
        )

    async def _read_rare(self, metadata: Metadata, failures: Failures) -> None:
        """What changes slowly: all of it at its turn, and a new topic's configuration at once."""
        if self._explicit_groups:  # brokers that cannot list groups cannot tell these either
            return
        turn = self._cycle_number % self._rare_cycles == 0
        connection = self._connection
        known = {} if turn else self._topic_configs
        missing = [name for name in metadata.topics if name not in known]
        if turn or set(missing) - self._unreadable:
            read = await read_topic_configs(connection, missing, failures)
            self._unreadable = {name for name in metadata.topics if name not in read and name not in known}
            self._topic_configs = {**known, **read}
        if not turn:
            return
        self._quorum = await read_quorum(connection, failures)
        self._reassigning = await read_reassignments(connection, self._topics, failures)
        if self._clock() >= self._log_dirs_due:
            node_ids = [broker.node_id for broker in metadata.brokers]
            self._log_dirs = await read_log_dirs(connection, node_ids, self._topics, failures)
            if self._log_dirs.forbidden:
                self._log_dirs_due = self._clock() + FORBIDDEN_SECONDS

    def _wanted_records(
        self,
        commits: Mapping[str, Commits],
        ends: Mapping[str, Mapping[int, EndOffset]],
        log_starts: Mapping[str, Mapping[int, int]],
    ) -> Iterator[SoughtRecord]:
        """Where the groups that an earlier reading named are now: their next records, if any wait."""
        for group, topic, partition in self._sought:
            committed = commits.get(group, {}).get(topic, {}).get(partition)
            end = ends.get(topic, {}).get(partition)
            if committed is None or end is None:
                continue
            offset = max(committed, log_starts.get(topic, {}).get(partition, 0))
            if offset < end.offset:
                yield SoughtRecord(topic, partition, offset, end.offset)

    async def _look_closer(
        self, metadata: Metadata, wanted: Sequence[SoughtRecord], started: float, failures: Failures
    ) -> tuple[Stamps, Mapping[Tail, bool]]:
        """What earlier readings left open, in the half of the deadline that is spare."""
        topics, half = metadata.topics, started + self.deadline / 2
        stamps = await self._search.find(wanted, topics, self._wall_clock(), lambda: self._clock() < half, failures)
        self._unreadable_tails = {name: due for name, due in self._unreadable_tails.items() if due > self._clock()}
        asked = [tail for tail in self._tails if not {tail, tail.topic} & self._unreadable_tails.keys()]
        if not asked or self._clock() >= half:
            return stamps, {}
        tails = await read_tails(self._connection, asked, topics, failures)
        self._unreadable_tails |= dict.fromkeys(tails.forbidden, self._clock() + FORBIDDEN_SECONDS)
        self._unreadable_tails |= dict.fromkeys(set(asked) - tails.results.keys(), self._clock() + RARE_SECONDS)
        return stamps, tails.results

    async def _list(self, metadata: Metadata, failures: Failures) -> Listing:
        if self._explicit_groups:
            return await self._locate(failures)
        node_ids = [broker.node_id for broker in metadata.brokers]
        listing = await list_groups(self._connection, node_ids, self._groups, failures)
        # A coordinator that does not answer has not lost its groups: they stay, unknown, while it is in the metadata.
        missing = {
            name: group
            for name, group in self._listed.items()
            if name not in listing.groups and group.coordinator in listing.silent
        }
        listing.groups.update(missing)
        self._listed = listing.groups
        return listing

    async def _locate(self, failures: Failures) -> Listing:
        unknown = [name for name in self._explicit_groups if name not in self._coordinators]
        try:
            self._coordinators |= await find_coordinators(self._connection, unknown, failures)
        except SourceError as error:
            failures.note("groups", error.code, str(error), len(unknown))
        groups = {
            name: ListedGroup(name, self._coordinators[name], "consumer", None, None)
            for name in self._explicit_groups
            if name in self._coordinators
        }
        return Listing(groups, frozenset())

    def _wanted_commits(
        self, listing: Listing, metadata: Metadata
    ) -> dict[NodeId, dict[str, Mapping[str, Iterable[int]] | None]]:
        wanted: dict[NodeId, dict[str, Mapping[str, Iterable[int]] | None]] = {}
        for name, group in listing.groups.items():
            if group.coordinator in listing.silent:
                continue
            topics = self._explicit_groups.get(name)
            asked = None if topics is None else _partitions_of(topics, metadata.topics)
            wanted.setdefault(group.coordinator, {})[name] = asked
        return wanted

    async def _describe(self, listing: Listing, failures: Failures) -> None:
        if self._explicit_groups:
            return
        due = [group for group in listing.groups.values() if self._is_due(group, listing)]
        described = await describe_groups(self._connection, due, failures) if due else {}
        kept = {name: known for name, known in self._described.items() if name in listing.groups}
        for group in due:
            kept.pop(group.name, None)
            if group.name in described:
                kept[group.name] = (group, described[group.name])
        self._described = kept

    def _is_due(self, group: ListedGroup, listing: Listing) -> bool:
        if group.coordinator in listing.silent or group.state in _MEMBERLESS:
            return False
        known = self._described.get(group.name)
        if known is None or group.state is None or known[0] != group:
            return True
        # A rebalance can begin and end between two cycles; each cycle looks at its share of the unchanged groups.
        return (hash(group.name) + self._cycle_number) % self._rare_cycles == 0

    def _group(self, group: ListedGroup, commits: Mapping[str, Commits]) -> Group:
        if self._explicit_groups and group.name not in commits:
            self._coordinators.pop(group.name, None)  # it may have moved: look it up again
        known = self._described.get(group.name)
        description = known[1] if known is not None and known[0] == group else None
        memberless = group.state in _MEMBERLESS
        return Group(
            name=group.name,
            state=group.state or (description.state if description else None),
            group_type=group.group_type,
            protocol_type=group.protocol_type or None,
            assignor=description.assignor if description else None,
            coordinator=group.coordinator if isinstance(group.coordinator, int) else None,
            commits=commits.get(group.name),
            members=() if memberless else description.members if description else None,
        )


def _partitions_of(names: Sequence[str], topics: Mapping[str, Topic]) -> dict[str, Iterable[int]]:
    return {name: list(topics[name].partitions) for name in names if name in topics}
