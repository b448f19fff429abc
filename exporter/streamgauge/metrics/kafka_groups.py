"""Families about consumer groups: their state, and their lag by partition, topic or group."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from streamgauge.metrics.family import Family, Kind, pairs
from streamgauge.model.reading import GroupReading, GroupTopicLag

_GROUP = ("cluster", "consumergroup")
_TOPIC = (*_GROUP, "topic")
_PARTITION = (*_TOPIC, "partition")

LAG = Family(
    "kafka_consumergroup_lag",
    Kind.GAUGE,
    _PARTITION,
    "Records between the group's committed offset and the partition's end. Absent while either cannot be read; "
    "whether it is much depends on the rate: alert on kafka_consumergroup_lag_seconds.",
)
LAG_SECONDS = Family(
    "kafka_consumergroup_lag_seconds",
    Kind.GAUGE,
    _PARTITION,
    "How long the next record to be committed has been waiting in Kafka, as of the last reading; 0 exactly when the "
    "lag is 0, absent while it is not known. The truth is within plus or minus "
    "kafka_consumergroup_lag_error_bound_seconds.",
)
ERROR_BOUND = Family(
    "kafka_consumergroup_lag_error_bound_seconds",
    Kind.GAUGE,
    _PARTITION,
    "How far kafka_consumergroup_lag_seconds can be from the truth, at most.",
)
CURRENT_OFFSET = Family(
    "kafka_consumergroup_current_offset",
    Kind.GAUGE,
    _PARTITION,
    "Offset that the group has committed. Absent, never -1, for partitions that it never committed: see "
    "kafka_consumergroup_uncommitted_partitions.",
)
LAG_SUM = Family(
    "kafka_consumergroup_lag_sum",
    Kind.GAUGE,
    _TOPIC,
    "Sum of the lag in records over the committed partitions. Absent while any of them is unknown: the sum of the "
    "others would look like a recovery.",
)
CURRENT_OFFSET_SUM = Family(
    "kafka_consumergroup_current_offset_sum",
    Kind.GAUGE,
    _TOPIC,
    "Sum of the committed offsets. Absent while any of them cannot be read.",
)
MAX_LAG = Family(
    "kafka_consumergroup_max_lag",
    Kind.GAUGE,
    _TOPIC,
    "Largest lag in records over the partitions whose lag is known: a lower bound, so an alert on it is right.",
)
MAX_LAG_SECONDS = Family(
    "kafka_consumergroup_max_lag_seconds",
    Kind.GAUGE,
    _TOPIC,
    "Longest waiting time over the partitions where it is known: a lower bound. The number to alert on.",
)
UNKNOWN_PARTITIONS = Family(
    "kafka_consumergroup_unknown_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Committed partitions whose lag in records cannot be read now, so in seconds neither: no leader, no coordinator. "
    "Above 0, a falling maximum may be blindness, not recovery.",
)
UNKNOWN_LAG_SECONDS_PARTITIONS = Family(
    "kafka_consumergroup_unknown_lag_seconds_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Committed partitions whose lag in seconds is not known now: those of kafka_consumergroup_unknown_partitions, and "
    "those whose lag in records is known but not when the next record came. Above 0, "
    "kafka_consumergroup_max_lag_seconds may be too low: its fall is no recovery.",
)
UNCOMMITTED_PARTITIONS = Family(
    "kafka_consumergroup_uncommitted_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Partitions of the topic that the group never committed (or whose commit has expired). For long above 0 in a "
    "group that should read them all: it does not.",
)
CONSUMED = Family(
    "kafka_consumergroup_records_consumed_total",
    Kind.COUNTER,
    _TOPIC,
    "Records that the group consumed since it was first seen: every forward move of its commits; rate() of it is the "
    "throughput out. A rewind adds nothing, reading again counts again; a reset of a stopped group adds nothing.",
)
STATUS = Family(
    "kafka_consumergroup_status",
    Kind.GAUGE,
    (*_TOPIC, "status"),
    "1 for what the group is doing on the topic, the worst partition counting: ok (caught up, keeping up or catching "
    "up), lagging (over its limit or falling behind), rewound (a commit fell), stalled (members but no commits), "
    "stopped (neither), lost (records were deleted unread), unknown (not read, or not watched for long enough).",
)
TIME_TO_CATCH_UP = Family(
    "kafka_consumergroup_time_to_catch_up_seconds",
    Kind.GAUGE,
    _TOPIC,
    "How long until the group has caught up, at the rates of the last half minute. Absent where it is not faster than "
    "the topic: it never would.",
)
TIME_TO_DATA_LOSS = Family(
    "kafka_consumergroup_time_to_data_loss_seconds",
    Kind.GAUGE,
    _TOPIC,
    "How long until retention may delete a record that the group has not read, at the soonest (Kafka deletes whole "
    "segments, so it may take longer). Absent where nothing waits or nothing is deleted.",
)
RECORDS_LOST = Family(
    "kafka_consumergroup_records_lost_total",
    Kind.COUNTER,
    _TOPIC,
    "Records that were deleted before the group read them, since it was first seen. Any increase is data lost to it.",
)
COMMITS = Family(
    "kafka_consumergroup_commits_total",
    Kind.COUNTER,
    _TOPIC,
    "Readings in which a commit of the group on the topic had moved: at most one an interval. A rate of 0 with lag: it "
    "stalls.",
)
UNASSIGNED_PARTITIONS = Family(
    "kafka_consumergroup_unassigned_partitions",
    Kind.GAUGE,
    _TOPIC,
    "Partitions of the topic that no member is assigned. Above 0 for long in a group that subscribes: nobody reads "
    "them. Absent for groups without members and during a rebalance.",
)
REBALANCES = Family(
    "kafka_consumergroup_rebalances_total",
    Kind.COUNTER,
    _GROUP,
    "Rebalances seen since the group was first seen; several between two readings count once. Many: consumers die, or "
    "take longer than max.poll.interval.ms.",
)
MEMBER_CHANGES = Family(
    "kafka_consumergroup_member_changes_total",
    Kind.COUNTER,
    _GROUP,
    "Members seen to come or go since the group was first seen.",
)
SLO_LAG_SECONDS = Family(
    "kafka_consumergroup_slo_lag_seconds",
    Kind.GAUGE,
    _GROUP,
    "The limit of waiting time that the group is held to (lag.slo in the configuration); compare with "
    "kafka_consumergroup_max_lag_seconds.",
)
MEMBERS = Family(
    "kafka_consumergroup_members",
    Kind.GAUGE,
    _GROUP,
    "Members of the group. 0 with commits that move: an assign() or Flink consumer. Absent while it cannot be read.",
)
STATE = Family(
    "kafka_consumergroup_state",
    Kind.GAUGE,
    (*_GROUP, "state"),
    "1 for the state that the group is in, in Kafka's own word (Stable, Empty, PreparingRebalance, ...). Long in any "
    "but Stable or Empty: it does not finish its rebalance.",
)
INFO = Family(
    "kafka_consumergroup_info",
    Kind.GAUGE,
    (*_GROUP, "type", "protocol_type", "assignor"),
    "1 for each group: its type (classic, or consumer for KIP-848), its protocol type, and its partition assignor.",
)

FAMILIES = (
    STATUS,
    STATE,
    MEMBERS,
    INFO,
    SLO_LAG_SECONDS,
    REBALANCES,
    MEMBER_CHANGES,
    LAG_SECONDS,
    ERROR_BOUND,
    LAG,
    CURRENT_OFFSET,
    MAX_LAG_SECONDS,
    MAX_LAG,
    LAG_SUM,
    CURRENT_OFFSET_SUM,
    UNKNOWN_PARTITIONS,
    UNKNOWN_LAG_SECONDS_PARTITIONS,
    UNCOMMITTED_PARTITIONS,
    UNASSIGNED_PARTITIONS,
    CONSUMED,
    COMMITS,
    RECORDS_LOST,
    TIME_TO_CATCH_UP,
    TIME_TO_DATA_LOSS,
)

SERIES_PER_GROUP = 6
_PARTITION_FAMILIES = (CURRENT_OFFSET, LAG, LAG_SECONDS, ERROR_BOUND)
SERIES_PER_PARTITION = len(_PARTITION_FAMILIES)
SERIES_PER_TOPIC = 14

Lines = dict[str, list[str]]
_Level = tuple[str, GroupTopicLag | GroupReading]  # labels in braces, with a space, and whose they are
_Value = Callable[[GroupTopicLag | GroupReading], int | float | None]


class _Prefixes(NamedTuple):
    partitions: tuple[int, ...]
    labels: str
    rows: tuple[tuple[str, ...], ...]  # by family of _PARTITION_FAMILIES, then by partition


class _Kind(NamedTuple):
    """What Kafka says of a group, and the lines that say it; they are written again only when it changes."""

    kind: tuple[str | None, ...]
    state: str
    info: str
    labels: str  # in braces, with a space


class GroupLines:
    """Renders groups; a series' name and labels are formatted once and kept."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._levels: list[_Level] = []
        self._groups: dict[str, str] = {}
        self._kinds: dict[str, _Kind] = {}
        self._topics: dict[tuple[str, str], _Prefixes] = {}

    def forget_all_but(self, groups: frozenset[str], topics: frozenset[tuple[str, str]]) -> None:
        """Let go of groups and group-topics that are gone."""
        self._groups = {name: kept for name, kept in self._groups.items() if name in groups}
        self._kinds = {name: kept for name, kept in self._kinds.items() if name in groups}
        self._topics = {names: kept for names, kept in self._topics.items() if names in topics}

    def render_group(self, group: GroupReading, out: Lines) -> None:
        """What is said of a group whatever its granularity."""
        kind = (group.state, group.group_type, group.protocol_type, group.assignor)
        kept = self._kinds.get(group.name)
        if kept is None or kept.kind != kind:
            kept = self._kinds[group.name] = self._kind(group, kind)
        if kept.state:
            out[STATE.name].append(kept.state)
        out[INFO.name].append(kept.info)
        if group.members is not None:
            out[MEMBERS.name].append(f"{MEMBERS.name}{kept.labels}{len(group.members)}\n")
        out[REBALANCES.name].append(f"{REBALANCES.name}{kept.labels}{group.rebalances_total}\n")
        out[MEMBER_CHANGES.name].append(f"{MEMBER_CHANGES.name}{kept.labels}{group.member_changes_total}\n")
        if group.slo_lag_seconds is not None:
            out[SLO_LAG_SECONDS.name].append(f"{SLO_LAG_SECONDS.name}{kept.labels}{group.slo_lag_seconds:.9g}\n")

    def add_total(self, group: GroupReading) -> None:
        """A group's lag over all of its topics: the same families without the ``topic`` label."""
        self._levels.append((f"{{{self._labels(group.name)}}} ", group))

    def add_topic(self, group: str, topic: GroupTopicLag, out: Lines, *, partitions: bool) -> None:
        """A group's lag on one topic; its partitions' own lines if wanted."""
        prefixes = self._prefixes(group, topic)
        self._levels.append((prefixes.labels, topic))
        if not partitions:
            return
        offsets, lags, seconds, bounds = prefixes.rows
        out[CURRENT_OFFSET.name] += [
            f"{prefix}{value}\n" for prefix, value in zip(offsets, topic.committed, strict=True)
        ]
        out[LAG.name] += [
            f"{prefix}{value}\n" for prefix, value in zip(lags, topic.lags, strict=True) if value is not None
        ]
        for family, row, values in (
            (LAG_SECONDS, seconds, topic.lag_seconds),
            (ERROR_BOUND, bounds, topic.error_bounds),
        ):
            out[family.name] += [
                f"{prefix}{value:.9g}\n" for prefix, value in zip(row, values, strict=True) if value is not None
            ]

    def render_added(self, out: Lines) -> None:
        """The lines of every group and group-topic that was added, at their own level."""
        _render_levels(self._levels, out)
        self._levels = []

    def _kind(self, group: GroupReading, kind: tuple[str | None, ...]) -> _Kind:
        labels = self._labels(group.name)
        info = zip(("type", "protocol_type", "assignor"), (word or "" for word in kind[1:]), strict=True)
        return _Kind(
            kind,
            f"{STATE.name}{{{labels},{pairs((('state', group.state),))}}} 1\n" if group.state is not None else "",
            f"{INFO.name}{{{labels},{pairs(info)}}} 1\n",
            f"{{{labels}}} ",
        )

    def _labels(self, group: str) -> str:
        kept = self._groups.get(group)
        if kept is None:
            kept = self._groups[group] = pairs((("cluster", self._cluster), ("consumergroup", group)))
        return kept

    def _prefixes(self, group: str, topic: GroupTopicLag) -> _Prefixes:
        kept = self._topics.get((group, topic.topic))
        if kept is None or kept.partitions != topic.partitions:
            labels = f"{self._labels(group)},{pairs((('topic', topic.topic),))}"
            rows = tuple(
                tuple(f'{family.name}{{{labels},partition="{number}"}} ' for number in topic.partitions)
                for family in _PARTITION_FAMILIES
            )
            kept = self._topics[group, topic.topic] = _Prefixes(topic.partitions, f"{{{labels}}} ", rows)
        return kept


_LEVEL_SECONDS: tuple[tuple[Family, _Value], ...] = (
    (MAX_LAG_SECONDS, attrgetter("max_lag_seconds")),
    (TIME_TO_CATCH_UP, attrgetter("time_to_catch_up_seconds")),
    (TIME_TO_DATA_LOSS, attrgetter("time_to_data_loss_seconds")),
)
_LEVEL_INTEGERS: tuple[tuple[Family, _Value], ...] = (
    (MAX_LAG, attrgetter("max_lag")),
    (LAG_SUM, attrgetter("lag_sum")),
    (CURRENT_OFFSET_SUM, attrgetter("committed_sum")),
    (UNKNOWN_PARTITIONS, attrgetter("unknown")),
    (UNKNOWN_LAG_SECONDS_PARTITIONS, attrgetter("unknown_seconds")),
    (UNCOMMITTED_PARTITIONS, attrgetter("uncommitted")),
    (UNASSIGNED_PARTITIONS, attrgetter("unassigned")),
    (CONSUMED, attrgetter("consumed_total")),
    (COMMITS, attrgetter("commits_total")),
    (RECORDS_LOST, attrgetter("records_lost_total")),
)


def _render_levels(levels: Sequence[_Level], out: Lines) -> None:
    """What is said alike of a group on a topic and of a group as a whole: family by family, as that is the quickest."""
    if not levels:
        return
    labels, lags = zip(*levels, strict=True)
    name = STATUS.name
    out[name] += [f'{name}{label[:-2]},status="{lag.status}"}} 1\n' for label, lag in levels]
    for family, value_of in _LEVEL_SECONDS:
        name = family.name
        out[name] += [
            f"{name}{label}{value:.9g}\n"
            for label, value in zip(labels, map(value_of, lags), strict=True)
            if value is not None
        ]
    for family, value_of in _LEVEL_INTEGERS:
        name = family.name
        out[name] += [
            f"{name}{label}{value}\n"
            for label, value in zip(labels, map(value_of, lags), strict=True)
            if value is not None
        ]
