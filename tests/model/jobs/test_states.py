"""What was told of a run, whatever the order in which it came."""

from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.jobs.events import RUN, Begin, End, JobEvent, Measured, Progress, Resources, Status, StepKey
from streamgauge.model.jobs.states import fold, observed_duration
from tests.model.jobs.told import JOB, P0, P0_A, START, completed, event, failed, histories, started


@given(histories(), st.data())
def test_order_and_repetition_change_nothing(told: list[JobEvent], data: st.DataObject) -> None:
    """Events in any order, any of them any number of times, give the same states."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=10))
    shuffled = data.draw(st.permutations([*told, *again]))

    assert fold(shuffled) == fold(told)


@given(histories())
def test_the_whole_of_a_step_is_there(told: list[JobEvent]) -> None:
    """Whatever is told of a step, its phase and its run are there too."""
    states = fold(told)

    assert RUN in states
    assert {key.parent for key in states} <= states.keys()


def test_a_step_that_is_implied_is_not_when_anything_is_told_of_a_part() -> None:
    """A phase that stood for the whole run is one of its own as soon as a sub-phase is told of."""
    implied = JobEvent("i", START, JOB, "r1", Begin(running=True), P0, implicit=True)
    told = started(P0_A, at=1)

    assert not fold([implied, told])[P0].implicit
    assert not fold([told, implied])[P0].implicit
    assert fold([implied])[P0].implicit


def test_processor_time_adds_up_and_memory_does_not() -> None:
    """CPU seconds are added up, memory is the latest word, its peak the most of all."""
    told = [
        event(Resources(1.5, memory_bytes=70), P0, at=1),
        event(Resources(0.25, memory_bytes=50, memory_peak_bytes=90), P0, at=2),
    ]

    state = fold(told)[P0]

    assert state.cpu_microseconds == 1_750_000
    assert state.word("memory_bytes") == 50
    assert state.memory_peak_bytes == 90


def test_attempts_ends_and_failures_are_counted() -> None:
    """Each start is an attempt, each end counts, and an error that ended something is one of its errors."""
    state = fold([started(P0), failed(P0, at=1), started(P0, at=2), completed(P0, at=3)])[P0]

    assert (state.starts, state.ends, state.failures, state.errors) == (2, 2, 1, 1)


def test_the_most_items_that_were_done_stay() -> None:
    """A new attempt begins its items anew, but what was done before was done."""
    told = [started(P0), event(Progress(80), P0, at=1), started(P0, at=2), event(Progress(10), P0, at=3)]

    state = fold(told)[P0]

    assert state.most_done == 80
    assert state.word("done") == 10


@given(st.permutations(range(120)))
def test_numbers_by_name_are_bounded(order: list[int]) -> None:
    """Of more than 100 names the same 100 are kept, in whatever order they come."""
    state = fold([event(Measured(f"n{number:03}", number)) for number in order])[RUN]

    assert sorted(state.measured) == [f"n{number:03}" for number in range(100)]


def _observed(*told: JobEvent) -> list[float | None]:
    known = [fold(told[:size])[P0] if size else None for size in range(len(told) + 1)]
    pairs = zip(known, known[1:], told, strict=False)
    return [observed_duration(before, after, each) for before, after, each in pairs if after is not None]


def test_a_duration_that_is_told_counts_at_once() -> None:
    """An end that says how long it took needs no start."""
    assert _observed(completed(P0, at=9, took=4.0)) == [4.0]


def test_a_duration_that_is_not_told_is_from_the_last_start() -> None:
    """Each attempt is measured from its own start."""
    told = [started(P0, at=1), completed(P0, at=3), started(P0, at=10), completed(P0, at=15)]

    assert _observed(*told) == [None, 2.0, None, 5.0]


def test_a_late_start_makes_the_duration_known_once() -> None:
    """An end before whose start nothing was known is measured when the start comes, and then no more."""
    assert _observed(completed(P0, at=7), started(P0, at=2), started(P0, at=3)) == [None, 5.0, None]


def test_only_what_was_completed_is_measured() -> None:
    """Neither failures nor aborts teach how long something takes."""
    told = [started(P0), failed(P0, at=3), event(End(Status.ABORTED, 2.0), P0, at=4)]

    assert _observed(*told) == [None, None, None]


@given(st.permutations([started(P0, at=2), completed(P0, at=7)]))
def test_each_completed_attempt_is_measured_once(told: list[JobEvent]) -> None:
    """In whatever order start and end come."""
    assert [seconds for seconds in _observed(*told) if seconds is not None] == [5.0]


def test_keys_have_parents() -> None:
    """A sub-phase is a part of its phase, a phase of its run."""
    assert StepKey("a", "b").parent == StepKey("a")
    assert StepKey("a").parent == RUN
    assert RUN.parent == RUN
