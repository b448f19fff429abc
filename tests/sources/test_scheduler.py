"""Threads that read: what one source's trouble does to it and to its neighbours. Sources here are made by hand."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from streamgauge.errors import SourceError
from streamgauge.model.snapshot import Failure
from streamgauge.model.source_status import SourceStatus
from streamgauge.sources import scheduler
from streamgauge.sources.scheduler import Scheduler, SourceRunner

PATIENCE = 10.0
TIMED_OUT = SourceError("connect", "REQUEST_TIMED_OUT", "no broker answered")
NO_LEADER = Failure("ends", "LEADER_NOT_AVAILABLE", 3, "orders-0")
NO_COORDINATOR = Failure("commits", "COORDINATOR_NOT_AVAILABLE", 1, "group billing")


@dataclass(frozen=True)
class Seen:
    """A snapshot that says when it was read, and what is missing."""

    read_at: float = 1_700_000_000.0
    failures: Sequence[Failure] = ()


Outcome = Seen | Exception | Callable[[], Seen]


class Script:
    """A source that brings one outcome a cycle, then waits to be interrupted."""

    name = "script"
    help = "Made by hand."
    target = "nowhere:9092"
    interval = 0.001
    deadline = 1.0

    def __init__(self, *outcomes: Outcome, cluster: str = "main") -> None:
        self.cluster = cluster
        self.reads = 0
        self.closed_by: list[threading.Thread] = []
        self.interrupted = threading.Event()
        self._outcomes = list(outcomes)

    def read(self) -> Seen:
        """The next outcome."""
        self.reads += 1
        if not self._outcomes:
            self.interrupted.wait(PATIENCE)
            raise SourceError("connect", "INTERRUPTED", "interrupted")
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome() if callable(outcome) else outcome

    def requests(self) -> Mapping[str, int]:
        """One request a cycle."""
        return {"Metadata": self.reads}

    def interrupt(self) -> None:
        """End what is under way."""
        self.interrupted.set()

    def close(self) -> None:
        """Note who closes it."""
        self.closed_by.append(threading.current_thread())


@dataclass
class Taken:
    """What a runner hands on, in the order of the cycles: a snapshot and its status, or a status alone."""

    cycles: queue.Queue[tuple[Seen | None, SourceStatus]] = field(default_factory=queue.Queue)

    def succeed(self, snapshot: Seen, status: SourceStatus) -> None:
        """A cycle brought a snapshot."""
        self.cycles.put((snapshot, status))

    def fail(self, status: SourceStatus) -> None:
        """A cycle brought none."""
        self.cycles.put((None, status))

    def next(self) -> tuple[Seen | None, SourceStatus]:
        """The next cycle, which must come soon."""
        return self.cycles.get(timeout=PATIENCE)

    def statuses(self, count: int) -> list[SourceStatus]:
        """The statuses of so many cycles."""
        return [self.next()[1] for _ in range(count)]


Start = Callable[..., list[Taken]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sources, and stop them at the end."""
    with ExitStack() as started:

        def begin(*sources: Script) -> list[Taken]:
            taken = [Taken() for _ in sources]
            runners = [SourceRunner(source, one.succeed, one.fail) for source, one in zip(sources, taken, strict=True)]
            started.callback(scheduler_of(*runners).stop, PATIENCE)
            return taken

        yield begin


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The scheduler's log lines."""
    caplog.set_level(logging.INFO, "streamgauge.sources.scheduler")
    return caplog


def scheduler_of(*runners: SourceRunner[Any]) -> Scheduler:
    """A scheduler that has begun to run these."""
    made = Scheduler()
    for runner in runners:
        made.begin(runner)
    return made


def events(log: pytest.LogCaptureFixture) -> list[tuple[str, str, str | None]]:
    """Level, message and code of each line."""
    return [(record.levelname, record.getMessage(), vars(record)["code"]) for record in log.records]


def test_a_snapshot_is_handed_on_with_its_status(start: Start) -> None:
    """A good cycle brings the snapshot and says: up, when it was read, how long that took, what was asked."""
    seen = Seen(read_at=1_700_000_123.0)
    (taken,) = start(Script(seen))
    snapshot, status = taken.next()

    assert snapshot is seen
    assert (status.source, status.cluster, status.target, status.interval) == ("script", "main", "nowhere:9092", 0.001)
    assert (status.cycles, status.up, status.last_success, status.last_error) == (1, True, 1_700_000_123.0, None)
    assert (status.errors, status.requests) == ({}, {"Metadata": 1})
    assert status.last_duration is not None
    assert 0 <= status.last_duration < PATIENCE


def test_before_the_first_cycle_nothing_is_claimed() -> None:
    """A runner that has not begun is neither up nor down."""
    taken = Taken()
    status = SourceRunner(Script(), taken.succeed, taken.fail).status

    assert (status.cycles, status.up, status.last_success, status.last_duration) == (0, None, None, None)


def test_a_failure_is_counted_by_stage_and_code(start: Start) -> None:
    """A cycle that brings nothing says why; the last success stays what it was, and the next cycle tries again."""
    (taken,) = start(Script(Seen(read_at=5.0), TIMED_OUT, TIMED_OUT, Seen(read_at=9.0)))
    _, first, second, third = taken.statuses(4)

    assert (first.up, first.last_success, first.cycles) == (False, 5.0, 2)
    assert first.last_error == "REQUEST_TIMED_OUT: no broker answered"
    assert second.errors == {("connect", "REQUEST_TIMED_OUT"): 2}
    assert (third.up, third.last_error, third.last_success, third.cycles) == (True, None, 9.0, 4)
    assert third.errors == {("connect", "REQUEST_TIMED_OUT"): 2}


def test_parts_that_failed_are_counted_in_a_cycle_that_did_not(start: Start) -> None:
    """What is missing from a good snapshot is counted as often as it is missing; the source is up."""
    (taken,) = start(Script(Seen(failures=[NO_LEADER, NO_COORDINATOR]), Seen(failures=[NO_LEADER]), Seen()))
    first, second, third = taken.statuses(3)

    assert first.errors == {("ends", "LEADER_NOT_AVAILABLE"): 3, ("commits", "COORDINATOR_NOT_AVAILABLE"): 1}
    assert second.errors == {("ends", "LEADER_NOT_AVAILABLE"): 6, ("commits", "COORDINATOR_NOT_AVAILABLE"): 1}
    assert [one.up for one in (first, second, third)] == [True] * 3
    assert third.errors == second.errors


def test_a_status_is_not_changed_afterwards(start: Start) -> None:
    """What was handed on once stays as it was: the counts of later cycles are those of other statuses."""
    (taken,) = start(Script(TIMED_OUT, TIMED_OUT))
    first, _ = taken.statuses(2)

    assert first.errors == {("connect", "REQUEST_TIMED_OUT"): 1}


@pytest.mark.parametrize("bug", [RuntimeError("oops"), KeyError("orders"), RecursionError(), AssertionError()])
def test_a_bug_costs_a_cycle_not_the_thread(start: Start, bug: Exception) -> None:
    """Any exception of a source is counted as INTERNAL, and the next cycle comes as if nothing had been."""
    (taken,) = start(Script(bug, Seen()))
    failed, succeeded = taken.statuses(2)

    assert failed.up is False
    assert failed.errors == {("cycle", "INTERNAL"): 1}
    assert failed.last_error is not None
    assert failed.last_error.startswith("INTERNAL: ")
    assert succeeded.up is True


def test_a_bug_behind_the_source_costs_a_cycle_too(start: Start) -> None:
    """A snapshot that the model or the metrics stumble over is no success: one cycle, down, nothing read anew."""

    class Stumbling(Taken):
        """Stumbles over the second snapshot."""

        def succeed(self, snapshot: Seen, status: SourceStatus) -> None:
            """Take it, or not."""
            if snapshot.read_at == 2.0:
                raise ZeroDivisionError
            super().succeed(snapshot, status)

    taken = Stumbling()
    one = scheduler_of(SourceRunner(Script(Seen(1.0), Seen(2.0), Seen(3.0)), taken.succeed, taken.fail))
    first, second, third = taken.statuses(3)
    one.stop(PATIENCE)

    assert [status.cycles for status in (first, second, third)] == [1, 2, 3]
    assert [status.up for status in (first, second, third)] == [True, False, True]
    assert [status.last_success for status in (first, second, third)] == [1.0, 1.0, 3.0]
    assert second.errors == {("cycle", "INTERNAL"): 1}


def test_a_source_in_trouble_does_not_touch_its_neighbours(start: Start) -> None:
    """One source hangs, one fails, one has a bug: the fourth is read all the same."""
    hanging = Script(cluster="hanging")
    failing = Script(*[TIMED_OUT] * 50, cluster="failing")
    broken = Script(*[RuntimeError("oops")] * 50, cluster="broken")
    _, failed, fell, well = start(hanging, failing, broken, Script(*[Seen()] * 50, cluster="well"))

    assert all(status.up for status in well.statuses(50))
    assert failed.statuses(50)[-1].errors == {("connect", "REQUEST_TIMED_OUT"): 50}
    assert fell.statuses(50)[-1].errors == {("cycle", "INTERNAL"): 50}
    assert hanging.reads == 1


def test_each_source_is_read_and_closed_by_a_thread_of_its_own() -> None:
    """A source is closed once, by the thread that reads it, after its last reading."""
    readers: list[threading.Thread] = []

    def note() -> Seen:
        readers.append(threading.current_thread())
        return Seen()

    sources = [Script(note, cluster="one"), Script(note, cluster="two")]
    taken = [Taken(), Taken()]
    one = scheduler_of(*[SourceRunner(s, t.succeed, t.fail) for s, t in zip(sources, taken, strict=True)])
    for each in taken:
        each.next()
    one.stop(PATIENCE)

    assert {thread.name for thread in readers} == {"script-one", "script-two"}
    assert [thread.name for source in sources for thread in source.closed_by] == ["script-one", "script-two"]


def test_stopping_interrupts_what_is_under_way(log: pytest.LogCaptureFixture) -> None:
    """A reading that hangs is ended at once; that it failed is not counted, not logged and not handed on."""
    source, taken = Script(), Taken()
    runner = SourceRunner(source, taken.succeed, taken.fail)
    one = scheduler_of(runner)
    began = time.monotonic()
    one.stop(PATIENCE)

    assert time.monotonic() - began < PATIENCE / 2
    assert runner.join(0)
    assert source.closed_by
    assert taken.cycles.empty()
    assert log.records == []


def test_stopping_does_not_wait_for_the_interval() -> None:
    """Between two cycles a thread ends at once, however long the interval is."""
    source, taken = Script(Seen()), Taken()
    source.interval = 3600.0
    runner = SourceRunner(source, taken.succeed, taken.fail)
    one = scheduler_of(runner)
    taken.next()
    one.stop(PATIENCE)

    assert runner.join(0)
    assert source.reads == 1


def test_a_thread_that_does_not_end_is_left_behind(log: pytest.LogCaptureFixture) -> None:
    """Stopping takes no longer than it may: a thread that cannot be interrupted is named and left."""
    release = threading.Event()
    entered = threading.Event()

    def hang() -> Seen:
        entered.set()
        release.wait(PATIENCE)
        return Seen()

    taken = Taken()
    runner = SourceRunner(Script(hang), taken.succeed, taken.fail)
    one = scheduler_of(runner)
    assert entered.wait(PATIENCE)
    one.stop(0.01)
    still_runs = not runner.join(0)
    release.set()

    assert still_runs
    assert [record.getMessage() for record in log.records] == ["did not end in time"]
    assert vars(log.records[0])["cluster"] == "main"
    assert runner.join(PATIENCE)


def test_a_successor_takes_over_what_was_counted(start: Start) -> None:
    """Cycles, errors and requests go on where the runner before had come to; what it reads is its own."""
    (taken,) = start(Script(TIMED_OUT, Seen(read_at=5.0)))
    *_, last = taken.statuses(2)
    source = Script(TIMED_OUT, cluster="main")
    source.interval, source.target = 0.002, "elsewhere:9092"
    then = Taken()
    runner = SourceRunner(source, then.succeed, then.fail, last)
    assert runner.status == replace(last, interval=0.002, target="elsewhere:9092")
    one = scheduler_of(runner)
    _, status = then.next()
    one.stop(PATIENCE)

    assert (status.cycles, status.last_success) == (3, 5.0)
    assert status.errors == {("connect", "REQUEST_TIMED_OUT"): 2}
    assert status.requests == {"Metadata": 3}


def test_a_reading_that_ends_after_it_was_told_to_stop_is_dropped(log: pytest.LogCaptureFixture) -> None:
    """Whatever it brings, nothing of it is handed on or logged: a successor may have begun."""
    entered, release = threading.Event(), threading.Event()

    def hang() -> Seen:
        entered.set()
        release.wait(PATIENCE)
        return Seen(failures=[NO_LEADER])

    taken = Taken()
    runner = SourceRunner(Script(hang), taken.succeed, taken.fail)
    one = scheduler_of(runner)
    assert entered.wait(PATIENCE)
    one.end(runner)
    settled = runner.has_handed_over(0)
    release.set()

    assert settled, "a reading that hangs is no reason to wait"
    assert runner.join(PATIENCE)
    assert taken.cycles.empty()
    assert log.records == []
    one.stop(PATIENCE)


def test_what_is_being_handed_on_is_waited_for() -> None:
    """A snapshot that is being taken in has not been handed over until that has ended."""
    entered, release = threading.Event(), threading.Event()

    def take(_: Seen, __: SourceStatus) -> None:
        entered.set()
        release.wait(PATIENCE)

    runner = SourceRunner(Script(Seen()), take, Taken().fail)
    one = scheduler_of(runner)
    assert entered.wait(PATIENCE)
    one.end(runner)
    settled_at_once = runner.has_handed_over(0)
    release.set()

    assert not settled_at_once
    assert runner.has_handed_over(PATIENCE)
    one.stop(PATIENCE)


def test_nothing_begins_after_the_end() -> None:
    """A source that comes while everything stops is not read."""
    one = scheduler_of()
    one.stop(0)
    source = Script(Seen())
    one.begin(SourceRunner(source, Taken().succeed, Taken().fail))

    assert source.reads == 0


class FakeTime:
    """A clock that passes only where somebody waits or works; in place of ``time`` and of the runner's event."""

    def __init__(self, until: float) -> None:
        self.now = 100.0
        self._until = until

    def monotonic(self) -> float:
        """Monotonic seconds."""
        return self.now

    def wait(self, seconds: float) -> bool:
        """Wait for the next cycle."""
        self.now += seconds
        return False

    def is_set(self) -> bool:
        """Whether it is time to stop."""
        return self.now >= self._until


@pytest.mark.parametrize(
    ("durations", "starts"),
    [
        pytest.param([1, 1, 1, 1], [0, 10, 20, 30], id="short-cycles-start-on-the-grid"),
        pytest.param([1, 9, 3, 1], [0, 10, 20, 30], id="durations-do-not-add-up"),
        pytest.param([10, 1, 1, 1], [0, 10, 20, 30], id="a-cycle-of-an-interval-costs-nothing"),
        pytest.param([12, 1, 1], [0, 20, 30], id="a-long-cycle-skips-what-it-missed"),
        pytest.param([35, 1], [0, 40], id="however-long-it-was"),
    ],
)
def test_cycles_keep_to_the_grid(monkeypatch: pytest.MonkeyPatch, durations: list[float], starts: list[float]) -> None:
    """Cycles start at whole intervals from the first one; one that takes too long skips, none is made up for."""
    fake = FakeTime(until=100.0 + 40 + (2 if starts[-1] == 40 else 0))
    monkeypatch.setattr(scheduler, "time", fake)
    began: list[float] = []

    def work() -> Seen:
        began.append(fake.now - 100.0)
        fake.now += durations[len(began) - 1]
        return Seen()

    source, taken = Script(*[work] * len(durations)), Taken()
    source.interval = 10.0
    runner = SourceRunner(source, taken.succeed, taken.fail)
    runner._stopping = fake  # type: ignore[assignment]  # the event's two methods that the loop uses
    runner._run()

    assert began == starts
    assert [status.last_duration for status in taken.statuses(len(starts))] == durations


def test_a_trouble_is_logged_when_it_begins_and_when_it_is_over(start: Start, log: pytest.LogCaptureFixture) -> None:
    """Ten cycles without a leader are one line; that it is over is another, and that it is back is a third."""
    missing = Seen(failures=[NO_LEADER])
    (taken,) = start(Script(*[missing] * 10, Seen(), missing, Seen()))
    taken.statuses(13)
    taken_in(log, 4)

    assert (
        events(log)
        == [
            ("WARNING", "cannot read: orders-0", "LEADER_NOT_AVAILABLE"),
            ("INFO", "no longer fails", "LEADER_NOT_AVAILABLE"),
        ]
        * 2
    )
    assert vars(log.records[0])["count"] == 3
    assert (vars(log.records[0])["cluster"], vars(log.records[0])["stage"]) == ("main", "ends")


def test_each_kind_of_trouble_is_logged_for_itself(start: Start, log: pytest.LogCaptureFixture) -> None:
    """Another stage or code is another line, and one that is over says nothing about the other."""
    (taken,) = start(
        Script(Seen(failures=[NO_LEADER]), Seen(failures=[NO_LEADER, NO_COORDINATOR]), Seen(failures=[NO_COORDINATOR]))
    )
    taken.statuses(3)
    taken_in(log, 3)

    assert [(level, code) for level, _, code in events(log)] == [
        ("WARNING", "LEADER_NOT_AVAILABLE"),
        ("WARNING", "COORDINATOR_NOT_AVAILABLE"),
        ("INFO", "LEADER_NOT_AVAILABLE"),
    ]


def test_a_cycle_that_saw_nothing_does_not_say_that_anything_is_over(
    start: Start, log: pytest.LogCaptureFixture
) -> None:
    """While no broker answers, nobody knows of the leader; it is not logged as found, nor as missing again."""
    missing = Seen(failures=[NO_LEADER])
    (taken,) = start(Script(missing, TIMED_OUT, TIMED_OUT, missing, Seen()))
    taken.statuses(5)
    taken_in(log, 4)

    assert [(level, code) for level, _, code in events(log)] == [
        ("WARNING", "LEADER_NOT_AVAILABLE"),
        ("WARNING", "REQUEST_TIMED_OUT"),
        ("INFO", "REQUEST_TIMED_OUT"),
        ("INFO", "LEADER_NOT_AVAILABLE"),
    ]


def test_a_bug_is_logged_with_its_traceback(start: Start, log: pytest.LogCaptureFixture) -> None:
    """A fault of ours is logged whole, so that it can be reported."""
    (taken,) = start(Script(RuntimeError("oops")))
    taken.next()

    assert log.records[0].exc_info is not None
    assert "fault of the exporter's own" in log.records[0].getMessage()


def taken_in(log: pytest.LogCaptureFixture, lines: int) -> None:
    """Wait until so many lines are logged: the last one comes after its cycle was handed on."""
    until = time.monotonic() + PATIENCE
    while len(log.records) < lines and time.monotonic() < until:
        threading.Event().wait(0.001)
