"""The rules of `model/status.py`: what each conduct is called, and why."""

import pytest

from streamgauge.model.status import SEVERITY, Conduct, Limits, Status, Wait, status_of

LIMITS = Limits(interval=15.0, window=60.0, wait=300.0)

# Reads five partitions, commits every 10 s, has been watched for an hour, and is 5 s behind as it was before.
STEADY = Conduct(
    lost=0,
    unknown=0,
    still_for=3.0,
    usual_gap=10.0,
    has_members=True,
    rewound_for=None,
    watched_for=3600.0,
    wait=Wait(3600.0, 5.0, 2.0),
    wait_before=Wait(3540.0, 5.0, 2.0),
)


def waits(before: float, now: float, bound: float = 2.0) -> dict[str, Wait]:
    """A waiting time a window ago and now."""
    return {"wait_before": Wait(3540.0, before, bound), "wait": Wait(3600.0, now, bound)}


CASES = [
    # rule 1: records were deleted before they were read, whatever else is so
    ("1-lost", {"lost": 1}, Status.LOST),
    ("1-lost-beside-a-stall", {"lost": 1, "still_for": 9999.0}, Status.LOST),
    ("1-lost-beside-the-unknown", {"lost": 1, "unknown": 4, "wait": None}, Status.LOST),
    # rule 2: no commit for longer than usual
    ("2-stalled-with-members", {"still_for": 50.0}, Status.STALLED),
    ("2-just-not-yet", {"still_for": 49.9}, Status.OK),
    ("2-stopped-without-members", {"still_for": 50.0, "has_members": False}, Status.STOPPED),
    ("2-members-not-known-is-a-stall", {"still_for": 50.0, "has_members": None}, Status.STALLED),
    ("2-three-intervals-at-least", {"still_for": 44.0, "usual_gap": 1.0}, Status.OK),
    ("2-three-intervals-are-enough", {"still_for": 45.0, "usual_gap": 1.0}, Status.STALLED),
    ("2-flink-commits-at-checkpoints", {"still_for": 299.0, "usual_gap": 60.0, "has_members": False}, Status.OK),
    ("2-flink-that-stopped", {"still_for": 300.0, "usual_gap": 60.0, "has_members": False}, Status.STOPPED),
    ("2-a-gap-not-known-yet-waits-a-window", {"still_for": 59.0, "usual_gap": None}, Status.OK),
    ("2-never-a-commit-for-a-window", {"still_for": 60.0, "usual_gap": None}, Status.STALLED),
    ("2-an-idle-topic-is-not-a-stop", {"still_for": None, "has_members": False, **waits(0, 0, 0)}, Status.OK),
    ("2-without-members-and-moving", {"still_for": 3.0, "has_members": False}, Status.OK),
    ("2-a-stall-is-worse-than-a-rewind", {"still_for": 50.0, "rewound_for": 1.0}, Status.STALLED),
    # rule 3: a commit fell
    ("3-rewound", {"rewound_for": 0.0}, Status.REWOUND),
    ("3-for-one-window", {"rewound_for": 59.0}, Status.REWOUND),
    ("3-and-no-longer", {"rewound_for": 60.0}, Status.OK),
    ("3-a-rewind-is-worse-than-lagging", {"rewound_for": 1.0, **waits(5, 900)}, Status.REWOUND),
    # rule 4: over the limit, or falling behind for certain
    ("4-over-the-limit", waits(400, 400), Status.LAGGING),
    ("4-at-the-limit-is-within", waits(300, 300), Status.OK),
    ("4-over-the-limit-and-catching-up", waits(900, 400), Status.OK),
    ("4-over-the-limit-and-perhaps-falling", waits(403, 400), Status.LAGGING),
    ("4-over-the-limit-without-a-past", {"wait": Wait(1, 400, 2), "wait_before": None}, Status.LAGGING),
    ("4-rises-for-certain", waits(5, 60), Status.LAGGING),
    ("4-rises-within-the-bounds", waits(5, 8.9), Status.OK),
    ("4-rises-with-the-rhythm-of-commits", {"usual_gap": 60.0, **waits(5, 65)}, Status.OK),
    ("4-rises-beyond-that-rhythm", {"usual_gap": 60.0, **waits(70, 125)}, Status.LAGGING),
    ("4-lagging-before-it-was-watched-for-a-window", {"watched_for": 1.0, **waits(400, 400)}, Status.LAGGING),
    # rule 5: nothing can be said
    ("5-a-part-is-unknown", {"unknown": 1}, Status.UNKNOWN),
    ("5-the-wait-is-unknown", {"wait": None}, Status.UNKNOWN),
    ("5-watched-for-less-than-a-window", {"watched_for": 59.0}, Status.UNKNOWN),
    # rule 6
    ("6-keeping-up", {}, Status.OK),
    ("6-caught-up", {"still_for": None, **waits(0, 0, 0)}, Status.OK),
    ("6-catching-up", waits(200, 100), Status.OK),
]


@pytest.mark.parametrize(("differences", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_rules(differences: dict[str, object], expected: Status) -> None:
    """The first rule that holds answers; all else is as with a steady group."""
    assert status_of(STEADY._replace(**differences), LIMITS) is expected  # type: ignore[arg-type]


def test_every_status_has_its_place_from_the_best_to_the_worst() -> None:
    """Of several partitions or topics the worst counts: lost, stalled, stopped, rewound, lagging, unknown, ok."""
    assert sorted(SEVERITY) == sorted(Status)
    assert [str(status) for status in reversed(SEVERITY)] == [
        "lost",
        "stalled",
        "stopped",
        "rewound",
        "lagging",
        "unknown",
        "ok",
    ]
