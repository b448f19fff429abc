"""Processes of one application added up."""

from streamgauge.model.jobs.applications import ApplicationTotals, Durations, ProcessSnapshot, Work


def snapshot(actions: dict[str, Work], *, events: Work | None = None, cpu: float | None = None) -> ProcessSnapshot:
    """What a process tells."""
    return ProcessSnapshot("app", "p", 0.0, 1, 0.0, actions, events=events, cpu_seconds=cpu)


def test_counters_of_processes_add_up() -> None:
    """Totals, failures and durations alike."""
    one = Durations((1, *(0,) * 13), 0.002)
    totals = ApplicationTotals()
    totals = totals.with_process(snapshot({"click": Work(3, 1, one)}, events=Work(2), cpu=1.5))
    totals = totals.with_process(snapshot({"click": Work(4, 0, one), "type": Work(1)}, cpu=2.0))

    assert totals.actions == {"click": Work(7, 1, Durations((2, *(0,) * 13), 0.004)), "type": Work(1)}
    assert totals.events == Work(2)
    assert totals.cpu_seconds == 3.5
    assert totals.actions["click"].durations.count == 2


def test_what_no_process_knows_is_unknown() -> None:
    """No zeros for what is not measured."""
    totals = ApplicationTotals().with_process(snapshot({}))

    assert totals.events is None
    assert totals.cpu_seconds is None


def test_names_of_actions_are_bounded() -> None:
    """What is beyond 200 names is added up under one."""
    totals = ApplicationTotals().with_process(snapshot({f"a{number:03}": Work(1) for number in range(300)}))

    assert len(totals.actions) == 201
    assert totals.actions["other"] == Work(100)
    assert totals.with_process(snapshot({"a000": Work(1)})).actions["a000"] == Work(2)
