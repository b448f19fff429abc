"""The rows of consumer groups: group, then topic, then partition, each with its lag and why it is not known."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamgauge.model.reading import GroupReading, GroupTopicLag, PartitionLag
from streamgauge.web.pages import wording
from streamgauge.web.pages.group_status import group_status, kafka_state, notes, status_text
from streamgauge.web.pages.state import PageState, row_key
from streamgauge.web.pages.waits import longest_wait, longest_wait_text, wait_text
from streamgauge.web.pages.wording import Text

_MOST_PARTITIONS = 256


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """One partition of a group's topic."""

    key: str
    name: str
    owner: Text
    committed: str
    lag: Text
    wait: Text


@dataclass(frozen=True, slots=True)
class GroupTopicRow:
    """One topic of a group; ``partitions`` is empty while the row is closed."""

    key: str
    name: str
    status: Text
    partition_count: str
    notes: Sequence[Text]
    lag: Text
    wait: Text
    rate: Text
    opened: bool
    partitions: Sequence[PartitionRow]
    hidden_partitions: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One consumer group; ``topics`` is empty while the row is closed.

    Attributes:
        status: what it is doing.
        state: Kafka's own word on it; None where it is not known.
        trend: what its little chart draws.
    """

    key: str
    name: str
    status: Text
    state: Text | None
    topic_count: str
    lag: Text
    wait: Text
    trend: float | None
    rate: Text
    members: Text
    opened: bool
    topics: Sequence[GroupTopicRow]


def group_row(cluster: str, group: GroupReading, state: PageState) -> GroupRow:
    """The row of a group, with those below it that are open."""
    key = row_key("group", cluster, group.name)
    opened = key in state.opened
    lags = [lag for _, lag in sorted(group.topics.items())]
    return GroupRow(
        key=key,
        name=wording.shown(group.name),
        status=group_status(group),
        state=kafka_state(group.state),
        topic_count=wording.count(len(lags)),
        lag=_lag(group.lag_sum, group.max_lag, lags),
        wait=longest_wait_text(group.max_lag_seconds, lags, group.slo_lag_seconds),
        trend=longest_wait(group),
        rate=_rate(group.consumed_per_second, lags),
        members=_members(group),
        opened=opened,
        topics=[_topic_row(cluster, group, lag, state) for lag in lags] if opened else [],
    )


def _topic_row(cluster: str, group: GroupReading, lag: GroupTopicLag, state: PageState) -> GroupTopicRow:
    key = row_key("group", cluster, group.name, lag.topic)
    opened = key in state.opened
    owners = _owners(group, lag.topic)
    nobody = _nobody(group)
    rows = list(lag.rows()) if opened else []
    return GroupTopicRow(
        key=key,
        name=wording.shown(lag.topic),
        status=status_text(lag.status),
        partition_count=wording.counted(len(lag.partitions), "partition"),
        notes=notes(lag),
        lag=_lag(lag.lag_sum, lag.max_lag, [lag]),
        wait=longest_wait_text(lag.max_lag_seconds, [lag], group.slo_lag_seconds),
        rate=_rate(lag.consumed_per_second, [lag]),
        opened=opened,
        partitions=[
            _partition_row(key, row, owners.get(row.partition, nobody), group.slo_lag_seconds)
            for row in rows[:_MOST_PARTITIONS]
        ],
        hidden_partitions=max(0, len(rows) - _MOST_PARTITIONS),
    )


def _partition_row(topic_key: str, row: PartitionLag, owner: Text, limit: float | None) -> PartitionRow:
    lag = wording.unknown("its end offset could not be read") if row.lag is None else Text(wording.count(row.lag))
    return PartitionRow(
        key=f"{topic_key}/{row.partition}",
        name=f"Partition {row.partition}",
        owner=owner,
        committed=wording.count(row.committed),
        lag=lag,
        wait=wait_text(row, limit),
    )


def _lag(lag_sum: int | None, max_lag: int | None, lags: Sequence[GroupTopicLag]) -> Text:
    if lag_sum is not None:
        return Text(wording.count(lag_sum))
    unknown = sum(lag.unknown for lag in lags)
    if not unknown:
        return wording.nothing_committed()
    why = f"the lag of {wording.counted(unknown, 'committed partition')} could not be read"
    if not max_lag:  # that others have no lag says nothing
        return wording.unknown(why)
    return Text(wording.at_least(wording.count(max_lag)), f"{why}; the worst of the others is shown", "unknown")


def _rate(rate: float | None, lags: Sequence[GroupTopicLag]) -> Text:
    if rate is not None:
        return Text(wording.rate(rate))
    return wording.unknown("known after two readings") if lags else wording.nothing_committed()


def _members(group: GroupReading) -> Text:
    if group.members is None:
        return wording.unknown("the group's members could not be read")
    return Text(wording.count(len(group.members)))


def _nobody(group: GroupReading) -> Text:
    """What stands for the owner of a partition that no known member is assigned."""
    if group.members is None:
        return _members(group)
    if any(member.assignment is None for member in group.members):
        return wording.unknown("the assignment of one of the group's members could not be read")
    return Text("no member", "no member of the group is assigned this partition", "none")


def _owners(group: GroupReading, topic: str) -> dict[int, Text]:
    return {
        partition: Text(wording.shown(member.client_id), f"{member.member_id} at {member.host}")
        for member in group.members or ()
        for partition in (member.assignment or {}).get(topic, ())
    }
