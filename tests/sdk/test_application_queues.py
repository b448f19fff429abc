"""Depths of queues: what is known of them, and what is not."""

import math
from collections.abc import Callable

import pytest

from streamgauge_sdk._application import MOST_NAMES
from streamgauge_sdk._queue_depths import MOST_SUMMED, QueueDepths


def test_a_number_stays_and_a_callable_is_asked_each_time() -> None:
    """What was set is the depth until it is set again; a callable says what it is now."""
    queues, waiting = QueueDepths(), [1, 2, 3]
    queues.put("set", 7)
    queues.put("asked", lambda: len(waiting))
    assert queues.read() == {"set": 7, "asked": 3}
    waiting.clear()
    assert queues.read() == {"set": 7, "asked": 0}


def _raises() -> float:
    raise ValueError("closed")


@pytest.mark.parametrize(
    "depth",
    [_raises, lambda: math.nan, lambda: -1, lambda: 1e300, lambda: "many", lambda: None, math.nan],
    ids=["raises", "nan", "negative", "too deep", "text", "none", "set to nan"],
)
def test_a_depth_that_cannot_be_had_is_absent(depth: Callable[[], float]) -> None:
    """It is not 0, and the other queues are told."""
    queues = QueueDepths()
    queues.put("broken", depth)
    queues.put("sound", 1)
    assert queues.read() == {"sound": 1}


def test_a_queue_is_forgotten_by_none() -> None:
    """What is gone has no depth."""
    queues = QueueDepths()
    queues.put("gone", 3)
    queues.put("gone", None)
    assert queues.read() == {}


def test_beyond_the_bound_depths_add_up_as_other() -> None:
    """A hundred queues have a name; `other` is the sum of the rest, and unknown if one of them is."""
    queues = QueueDepths()
    for number in range(MOST_NAMES + 20):
        queues.put(f"queue {number}", 2)
    depths = queues.read()
    assert (len(depths), depths["other"]) == (MOST_NAMES + 1, 40)
    queues.put(f"queue {MOST_NAMES}", _raises)
    assert "other" not in queues.read()


def test_more_queues_than_can_be_added_up_make_other_unknown() -> None:
    """A sum that lacks a part would be too low; memory stays bounded."""
    queues = QueueDepths()
    for number in range(MOST_NAMES + MOST_SUMMED + 5):
        queues.put(f"queue {number}", 1)
    depths = queues.read()
    assert len(depths) == MOST_NAMES
    assert "other" not in depths


def test_a_callable_may_set_a_depth() -> None:
    """No lock is held while a callable is asked."""
    queues = QueueDepths()

    def ask() -> int:
        queues.put("second", 5)
        return 1

    queues.put("first", ask)
    queues.read()
    assert queues.read() == {"first": 1, "second": 5}


def test_at_the_end_nobody_is_asked() -> None:
    """The last snapshot has the depths that the program set last; a callable's is what it said last, if it ever did."""
    queues = QueueDepths()
    queues.put("set", 1)
    queues.put("asked", lambda: 5)
    last = queues.read()
    queues.put("set", 7)
    queues.put("late", 3)
    queues.put("never asked", lambda: 9)

    assert queues.settled(last) == {"set": 7, "asked": 5, "late": 3}
