"""What the states of a run mean at a time."""

import math

import pytest
from hypothesis import given

from streamgauge.model.jobs.events import ENDED, RUN, Begin, End, JobEvent, Progress, Resources, Status, StepKey
from streamgauge.model.jobs.runs import Run, silence, view
from streamgauge.model.jobs.states import fold
from tests.model.jobs.told import JOB, P0, P0_A, P1, START, completed, event, failed, histories, started


def read(*told: JobEvent, heard: float = 100.0, now: float = 100.0, silent_after: float = math.inf) -> Run:
    """The run as it stands; times in seconds after ``START``."""
    return view(JOB, "r1", fold(told), last_heard=START + heard, now=START + now, silent_after=silent_after)


def status_of(run: Run, key: StepKey) -> Status:
    """How a step stands."""
    return next(step.status for step in (run.itself, *run.steps()) if step.key == key)


@given(histories())
def test_every_step_has_a_meaning(told: list[JobEvent]) -> None:
    """Whatever was told can be read: no duration below zero, no progress beyond the whole, none lost that was heard."""
    run = read(*told)

    for step in (run.itself, *run.steps()):
        assert step.status is not Status.LOST
        assert step.duration_seconds is None or step.duration_seconds >= 0
        assert step.progress_ratio is None or 0 <= step.progress_ratio <= 1
        assert step.finished is None or step.status in ENDED


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([event(Begin(running=False))], Status.PENDING),
        ([started()], Status.RUNNING),
        ([event(Begin(running=False)), started(at=1)], Status.RUNNING),
        ([started(), completed(at=1)], Status.COMPLETED),
        ([started(), failed(at=1)], Status.FAILED),
        ([started(), event(End(Status.ABORTED), at=1)], Status.ABORTED),
        ([started(), completed(at=1), started(at=2)], Status.RUNNING),
        ([started(), failed(at=1), event(Begin(running=False), at=2)], Status.PENDING),
        ([started(), failed(at=1), event(Begin(running=False), at=2), started(at=3)], Status.RUNNING),
        ([started(at=1), event(Begin(running=False), at=2)], Status.RUNNING),
        ([started(), completed(at=0)], Status.COMPLETED),
        ([event(Progress(3))], Status.RUNNING),
        ([completed()], Status.COMPLETED),
    ],
)
def test_the_last_word_says_how_a_run_stands(told: list[JobEvent], status: Status) -> None:
    """A start after an end is a new attempt; an announcement after an end waits for it; an end beats its own start."""
    assert read(*told).status is status


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([started(P0)], Status.RUNNING),
        ([completed(P0), started(P1, at=1)], Status.RUNNING),
        ([completed(P0), event(Begin(running=False), P1)], Status.RUNNING),
        ([completed(P0), failed(P1)], Status.FAILED),
        ([completed(P0), completed(P1)], Status.COMPLETED),
    ],
)
def test_phases_tell_for_a_run_of_which_nothing_is_told(told: list[JobEvent], status: Status) -> None:
    """A client may tell of phases alone."""
    assert read(*told).status is status


def test_a_run_of_phases_alone_spans_them() -> None:
    """From the first start to the last end."""
    run = read(started(P0, at=1), completed(P0, at=2), started(P1, at=5), completed(P1, at=9))

    assert (run.itself.started, run.itself.finished) == (START + 1, START + 9)
    assert run.itself.duration_seconds == 8


@pytest.mark.parametrize(
    ("end", "phase"),
    [(completed(at=9), Status.COMPLETED), (failed(at=9), Status.ABORTED)],
)
def test_a_phase_ends_with_its_run(end: JobEvent, phase: Status) -> None:
    """A phase whose end was not told does not run on for ever."""
    run = read(started(), started(P0, at=1), started(P0_A, at=2), end)

    assert status_of(run, P0) is phase
    assert status_of(run, P0_A) is phase


def test_a_silent_run_is_lost_with_what_runs_in_it() -> None:
    """After the silence that is allowed, and not before."""
    told = [started(), completed(P0, at=1), started(P1, at=2)]

    assert read(*told, heard=10, now=110, silent_after=100).status is Status.RUNNING
    lost = read(*told, heard=10, now=111, silent_after=100)
    assert lost.status is Status.LOST
    assert status_of(lost, P0) is Status.COMPLETED
    assert status_of(lost, P1) is Status.LOST


def test_a_run_that_announced_a_heartbeat_is_lost_after_three() -> None:
    """Its own word counts, not the limit of those that announce none."""
    told = event(Begin(running=True, heartbeat_seconds=5))

    assert read(told, heard=0, now=15, silent_after=1e9).status is Status.RUNNING
    assert read(told, heard=0, now=15.1, silent_after=1e9).status is Status.LOST
    assert silence(5) == 15
    assert silence(None) is None


def test_an_end_is_not_lost() -> None:
    """However long ago it was."""
    assert read(started(), failed(at=1), heard=1, now=1e8, silent_after=1).status is Status.FAILED


def test_the_phase_that_stands_for_the_run_is_hidden_where_there_are_others() -> None:
    """It is shown alone, or not at all."""
    implied = JobEvent("i", START, JOB, "r1", Begin(running=True), StepKey(JOB), implicit=True)

    assert [phase.phase for phase in read(implied).phases] == [JOB]
    assert [phase.phase for phase in read(implied, started(P0)).phases] == ["P0"]


def test_phases_are_in_their_order() -> None:
    """By the place that was told, then by when they were first heard of."""
    told = [
        event(Begin(running=True, position=2), StepKey("b"), at=0),
        event(Begin(running=True, position=1), StepKey("c"), at=1),
        started(StepKey("z"), at=2),
        started(StepKey("a"), at=3),
    ]

    assert [phase.phase for phase in read(*told).phases] == ["c", "b", "z", "a"]


def test_a_duration_that_was_told_beats_the_clock() -> None:
    """The job's monotonic clock knows better; without it the two times are held against each other."""
    assert read(started(), event(End(Status.COMPLETED, 3.0), at=9)).itself.duration_seconds == 3.0
    assert read(started(), completed(at=9)).itself.duration_seconds == 9.0
    assert read(started(at=9), completed(at=9)).itself.duration_seconds == 0.0
    assert read(completed(at=9)).itself.duration_seconds is None


def test_an_end_tells_its_start_where_that_is_missing() -> None:
    """An end that says how long it took says when it began."""
    assert read(event(End(Status.COMPLETED, 3.0), at=9)).itself.started == START + 6


def test_progress_is_of_this_attempt() -> None:
    """What an earlier attempt had done is begun anew."""
    told = [event(Begin(running=True, items=10), P0), event(Progress(8), P0, at=1)]

    assert read(*told).phases[0].progress_ratio == 0.8
    again = read(*told, failed(P0, at=2), started(P0, at=3)).phases[0]
    assert again.done is None
    assert again.progress_ratio is None
    assert again.attempts == 2
    assert read(*told, completed(P0, at=2)).phases[0].progress_ratio == 1.0


def test_what_was_not_sampled_is_unknown() -> None:
    """No sample, no zero."""
    assert read(started(P0)).phases[0].cpu_seconds is None
    assert read(event(Resources(0.0, memory_bytes=1), P0)).phases[0].cpu_seconds == 0.0


def test_warnings_and_errors_of_all_parts_add_up() -> None:
    """A run has those of its phases and sub-phases too."""
    run = read(started(), failed(P0_A, at=1), failed(P0, at=2), failed(at=3))

    assert run.errors == 3
    assert run.itself.errors == 1
    assert run.itself.key == RUN
