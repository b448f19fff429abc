"""The rows of consumer groups: group, then topic, then partition, each with its lag and why it is not known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from streamgauge.model.reading import GroupReading, GroupTopicLag, PartitionLag
from streamgauge.web.pages import wording
from streamgauge.web.pages.state import PageState, row_key
from streamgauge.web.pages.wording import Text, Tone

_MOST_PARTITIONS = 256
_STATES: dict[str, Tone] = {
    "Stable": "good",
    "Empty": "quiet",
    "Dead": "bad",
    "PreparingRebalance": "busy",
    "CompletingRebalance": "busy",
    "Assigning": "busy",
    "Reconciling": "busy",
}
_AT_LEAST = "≥\N{NO-BREAK SPACE}"
_NEVER_COMMITTED = "no offset is committed"
_NOT_WATCHED_LONG_ENOUGH = "how long the next record has been waiting has not been observed yet"


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
    note: Text
    partition_count: str
    lag: Text
    wait: Text
    rate: Text
    opened: bool
    partitions: Sequence[PartitionRow]
    hidden_partitions: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One consumer group; ``topics`` is empty while the row is closed; ``trend`` is what its little chart draws."""

    key: str
    name: str
    state: Text
    topic_count: str
    lag: Text
    wait: Text
    trend: float | None
    rate: Text
    members: Text
    opened: bool
    topics: Sequence[GroupTopicRow]


def longest_wait(group: GroupReading) -> float | None:
    """A group's lag in seconds as it is shown: that some partitions have none says nothing of unknown ones."""
    return group.max_lag_seconds or (None if _unknown_waits(group.topics.values()) else group.max_lag_seconds)


def group_row(cluster: str, group: GroupReading, state: PageState) -> GroupRow:
    """The row of a group, with those below it that are open."""
    key = row_key("group", cluster, group.name)
    opened = key in state.opened
    lags = [lag for _, lag in sorted(group.topics.items())]
    return GroupRow(
        key=key,
        name=wording.shown(group.name),
        state=_state(group.state),
        topic_count=wording.count(len(lags)),
        lag=_lag(group.lag_sum, group.max_lag, lags),
        wait=_longest_wait(group.max_lag_seconds, lags),
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
        note=_note(lag),
        partition_count=wording.counted(len(lag.partitions), "partition"),
        lag=_lag(lag.lag_sum, lag.max_lag, [lag]),
        wait=_longest_wait(lag.max_lag_seconds, [lag]),
        rate=_rate(lag.consumed_per_second, [lag]),
        opened=opened,
        partitions=[_partition_row(key, row, owners.get(row.partition, nobody)) for row in rows[:_MOST_PARTITIONS]],
        hidden_partitions=max(0, len(rows) - _MOST_PARTITIONS),
    )


def _partition_row(topic_key: str, row: PartitionLag, owner: Text) -> PartitionRow:
    lag = wording.unknown("its end offset could not be read") if row.lag is None else Text(wording.count(row.lag))
    return PartitionRow(
        key=f"{topic_key}/{row.partition}",
        name=f"Partition {row.partition}",
        owner=owner,
        committed=wording.count(row.committed),
        lag=lag,
        wait=_wait(row),
    )


def _wait(row: PartitionLag) -> Text:
    if row.lag_seconds is None:
        return wording.unknown(_NOT_WATCHED_LONG_ENOUGH)
    if not row.error_bound_seconds:
        return Text(wording.seconds(row.lag_seconds), _bound(row))
    return Text(f"{wording.seconds(row.lag_seconds)} ± {wording.seconds(row.error_bound_seconds)}", _bound(row))


def _bound(row: PartitionLag) -> str:
    if row.lag_seconds is None or row.lag_seconds == 0:
        return ""
    if row.error_bound_seconds is None:
        return "by the producer's timestamp: no bound on the error is known"
    return f"± {wording.seconds(row.error_bound_seconds)}"


def _state(state: str | None) -> Text:
    if state is None:
        return wording.unknown("the group's state could not be read")
    return Text(wording.shown(state), "Kafka's word on the group", _STATES.get(state, "quiet"))


def _lag(lag_sum: int | None, max_lag: int | None, lags: Sequence[GroupTopicLag]) -> Text:
    if lag_sum is not None:
        return Text(wording.count(lag_sum))
    unknown = sum(lag.unknown for lag in lags)
    if not unknown:
        return nothing_committed()
    why = f"the lag of {wording.counted(unknown, 'committed partition')} could not be read"
    if not max_lag:  # that others have no lag says nothing
        return wording.unknown(why)
    return Text(f"{_AT_LEAST}{wording.count(max_lag)}", f"{why}; the worst of the others is shown", "unknown")


def nothing_committed() -> Text:
    """Where there is no lag because there is nothing to be behind of."""
    return wording.nothing(_NEVER_COMMITTED)


def _longest_wait(longest: float | None, lags: Sequence[GroupTopicLag]) -> Text:
    unknown = _unknown_waits(lags)
    if longest is None:
        return wording.unknown(_NOT_WATCHED_LONG_ENOUGH) if unknown else nothing_committed()
    bounds = {_bound(row) for lag in lags for row in lag.rows() if row.lag_seconds == longest}
    title = max(bounds, key=len, default="")
    if not unknown:
        return Text(wording.seconds(longest), title)
    if longest == 0:  # that others have no lag says nothing
        return wording.unknown(_NOT_WATCHED_LONG_ENOUGH)
    why = f"{wording.counted(unknown, 'partition')} unknown; the worst of the others is shown"
    return Text(f"{_AT_LEAST}{wording.seconds(longest)}", f"{why}; {title}" if title else why, "unknown")


def _unknown_waits(lags: Collection[GroupTopicLag]) -> int:
    """Partitions whose lag in seconds is unknown; those whose lag is, are columns too, or were dropped from them."""
    columns = sum(seconds is None for lag in lags for seconds in lag.lag_seconds)
    return max(columns, sum(lag.unknown for lag in lags))


def _rate(rate: float | None, lags: Sequence[GroupTopicLag]) -> Text:
    if rate is not None:
        return Text(wording.rate(rate))
    return wording.unknown("known after two readings") if lags else nothing_committed()


def _members(group: GroupReading) -> Text:
    if group.members is None:
        return wording.unknown("the group's members could not be read")
    return Text(wording.count(len(group.members)))


def _note(lag: GroupTopicLag) -> Text:
    """What is unusual about a group's topic."""
    parts = []
    if lag.unknown:
        parts.append(f"{wording.count(lag.unknown)} unknown")
    if lag.uncommitted:
        parts.append(f"{wording.count(lag.uncommitted)} never committed")
    return Text(", ".join(parts), "partitions", "unknown" if lag.unknown else "none")


def _nobody(group: GroupReading) -> Text:
    """What stands for the owner of a partition that no known member is assigned."""
    if group.members is None:
        return _members(group)
    return Text("no member", "no member of the group is assigned this partition", "none")


def _owners(group: GroupReading, topic: str) -> dict[int, Text]:
    return {
        partition: Text(wording.shown(member.client_id), f"{member.member_id} at {member.host}")
        for member in group.members or ()
        for partition in member.assignment.get(topic, ())
    }
