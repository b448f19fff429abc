"""When a run will be completed."""

import math

from streamgauge.model.jobs.completion import Basis, Completion, expected
from streamgauge.model.jobs.durations import Usual
from streamgauge.model.jobs.events import RUN, Begin, JobEvent, Progress, StepKey
from streamgauge.model.jobs.runs import view
from streamgauge.model.jobs.states import fold
from tests.model.jobs.told import JOB, P0, P1, START, completed, event, started

USUAL = {P0: Usual(9, 60.0, 80.0), P1: Usual(9, 100.0, 120.0)}


def estimate(*told: JobEvent, now: float, usual: dict[StepKey, Usual] | None = None) -> Completion:
    """What is expected so many seconds after ``START``."""
    run = view(JOB, "r1", fold(told), last_heard=START, now=START + now, silent_after=math.inf)
    return expected(run, usual or {}, START + now)


def test_history_says_what_is_left() -> None:
    """The rest of the phase that runs, and all of those that have not begun."""
    found = estimate(started(), started(P0), now=20, usual=USUAL)

    assert found == Completion(20 / 160, 140.0, START + 160, Basis.HISTORY)


def test_a_run_that_has_begun_no_phase_has_all_of_them_ahead() -> None:
    """Its history is enough."""
    assert estimate(started(), now=1, usual=USUAL).remaining_seconds == 160


def test_between_two_phases_the_next_is_ahead() -> None:
    """A phase that is completed takes nothing more."""
    assert estimate(started(), completed(P0, at=50, took=50.0), now=51, usual=USUAL).remaining_seconds == 100


def test_progress_knows_better_than_history() -> None:
    """What is done of the items says how long the rest takes."""
    told = [started(), event(Begin(running=True, items=10), P0), event(Progress(2), P0, at=10)]

    assert estimate(*told, now=10, usual={P0: USUAL[P0]}).remaining_seconds == 40


def test_a_phase_that_is_late_is_given_nothing_more() -> None:
    """The estimate is a lower bound then."""
    assert estimate(started(), started(P0), now=90, usual={P0: USUAL[P0]}).remaining_seconds == 0


def test_one_phase_with_progress_needs_no_history() -> None:
    """And it says so."""
    told = [started(), event(Begin(running=True, items=10), P0), event(Progress(5), P0, at=10)]

    assert estimate(*told, now=10) == Completion(0.5, 10.0, START + 20, Basis.PROGRESS)


def test_without_history_and_progress_it_is_unknown() -> None:
    """Unknown is not now: between two phases nobody knows that there is another one."""
    assert estimate(started(), now=5) == Completion()
    assert estimate(started(), started(P0), now=5) == Completion()
    assert estimate(started(), completed(P0, at=4), now=5) == Completion()
    pending = event(Begin(running=False), P1)
    assert estimate(started(), completed(P0, at=4), pending, now=5) == Completion()


def test_a_run_without_phases_is_one_itself() -> None:
    """By its own history, or its own progress."""
    assert estimate(started(), now=30, usual={RUN: Usual(5, 90.0, 95.0)}).remaining_seconds == 60
    told = [event(Begin(running=True, items=10)), event(Progress(5), at=10)]
    assert estimate(*told, now=10).remaining_seconds == 10


def test_progress_without_a_start_foretells_nothing() -> None:
    """Nobody knows how long the first half took: not told, or ahead of our clock; unknown is not now."""
    assert estimate(started(), event(Progress(5, 10), P0, at=10), now=10) == Completion()
    ahead = [started(at=3600), started(P0, at=3600), event(Progress(5, 10), P0, at=3601)]
    assert estimate(*ahead, now=10) == Completion()
    assert estimate(*ahead, now=10, usual={P0: USUAL[P0]}).remaining_seconds == 60


def test_an_estimate_beyond_every_calendar_is_none() -> None:
    """One of very many items: no number that overflows where it is shown."""
    for done in (5e-324, 1e-300, 1e-12):
        told = [event(Begin(running=True, items=10)), event(Progress(done, 10), at=10)]
        assert estimate(*told, now=10) == Completion()
