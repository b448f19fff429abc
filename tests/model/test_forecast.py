"""The rules of `model/forecast.py`, by case."""

import pytest

from streamgauge.model.forecast import PartitionRoom, seconds_to_catch_up, seconds_to_data_loss
from streamgauge.model.lag import NONE, UNKNOWN, Lag
from streamgauge.model.search import Method
from streamgauge.model.snapshot import TopicConfig

HISTORY = Method.HISTORY
WEEK = 604_800.0
FULL_OF_ROOM = PartitionRoom(size_bytes=1_000_000, records=10_000, appended_per_second=10.0)  # 100 bytes a record


def config(policy: str = "delete", seconds: float | None = WEEK, size: int | None = None) -> TopicConfig:
    """A topic's settings."""
    return TopicConfig(policy, "CreateTime", 1, seconds, size)


@pytest.mark.parametrize(
    ("lag", "appended", "consumed", "expected"),
    [
        pytest.param(0, None, None, 0.0, id="1-nothing-to-catch-up"),
        pytest.param(None, 1.0, 2.0, None, id="2-lag-unknown"),
        pytest.param(10, None, 2.0, None, id="2-a-rate-unknown"),
        pytest.param(10, 2.0, None, None, id="2-the-other-unknown"),
        pytest.param(10, 2.0, 2.0, None, id="2-as-fast-as-the-topic-never-catches-up"),
        pytest.param(10, 3.0, 2.0, None, id="2-slower-never-does"),
        pytest.param(100, 2.0, 12.0, 10.0, id="3-by-the-difference-of-the-rates"),
    ],
)
def test_time_to_catch_up(lag: int | None, appended: float | None, consumed: float | None, expected: float) -> None:
    """What is left over how much faster the group is."""
    assert seconds_to_catch_up(lag, appended, consumed) == expected


@pytest.mark.parametrize(
    ("lag", "settings", "room", "expected"),
    [
        pytest.param(NONE, config(), FULL_OF_ROOM, None, id="1-nothing-waits"),
        pytest.param(UNKNOWN, config(), FULL_OF_ROOM, None, id="1-unknown-lag"),
        pytest.param(Lag(5, 10.0, 1.0, HISTORY), None, FULL_OF_ROOM, None, id="1-unknown-settings"),
        pytest.param(Lag(5, 10.0, 1.0, HISTORY), config("compact"), FULL_OF_ROOM, None, id="1-compacted-only"),
        pytest.param(Lag(5, 10.0, 1.0, HISTORY), config(seconds=None), FULL_OF_ROOM, None, id="1-kept-for-ever"),
        pytest.param(
            Lag(5, 10.0, 1.0, HISTORY),
            config(),
            FULL_OF_ROOM,
            WEEK - 11.0,
            id="2-by-time-with-the-bound-against-us",
        ),
        pytest.param(
            Lag(5, 10.0, 1.0, HISTORY),
            config("compact,delete"),
            FULL_OF_ROOM,
            WEEK - 11.0,
            id="2-compacted-and-deleted",
        ),
        pytest.param(Lag(5, None, None, None), config(), FULL_OF_ROOM, None, id="2-by-time-needs-the-waiting-time"),
        # 5,000 unread records of 100 bytes leave 500,000 of a million bytes, which fill at 1,000 bytes a second.
        pytest.param(
            Lag(5_000, None, None, None), config(seconds=None, size=1_000_000), FULL_OF_ROOM, 500.0, id="3-by-bytes"
        ),
        pytest.param(
            Lag(5_000, 10.0, 1.0, HISTORY),
            config(size=1_000_000),
            FULL_OF_ROOM,
            500.0,
            id="4-the-sooner-of-both",
        ),
        pytest.param(
            Lag(5_000, None, None, None),
            config(seconds=None, size=1_000_000),
            PartitionRoom(None, 10_000, 10.0),
            None,
            id="3-by-bytes-needs-the-size",
        ),
        pytest.param(Lag(5, WEEK + 5, 1.0, HISTORY), config(), FULL_OF_ROOM, 0.0, id="4-any-moment-now"),
    ],
)
def test_time_to_data_loss(lag: Lag, settings: TopicConfig | None, room: PartitionRoom, expected: float | None) -> None:
    """How long until retention may reach the next record, at the soonest."""
    assert seconds_to_data_loss(lag, settings, room) == expected
