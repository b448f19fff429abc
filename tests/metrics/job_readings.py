"""Readings of jobs and applications made by hand: an example of every family, unknown numbers, and nasty names."""

from typing import Any

from streamgauge.metrics.jobs import JobsRenderer
from streamgauge.model.jobs.applications import BOUNDS as SHORT
from streamgauge.model.jobs.applications import (
    ApplicationReading,
    ApplicationTotals,
    Durations,
    ProcessSnapshot,
    Work,
)
from streamgauge.model.jobs.completion import Basis, Completion
from streamgauge.model.jobs.durations import DurationHistogram, Usual
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading, JobsReading, Limits, StoreStatus, Totals
from streamgauge.model.jobs.runs import Run, Step
from tests.metrics.readings import NASTY, UNLIMITED, Samples, page_of_lines, parsed

NOON = 1_767_268_800.0
_UNKNOWN = (
    "title",
    "started",
    "finished",
    "duration_seconds",
    "items",
    "done",
    "progress_ratio",
    "cpu_seconds",
    "memory_bytes",
    "memory_peak_bytes",
    "exit_code",
    "message",
)


def step(phase: str = "", sub_phase: str = "", status: Status = Status.RUNNING, **known: Any) -> Step:
    """A phase of which nothing is known but what is given."""
    values: dict[str, Any] = dict.fromkeys(_UNKNOWN)
    values |= {"attempts": 1, "warnings": 0, "errors": 0, "artifacts": 0, "measured": {}}
    return Step(phase=phase, sub_phase=sub_phase, status=status, **values | known)


def job(name: str, itself: Step, *phases: Step, environment: str | None = None, **known: Any) -> JobReading:
    """A job of which nothing is known but its latest run and what is given."""
    run = Run(name, "2026-01-01", itself, environment, {}, phases, None, NOON)
    empty: dict[str, Any] = {"running": 0, "lost": 0, "last_success": None, "totals": {}}
    empty |= {"last_duration": {}, "usual": {}, "limits": {}}
    return JobReading(latest=run, **empty | known)


def histogram(*seconds: float) -> DurationHistogram:
    """What these durations add up to."""
    made = DurationHistogram()
    for one in seconds:
        made = made.with_one(one)
    return made


def work(total: int, failed: int, *buckets: tuple[int, int], seconds: float = 0.0) -> Work:
    """Actions, with the counts of some buckets by their numbers."""
    counts = dict(buckets)
    durations = Durations(tuple(counts.get(number, 0) for number in range(len(SHORT) + 1)), seconds)
    return Work(total, failed, durations)


P00, VALIDATION, P01 = StepKey("P00"), StepKey("P00", "validation"), StepKey("P01")

PLAN = job(
    "daily-plan",
    step(title="Daily plan", started=NOON - 600, warnings=1),
    step(
        "P00",
        status=Status.COMPLETED,
        started=NOON - 600,
        finished=NOON - 290,
        duration_seconds=310.0,
        done=500.0,
        items=500.0,
        progress_ratio=1.0,
        cpu_seconds=12.5,
        memory_bytes=900_000_000,
        errors=1,
        sub_phases=(step("P00", "validation", Status.FAILED, memory_peak_bytes=950_000_000, errors=2),),
    ),
    step("P01", started=NOON - 290, progress_ratio=0.25, memory_bytes=400_000_000, memory_peak_bytes=500_000_000),
    environment="prod",
    running=1,
    lost=2,
    last_success=NOON - 86_000,
    totals={
        RUN: Totals(ends=31, failures=3, warnings=4, durations=histogram(900.0, 1000.5, 90_000.0)),
        P00: Totals(
            ends=31, failures=0, errors=1, items=15_000.0, cpu_seconds=400.25, durations=histogram(300.0, 0.05)
        ),
        VALIDATION: Totals(ends=2, failures=2, errors=2),
        StepKey("P99"): Totals(ends=1, durations=histogram(1.0)),
    },
    last_duration={RUN: 1000.5, P00: 310.0},
    usual={RUN: Usual(28, 950.0, 1100.0, 1.05), P00: Usual(4, 300.0, 305.5)},
    limits={RUN: Limits(duration_seconds=1800.0), P00: Limits(300.0, 1_073_741_824, 0), P01: Limits(errors=10)},
    completion=Completion(0.4, 900.0, NOON + 900, Basis.HISTORY),
    due=NOON - 660,
    start_by=NOON + 240,
    finish_by=NOON + 2940,
)
TREND = job(
    "hourly-export",
    step(status=Status.COMPLETED, started=NOON - 3000, duration_seconds=60.0, progress_ratio=1.0),
    step("load", status=Status.COMPLETED, progress_ratio=1.0),
    last_success=NOON - 2940,
    totals={StepKey("load"): Totals()},
    usual={StepKey("load"): Usual(30, 55.0, 70.0, 1.3)},
)
UNKNOWN = job(NASTY, step(NASTY, status=Status.PENDING), step(NASTY, NASTY, Status.LOST))

HOST = ProcessSnapshot(
    "browser",
    "host-1",
    NOON - 60,
    9,
    NOON,
    actions={"click": work(2, 0, (1, 2), seconds=0.02), "type": work(1, 1, (2, 1), seconds=0.02)},
    running={"click": 1, "scroll": 2},
    events=work(3, 1, (0, 3), seconds=0.01),
    queues={"inbox": 12.0},
    cpu_seconds=1.25,
    memory_bytes=80_000_000,
    threads=7,
    processes=2,
)
WEB = ApplicationReading(
    "browser",
    ApplicationTotals(
        {"click": work(10, 1, (0, 9), (13, 1), seconds=99.5)}, work(5, 0, (3, 5), seconds=0.3), 7.5
    ).with_process(HOST),
    (HOST, ProcessSnapshot("browser", NASTY, NOON - 5, 1, NOON, running={"click": 3})),
    NOON - 0.5,
)
ENDED = ApplicationReading("ended", ApplicationTotals({"walk": work(1, 0)}), (), NOON - 4000)

JOBS = JobsReading(NOON, (PLAN, TREND, UNKNOWN), (WEB, ENDED))
"""An example of every family."""

STORE = StoreStatus(
    up=True,
    accepted={"start": 40, "application": 900},
    duplicates=3,
    rejected={"too_old": 2, "implausible": 0},
    waiting=5,
    errors=1,
    runs_trimmed=12,
    write_seconds=4.5,
)


def rendered(reading: JobsReading, budget: int = UNLIMITED, *, openmetrics: bool = False) -> Samples:
    """What a scraper reads of a reading, by a renderer that has seen no other."""
    page = page_of_lines(JobsRenderer(budget).render(reading), openmetrics=openmetrics)
    return parsed(page, openmetrics=openmetrics)
