"""What a group is doing on a topic: one word, by small pure rules, numbered.

The rules are tried in order, the first that holds answers; the worst partition speaks for the topic.
``tests/model/test_status.py`` has the table of what each answers and why.

1. lost: a commit lies below the log start: records were deleted before they were read.
2. stalled, stopped: a partition has lag and its commit has not moved for longer than usual: with members the group
   stalls, without any it has stopped. A group without members whose commits move lives that way (Flink, ``assign()``).
3. rewound: a commit fell within the last window.
4. lagging: the waiting time is over the group's limit and does not fall; or it rises for certain over the window, and
   is longer than the rhythm of the commits explains.
5. unknown: nothing can be said: a part cannot be read, or it has not been watched for a window.
6. ok: caught up, keeping up, or catching up.

What is usual: the clock of rule 2 starts when the commit last moved or, on a topic where little comes, when the record
came; it starts anew while the group rebalances. It runs for three intervals, or five times the gap that the group
usually leaves between commits (Flink commits at checkpoints), or a window while that gap is not known, whichever is
longest.
"""

from enum import StrEnum
from typing import NamedTuple

STALL_INTERVALS = 3
STALL_GAPS = 5
RHYTHM_GAPS = 2


class Status(StrEnum):
    """What a group is doing on a topic."""

    OK = "ok"
    LAGGING = "lagging"
    REWOUND = "rewound"
    STALLED = "stalled"
    STOPPED = "stopped"
    LOST = "lost"
    UNKNOWN = "unknown"


SEVERITY = (
    Status.OK,
    Status.UNKNOWN,
    Status.LAGGING,
    Status.REWOUND,
    Status.STOPPED,
    Status.STALLED,
    Status.LOST,
)
"""From the best to the worst: of several, the worst counts."""


class Wait(NamedTuple):
    """The longest waiting time of a group on a topic at an instant, with its error bound, in seconds."""

    at: float
    seconds: float
    error_bound: float


class Conduct(NamedTuple):
    """What was observed of a group on a topic; durations in seconds, None where there is none or it is unknown.

    Attributes:
        lost: partitions whose commit lies below the log start.
        unknown: committed partitions whose lag or waiting time is unknown.
        still_for: how long the stillest partition has had lag without a move of its commit or a rebalance.
        usual_gap: the gap between commits that is usual for the group.
        has_members: None: not known.
        rewound_for: how long ago a commit fell.
        watched_for: how long the group-topic has been observed.
        wait: the longest waiting time now.
        wait_before: the same at the beginning of the window, or as long ago as it is known.
    """

    lost: int
    unknown: int
    still_for: float | None
    usual_gap: float | None
    has_members: bool | None
    rewound_for: float | None
    watched_for: float
    wait: Wait | None
    wait_before: Wait | None


class Limits(NamedTuple):
    """What the conduct is held against, in seconds."""

    interval: float
    window: float
    wait: float


def status_of(conduct: Conduct, limits: Limits) -> Status:
    """The word for a conduct."""
    if conduct.lost:  # rule 1
        return Status.LOST
    if conduct.still_for is not None and conduct.still_for >= _patience(conduct, limits):  # rule 2
        return Status.STOPPED if conduct.has_members is False else Status.STALLED
    if conduct.rewound_for is not None and conduct.rewound_for < limits.window:  # rule 3
        return Status.REWOUND
    if _is_lagging(conduct, limits):  # rule 4
        return Status.LAGGING
    if conduct.unknown or conduct.wait is None or conduct.watched_for < limits.window:  # rule 5
        return Status.UNKNOWN
    return Status.OK  # rule 6


def _patience(conduct: Conduct, limits: Limits) -> float:
    usual = limits.window if conduct.usual_gap is None else STALL_GAPS * conduct.usual_gap
    return max(STALL_INTERVALS * limits.interval, usual)


def _is_lagging(conduct: Conduct, limits: Limits) -> bool:
    now, before = conduct.wait, conduct.wait_before
    if now is None:
        return False
    moves = 0 if before is None else _direction(before, now)
    rhythm = RHYTHM_GAPS * max(limits.interval, limits.window if conduct.usual_gap is None else conduct.usual_gap)
    return (moves > 0 and now.seconds > rhythm) or (moves >= 0 and now.seconds > limits.wait)


def _direction(before: Wait, now: Wait) -> int:
    """1 if the waiting time has risen for certain, -1 if it has fallen for certain, 0 if the bounds leave it open."""
    if now.seconds - now.error_bound > before.seconds + before.error_bound:
        return 1
    if now.seconds + now.error_bound < before.seconds - before.error_bound:
        return -1
    return 0
