"""What an exporter still knows after a restart: since when records wait, by the histories that it saved."""

import resource
import time
from pathlib import Path

import pytest

from streamgauge.model.reading import ClusterReading
from streamgauge.state.history_store import HistoryStore, SavedCluster
from tests.services.exporter import Exporter, Page
from tests.services.kafka import Kafka
from tests.services.polling import eventually
from tests.services.test_faults_clock import HOUR, _is_true, _Reader, _reader
from tests.services.waiting import INTERVAL, RECORDS, config, let_wait, names, read_again
from tests.services.watch import BOUND, LAG, LAG_SECONDS, LAG_SUM, Pair, Wait, Watch

UP = "streamgauge_state_up"
SAVES = "streamgauge_state_saves_total"
ERRORS = "streamgauge_state_errors_total"
READ_AT = "streamgauge_source_last_success_timestamp_seconds"
APPENDED = "kafka_topic_records_appended_total"
RATE_SLACK = 0.2  # between the instants of a reading's answers and the one time that the page gives for it
RETRY_DEADLINE = 60.0
STOP_DEADLINE = 10.0
SAVED = SavedCluster("default", ("kafka:9092",), 256)


def read(reader: _Reader, store: HistoryStore) -> ClusterReading:
    """One cycle as in ``streamgauge.app``, up to where it would be saved."""
    snapshot = reader.source.read()
    store.restore(reader._model, snapshot)
    reading = reader._model.update(snapshot)
    reader.source.look_for(reading.sought, reading.tails)
    return reading


def started(folder: Path, kafka: Kafka, state: Path) -> Exporter:
    """An exporter that keeps its state in a directory that others may have used; use it in a `with` statement."""
    return Exporter(folder, ["--state.dir", str(state)], config=config(kafka.bootstrap))


def waits_since(page: Page, labels: Pair) -> tuple[float, float]:
    """The earliest and the latest instant (Unix seconds) since when records wait, as a page has it."""
    seconds, bound, read_at = page.value(LAG_SECONDS, **labels), page.value(BOUND, **labels), page.value(READ_AT)
    assert seconds is not None
    assert bound is not None
    assert read_at is not None
    return read_at - seconds - bound, read_at - seconds + bound


def goes_on(exporter: Exporter, wait: Wait) -> None:
    """The first page that shows the group says truly since when it waits, as exactly as before."""
    assert wait.since is not None

    def shown() -> Page | None:
        page = exporter.scrape()
        return page if page.values(LAG, **wait.labels) else None

    page = eventually(shown, every=0.02)
    assert page is not None
    earliest, latest = waits_since(page, wait.labels)
    assert earliest - RATE_SLACK <= wait.since[1]
    assert wait.since[0] <= latest + RATE_SLACK
    assert latest - earliest <= 2 * INTERVAL + (wait.since[1] - wait.since[0]) + RATE_SLACK


@pytest.mark.fault("exporter killed in the middle of a stall")
def test_a_killed_exporter_goes_on_where_it_was(kafka: Kafka, tmp_path: Path) -> None:
    """The next start says at once since when the group waits, as exactly as before; what came meanwhile is no rate."""
    group, topic = names(kafka, "stalled", "killed")
    with started(tmp_path / "first", kafka, tmp_path / "state") as exporter:
        wait = let_wait(kafka, exporter, group, topic)
        read_again(exporter)
        exporter.kill()
    kafka.produce(topic, count=5)
    with started(tmp_path / "second", kafka, tmp_path / "state") as exporter:
        goes_on(exporter, wait)
        page = exporter.scrape()
        assert page.value(LAG_SUM, **wait.labels) == 8
        assert page.value(APPENDED, topic=topic) == 0
        exporter.eventually(UP, 1)
        assert "histories restored" in exporter.log
        kafka.commit(group, {(topic, 0): RECORDS})
        page = exporter.eventually(LAG_SUM, 5, **wait.labels)
        assert wait.since is not None
        assert waits_since(page, wait.labels)[1] + RATE_SLACK >= wait.since[1], "they came while nobody watched"
        exporter.terminate()
        eventually(lambda: not exporter.running)
        assert exporter.exit_code == 0


@pytest.mark.fault("a second exporter beside it, on the same state directory")
def test_a_second_exporter_beside_it_runs_without_state(kafka: Kafka, tmp_path: Path) -> None:
    """Both serve everything; the second saves nothing, shows it in a metric and the log, and spoils nothing."""
    group, topic = names(kafka, "stalled", "shared")
    with started(tmp_path / "first", kafka, tmp_path / "state") as first:
        wait = let_wait(kafka, first, group, topic, always=True)
        with started(tmp_path / "second", kafka, tmp_path / "state") as second:
            page = second.eventually(LAG_SUM, 3, **wait.labels)
            assert page.value(UP) == 0
            assert "another exporter uses the directory" in second.log
            saves = first.scrape().value(SAVES) or 0.0
            eventually(lambda: (first.scrape().value(SAVES) or 0.0) > saves)
            assert first.scrape().value(UP) == 1
        first.kill()
    with started(tmp_path / "third", kafka, tmp_path / "state") as third:
        goes_on(third, wait)


@pytest.mark.fault("clock set back and forward over a restart")
@pytest.mark.parametrize("ahead", [-HOUR, HOUR], ids=["back", "forward"])
def test_a_clock_that_is_set_over_a_restart_moves_no_lag(kafka: Kafka, tmp_path: Path, ahead: float) -> None:
    """On the same boot lag seconds go on by the monotonic clock; after another they are unknown or the clock's word."""
    group, topic = names(kafka, "billing", "clock")
    kafka.create_topic(topic)
    with _reader(kafka) as reader:
        store = HistoryStore(tmp_path, SAVED, boot="one")
        read(reader, store)
        before = time.monotonic()
        kafka.produce(topic, count=20, at=lambda _: time.time() - HOUR)  # no search may find the truth
        after = time.monotonic()
        kafka.commit(group, {(topic, 0): 17})
        snapshot = reader.source.read()
        reader._model.update(snapshot)
        store.save(reader._model, snapshot)
        store.end()
        store.join(STOP_DEADLINE)
    with _reader(kafka) as reader:
        reader.ahead = ahead
        started_at = time.monotonic()
        lag = read(reader, HistoryStore(tmp_path, SAVED, boot="one")).groups[group].topics[topic]
        _is_true(lag, started_at - after, time.monotonic() - before)
    with _reader(kafka) as reader:
        reader.ahead = ahead
        lag = read(reader, HistoryStore(tmp_path, SAVED, boot="two")).groups[group].topics[topic]
        if ahead < 0:
            assert lag.lag_seconds == (None,)
        else:
            assert lag.lag_seconds[0] == pytest.approx(HOUR, abs=RETRY_DEADLINE)


@pytest.mark.fault("disk full for the state file")
def test_a_full_disk_costs_the_saving_alone(kafka: Kafka, tmp_path: Path) -> None:
    """Every number is served as before, a metric says that nothing is saved; with room again, saving goes on."""
    group, topic = names(kafka, "stalled", "full")
    with started(tmp_path / "first", kafka, tmp_path / "state") as exporter:
        wait = let_wait(kafka, exporter, group, topic, always=True)
        unlimited = resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE)
        with Watch(exporter, wait):
            resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (64, unlimited[1]))
            page = exporter.eventually(UP, 0)
            assert (page.value(ERRORS) or 0.0) >= 1
            read_again(exporter, 3)
            resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, unlimited)
            exporter.eventually(UP, 1, deadline=RETRY_DEADLINE)
        read_again(exporter)
        exporter.kill()
    with started(tmp_path / "second", kafka, tmp_path / "state") as exporter:
        goes_on(exporter, wait)
