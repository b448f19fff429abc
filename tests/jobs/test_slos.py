"""What jobs are held against, and when they are due: around changes of clocks too."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamgauge.config.jobs import JobSlo
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.slos import Slos
from streamgauge.model.jobs.events import RUN, Begin, StepKey
from streamgauge.model.jobs.reading import Limits
from tests.jobs.stores import Clock, give, job_of, opened
from tests.model.jobs.told import JOB, P0, P0_A, START, event, started

BERLIN = ZoneInfo("Europe/Berlin")


def slos(*entries: dict[str, Any]) -> Slos:
    """As the configuration has them."""
    return Slos([JobSlo.model_validate(entry) for entry in entries])


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, *, fold: int = 0) -> float:  # noqa: PLR0913 - the parts of a time
    """A time in Berlin."""
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold).timestamp()


def test_the_first_entry_that_has_the_limit_counts() -> None:
    """Each limit on its own."""
    held = slos(
        {"job": "night.*", "environment": "prod", "duration": "1h"},
        {"job": "nightly", "duration": "2h", "errors": 3},
        {"memory": "1GiB", "errors": 0},
    )

    assert held.limits_of("nightly", RUN, "prod") == Limits(3600.0, 1 << 30, 3)
    assert held.limits_of("nightly", RUN, "test") == Limits(7200.0, 1 << 30, 3)
    assert held.limits_of("nightly-2", RUN, None) == Limits(None, 1 << 30, 0)


def test_entries_are_for_what_they_name() -> None:
    """For a job, for its phases, or for their sub-phases; never for more than one of them."""
    held = slos({"phase": "P.", "duration": "1m"}, {"phase": "P0", "sub_phase": ".*", "duration": "1s"})

    assert held.limits_of(JOB, RUN, None) == Limits()
    assert held.limits_of(JOB, P0, None).duration_seconds == 60
    assert held.limits_of(JOB, P0_A, None).duration_seconds == 1
    assert held.limits_of(JOB, StepKey("P1", "a"), None) == Limits()


@pytest.mark.parametrize(
    ("schedule", "now", "due", "until"),
    [
        ("0 3 * * *", at(2026, 6, 1, 12), at(2026, 6, 1, 3), at(2026, 6, 2, 3)),
        ("0 3 * * *", at(2026, 6, 1, 3), at(2026, 6, 1, 3), at(2026, 6, 2, 3)),
        ("0 3 * * *", at(2026, 6, 1, 2, 59), at(2026, 5, 31, 3), at(2026, 6, 1, 3)),
        # In the night of 29 March 2026 there is no time from 2 to 3.
        ("30 2 * * *", at(2026, 3, 29, 12), at(2026, 3, 29, 3), at(2026, 3, 30, 2, 30)),
        # In that of 25 October there are two hours from 2 to 3: once is enough.
        ("30 2 * * *", at(2026, 10, 25, 12), at(2026, 10, 25, 2, 30), at(2026, 10, 26, 2, 30)),
        ("30 2 * * *", at(2026, 10, 25, 2, 45, fold=1), at(2026, 10, 25, 2, 30), at(2026, 10, 26, 2, 30)),
        # What comes every few minutes comes in both of them.
        ("*/30 * * * *", at(2026, 10, 25, 2, 45, fold=1), at(2026, 10, 25, 2, 30, fold=1), at(2026, 10, 25, 3)),
        ("0 0 29 2 *", at(2026, 6, 1), at(2024, 2, 29), at(2028, 2, 29)),
    ],
)
def test_due_is_the_last_time_of_the_schedule(schedule: str, now: float, due: float, until: float) -> None:
    """By the clock of its time zone."""
    found = slos({"schedule": schedule, "timezone": "Europe/Berlin", "start_within": "10m"}).due(JOB, None, now)

    assert found is not None
    assert (found.due, found.start_by, found.finish_by, found.until) == (due, due + 600, None, until)


def test_a_run_must_be_completed_some_time_after_it_was_due() -> None:
    """Or after it started, where there is no schedule."""
    held = slos({"finish_within": "1h", "job": JOB}, {"schedule": "0 * * * *"})
    found = held.due(JOB, None, at(2026, 6, 1, 12, 30))

    assert found is not None
    assert found.finish_by == at(2026, 6, 1, 13)
    assert held.finish_within(JOB, None) == 3600
    assert held.finish_within("other", None) is None
    assert slos().due(JOB, None, 0.0) is None


def test_a_reading_says_what_a_run_is_held_against() -> None:
    """By its environment; what the clock changes is derived when it is read; new entries hold at once."""
    clock = Clock()
    rules = StoreRules(
        slos=slos({"environment": "prod", "phase": "P0", "duration": "1m"}, {"schedule": "*/10 * * * *"})
    )
    with opened(None, rules, clock) as store:
        give(store, event(Begin(running=True, environment="prod")), started(P0))
        job = job_of(store.reading())
        assert job.limits == {P0: Limits(60.0)}
        assert (job.due, job.start_by) == (START - START % 600, START - START % 600 + 900)
        assert job.finish_by is None

        clock.now += 600
        assert job_of(store.reading()).due == START - START % 600 + 600

        store.follow(StoreRules(slos=slos({"finish_within": "1h", "errors": 0})))
        job = job_of(store.reading())
        assert (job.limits, job.due, job.finish_by) == ({RUN: Limits(errors=0)}, None, START + 3600)
