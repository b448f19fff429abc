"""What a group is doing, in words: our status of it, Kafka's own state, and what is unusual or to be expected."""

from collections.abc import Iterator

from streamgauge.model.reading import GroupReading, GroupTopicLag
from streamgauge.model.status import Status
from streamgauge.web.pages import wording
from streamgauge.web.pages.wording import Text, Tone

_TONES: dict[Status, Tone] = {
    Status.OK: "good",
    Status.UNKNOWN: "quiet",
    Status.LAGGING: "busy",
    Status.REWOUND: "busy",
    Status.STALLED: "bad",
    Status.STOPPED: "bad",
    Status.LOST: "bad",
}
_MEANINGS = {
    Status.OK: "caught up, keeping up or catching up",
    Status.UNKNOWN: "not watched for long enough yet, or a part of it could not be read",
    Status.LAGGING: "over its limit of waiting time, or falling behind",
    Status.REWOUND: "a commit was set back",
    Status.STALLED: "it has members, records wait, and a commit does not move",
    Status.STOPPED: "it has no members, records wait, and a commit does not move",
    Status.LOST: "records were deleted before it read them",
}
_KAFKA_MEANINGS = {
    "Stable": "its members have their partitions",
    "Empty": "it has no members",
    "Dead": "it is being removed",
    "PreparingRebalance": "it is in a rebalance, and waits for its members to join",
    "CompletingRebalance": "it is in a rebalance, and its partitions are being assigned",
    "Assigning": "it is in a rebalance, and its partitions are being assigned",
    "Reconciling": "it is in a rebalance, and its members are taking their partitions over",
}


def group_status(group: GroupReading) -> Text:
    """What the group is doing, and on which topic where that is one of several."""
    status = group.status
    if len(group.topics) < 2 or status in (Status.OK, Status.UNKNOWN):  # noqa: PLR2004  # two: several
        return status_text(status)
    worst = sorted(name for name, lag in group.topics.items() if lag.status is status)
    others = f" and {wording.counted(len(worst) - 1, 'other topic')}" if len(worst) > 1 else ""
    return Text(status, f"on {wording.shown(worst[0])}{others}: {_MEANINGS[status]}", _TONES[status])


def status_text(status: Status) -> Text:
    """A status, as the metrics call it, with what it means."""
    return Text(status, _MEANINGS[status], _TONES[status])


def kafka_state(state: str | None) -> Text | None:
    """Kafka's own word on a group; None where it is not known."""
    if state is None:
        return None
    meaning = _KAFKA_MEANINGS.get(state)
    return Text(wording.shown(state), f"in Kafka's own word: {meaning}" if meaning else "Kafka's own word", "quiet")


def notes(lag: GroupTopicLag) -> list[Text]:
    """What is unusual about a group's topic, and what is to be expected."""
    return [*_unusual(lag), *_expected(lag)]


def _unusual(lag: GroupTopicLag) -> Iterator[Text]:
    if lag.unknown:
        yield Text(f"{wording.count(lag.unknown)} unknown", "committed partitions whose lag is unknown", "unknown")
    if lag.uncommitted:
        yield Text(f"{wording.count(lag.uncommitted)} never committed", "partitions", "none")
    if lag.unassigned:
        yield Text(f"{wording.count(lag.unassigned)} unassigned", "partitions that no member reads", "busy")
    if lag.records_lost_total:
        lost = wording.counted(lag.records_lost_total, "record")
        yield Text(f"{lost} lost", "deleted before the group read them, since it was first seen", "bad")


def _expected(lag: GroupTopicLag) -> Iterator[Text]:
    if lag.time_to_catch_up_seconds:  # nothing is left to be caught up where it is 0
        span = wording.span(lag.time_to_catch_up_seconds)
        yield Text(f"catches up in {span}", "at the rates of the last half minute", "none")
    if lag.time_to_data_loss_seconds is not None:
        yield _data_loss(lag.time_to_data_loss_seconds)


def _data_loss(left: float) -> Text:
    why = "when retention may reach a record that the group has not read; Kafka deletes whole segments"
    if left == 0:
        return Text("data loss at any moment", why, "bad")
    return Text(f"data loss in {wording.span(left)} at the soonest", why, "none")
