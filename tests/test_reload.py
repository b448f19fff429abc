"""Reloads: one after the other, on a thread of their own, whatever they come to."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from streamgauge.errors import ConfigError, StreamgaugeError
from streamgauge.model.reload_status import ReloadStatus
from streamgauge.reload import Reloader, on_hang_up

PATIENCE = 10.0
WRONG = ConfigError("a.yml: clusters[0].intervall: unknown key\na.yml: log: nothing is given")


class Example:
    """A reloader that does what it is told, and what it has noted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.outcomes: list[Exception | Callable[[], None] | None] = []
        self.noted: list[ReloadStatus] = []
        self.reloader = Reloader(self.apply, self.noted.append, lambda: self.now)

    def apply(self) -> None:
        """The next outcome."""
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            outcome()

    def reload(self, outcome: Exception | None = None) -> BaseException | None:
        """Reload, and wait for its end."""
        self.outcomes.append(outcome)
        return self.reloader.ask().exception(PATIENCE)


@pytest.fixture
def example() -> Iterator[Example]:
    """A reloader that runs."""
    one = Example()
    one.reloader.start()
    yield one
    one.reloader.stop(PATIENCE)


def test_a_good_start_is_a_success(example: Example) -> None:
    """As in Prometheus: 1 before the first reload, and the time of the start."""
    assert example.noted == [ReloadStatus(successful=True, last_success=1000.0)]


def test_a_reload_that_was_applied(example: Example) -> None:
    """It is noted with its time."""
    example.now = 2000.0

    assert example.reload() is None
    assert example.noted[-1] == ReloadStatus(successful=True, last_success=2000.0)


def test_a_reload_that_was_refused(example: Example, caplog: pytest.LogCaptureFixture) -> None:
    """Who asked gets the error, the log has its whole message, and the last success stays when it was."""
    example.now = 2000.0

    assert example.reload(WRONG) is WRONG
    assert example.noted[-1] == ReloadStatus(successful=False, last_success=1000.0)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(WRONG) in caplog.text
    assert caplog.records[0].exc_info is None, "no fault of ours"
    assert example.reload() is None
    assert example.noted[-1] == ReloadStatus(successful=True, last_success=2000.0)


def test_a_bug_costs_one_reload(example: Example, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its traceback, who asked learns no more than that, and the next reload works."""
    error = example.reload(RuntimeError("oops"))

    assert isinstance(error, StreamgaugeError)
    assert str(error) == "a fault of ours; the log has the details"
    assert caplog.records[0].exc_info
    assert not example.noted[-1].successful
    assert example.reload() is None


def test_two_at_once_are_one_after_the_other(example: Example) -> None:
    """The second begins when the first has ended, and who asks waits for neither."""
    entered, release = threading.Event(), threading.Event()
    at_once: list[int] = []
    running = threading.Semaphore(1)

    def slow() -> None:
        assert running.acquire(blocking=False)
        entered.set()
        release.wait(PATIENCE)
        at_once.append(len(example.noted))
        running.release()

    example.outcomes += [slow, slow]
    first, second = example.reloader.ask(), example.reloader.ask()
    assert entered.wait(PATIENCE)
    assert not first.done()
    release.set()
    first.result(PATIENCE)
    second.result(PATIENCE)

    assert at_once == [1, 2]


def test_who_no_longer_waits_is_passed_over(example: Example) -> None:
    """A client that went away before its turn costs no reload, and not the thread."""
    release = threading.Event()
    example.outcomes.append(lambda: assert_true(release.wait(PATIENCE)))
    first, second = example.reloader.ask(), example.reloader.ask()
    assert second.cancel()
    release.set()
    first.result(PATIENCE)

    assert example.reload() is None
    assert example.outcomes == []


def test_sighup_asks() -> None:
    """Within the block SIGHUP does what it is told; after it, what it did before."""
    before = signal.getsignal(signal.SIGHUP)
    asked = threading.Event()
    with on_hang_up(asked.set):
        os.kill(os.getpid(), signal.SIGHUP)
        assert asked.wait(PATIENCE)

    assert signal.getsignal(signal.SIGHUP) is before


def assert_true(value: bool) -> None:  # noqa: FBT001 - a value alone
    """Inside a lambda."""
    assert value
