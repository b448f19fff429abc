"""What the store takes, what it refuses, and how it fares when its database does not work."""

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as sqlalchemy_event

from streamgauge.errors import StoreBusyError, StoreUnavailableError
from streamgauge.jobs import waiting
from streamgauge.jobs.receipt import Code, Receipt
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.events import (
    RUN,
    Begin,
    End,
    Erred,
    Fact,
    Fault,
    Heartbeat,
    JobEvent,
    Measured,
    Progress,
    Resources,
    Status,
    StepKey,
    Warned,
)
from tests.jobs.stores import PATIENCE, RULES, Clock, give, job_of, opened, sqlite_url
from tests.model.jobs.told import JOB, P0, P0_A, P1, START, completed, event, failed, started
from tests.services.polling import eventually

DAY = 86400.0


@pytest.fixture
def clock() -> Clock:
    """The exporter's clock."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    """A store with the rules of the default configuration."""
    with opened(sqlite_url(tmp_path), RULES, clock) as store:
        yield store


def test_the_file_is_its_owners_alone(tmp_path: Path, store: JobStore) -> None:
    """What jobs tell may be secret: the database and what stands beside it are read by nobody else."""
    give(store, started())

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes.keys() >= {"jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite.lock"}
    assert set(modes.values()) == {0o600}


def test_without_a_database_runs_are_in_a_file_that_goes_with_the_store() -> None:
    """For the demo, and where there is no state directory."""
    with opened(None) as store:
        give(store, started())
        folder = Path(store.queries._engine().url.database or "").parent
        assert folder.is_dir()
        assert store.queries.runs().total == 1
    assert not folder.exists()


@pytest.mark.parametrize(
    "fact",
    [
        Progress(-1),
        Progress(float("nan")),
        Resources(-0.1),
        Resources(0.1, memory_bytes=1 << 70),
        Begin(running=True, items=float("inf")),
        Begin(running=True, heartbeat_seconds=-1),
        End(Status.COMPLETED, -1.0),
        End(Status.LOST),
        Measured("m", float("nan")),
        Measured("m", 10**400),
    ],
)
def test_what_no_job_can_mean_is_refused(store: JobStore, fact: Fact) -> None:
    """And says what is wrong with it, without a word about the others."""
    receipt = give(store, started(), event(fact, P0))

    assert receipt.accepted == 1
    (rejection,) = receipt.rejected
    assert (rejection.index, rejection.code) == (1, Code.IMPLAUSIBLE)
    assert rejection.reason


@pytest.mark.parametrize("name", ["", "a\nb", "\0", "\ud800", "x" * 201])
def test_names_that_no_database_takes_are_refused(store: JobStore, name: str) -> None:
    """Of a job, a run, or a phase."""
    told = [started(job=name), started(run=name)] + ([started(StepKey(name))] if name else [])

    receipt = give(store, *told)

    assert receipt.accepted == 0
    assert {each.code for each in receipt.rejected} == {Code.IMPLAUSIBLE}


def test_clocks_that_are_far_off_are_refused(store: JobStore) -> None:
    """More than a day ahead, or older than runs are kept."""
    ahead, behind = started(at=2 * DAY), started(at=-91 * DAY)

    receipt = give(store, ahead, started(at=0.9 * DAY), behind)

    assert [(each.id, each.code) for each in receipt.rejected] == [
        (ahead.id, Code.IN_THE_FUTURE),
        (behind.id, Code.TOO_OLD),
    ]


def test_jobs_and_steps_are_bounded(tmp_path: Path) -> None:
    """What is beyond is refused with a reason that names the setting; what is there goes on."""
    with opened(sqlite_url(tmp_path), StoreRules(jobs=1, steps=2)) as store:
        receipt = give(
            store, started(), started(job="other"), started(P0_A), started(P1), started(P0), started(run="r2")
        )

    assert receipt.accepted == 4
    codes = [(each.index, each.code) for each in receipt.rejected]
    assert codes == [(1, Code.TOO_MANY_JOBS), (3, Code.TOO_MANY_STEPS)]
    assert "jobs.limits.jobs" in receipt.rejected[0].reason
    assert "jobs.limits.steps" in receipt.rejected[1].reason


def test_an_event_that_is_refused_makes_no_run(tmp_path: Path) -> None:
    """Not even an empty one."""
    with opened(sqlite_url(tmp_path), StoreRules(steps=1)) as store:
        assert give(store, started(P0_A)).accepted == 0
        assert store.queries.runs().total == 0
        assert store.reading().jobs == ()


def test_notes_and_samples_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    """They are not kept, and are still counted once each."""
    url = sqlite_url(tmp_path)
    told = [event(Warned(f"w{number}"), P0, at=number) for number in range(5)]
    told += [event(Resources(1.0), P0, at=number) for number in range(5)]
    for _ in range(2):
        with opened(url, StoreRules(notes=2, samples=3)) as store:
            give(store, *told)
            totals = job_of(store.reading()).totals[P0]
            assert (totals.warnings, totals.cpu_seconds) == (5, 5.0)
            assert store.queries.notes(JOB).total == 2
            assert len(store.queries.samples(JOB, "r1")) == 3


def test_totals_are_of_all_attempts(store: JobStore) -> None:
    """Ends, failures, warnings, errors and durations add up over runs; items of a step count once."""
    for run in ("r1", "r2"):
        give(
            store,
            started(P0, run=run),
            event(Progress(30), P0, at=1, run=run),
            failed(P0, at=2, run=run),
            started(P0, at=3, run=run),
            event(Progress(40), P0, at=4, run=run),
            event(Erred(Fault("odd")), P0, at=4, run=run),
            completed(P0, at=10, run=run),
        )

    totals = job_of(store.reading()).totals[P0]

    assert (totals.ends, totals.failures, totals.errors, totals.items) == (4, 2, 4, 80)
    assert (totals.durations.count, totals.durations.sum_seconds) == (2, 14.0)


def test_a_run_is_lost_by_the_clock_and_found_by_a_word(store: JobStore, clock: Clock) -> None:
    """The reading and the queries say so without anything being written."""
    give(store, event(Begin(running=True, heartbeat_seconds=10)), started(P0))
    clock.now += 31

    job = job_of(store.reading())
    assert (job.latest.status, job.running, job.lost) == (Status.LOST, 0, 1)
    assert store.queries.runs(statuses={Status.LOST}).total == 1
    assert store.queries.runs(statuses={Status.RUNNING}).total == 0
    assert store.queries.history(JOB, P0, last=1, status=Status.LOST)[0].status is Status.LOST

    give(store, event(Heartbeat(), at=40))
    job = job_of(store.reading())
    assert (job.latest.status, job.running, job.lost) == (Status.RUNNING, 1, 0)
    assert store.queries.runs(statuses={Status.LOST}).total == 0


def test_history_says_what_is_usual_and_when_it_will_be_done(store: JobStore, clock: Clock) -> None:
    """Of completed runs before the latest; a phase that is no longer among them is not waited for."""
    old = [
        started(run="r0", at=-9),
        completed(StepKey("gone"), at=-8, took=500.0, run="r0"),
        completed(run="r0", at=-7),
    ]
    give(store, *old)
    for number in (1, 2, 3):
        run = f"r{number}"
        give(store, started(run=run, at=number), completed(P0, at=number, took=10.0 * number, run=run))
        give(store, completed(P1, at=number, took=100.0, run=run), completed(run=run, at=number))
    give(store, started(run="r4", at=45), started(P0, at=45, run="r4"))
    clock.now = START + 50

    job = job_of(store.reading())

    assert job.latest.run == "r4"
    assert (job.usual[P0].runs, job.usual[P0].median_seconds) == (3, 20.0)
    assert job.last_duration[P0] == 30.0
    assert job.completion is not None
    assert job.completion.remaining_seconds == 115.0
    assert job.last_success == START + 3


def test_a_late_event_of_an_earlier_run_changes_what_is_usual(store: JobStore) -> None:
    """Not only new runs do."""
    give(store, started(run="r1"), started(run="r2", at=9))
    assert RUN not in job_of(store.reading()).usual

    give(store, completed(run="r1", at=7))

    assert job_of(store.reading()).usual[RUN].median_seconds == 7.0


def test_the_latest_run_is_the_one_that_started_last(store: JobStore) -> None:
    """Also when a late word says that it started before another."""
    give(store, event(Warned("w"), run="r2", at=20), started(run="r1", at=10))
    assert job_of(store.reading()).latest.run == "r2"

    give(store, started(run="r2", at=5))

    assert job_of(store.reading()).latest.run == "r1"


def test_whoever_listens_hears_of_changes(store: JobStore) -> None:
    """After a commit that changed something, and a listener that fails harms nobody."""
    calls: list[Receipt] = []

    def fail() -> None:
        raise ValueError

    store.on_change(fail)
    store.on_change(lambda: calls.append(Receipt()))
    told = started()
    give(store, told)
    eventually(lambda: len(calls) == 1)
    give(store, told)
    give(store, event(Heartbeat()))
    eventually(lambda: len(calls) == 2)


def test_events_are_counted_by_kind(store: JobStore) -> None:
    """Those that were accepted, and the others."""
    told = [started(), completed(at=1), event(Heartbeat(), at=1)]
    give(store, *told, told[0])

    status = store.status

    assert {kind: count for kind, count in status.accepted.items() if count} == {
        "start": 1,
        "complete": 1,
        "heartbeat": 1,
    }
    assert (status.duplicates, status.waiting, status.up) == (1, 0, True)
    assert status.write_seconds > 0


class Disk:
    """Makes the statements of SQLite fail, where a test says so."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.poison = ""

    def __call__(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        """Called before each statement."""
        if self.error is not None and statement.startswith(("INSERT", "UPDATE", "BEGIN")):
            raise self.error
        if self.poison and self.poison in repr(parameters):
            raise OverflowError(self.poison)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Listens to every engine while the test runs."""
    disk = Disk()
    sqlalchemy_event.listen(Engine, "before_cursor_execute", disk)
    yield disk
    sqlalchemy_event.remove(Engine, "before_cursor_execute", disk)


def test_a_disk_that_fails_refuses_and_heals(disk: Disk, store: JobStore) -> None:
    """Events are given back, reading goes on from memory, and it works again by itself."""
    give(store, started())
    disk.error = sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreUnavailableError, match="disk I/O error"):
        give(store, started(P0))
    eventually(lambda: store.status.up is False)
    with pytest.raises(StoreUnavailableError):
        give(store, started(P0))
    assert job_of(store.reading()).latest.phases == ()

    disk.error = None
    eventually(lambda: store.status.up, deadline=PATIENCE)
    assert give(store, started(P0)).accepted == 1
    assert store.status.errors >= 1


def test_an_event_that_cannot_be_written_takes_no_other_with_it(disk: Disk, store: JobStore) -> None:
    """Neither of its own batch nor of the others in the same transaction."""
    disk.poison = "poisonous"
    futures = [store.submit([started(P0, run=f"r{number}")]) for number in range(3)]
    poisoned = store.submit([started(P1), event(Warned("poisonous"), P1, at=1), completed(P1, at=2)])
    futures += [store.submit([started(P0, run=f"r{number}")]) for number in range(3, 6)]

    assert [future.result(PATIENCE) for future in futures] == [Receipt(1)] * 6
    receipt = poisoned.result(PATIENCE)
    assert receipt.accepted == 2
    assert [(each.index, each.code) for each in receipt.rejected] == [(1, Code.IMPLAUSIBLE)]
    assert store.status.up is True
    assert job_of(store.reading()).totals[P1].ends == 1


def test_the_queue_is_bounded(tmp_path: Path) -> None:
    """What does not fit is refused at once, with a time to come again."""
    store = JobStore(sqlite_url(tmp_path), RULES, clock=Clock())
    told = [event(Warned("w")) for _ in range(1000)]
    futures = [store.submit(told) for _ in range(waiting.MOST_WAITING // 1000)]
    with pytest.raises(StoreBusyError) as busy:
        store.submit(told)
    assert busy.value.retry_after > 0
    assert store.status.waiting == waiting.MOST_WAITING

    store.close(0)
    with pytest.raises(StoreUnavailableError):
        futures[0].result(0)


def test_the_end_writes_what_waits(tmp_path: Path) -> None:
    """Nothing more is taken then."""
    store = JobStore(sqlite_url(tmp_path), RULES, clock=Clock())
    futures = [store.submit([event(Warned("w"), at=number)]) for number in range(50)]
    store.start()
    store.close(PATIENCE)

    assert [future.result(0).accepted for future in futures] == [1] * 50
    with pytest.raises(StoreUnavailableError):
        store.submit([started()])


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The store is there, and says what is wrong."""
    (tmp_path / "file").write_text("")
    store = JobStore(f"sqlite:///{tmp_path / 'file' / 'jobs.sqlite'}", RULES)
    store.start()
    try:
        eventually(lambda: store.status.up is False, deadline=PATIENCE)
        with pytest.raises(StoreUnavailableError, match=str(tmp_path)):
            store.submit([started()])
        with pytest.raises(StoreUnavailableError):
            store.reading()
    finally:
        store.close(PATIENCE)


def test_an_id_tells_an_event_within_its_run(store: JobStore) -> None:
    """What comes again is the event that was taken first."""
    first = event(Warned("first"))

    assert give(store, first, replace(first, fact=Warned("second"))) == Receipt(1, 1)
    assert [note.message for note in store.queries.notes(JOB).items] == ["first"]
    other: JobEvent = replace(first, run="r2")
    assert give(store, other) == Receipt(1)


def test_nothing_is_asked_of_a_database_that_was_not_opened(tmp_path: Path) -> None:
    """Whoever asks too early makes no file that others may read."""
    store = JobStore(sqlite_url(tmp_path), RULES)
    with pytest.raises(StoreUnavailableError):
        store.queries.runs()
    with pytest.raises(StoreUnavailableError):
        store.reading()
    assert list(tmp_path.iterdir()) == []
    store.close(0)


def test_rows_that_contradict_what_is_known_are_read_again(tmp_path: Path, store: JobStore) -> None:
    """Should somebody else have written, no event is refused for it."""
    with sqlite3.connect(tmp_path / "jobs.sqlite") as other:
        other.execute("INSERT INTO jobs (name) VALUES (?)", [JOB])
    other.close()

    assert give(store, started()) == Receipt(1)
    assert job_of(store.reading()).latest.run == "r1"


def test_what_is_answered_can_be_read_again_though_the_file_was_removed(tmp_path: Path) -> None:
    """Events are refused when the file they would be written to is nobody's any more; then there is a new one."""
    url = sqlite_url(tmp_path)
    answered = 0
    with opened(url) as store:
        give(store, event(Warned("lost with its file"), RUN, at=1))
        for file in (tmp_path / "jobs.sqlite", tmp_path / "jobs.sqlite-wal", tmp_path / "jobs.sqlite-shm"):
            file.unlink()

        def told() -> bool:
            nonlocal answered
            try:
                answered += give(store, event(Warned("kept"), RUN, at=2)).accepted
            except StoreUnavailableError:
                return False
            return True

        assert not told()
        eventually(told)
        assert store.queries.run(JOB, "r1") is not None
    with opened(url) as again:
        assert job_of(again.reading()).latest.warnings == answered == 1
