"""When Python's garbage collector runs."""

import gc
from collections.abc import Iterator

import pytest

from streamgauge.garbage_collection import SECONDS, GarbageCollection


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """The tests' own process goes on as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_a_cycle_of_a_large_cluster_does_not_start_it() -> None:
    """Some hundred thousand objects come and go in each."""
    GarbageCollection()

    assert gc.get_threshold()[0] > 500_000


def test_it_runs_after_a_cycle_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """What requests leave behind does not add up for ever."""
    runs: list[None] = []
    monkeypatch.setattr(gc, "collect", lambda: runs.append(None))
    instants = iter((0.0, 1.0, SECONDS - 1, SECONDS, SECONDS + 1, 2 * SECONDS))
    collection = GarbageCollection(lambda: next(instants))

    def runs_after_a_cycle() -> int:
        collection.after_cycle()
        return len(runs)

    assert [runs_after_a_cycle() for _ in range(5)] == [0, 0, 1, 1, 2]
