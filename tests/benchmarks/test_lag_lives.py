"""The scripts of the accuracy benchmark."""

import re

import pytest

from benchmarks.lag.lives import LIVES, Life, Phase

EACH_LIFE = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.stem)


@EACH_LIFE
def test_phases_make_up_the_whole_life(life: Life) -> None:
    """Their shares add up to 1."""
    assert sum(phase.share for phase in life.phases) == pytest.approx(1.0)


@EACH_LIFE
def test_a_life_is_named_so_that_kafka_takes_it(life: Life) -> None:
    """Its topic and its group bear its name, and the exporter is told them as a pattern."""
    assert re.fullmatch(r"[a-z0-9-]{1,60}", life.stem)


def test_a_phase_lasts_for_its_share() -> None:
    """Of the life's duration; what comes after the end is the last phase's."""
    first, second = Phase(0.25), Phase(0.75, restart=True)
    life = Life("two", (first, second))
    assert [life.at(seconds, 100.0) for seconds in (0.0, 24.9, 25.0, 99.0, 101.0)] == [
        (0, first),
        (0, first),
        (1, second),
        (1, second),
        (1, second),
    ]
    assert life.restart_at(100.0) == 25.0


def test_one_life_restarts_the_exporter_in_the_middle_of_its_stall() -> None:
    """While its consumer does nothing, before and after."""
    (life,) = (life for life in LIVES if life.restarts_the_exporter)
    restart_at = life.restart_at(100.0)
    assert restart_at is not None
    assert [life.at(restart_at + seconds, 100.0)[1].consumed for seconds in (-1.0, 1.0)] == [0, 0]
    assert all(other.restart_at(100.0) is None for other in LIVES if other is not life)
