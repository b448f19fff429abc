"""What the counts of an application say after what was done."""

import asyncio
import math
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from streamgauge_sdk._application import BOUNDS, LONGEST_NAME, MOST_NAMES, Action, Application, Counts


@pytest.fixture
def counts() -> Application:
    """Counts of nothing."""
    return Application()


@pytest.fixture
def action(counts: Application) -> Callable[[str], Action]:
    """Make actions of those counts."""
    return lambda name: Action(lambda: counts, name)


def _of(counts: Application, name: str) -> Counts:
    return counts.activity().actions[name]


def test_a_recorded_action_is_in_total_in_sum_and_in_one_bucket(counts: Application) -> None:
    """Three actions, one of which failed: the total has all, `failed` the one, the durations all."""
    counts.record_action("click", 0.25, success=True)
    counts.record_action("click", 0.5, success=False)
    counts.record_action("click", 100.0, success=True)
    click = _of(counts, "click")
    assert (click.total, click.failed, click.running) == (3, 1, 0)
    assert (click.durations.sum, click.durations.count) == (100.75, 3)
    assert [bound for bound, many in zip((*BOUNDS, "+Inf"), click.durations.buckets, strict=True) if many] == [
        0.25,
        0.5,
        "+Inf",
    ]


@pytest.mark.parametrize("at", range(len(BOUNDS)))
def test_a_duration_on_a_bound_is_within_it(counts: Application, at: int) -> None:
    """A bucket takes what is equal to its bound; what is beyond goes to the next."""
    counts.record_event(BOUNDS[at], success=True)
    counts.record_event(math.nextafter(BOUNDS[at], math.inf), success=True)
    events = counts.activity().events
    assert events is not None
    assert events.durations.buckets[at] == 1
    assert events.durations.buckets[at + 1] == 1


@pytest.mark.parametrize("duration", [-1.0, math.nan, math.inf, -math.inf, 1e300])
def test_what_is_no_duration_is_not_timed(counts: Application, duration: float) -> None:
    """The action happened and counts; how long it took is unknown, so that no histogram has it."""
    counts.record_action("click", duration, success=True)
    click = _of(counts, "click")
    assert (click.total, click.durations.count, click.durations.sum) == (1, 0, 0.0)


def test_no_events_is_not_zero_events(counts: Application) -> None:
    """A program that never recorded an event tells nothing of events."""
    assert counts.activity().events is None


def test_many_threads_lose_nothing(counts: Application, action: Callable[[str], Action]) -> None:
    """Sixteen threads that record at once, switched as often as can be: the sums are exact."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work(number: int) -> None:
        for turn in range(500):
            counts.record_event(0.5, success=turn % 2 == 0)
            counts.record_action(f"record {number % 4}", 0.25, success=True)
            with action("block"):
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    activity = counts.activity()
    events = activity.events
    assert events is not None
    assert (events.total, events.failed, events.durations.sum, events.durations.count) == (8000, 4000, 4000.0, 8000)
    assert {name: each.total for name, each in activity.actions.items()} == {
        "block": 8000,
        **{f"record {number}": 2000 for number in range(4)},
    }
    assert sum(activity.actions["block"].durations.buckets) == 8000
    assert activity.actions["block"].running == 0
    assert activity.current_action is None


def test_the_current_action_is_the_one_begun_last_that_still_runs(
    counts: Application, action: Callable[[str], Action]
) -> None:
    """Nested actions all run; the current one goes back to the outer as the inner ends."""
    with action("outer"):
        with action("inner"), action("inner"):
            assert counts.current_action() == "inner"
            assert (_of(counts, "outer").running, _of(counts, "inner").running) == (1, 2)
        assert counts.current_action() == "outer"
    assert counts.current_action() is None


def test_actions_that_end_out_of_order_leave_the_newest_current(counts: Application) -> None:
    """Of concurrent actions the older may end first, or last."""
    first, second, third = counts.begin("first"), counts.begin("second"), counts.begin("third")
    counts.end(second, success=True)
    assert counts.current_action() == "third"
    counts.end(third, success=True)
    assert counts.current_action() == "first"
    counts.end(first, success=True)
    counts.end(first, success=True)
    assert (_of(counts, "first").total, _of(counts, "first").running) == (1, 0)


def test_an_exception_fails_the_action_and_goes_on(counts: Application, action: Callable[[str], Action]) -> None:
    """What the block raises is counted, and reaches the program as it was raised."""
    with pytest.raises(KeyboardInterrupt), action("click"):
        raise KeyboardInterrupt
    assert (_of(counts, "click").total, _of(counts, "click").failed) == (1, 1)


def test_a_decorated_function_is_an_action_each_time(counts: Application, action: Callable[[str], Action]) -> None:
    """It keeps its name, its arguments and its result, and may call itself."""

    @action("factorial")
    def factorial(number: int) -> int:
        """Multiply."""
        return number * factorial(number - 1) if number else 1

    assert factorial(4) == 24
    assert (factorial.__name__, factorial.__doc__) == ("factorial", "Multiply.")
    assert (_of(counts, "factorial").total, _of(counts, "factorial").running) == (5, 0)


def test_a_decorated_coroutine_is_an_action_until_it_ends(counts: Application, action: Callable[[str], Action]) -> None:
    """Fifty tasks at a time all run, and end each by itself; a cancelled one counts as failed."""

    @action("fetch")
    async def fetch(gate: asyncio.Event) -> int:
        await gate.wait()
        return 1

    async def program() -> int:
        gate = asyncio.Event()
        tasks = [asyncio.create_task(fetch(gate)) for _ in range(50)]
        await asyncio.sleep(0)
        assert _of(counts, "fetch").running == 50
        tasks[0].cancel()
        gate.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(one for one in done if isinstance(one, int))

    assert asyncio.run(program()) == 49
    fetch_counts = _of(counts, "fetch")
    assert (fetch_counts.total, fetch_counts.failed, fetch_counts.running) == (50, 1, 0)


def test_an_action_is_an_async_context_manager(counts: Application, action: Callable[[str], Action]) -> None:
    """`async with` counts as `with` does."""

    async def program() -> None:
        async with action("fetch"):
            await asyncio.sleep(0)
            assert counts.current_action() == "fetch"

    asyncio.run(program())
    assert _of(counts, "fetch").total == 1


def test_a_decorated_generator_runs_until_it_is_exhausted_or_closed(
    counts: Application, action: Callable[[str], Action]
) -> None:
    """Its values, what is sent to it and what it returns pass; closed early it has not failed."""

    @action("read")
    def read() -> Iterator[int]:
        yield 1
        yield 2

    assert list(read()) == [1, 2]
    closed = read()
    assert next(closed) == 1
    assert _of(counts, "read").running == 1
    closed.close()  # type: ignore[attr-defined]  # every generator has it
    assert (_of(counts, "read").total, _of(counts, "read").failed, _of(counts, "read").running) == (2, 0, 0)


def test_a_decorated_async_generator_stays_one(counts: Application, action: Callable[[str], Action]) -> None:
    """What is thrown into it arrives inside, where it may be handled; it ends as the inner one does."""
    seen: list[str] = []

    @action("stream")
    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
        except ValueError as error:
            seen.append(str(error))
            yield 2
        yield 3

    async def program() -> list[int]:
        made = stream()
        values = [await anext(made), await made.athrow(ValueError("for the inner"))]  # type: ignore[attr-defined]  # every async generator has it
        return values + [value async for value in made]

    assert asyncio.run(program()) == [1, 2, 3]
    assert seen == ["for the inner"]
    assert (_of(counts, "stream").total, _of(counts, "stream").failed) == (1, 0)


def test_beyond_the_bound_everything_is_other(counts: Application) -> None:
    """Beside `other` there are never more than a hundred names; what had to go there is counted."""
    for number in range(MOST_NAMES + 50):
        counts.record_action(f"action {number}", 1.0, success=True)
    activity = counts.activity()
    assert len(activity.actions) == MOST_NAMES + 1
    assert activity.actions["other"].total == 50
    assert activity.beyond_limit == 50
    assert sum(each.total for each in activity.actions.values()) == MOST_NAMES + 50


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('say "hi"\\', 'say "hi"\\'),
        ("two\nlines\t", "two lines"),
        ("half \ud800", "half"),
        ("x" * 500, "x" * LONGEST_NAME),
        ("", "other"),
        ("Ünïcode 👩‍🚀", "Ünïcode 👩‍🚀"),
    ],
)
def test_names_are_such_that_any_receiver_takes_them(counts: Application, given: str, kept: str) -> None:
    """Control characters become blanks, long names are cut, and an empty one is `other`."""
    counts.record_action(given, 1.0, success=True)
    counts.record_action(given, 1.0, success=True)
    assert {name: each.total for name, each in counts.activity().actions.items()} == {kept: 2}


def test_recording_within_recording_does_not_wait_for_itself(
    counts: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal handler or finalizer that records while its own thread holds the lock goes on."""
    original = counts._tally

    def interrupted(name: str) -> object:
        if name == "outer":
            counts.record_action("handler", 1.0, success=True)
        return original(name)

    monkeypatch.setattr(counts, "_tally", interrupted)
    counts.record_action("outer", 1.0, success=True)
    assert _of(counts, "handler").total == _of(counts, "outer").total == 1
