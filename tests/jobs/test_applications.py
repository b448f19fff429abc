"""Applications: counters over all of their processes, gauges of those that live."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamgauge.jobs.receipt import Code, Receipt
from streamgauge.jobs.rules import StoreRules
from streamgauge.jobs.store import JobStore
from streamgauge.model.jobs.applications import ApplicationReading, Durations, ProcessSnapshot, Work
from tests.jobs.stores import Clock, give, opened, sqlite_url
from tests.model.jobs.told import START
from tests.services.polling import eventually

DAY = 86400.0
RULES = StoreRules(applications=2, retention_age=10 * DAY)


@pytest.fixture
def clock() -> Clock:
    """The exporter's clock."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    """A store for few applications."""
    with opened(sqlite_url(tmp_path), RULES, clock) as store:
        yield store


def snapshot(
    clicks: int, *, process: str = "p1", sequence: int = 1, started: float = 0.0, application: str = "app"
) -> ProcessSnapshot:
    """What a process tells."""
    durations = Durations((clicks, *(0,) * 13), clicks / 8)
    work = {"click": Work(clicks, 1, durations)}
    time = START + started + sequence
    return ProcessSnapshot(
        application, process, START + started, sequence, time, work, queues={"q": 3}, cpu_seconds=1.0
    )


def reading(store: JobStore, name: str = "app") -> ApplicationReading:
    """One application."""
    return next(each for each in store.reading().applications if each.application == name)


def clicks(store: JobStore) -> int:
    """What it has counted."""
    return reading(store).totals.actions["click"].total


def test_processes_add_up(store: JobStore) -> None:
    """The newest snapshot of each counts; what comes late or twice says nothing new."""
    newest = snapshot(7, sequence=3)

    assert give(store, snapshot(5, sequence=2), newest, snapshot(4, process="p2")) == Receipt(3)
    assert give(store, snapshot(5, sequence=2), newest) == Receipt(0, 2)

    assert clicks(store) == 11
    assert [process.process for process in reading(store).processes] == ["p1", "p2"]
    assert reading(store).totals.cpu_seconds == 2.0


def test_counters_do_not_fall_when_a_process_starts_anew(store: JobStore) -> None:
    """What the earlier one had counted stays, and a straggler of it changes nothing."""
    give(store, snapshot(5, sequence=9), snapshot(2, started=20))

    assert clicks(store) == 7
    assert give(store, snapshot(6, sequence=10)).duplicates == 1
    assert clicks(store) == 7


def test_a_silent_process_loses_its_gauges_and_keeps_its_counters(store: JobStore, clock: Clock) -> None:
    """When it is heard again its counters go on from where they were."""
    give(store, snapshot(5))
    clock.now += 61

    assert reading(store).processes == ()
    assert clicks(store) == 5

    give(store, snapshot(8, sequence=2))
    assert len(reading(store).processes) == 1
    assert clicks(store) == 8


def test_a_restart_of_the_exporter_changes_nothing(tmp_path: Path, clock: Clock) -> None:
    """Counters and gauges are read from the database."""
    url = sqlite_url(tmp_path)
    full = replace(
        snapshot(5), events=Work(4, 2), running={"click": 1}, current_action="click", memory_bytes=1 << 40, threads=3
    )
    with opened(url, RULES, clock) as store:
        give(store, full, snapshot(5, process="p2"), snapshot(1, process="p2", started=20))
        before = store.reading()
    with opened(url, RULES, clock) as store:
        assert store.reading() == before
        assert full in reading(store).processes


def test_processes_that_are_silent_for_a_day_are_added_up_for_good(store: JobStore, clock: Clock) -> None:
    """And after the age of retention the application goes, and makes room."""
    give(store, snapshot(5), snapshot(1, application="other"))
    clock.now += 2 * DAY
    give(store, replace(snapshot(3, process="p2"), time=clock.now))

    def kept_apart() -> list[str]:
        known = store._memory.applications.get("app")
        return [] if known is None else list(known.processes)

    eventually(lambda: kept_apart() == ["p2"])
    assert clicks(store) == 8

    clock.now += 9 * DAY
    give(store, replace(snapshot(4, process="p2", sequence=2), time=clock.now))
    eventually(lambda: [each.application for each in store.reading().applications] == ["app"])
    assert clicks(store) == 9


def test_applications_are_bounded(store: JobStore) -> None:
    """What is beyond is refused."""
    receipt = give(store, *(snapshot(1, application=name) for name in ("a", "b", "c")))

    assert receipt.accepted == 2
    assert [(each.index, each.code) for each in receipt.rejected] == [(2, Code.TOO_MANY_APPLICATIONS)]


def test_processes_are_bounded(store: JobStore, clock: Clock) -> None:
    """Those that are silent make room for others, and their counters stay."""
    give(store, *(snapshot(1, process=f"p{number}") for number in range(1000)))
    assert give(store, snapshot(1, process="one more")).rejected[0].code is Code.TOO_MANY_APPLICATIONS

    clock.now += 61
    assert give(store, snapshot(1, process="one more")).accepted == 1
    assert clicks(store) == 1001


@pytest.mark.parametrize(
    "wrong",
    [
        replace(snapshot(1), application=""),
        replace(snapshot(1), actions={"a": Work(-1)}),
        replace(snapshot(1), actions={"a": Work(1, 0, Durations((1, 2), 1.0))}),
        replace(snapshot(1), queues={"q": float("nan")}),
        replace(snapshot(1), queues={f"q{number}": 1.0 for number in range(1001)}),
        replace(snapshot(1), time=START + 3 * DAY),
        replace(snapshot(1), time=START - 30 * DAY),
    ],
)
def test_what_no_process_can_mean_is_refused(store: JobStore, wrong: ProcessSnapshot) -> None:
    """With a reason."""
    receipt = give(store, wrong, snapshot(1, process="good"))

    assert receipt.accepted == 1
    assert receipt.rejected[0].reason


def test_counters_of_a_process_do_not_fall(store: JobStore) -> None:
    """A later snapshot with less is a fault of the program; taken as it is, it would look like a restart."""
    give(store, snapshot(18, sequence=1))
    give(store, replace(snapshot(17, sequence=2), cpu_seconds=0.5, queues={"q": 1}))

    assert clicks(store) == 18
    assert reading(store).totals.cpu_seconds == 1.0
    assert reading(store).processes[0].queues == {"q": 1}


def test_a_process_that_was_added_up_is_not_added_up_again(store: JobStore, clock: Clock) -> None:
    """Where there are too many, silent ones make room; one of them that was only slow is refused, not counted twice."""
    give(store, *(snapshot(100, process=f"p{number}") for number in range(1000)))
    clock.now += 61
    give(store, snapshot(1, process="new"))
    assert clicks(store) == 100_001

    (rejection,) = give(store, snapshot(101, process="p7", sequence=2)).rejected
    assert rejection.code is Code.FORGOTTEN
    assert clicks(store) == 100_001
    give(store, snapshot(3, process="p7", started=90.0))
    assert clicks(store) == 100_004


def test_a_process_that_starts_while_its_clock_is_behind_is_heard(store: JobStore, clock: Clock) -> None:
    """A container has the same name after its restart; what is late is told from it by how long nothing came."""
    give(store, snapshot(10, sequence=500, started=30.0))
    assert give(store, snapshot(3, sequence=1, started=0.0)) == Receipt(0, 1)
    clock.now += 61
    assert give(store, snapshot(4, sequence=2, started=0.0)) == Receipt(1)
    assert clicks(store) == 14
