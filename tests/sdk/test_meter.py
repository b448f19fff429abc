"""CPU and memory of a process and its children: each second once."""

import subprocess
import sys
import time

import psutil
import pytest

import streamgauge_sdk as gauge
from streamgauge_sdk import _client, _meter, _sampler
from streamgauge_sdk._meter import Meter, Tree, used_between
from tests.sdk.event_server import EventServer
from tests.services.polling import eventually

_SPIN = "import time\nwhile time.process_time() < 0.3: pass\n"


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        (Tree({}), Tree({}), 0.0),
        (Tree({}), Tree({(1, 0): 2.0}), 2.0),
        (Tree({(1, 0): 2.0}), Tree({(1, 0): 5.0}), 3.0),
        (Tree({(1, 0): 2.0}, 1.0), Tree({}, 4.5), 1.5),
        (Tree({}, 1.0), Tree({}, 3.0), 2.0),
        (Tree({(1, 0): 2.0}, 1.0), Tree({}, 1.0), 0.0),
        (Tree({(1, 0): 2.0, (2, 0): 1.0}, 0.0), Tree({(1, 0): 3.0}, 1.5), 1.5),
        (Tree({(1, 0): 2.0}, 0.0), Tree({(1, 9): 1.0}, 2.0), 1.0),
    ],
    ids=[
        "nothing",
        "a new child",
        "a child goes on",
        "a child ended and was waited for: what was seen of it alive is not counted again",
        "a child lived and ended between two looks",
        "a child went away unseen: nothing is taken back",
        "one of two ended",
        "its process id was given anew",
    ],
)
def test_children_are_counted_once(before: Tree, after: Tree, used: float) -> None:
    """Whether they live, ended, or came and went between two looks."""
    assert used_between(before, after) == pytest.approx(used)


def test_a_child_that_came_and_went_is_counted() -> None:
    """By the system's own sum over what was waited for."""
    meter = Meter()
    subprocess.run([sys.executable, "-c", _SPIN], check=True)
    assert 0.25 <= meter.cpu() <= 5
    assert meter.cpu() < 0.25


def test_a_living_child_is_counted_and_not_again_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory, threads and itself as well."""
    monkeypatch.setattr(_meter, "_LOOK_EVERY", 0.0)
    meter = Meter()
    program = _SPIN + "print('spun', flush=True)\ninput()\n"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alive = meter.cpu()
        held = meter.held()
        child.communicate(b"\n")
    assert alive >= 0.25
    assert held.processes == 2
    assert held.memory > 5_000_000
    assert meter.cpu() < 0.25
    assert meter.held().processes == 1


def test_a_process_without_children_never_reads_the_table_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what makes a phase cheap; the price is counted in calls, not in time."""
    looks = 0
    original = _meter.look

    def counted(*args: object, **kwargs: object) -> Tree:
        nonlocal looks
        looks += 1
        return original(*args, **kwargs)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(_meter, "look", counted)
    meter = Meter()
    for _ in range(1000):
        meter.cpu()
    assert looks == 0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        for _ in range(1000):
            meter.cpu()
        child.communicate(b"\n")
    assert looks <= 3


def _spin(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def _cpu(server: EventServer, **where: object) -> float:
    return float(sum(each["cpu_seconds"] for each in server.of("resources", **where)))


def test_cpu_belongs_to_what_runs_innermost(reporting: EventServer) -> None:
    """A phase has what it used itself, its sub-phase the rest; together they are what the process used."""
    began = time.process_time()
    with gauge.job("j") as job, job.phase("P00") as phase:
        _spin(0.1)
        with phase.sub_phase("a"):
            _spin(0.2)
    used = time.process_time() - began
    assert gauge.flush(10)
    inner = _cpu(reporting, sub_phase="a")
    outer = _cpu(reporting, phase="P00") - inner
    assert inner >= 0.2
    assert 0.1 <= outer < used - inner + 0.05
    assert _cpu(reporting) <= used + 0.05
    assert all(each["memory_bytes"] > 1_000_000 for each in reporting.of("resources"))


def test_a_phases_child_process_is_counted_at_its_end(reporting: EventServer) -> None:
    """However short the phase."""
    with gauge.job("j") as job, job.phase("P00"):
        subprocess.run([sys.executable, "-c", _SPIN], check=True)
    assert gauge.flush(10)
    assert _cpu(reporting, phase="P00") >= 0.25


def test_samples_come_each_interval(reporting: EventServer) -> None:
    """With memory, its peak, threads and processes; the sum of the samples is the whole."""
    _client.configure(interval=1.0)
    with gauge.job("j") as job, job.phase("P00"):
        for tick in range(1, 4):
            _spin(0.05)
            _sampler.sampler().tick(time.monotonic() + tick * 100)
    assert gauge.flush(10)
    samples = reporting.of("resources", phase="P00")
    assert len(samples) >= 4
    assert {"threads", "processes", "memory_peak_bytes"} <= set(samples[0])
    assert sum(each["cpu_seconds"] for each in samples) >= 0.15
    assert sum(each["interval_seconds"] for each in samples) >= 0.15


def test_what_was_dropped_is_told_with_the_next(reporting: EventServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU whose event the queue refused, or gave up later, is not lost."""
    with gauge.job("j") as job, job.phase("P00") as phase:
        _spin(0.1)
        with monkeypatch.context() as refusing:
            refusing.setattr(type(phase), "tell_resources", lambda _self, _fields: False)
            _sampler.sampler().tick(time.monotonic() + 1e6)
        given = {"job": "j", "run": job.run, "phase": "P00", "cpu_seconds": 5.0, "interval_seconds": 1.0}
        _sampler.sampler().give_back(given)
    assert gauge.flush(10)
    assert _cpu(reporting, phase="P00") >= 5.1


def test_where_nothing_can_be_measured_the_rest_is_told(
    reporting: EventServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No resources, rather than zeros; starts, ends and heartbeats all the same."""

    def unmeasurable(_self: object) -> float:
        raise psutil.AccessDenied

    monkeypatch.setattr(Meter, "cpu", unmeasurable)
    _client.configure(heartbeat=0.001)
    with gauge.job("j") as job, job.phase("P00"):
        eventually(lambda: reporting.of("heartbeat"))
    assert gauge.flush(10)
    assert reporting.types() == ["start", "start", "complete", "complete"]
    assert not reporting.of("resources")
    assert "AccessDenied" in caplog.text
