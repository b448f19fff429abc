"""What is given up, and what is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from streamgauge.jobs.receipt import Code
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.jobs.tables import LEFTOVERS, NOTES, SAMPLES, SEEN
from streamgauge.model.jobs.events import Begin, JobEvent, Resources, Status, StepKey, Warned
from tests.jobs.stores import Clock, give, job_of, opened, sqlite_url
from tests.model.jobs.told import JOB, P0, P1, completed, event, started
from tests.services.polling import eventually

FEW = StoreRules(retention_runs=3, retention_age=1000.0, max_age=100.0)
DAY = 86400.0


def whole(run: str, *, at: float, phase: StepKey = P0) -> list[JobEvent]:
    """A run from its start to its end."""
    return [
        started(run=run, at=at),
        event(Resources(1.0), phase, at=at, run=run),
        event(Warned("w"), phase, at=at + 1, run=run),
        completed(phase, at=at + 1, took=1.0, run=run),
        completed(run=run, at=at + 2),
    ]


def runs_of(store: JobStore, job: str = JOB) -> list[str]:
    """What is left."""
    return [run.run for run in store.queries.runs(job=job, limit=1000).items]


@pytest.fixture
def clock() -> Clock:
    """The exporter's clock."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    """A store that keeps little."""
    with opened(sqlite_url(tmp_path), FEW, clock) as store:
        yield store


def test_the_last_runs_are_kept(store: JobStore) -> None:
    """By when they started, in whatever order they were told; totals do not fall."""
    for number in (4, 0, 3, 1, 2):
        give(store, *whole(f"r{number}", at=number * 5))

    eventually(lambda: runs_of(store) == ["r4", "r3", "r2"])
    eventually(lambda: store.status.runs_trimmed == 2)
    totals = job_of(store.reading()).totals
    assert (totals[P0].ends, totals[P0].warnings, totals[P0].cpu_seconds, totals[P0].durations.count) == (5, 5, 5, 5)


def test_a_run_that_is_the_last_of_a_phase_is_kept_for_it(store: JobStore) -> None:
    """Each phase has its own last runs: one that comes rarely does not lose its history."""
    give(store, *whole("rare", at=0, phase=P1))
    for number in range(1, 6):
        give(store, *whole(f"r{number}", at=number * 5))

    eventually(lambda: runs_of(store) == ["r5", "r4", "r3", "rare"])
    assert [record.run for record in store.queries.history(JOB, P1, last=5)] == ["rare"]


def test_a_run_that_runs_is_kept(store: JobStore, clock: Clock) -> None:
    """Until it is lost."""
    give(store, started(run="running"))
    for number in range(1, 6):
        give(store, *whole(f"r{number}", at=number * 5))
    eventually(lambda: runs_of(store) == ["r5", "r4", "r3", "running"])

    clock.now += FEW.max_age + 1
    give(store, *whole("r6", at=31))

    eventually(lambda: runs_of(store) == ["r6", "r5", "r4"])


def test_what_a_run_leaves_behind_is_swept_up(tmp_path: Path, store: JobStore) -> None:
    """Samples, notes and what was seen of it go too."""
    for number in range(6):
        give(store, *whole(f"r{number}", at=number * 5))
    engine = create_engine(sqlite_url(tmp_path))

    def rows() -> list[int | None]:
        with engine.connect() as connection:
            tables = (LEFTOVERS, SAMPLES, NOTES, SEEN)
            return [connection.scalar(select(func.count()).select_from(table)) for table in tables]

    eventually(lambda: rows() == [0, 3, 3, 15])
    engine.dispose()


def test_a_late_event_makes_no_ghost(store: JobStore) -> None:
    """A run that was given up does not begin anew in part."""
    for number in range(4):
        give(store, *whole(f"r{number}", at=number * 5))
    eventually(lambda: store.status.runs_trimmed == 1)

    receipt = give(store, event(Warned("late"), P0, at=1, run="r0"), event(Warned("w"), P0, at=1, run="r3"))

    assert receipt.accepted == 1
    assert [(each.index, each.code) for each in receipt.rejected] == [(0, Code.FORGOTTEN)]
    assert store.status.rejected["forgotten"] == 1


def test_old_runs_go_and_their_job_with_the_last(store: JobStore, clock: Clock) -> None:
    """By age since the last event; a job of which no run is left makes room for another."""
    give(store, *whole("old", at=0), *whole("other", at=0))
    give(store, event(Begin(running=True, heartbeat_seconds=DAY), run="announced", job="patient"))

    clock.now += FEW.retention_age + 100
    give(store, started(at=1100, run="new", job="another"))

    eventually(lambda: runs_of(store) == [])
    eventually(lambda: [job.job for job in store.reading().jobs] == ["another", "patient"])


def test_the_last_success_outlives_its_run(store: JobStore) -> None:
    """When a job was last completed is known after that run was given up, and after a restart."""
    give(store, *whole("good", at=0))
    for number in range(1, 6):
        give(store, started(run=f"r{number}", at=number * 5), event(Warned("w"), at=number * 5, run=f"r{number}"))
        give(store, *[each for each in whole(f"r{number}", at=number * 5) if each.step == P1])
    success = job_of(store.reading()).last_success

    assert success is not None
    assert job_of(store.reading()).latest.status is Status.RUNNING


def test_other_rules_hold_at_once(store: JobStore) -> None:
    """Runs that are too many by new rules are given up without waiting for another."""
    for number in range(3):
        give(store, *whole(f"r{number}", at=number * 5))
    assert len(runs_of(store)) == 3

    store.follow(StoreRules(retention_runs=1))
    give(store, event(Warned("w"), P0, at=20, run="r2"))

    eventually(lambda: runs_of(store) == ["r2"])


def test_a_restart_goes_on_with_it(tmp_path: Path) -> None:
    """What was not given up before the end is after the next start."""
    url = sqlite_url(tmp_path)
    with opened(url, StoreRules()) as store:
        for number in range(40):
            give(store, *whole(f"r{number}", at=number))
    with opened(url, FEW) as store:
        eventually(lambda: len(runs_of(store)) == 3)
        assert job_of(store.reading()).totals[P0].ends == 40
