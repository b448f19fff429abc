"""Two runs beside each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.jobs.comparison import FIGURES, Figures, Measures, Pair, Side, compare, measures_of, median_of
from streamgauge.model.jobs.events import RUN, Status, StepKey
from streamgauge.model.jobs.runs import Run, Step

A, B, C = StepKey("A"), StepKey("B"), StepKey("C")
A1, A2 = StepKey("A", "1"), StepKey("A", "2")


def step(key: StepKey = RUN, *parts: Step, **known: Any) -> Step:
    """A step that was completed, of which nothing is known but what is given."""
    unknown = (
        "title started finished duration_seconds items done progress_ratio cpu_seconds memory_bytes memory_peak_bytes "
        "exit_code message"
    )
    values: dict[str, Any] = dict.fromkeys(unknown.split())
    values |= {"status": Status.COMPLETED, "attempts": 1, "warnings": 0, "errors": 0, "artifacts": 0, "measured": {}}
    return Step(key.phase, key.sub_phase, **values | known, sub_phases=parts)


def run(*phases: Step, name: str = "r", **known: Any) -> Run:
    """A run with these phases."""
    return Run("job", name, step(**known), None, {}, phases, None, 0.0)


def figure(pairs: tuple[Any, ...], key: StepKey, name: str) -> Pair:
    """One figure of one row."""
    found: Pair = next(row.figures[name] for row in pairs if row.step == key)
    return found


def test_each_figure_has_both_values_their_difference_and_ratio() -> None:
    """Duration, CPU, memory, errors, warnings, items per second."""
    mine = run(step(A, duration_seconds=20.0, cpu_seconds=5.0, memory_peak_bytes=300, errors=2, warnings=1, done=100.0))
    theirs = run(step(A, duration_seconds=10.0, cpu_seconds=4.0, memory_peak_bytes=200, done=100.0))
    rows = compare(measures_of(mine), measures_of(theirs))
    assert [row.step for row in rows] == [RUN, A]
    assert {name: figure(rows, A, name) for name in FIGURES} == {
        "duration_seconds": Pair(20.0, 10.0, 10.0, 2.0),
        "cpu_seconds": Pair(5.0, 4.0, 1.0, 1.25),
        "memory_peak_bytes": Pair(300, 200, 100, 1.5),
        "errors": Pair(2, 0, 2, None),
        "warnings": Pair(1, 0, 1, None),
        "items_per_second": Pair(5.0, 10.0, -5.0, 0.5),
    }


@pytest.mark.parametrize(
    ("value", "baseline", "pair"),
    [
        (None, None, Pair(None, None, None, None)),
        (3.0, None, Pair(3.0, None, None, None)),
        (None, 3.0, Pair(None, 3.0, None, None)),
        (3.0, 0.0, Pair(3.0, 0.0, 3.0, None)),
        (0.0, 4.0, Pair(0.0, 4.0, -4.0, 0.0)),
    ],
)
def test_unknown_is_not_zero(value: float | None, baseline: float | None, pair: Pair) -> None:
    """What is not known is not compared, and nothing is a multiple of zero."""
    rows = compare(measures_of(run(duration_seconds=value)), measures_of(run(duration_seconds=baseline)))
    assert figure(rows, RUN, "duration_seconds") == pair


def test_a_step_that_one_side_alone_has_is_named_so() -> None:
    """In the run's order; what only the other has comes last among its like."""
    mine = run(step(B), step(A, step(A2)))
    theirs = run(step(C), step(A, step(A1), step(A2)))
    rows = compare(measures_of(mine), measures_of(theirs))
    assert [(row.step, row.only_in) for row in rows] == [
        (RUN, None),
        (B, Side.RUN),
        (A, None),
        (A2, None),
        (A1, Side.BASELINE),
        (C, Side.BASELINE),
    ]


def test_the_whole_adds_up_its_parts() -> None:
    """CPU, errors and warnings are sums; memory is the most of them."""
    parts = step(A, step(A1, cpu_seconds=2.0, errors=1, memory_peak_bytes=70), cpu_seconds=3.0, warnings=4)
    found = measures_of(run(parts, step(B), cpu_seconds=1.0, errors=2, memory_peak_bytes=50))
    whole = found[RUN]
    assert (whole.cpu_seconds, whole.errors, whole.warnings, whole.memory_peak_bytes) == (6.0, 3, 4, 70)
    assert (found[A].cpu_seconds, found[A].errors) == (3.0, 0)
    assert (found[B].cpu_seconds, found[B].memory_peak_bytes) == (None, None)


def test_items_of_a_phase_that_is_completed_count_as_done() -> None:
    """Who told how many there are, and no progress, has done them all; who failed has not."""
    found = measures_of(
        run(
            step(A, duration_seconds=10.0, items=50.0),
            step(B, duration_seconds=10.0, items=50.0, status=Status.FAILED),
            step(C, duration_seconds=0.0, items=50.0),
        )
    )
    assert [found[key].items_per_second for key in (A, B, C)] == [5.0, None, None]


def test_the_median_is_over_the_runs_that_know_the_figure() -> None:
    """Step by step."""
    runs = [run(step(A, duration_seconds=seconds), errors=1) for seconds in (10.0, None, 30.0, 50.0)]
    found = median_of([*runs, run(step(B))])
    assert (found[A].duration_seconds, found[A].runs, found[A].status) == (30.0, 4, None)
    assert (found[RUN].errors, found[RUN].runs) == (1.0, 5)


def test_what_happens_now_and_then_is_not_missing() -> None:
    """A step of fewer than half of the runs is left out where the run has none; where it has it, it is compared."""
    runs = [run(step(A), step(B, duration_seconds=7.0)), run(step(A)), run(step(A))]
    baseline = median_of(runs)
    assert [row.step for row in compare(measures_of(run(step(A))), baseline, runs=3)] == [RUN, A]
    with_it = compare(measures_of(run(step(A), step(B, duration_seconds=14.0))), baseline, runs=3)
    assert figure(with_it, B, "duration_seconds").ratio == 2.0
    assert [row.step for row in compare(measures_of(run(step(A))), median_of(runs[:2]), runs=2)] == [RUN, A, B]


NUMBERS = st.none() | st.floats(0, 1e9)
KEYS = st.builds(StepKey, st.sampled_from("ABC"), st.sampled_from(["", "1", "2"]))
SIDES = st.dictionaries(
    KEYS, st.builds(Measures, st.none(), st.none(), st.just(1), **dict.fromkeys(FIGURES, NUMBERS)), max_size=9
).map(lambda found: {RUN: Measures(None, None, 1), **found})


@given(SIDES, SIDES)
def test_the_other_way_round_every_difference_has_the_other_sign(mine: Figures, theirs: Figures) -> None:
    """Each step of either side is there once, the whole first, and a phase's parts stand behind it."""
    rows, back = compare(mine, theirs), {row.step: row for row in compare(theirs, mine)}
    keys = [row.step for row in rows]
    assert keys[0] == RUN
    assert sorted(keys) == sorted(mine.keys() | theirs.keys())
    phases = [key.phase for key in keys]
    assert len({phase for phase, before in zip(phases[1:], phases, strict=False) if phase != before}) == len(
        set(phases[1:])
    )
    for row in rows:
        for name, pair in row.figures.items():
            other = back[row.step].figures[name]
            assert (pair.value, pair.baseline) == (other.baseline, other.value)
            assert pair.difference is None or pair.difference == -(other.difference or 0.0)


@given(SIDES)
def test_a_run_is_like_itself(side: Figures) -> None:
    """No differences, and nothing that one alone has."""
    for row in compare(side, side):
        assert row.only_in is None
        assert all(pair.difference in {None, 0.0} and pair.ratio in {None, 1.0} for pair in row.figures.values())
