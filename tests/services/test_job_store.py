"""The store of runs on real databases: nothing acknowledged is lost, and it comes back by itself."""

import subprocess
import sys
import threading
import time
from concurrent.futures import Future, wait
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgauge.errors import StoreUnavailableError
from streamgauge.jobs.receipt import Receipt
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.applications import ProcessSnapshot, Work
from streamgauge.model.jobs.events import RUN, Artifact, Erred, Fault, JobEvent, Resources, Status, Warned
from tests.jobs.stores import (
    PATIENCE,
    RULES,
    Clock,
    assert_any_order_gives_the_same,
    assert_holds,
    give,
    job_of,
    opened,
    sqlite_url,
)
from tests.jobs.test_store_laws import batches
from tests.model.jobs.told import JOB, P0, START, completed, event, histories, started
from tests.services import job_writer
from tests.services.polling import eventually
from tests.services.postgresql import PostgreSQL, PostgreSQLServer

ROOT = Path(__file__).parents[2]

SLOW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create_database()


@pytest.mark.fault("exporter killed (SIGKILL) in the midst of writing, on SQLite and on PostgreSQL", of="jobs")
def test_a_kill_loses_nothing_that_was_acknowledged(database: str) -> None:
    """After SIGKILL in the midst of writing, every event with a receipt is there, once."""
    acknowledged = _write_and_kill(database, least=300)

    with opened(database, clock=Clock(time.time())) as store:
        before = store.queries.run(job_writer.JOB, job_writer.RUN)
        assert before is not None
        again = give(store, *[job_writer.written(number) for number in range(acknowledged)])
        after = store.queries.run(job_writer.JOB, job_writer.RUN)

    assert before.warnings >= acknowledged
    assert again == Receipt(0, acknowledged)
    assert after is not None
    assert after.warnings == before.warnings


def _write_and_kill(database: str, least: int) -> int:
    """Have a process write; kill it when so many events are acknowledged, and say how many that were."""
    command = [sys.executable, "-m", "tests.services.job_writer", database]
    environment = {"PYTHONPATH": f"{ROOT / 'exporter'}:{ROOT}", "PATH": ""}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = 0
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged >= least:
                process.kill()
                break
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout if line.endswith("\n"))])
    assert acknowledged >= least
    return acknowledged


@SLOW
@given(told=histories(runs=3), data=st.data())
def test_the_law_holds_on_postgresql(postgresql: PostgreSQL, told: list[JobEvent], data: st.DataObject) -> None:
    """Order, repetition, batches and restarts change nothing there either."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=10))
    shuffled = data.draw(st.permutations([*told, *again]))
    clock = Clock()
    with opened(postgresql.create_database(), clock=clock) as store:
        give(store, *told)
        control = store.reading()
        assert_holds(store, told, clock)
    assert_any_order_gives_the_same(postgresql.create_database(), control, batches(data, shuffled))


def test_everything_that_is_asked_is_answered(database: str) -> None:
    """Runs, samples, notes, histories and applications come back from both databases alike."""
    clock = Clock()
    told = [
        started(),
        started(P0, at=1),
        event(Resources(1.0, 2.0, 1 << 40), P0, at=2),
        event(Warned("a \0 and a \ud800"), P0, at=3),
        event(Artifact("out.json", "s3://bucket/out.json", 1 << 40), P0, at=4),
        event(Erred(Fault("no", "ValueError", "Traceback")), P0, at=5),
        completed(P0, at=6, took=5.0),
        completed(at=7),
    ]
    with opened(database, clock=clock) as store:
        receipt = give(store, *told, ProcessSnapshot("app", "p", START, 1, START, {"click": Work(3)}))
        queries = store.queries

        assert receipt == Receipt(9)
        assert [run.run for run in queries.runs(search="R1", statuses={Status.COMPLETED}).items] == ["r1"]
        assert queries.runs(search="%").total == 0
        assert [sample.cpu_ratio for sample in queries.samples(JOB, "r1", step=P0)] == [0.5]
        assert [note.message for note in queries.notes(JOB).items] == ["no", "out.json", "a \ufffd and a ?"]
        assert [record.duration_seconds for record in queries.history(JOB, P0, last=5)] == [5.0]
        assert [record.run for record in queries.history(JOB, RUN, last=5)] == ["r1"]
        assert job_of(store.reading()).last_success == START + 7
        assert [app.totals.actions for app in store.reading().applications] == [{"click": Work(3)}]


def test_many_submit_at_once(database: str) -> None:
    """Receipts are each submitter's own, and nothing is counted twice."""
    with opened(database) as store:
        futures: list[Future[Receipt]] = []
        own = [[event(Warned("w"), P0, run=f"r{number}") for _ in range(20)] for number in range(8)]

        def submit(events: list[JobEvent]) -> None:
            futures.extend(store.submit([each, each]) for each in events)

        threads = [threading.Thread(target=submit, args=(events,)) for events in own]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        wait(futures, PATIENCE)

        assert {future.result() for future in futures} == {Receipt(1, 1)}
        assert job_of(store.reading()).totals[P0].warnings == 160


def test_it_comes_back_with_the_database(own_postgresql: PostgreSQLServer) -> None:
    """While PostgreSQL is away submits are refused and what was read stays; then all goes on by itself."""
    with opened(own_postgresql.create_database()) as store:
        give(store, started(), started(P0, at=1))
        before = store.reading()
        own_postgresql.stop()

        with pytest.raises(StoreUnavailableError) as refused:
            eventually(lambda: give(store, event(Warned("lost?"), P0, at=2)) is None, deadline=PATIENCE)
        assert refused.value.retry_after > 0
        assert store.status.up is False
        assert store.status.errors >= 1
        assert store.reading() == before
        with pytest.raises(StoreUnavailableError):
            store.queries.runs()

        own_postgresql.start()
        eventually(lambda: store.status.up, deadline=60)
        assert give(store, completed(P0, at=3)).accepted == 1
        assert store.queries.runs().total == 1


@pytest.mark.fault("PostgreSQL ends the connections", of="jobs")
def test_a_connection_that_is_cut_costs_no_event(postgresql: PostgreSQL) -> None:
    """When the server ends the exporter's connections, what is refused can be sent again and counts once."""
    url = postgresql.create_database()
    with opened(url) as store:
        give(store, started())
        with psycopg.connect(url, autocommit=True) as other:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            other.execute(f"{others} AND pid <> pg_backend_pid()")
        warned = event(Warned("w"), P0, at=1)

        def taken() -> bool:
            try:
                give(store, warned)
            except StoreUnavailableError:
                return False
            return True

        eventually(taken, deadline=PATIENCE)
        assert give(store, warned).duplicates == 1
        assert store.queries.notes(JOB).total == 1


@pytest.mark.fault("a second exporter on the same database", of="jobs")
def test_one_exporter_a_database(database: str) -> None:
    """A second one waits, says why, and goes on when the first has ended."""
    second = JobStore(database, RULES, clock=Clock())
    try:
        with opened(database) as first:
            give(first, started())
            second.start()
            eventually(lambda: second.status.up is False, deadline=PATIENCE)
            with pytest.raises(StoreUnavailableError, match="another exporter uses the database"):
                second.submit([started(P0)])
            with pytest.raises(StoreUnavailableError):
                second.reading()
        eventually(lambda: second.status.up, deadline=PATIENCE)
        assert job_of(second.reading()).latest.run == "r1"
    finally:
        second.close(PATIENCE)


def test_a_password_is_in_no_error(caplog: pytest.LogCaptureFixture, postgresql: PostgreSQL) -> None:
    """Neither in the log nor in what is raised."""
    host = postgresql.url.rpartition("@")[2].partition("/")[0]
    store = JobStore(f"postgresql://nobody-here:hunter2@{host}/not_there", RULES)
    store.start()
    try:
        eventually(lambda: store.status.up is False, deadline=PATIENCE)
        with pytest.raises(StoreUnavailableError) as refused:
            store.submit([started()])
    finally:
        store.close(PATIENCE)
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in caplog.text
