"""The law of the store: what was told is what is known, in any order, any number of times, over any restart."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgauge.model.jobs.events import JobEvent
from tests.jobs.stores import Clock, assert_any_order_gives_the_same, assert_holds, give, opened, sqlite_url
from tests.model.jobs.told import histories

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def batches(data: st.DataObject, told: list[JobEvent]) -> list[tuple[list[JobEvent], bool]]:
    """Cut into batches, and say after which of them the store is a new one."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(told)), max_size=4)))
    edges = [0, *cuts, len(told)]
    restarts = data.draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
    parts = [told[start:end] for start, end in pairwise(edges)]
    return [(part, restart) for part, restart in zip(parts, restarts, strict=False) if part]


@pytest.mark.service
@SLOW
@given(histories(runs=3), st.data())
def test_order_repetition_batches_and_restarts_change_nothing(told: list[JobEvent], data: st.DataObject) -> None:
    """Runs, totals, and all that is read of them are the same, and the same as the pure fold's."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=10))
    shuffled = data.draw(st.permutations([*told, *again]))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        with opened(sqlite_url(Path(folder) / "control"), clock=clock) as store:
            give(store, *told)
            control = store.reading()
            assert_holds(store, told, clock)
        assert_any_order_gives_the_same(sqlite_url(Path(folder) / "other"), control, batches(data, shuffled))


@pytest.mark.service
@SLOW
@given(histories(runs=3), st.data())
def test_batches_and_restarts_change_no_duration_either(told: list[JobEvent], data: st.DataObject) -> None:
    """In the order of their telling, histograms are the same too, however events are put together."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        with opened(sqlite_url(Path(folder) / "control"), clock=clock) as store:
            give(store, *told)
            control = store.reading()
        url = sqlite_url(Path(folder) / "other")
        for batch, _ in batches(data, told):
            with opened(url, clock=clock) as store:
                give(store, *batch, *batch)
        with opened(url, clock=clock) as store:
            assert store.reading() == control
