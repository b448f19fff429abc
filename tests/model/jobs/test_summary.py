"""Everything in one small answer."""

from typing import Any

import pytest

from streamgauge.model.jobs.durations import Usual
from streamgauge.model.jobs.events import Status, StepKey
from streamgauge.model.jobs.reading import JobReading, JobsReading
from streamgauge.model.jobs.runs import Run
from streamgauge.model.jobs.summary import MOST_SLOW_PHASES, elapsed_seconds, summarised, whole_cpu_seconds
from tests.model.jobs.test_comparison import run, step

NOW = 1000.0
A = StepKey("A")


def job(name: str, latest: Run, usual: float | None = None, runs: int = 10, **known: Any) -> JobReading:
    """A job whose phase A usually takes so long."""
    told = {} if usual is None else {A: Usual(runs, usual, usual)}
    values: dict[str, Any] = {"running": 0, "lost": 0, "last_success": None, "totals": {}, "last_duration": {}}
    latest = Run(name, "r", latest.itself, None, {}, latest.phases, None, NOW)
    return JobReading(latest, **values | known, usual=told, limits={})


def slow(*jobs: JobReading) -> list[tuple[str, float]]:
    """The slowest phases: whose, and how many times what is usual."""
    return [(phase.job, phase.ratio) for phase in summarised(JobsReading(NOW, jobs)).slowest]


def test_jobs_are_counted_by_the_status_of_their_latest_run() -> None:
    """Statuses that none has are there: none is known to be zero."""
    jobs = (
        job("a", run(status=Status.RUNNING), running=2, lost=1),
        job("b", run(step(A, errors=2, warnings=1), status=Status.FAILED, errors=1), lost=1),
        job("c", run(status=Status.RUNNING), running=1),
    )
    found = summarised(JobsReading(NOW, jobs))
    assert found.jobs == dict.fromkeys(Status, 0) | {Status.RUNNING: 2, Status.FAILED: 1}
    assert (found.running, found.lost, found.errors, found.warnings) == (3, 2, 3, 1)


@pytest.mark.parametrize(
    ("phase", "usual", "ratio"),
    [
        ({"duration_seconds": 30.0}, 10.0, 3.0),
        ({"status": Status.RUNNING, "started": NOW - 20}, 10.0, 2.0),
        ({"status": Status.RUNNING, "started": NOW - 5}, 10.0, None),
        ({"status": Status.RUNNING}, 10.0, None),
        ({"status": Status.FAILED, "duration_seconds": 30.0}, 10.0, None),
        ({"status": Status.LOST, "started": NOW - 900}, 10.0, None),
        ({"duration_seconds": 30.0}, None, None),
        ({"duration_seconds": 30.0}, 0.0, None),
    ],
)
def test_a_phase_is_slow_beyond_its_median(phase: dict[str, Any], usual: float | None, ratio: float | None) -> None:
    """Completed ones by what they took, running ones by what they have taken; the others say nothing."""
    found = slow(job("a", run(step(A, **phase)), usual))
    assert found == ([] if ratio is None else [("a", ratio)])


def test_two_runs_are_no_custom() -> None:
    """What is usual needs three."""
    assert slow(job("a", run(step(A, duration_seconds=30.0)), 10.0, runs=2)) == []
    assert slow(job("a", run(step(A, duration_seconds=30.0)), 10.0, runs=3)) == [("a", 3.0)]


def test_the_slowest_come_first_and_the_list_ends() -> None:
    """The worst five."""
    jobs = [job(f"j{number}", run(step(A, duration_seconds=10.0 + number)), 5.0) for number in range(8)]
    found = slow(*jobs)
    assert [name for name, _ in found] == ["j7", "j6", "j5", "j4", "j3"]
    assert len(found) == MOST_SLOW_PHASES


def test_only_what_runs_has_been_running_for_some_time() -> None:
    """A clock that is ahead makes nothing negative."""
    assert elapsed_seconds(step(status=Status.RUNNING, started=NOW - 3), NOW) == 3.0
    assert elapsed_seconds(step(status=Status.RUNNING, started=NOW + 3), NOW) == 0.0
    assert elapsed_seconds(step(started=NOW - 3), NOW) is None


def test_cpu_that_nobody_told_is_unknown() -> None:
    """Not zero."""
    assert whole_cpu_seconds(run(step(A))) is None
    assert whole_cpu_seconds(run(step(A, cpu_seconds=0.0))) == 0.0
