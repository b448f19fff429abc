"""How long until a group has caught up, and how long until retention reaches what it has not read.

Both are read off what is so now, by small pure rules; None where there is nothing to say, or not enough is known.
"""

from typing import NamedTuple

from streamgauge.model.lag import Lag
from streamgauge.model.snapshot import TopicConfig


class PartitionRoom(NamedTuple):
    """What retention by bytes is reckoned from; None where it is unknown.

    Attributes:
        size_bytes: the size of the partition's log.
        records: how many offsets the log spans.
        appended_per_second: how fast it grows.
    """

    size_bytes: int | None
    records: int | None
    appended_per_second: float | None


def seconds_to_catch_up(lag: int | None, appended: float | None, consumed: float | None) -> float | None:
    """From the lag in records and the two rates of late.

    1. Nothing to catch up: 0.
    2. A rate or the lag is unknown, or the group is not faster than the topic: None (it never would).
    3. Otherwise the lag over the difference of the rates.
    """
    if lag == 0:
        return 0.0
    if lag is None or appended is None or consumed is None or consumed <= appended:
        return None
    return lag / (consumed - appended)


def seconds_to_data_loss(lag: Lag, config: TopicConfig | None, room: PartitionRoom) -> float | None:
    """Until retention may reach the next record: a lower bound, as Kafka deletes whole segments.

    1. Nothing waits, or the topic deletes nothing: None.
    2. By time: the retention less the longest that the record can have waited.
    3. By bytes: how long until the log has grown by what is left above the unread records, at today's rate and mean
       size of a record.
    4. The sooner of the two; 0 where it may be any moment.
    """
    if not lag.records or config is None or not config.deletes:
        return None
    ways = [_by_time(lag, config), _by_bytes(lag.records, config, room)]
    known = [seconds for seconds in ways if seconds is not None]
    return max(0.0, min(known)) if known else None


def _by_time(lag: Lag, config: TopicConfig) -> float | None:
    if config.retention_seconds is None or lag.seconds is None:
        return None
    return config.retention_seconds - lag.seconds - (lag.error_bound or 0.0)


def _by_bytes(unread: int, config: TopicConfig, room: PartitionRoom) -> float | None:
    if config.retention_bytes is None or not room.size_bytes or not room.records or not room.appended_per_second:
        return None
    mean_size = room.size_bytes / room.records
    return (config.retention_bytes - unread * mean_size) / (room.appended_per_second * mean_size)
