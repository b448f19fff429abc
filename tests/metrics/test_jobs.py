"""Jobs and applications to lines: what describes the latest run, what adds up, what is absent, what gives way."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.metrics import job_store
from streamgauge.metrics.jobs import JobsRenderer, Plan, plan
from streamgauge.model.invalid_events import InvalidEvents
from streamgauge.model.jobs.applications import ApplicationReading, ApplicationTotals, ProcessSnapshot, Work
from streamgauge.model.jobs.completion import Completion
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.reading import JobReading, JobsReading, StoreStatus, Totals
from tests.metrics.job_readings import JOBS, NOON, PLAN, STORE, TREND, UNKNOWN, histogram, job, rendered, step, work
from tests.metrics.readings import NASTY, UNLIMITED, Samples, value

WHOLE = rendered(JOBS)


def of_plan(name: str, phase: str, sub_phase: str = "", **labels: str) -> float | None:
    """One number of the example's phases."""
    return value(WHOLE, name, job_name="daily-plan", phase=phase, sub_phase=sub_phase, **labels)


def names(samples: Samples, **labels: str) -> set[str]:
    """The families that have series with these labels."""
    return {name for name, found in samples if set(labels.items()) <= found}


def test_only_the_current_status_is_there() -> None:
    """One series a run and a phase: 1 for the status that it has, none for those that it has not."""
    statuses = {labels for name, labels in WHOLE if name == "job_phase_status"}

    assert value(WHOLE, "job_status", job_name="daily-plan", status="running") == 1
    assert of_plan("job_phase_status", "P00", status="completed") == 1
    assert of_plan("job_phase_status", "P00", "validation", status="failed") == 1
    assert of_plan("job_phase_status", "P01", status="running") == 1
    assert len(statuses) == 5


def test_families_of_phases_are_never_about_the_job_itself() -> None:
    """What is called ``job_phase_...`` has a phase; what both share has an empty one for the job."""
    itself = names(WHOLE, job_name="daily-plan", phase="")

    assert itself == {"job_run_errors", "job_errors_total", "job_warnings_total", "job_slo_duration_seconds"}
    assert of_plan("job_slo_duration_seconds", "") == 1800.0


def test_no_run_is_named() -> None:
    """No label has a run's id as its value."""
    assert not [labels for _, labels in WHOLE for _, text in labels if "2026-01-01" in text]


def test_errors_of_a_run_are_those_of_its_parts_too_and_counters_add_up() -> None:
    """The gauge, which is held against a limit, has the parts in it; the counters have each its own."""
    assert of_plan("job_run_errors", "") == 3
    assert of_plan("job_run_errors", "P00") == 3
    assert of_plan("job_run_errors", "P00", "validation") == 2
    assert of_plan("job_errors_total", "P00") == 1
    assert of_plan("job_errors_total", "") == 0


def test_what_runs_tells_its_start_and_its_memory() -> None:
    """What has ended does not: its start would be taken for that of something that runs."""
    assert of_plan("job_phase_start_timestamp_seconds", "P01") == NOON - 290
    assert of_plan("job_phase_start_timestamp_seconds", "P00") is None
    assert of_plan("job_phase_memory_bytes", "P01") == 400_000_000
    assert of_plan("job_phase_memory_bytes", "P00") is None
    assert value(WHOLE, "job_start_timestamp_seconds", job_name="hourly-export") is None
    assert value(WHOLE, "job_last_start_timestamp_seconds", job_name="hourly-export") == NOON - 3000


def test_a_peak_is_that_of_the_parts_too() -> None:
    """A phase, and a run, used at least what one of its parts did."""
    assert of_plan("job_phase_memory_peak_bytes", "P00") == 950_000_000
    assert value(WHOLE, "job_memory_peak_bytes", job_name="daily-plan") == 950_000_000


def test_a_phase_of_earlier_runs_keeps_its_counters() -> None:
    """The latest run has not come to it: it has no status, and its histogram does not vanish."""
    assert of_plan("job_phase_duration_seconds_count", "P99") == 1
    assert "job_phase_status" not in names(WHOLE, phase="P99")


def test_what_was_never_told_is_absent() -> None:
    """Nothing is 0 for being unknown: a job of which only its name is known has next to nothing."""
    assert names(WHOLE, job_name=NASTY) == {
        "job_status",
        "job_info",
        "job_runs_running",
        "job_runs_lost",
        "job_phase_status",
        "job_run_errors",
    }
    assert of_plan("job_phase_cpu_seconds_total", "P99") is None
    assert of_plan("job_phase_items_total", "P99") is None
    assert of_plan("job_phase_progress_ratio", "P00", "validation") is None


def test_progress_of_a_run() -> None:
    """While it runs it is that of the estimate; where there is none, what the run itself told."""
    unknown = job("a", step(progress_ratio=0.5), completion=Completion())

    assert value(WHOLE, "job_progress_ratio", job_name="daily-plan") == 0.4
    assert value(WHOLE, "job_progress_ratio", job_name="hourly-export") == 1.0
    assert value(rendered(JobsReading(NOON, (unknown,))), "job_progress_ratio", job_name="a") == 0.5


def test_counters_of_an_application_add_up_over_its_processes() -> None:
    """Those that ended and those that live; gauges that cannot add up tell their process."""
    assert value(WHOLE, "app_actions_total", application="browser", action="click") == 12
    assert value(WHOLE, "app_actions_failed_total", application="browser", action="click") == 1
    assert value(WHOLE, "app_actions_running", application="browser", action="click") == 4
    assert value(WHOLE, "app_actions_running", application="browser", action="scroll") == 2
    assert value(WHOLE, "app_action_duration_seconds_count", application="browser", action="click") == 12
    assert value(WHOLE, "app_events_total", application="browser") == 8
    assert value(WHOLE, "app_cpu_seconds_total", application="browser") == 8.75
    assert value(WHOLE, "app_memory_bytes", application="browser", process="host-1") == 80_000_000
    assert value(WHOLE, "app_queue_depth", application="browser", process="host-1", queue="inbox") == 12


def test_an_application_whose_processes_all_ended() -> None:
    """Its counters stay; nothing is said of what runs."""
    assert value(WHOLE, "app_actions_total", application="ended", action="walk") == 1
    assert names(WHOLE, application="ended") & {"app_actions_running", "app_memory_bytes", "app_events_total"} == set()


def test_the_store() -> None:
    """Counts by what they are told apart by; whether it is up is absent before it was tried."""
    told = {(family.name, labels): number for family, labels, number in job_store.samples(STORE)}
    untried = {family.name for family, _, _ in job_store.samples(StoreStatus())}

    assert told["streamgauge_job_store_up", ()] == 1
    assert told["streamgauge_job_events_rejected_total", ("implausible",)] == 0
    assert "streamgauge_job_store_up" not in untried
    assert "streamgauge_job_store_errors_total" in untried


def test_events_that_nobody_can_read() -> None:
    """They are a reason of those that were refused, from the start: whoever watches its rate needs the zero."""
    ((family, labels, number),) = job_store.invalid_samples(InvalidEvents())
    assert (family.name, labels, number) == ("streamgauge_job_events_rejected_total", ("invalid",), 0)


def many(jobs: int, phases: int, *, running: bool = False) -> JobsReading:
    """So many jobs that have everything that can be known."""
    keys = [StepKey(f"P{number:02}") for number in range(phases)]
    (full,) = (one for one in PLAN.latest.phases if one.phase == "P01")
    made = []
    for number in range(jobs):
        steps = [replace(full, phase=key.phase, cpu_seconds=1.0, done=1.0) for key in keys]
        steps = steps if running else [replace(one, status=Status.COMPLETED) for one in steps]
        every = (RUN, *keys)
        made.append(
            replace(
                job(f"job-{number:03}", PLAN.latest.itself, *steps, completion=PLAN.completion),
                totals={key: Totals(3, 1, 1, 1, 5.0, 2.0, histogram(1.0, 2.0, float(number))) for key in every},
                last_duration=dict.fromkeys(every, 2.0),
                usual=dict.fromkeys(every, TREND.usual[StepKey("load")]),
                limits=dict.fromkeys(every, PLAN.limits[StepKey("P00")]),
            )
        )
    return JobsReading(NOON, tuple(made))


def sized(*phases: int) -> JobsReading:
    """Jobs a, b, c... with so many phases each."""
    jobs = [
        job(name, step(), *(step(f"P{number}") for number in range(count)))
        for name, count in zip("abcdefghij", phases, strict=False)
    ]
    return JobsReading(NOON, tuple(jobs))


def smallest(reading: JobsReading) -> int:
    """The budget into which it just fits whole."""
    low, high = 0, 1_000_000
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if plan(reading, middle).dropped == 0 else (middle + 1, high)
    return low


def test_the_largest_jobs_give_their_phases_first_then_by_name() -> None:
    """One series too many costs the job with the most phases all of them; ties are broken by name."""
    reading = sized(2, 5, 5, 0)
    whole = smallest(reading)
    first = plan(reading, whole - 1)

    assert first.jobs == {"b"}
    assert plan(reading, whole - first.dropped) == first
    assert plan(reading, whole - first.dropped - 1).jobs == {"b", "c"}
    assert plan(reading, 1) == Plan(frozenset("abc"), frozenset(), plan(reading, 1).dropped)


def test_a_job_without_its_phases_keeps_what_is_its_own() -> None:
    """Its status, its counters, its limits; the phases' series are gone, all of them, and counted."""
    samples = rendered(JOBS, 1)

    assert value(samples, "job_status", job_name="daily-plan", status="running") == 1
    assert value(samples, "job_slo_duration_seconds", job_name="daily-plan", phase="", sub_phase="") == 1800.0
    assert not [name for name, labels in samples if dict(labels).get("phase")]
    assert value(samples, "streamgauge_job_series_dropped") == plan(JOBS, 1).dropped
    assert value(samples, "streamgauge_job_series") == len(samples)


def test_applications_give_their_actions_when_jobs_have_none_left_to_give() -> None:
    """Their other series stay."""
    busy = ApplicationReading("busy", ApplicationTotals({str(one): work(1, 0) for one in range(50)}), (), NOON)
    calm = ApplicationReading("calm", ApplicationTotals({"one": work(1, 0)}), (), NOON)
    reading = replace(sized(3), applications=(busy, calm))
    whole = smallest(reading)

    assert plan(reading, whole - 1) == Plan(frozenset("a"), frozenset(), plan(reading, whole - 1).dropped)
    assert plan(reading, 200).applications == {"busy"}
    assert value(rendered(reading, 200), "app_last_seen_timestamp_seconds", application="busy") == NOON
    assert value(rendered(reading, 200), "app_actions_total", application="busy", action="1") is None


@pytest.mark.parametrize("missing", [1, 200, 1000])
def test_the_page_keeps_to_the_budget(missing: int) -> None:
    """What has everything that can be known is counted to the last series."""
    reading = many(5, 10, running=True)
    budget = smallest(reading) - missing

    assert len(rendered(reading, budget)) <= budget


@given(phases=st.lists(st.integers(0, 6), max_size=8), budget=st.integers(1, 3000), seed=st.integers())
def test_the_choice_depends_on_neither_values_nor_order(phases: list[int], budget: int, seed: int) -> None:
    """Jobs that run, end or fail stay on the page as they were."""
    reading = sized(*phases)
    other = [replace(one, running=3, last_success=NOON, completion=None) for one in reading.jobs]
    random.Random(seed).shuffle(other)

    assert plan(replace(reading, jobs=tuple(other)), budget) == plan(reading, budget)


@given(st.lists(st.lists(st.sampled_from([PLAN, TREND, UNKNOWN, replace(PLAN, running=2)]), max_size=3), max_size=5))
def test_a_renderer_says_the_same_whatever_it_said_before(readings: list[list[JobReading]]) -> None:
    """What it keeps of jobs that did not change is what it would render anew."""
    renderer = JobsRenderer(UNLIMITED)
    for jobs in readings:
        reading = JobsReading(NOON, tuple({one.job: one for one in jobs}.values()))

        assert renderer.render(reading) == JobsRenderer(UNLIMITED).render(reading)


def test_a_job_that_loses_its_phases_to_the_budget_is_rendered_anew() -> None:
    """Another job that comes may cost it its phases, though it did not change itself."""
    large = sized(0, 9).jobs[1]
    budget = smallest(JobsReading(NOON, (large,)))
    renderer = JobsRenderer(budget)

    assert 'phase="P0"' in renderer.render(JobsReading(NOON, (large,)))["job_phase_status"]
    assert renderer.render(JobsReading(NOON, (large, TREND)))["job_phase_status"].count("P0") == 0


def quickest(renderer: JobsRenderer, readings: Sequence[JobsReading]) -> float:
    """The least time that one of these took, in seconds of this thread's CPU."""
    times = []
    for reading in readings:
        begun = time.thread_time()
        renderer.render(reading)
        times.append(time.thread_time() - begun)
    return min(times)


def test_rendering_is_cheap() -> None:
    """200 jobs of 10 phases: milliseconds where few have changed since the last time."""
    reading = many(200, 10)
    renderer = JobsRenderer(UNLIMITED)
    renderer.render(reading)
    changed = [
        replace(reading, jobs=(*(replace(one, running=count) for one in reading.jobs[:5]), *reading.jobs[5:]))
        for count in range(5)
    ]

    assert quickest(renderer, changed) < 0.05


def test_an_action_that_only_runs_is_counted() -> None:
    """Begun for the first time and not ended: none has ended, one runs."""
    process = ProcessSnapshot("a", "p", NOON, 1, NOON, running={"first": 1})
    reading = ApplicationReading("a", ApplicationTotals({"old": Work(1)}), (process,), NOON)
    samples = rendered(JobsReading(NOON, applications=(reading,)))

    assert value(samples, "app_actions_total", application="a", action="first") == 0
    assert value(samples, "app_actions_running", application="a", action="first") == 1
    assert value(samples, "app_actions_running", application="a", action="old") == 0
