"""Laws of the model, in worlds that Hypothesis makes up and where the truth is known (see ``worlds``)."""

import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgauge.model.cluster import ClusterModel
from streamgauge.model.reading import ClusterReading, GroupTopicLag, PartitionLag
from tests.model.snapshots import GROUP, RULES, TOPIC
from tests.model.worlds import (
    Accident,
    AddPartition,
    Append,
    Commit,
    Create,
    Cut,
    Cycle,
    Delete,
    Flow,
    LookBack,
    MadeAnew,
    MembersChange,
    Retain,
    Seen,
    Step,
    World,
)

EPSILON = 1e-6

PARTITIONS = st.integers(0, 2)
SHARES = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
APPENDS = st.builds(Append, after=st.floats(0, 20), partition=PARTITIONS, records=st.integers(1, 9))
SHORT_APPENDS = st.builds(Append, after=st.floats(0, 0.5), partition=PARTITIONS, records=st.integers(1, 3))
COMMITS = st.builds(Commit, partition=PARTITIONS, share=SHARES)
RETENTION = st.builds(Retain, partition=PARTITIONS, share=SHARES)
MEANWHILE = st.lists(st.one_of(SHORT_APPENDS, SHORT_APPENDS, COMMITS, RETENTION), max_size=2).map(tuple)
MISSING = st.one_of(st.just(frozenset[int]()), st.frozensets(PARTITIONS, max_size=2))
RARELY = st.integers(0, 9).map(lambda number: number == 9)

CYCLES = st.builds(
    Cycle,
    before_ends=MEANWHILE,
    before_answer=MEANWHILE,
    after_answer=MEANWHILE,
    missing_ends=MISSING,
    missing_commits=MISSING,
    reads_log_starts=RARELY.map(lambda rarely: not rarely),
    is_coordinator_silent=RARELY,
    is_group_missing=RARELY,
)
FLOWS = st.builds(
    Flow,
    cycles=st.integers(1, 25),
    early=st.floats(0, 15),
    late=st.floats(0, 15),
    records=st.integers(1, 3),
    follows=st.booleans(),
)
QUIET = st.one_of(APPENDS, COMMITS, CYCLES, FLOWS, RETENTION, st.builds(LookBack, places=st.integers(2, 9)))
ACCIDENTS = st.builds(Accident, partition=PARTITIONS, below=st.integers(0, 3))
MADE_ANEW = st.builds(MadeAnew, is_seen_gone=st.booleans(), outgrows_the_old=st.booleans(), beyond=st.integers(1, 9))
EVENTFUL = st.one_of(
    QUIET,
    ACCIDENTS,
    MADE_ANEW,
    st.one_of(ACCIDENTS, MADE_ANEW),
    st.builds(Cut, partition=PARTITIONS, records=st.integers(1, 9)),
    st.builds(Delete, commits_stay=st.booleans()),
    st.builds(Create, partitions=st.integers(1, 3), records=st.integers(0, 12)),
    st.just(AddPartition()),
    st.just(MembersChange()),
)


def lived(world: World, place: float, steps: list[Step]) -> World:
    """A world in which the group has stalled somewhere, then these steps, then a last reading."""
    beginning: list[Step] = [Flow(cycles=6, early=3, late=7, records=2, follows=False), LookBack(1)]
    stalled = [Commit(partition, place) for partition in range(3)]
    for step in [*beginning, *stalled, Cycle(), *steps, Cycle()]:
        step.happen(world)
    return world


LIVES = st.builds(
    lived,
    st.builds(World, partitions=st.integers(1, 3), has_ids=st.booleans()),
    SHARES,
    st.one_of(st.lists(QUIET, max_size=10), st.lists(EVENTFUL, min_size=1, max_size=10)),
)
law = settings(
    deadline=None,
    max_examples=300,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def readings_of(world: World) -> list[ClusterReading]:
    """What the model makes of each cycle; few points of history, so that it thins them often."""
    model = ClusterModel("test", history_points=16, rules=RULES)
    return [model.update(seen.snapshot) for seen in world.seen]


def lags_of(world: World) -> list[tuple[Seen, GroupTopicLag]]:
    """The group's lag on the topic after each cycle that shows one."""
    return [
        (seen, reading.groups[GROUP].topics[TOPIC])
        for seen, reading in zip(world.seen, readings_of(world), strict=True)
        if GROUP in reading.groups and TOPIC in reading.groups[GROUP].topics
    ]


@law
@given(LIVES)
def test_lag_is_what_was_read_and_never_negative(world: World) -> None:
    """Lag is the end that was read minus the commit that was read before it, or unknown; it is never negative."""
    for seen, lag in lags_of(world):
        for row in lag.rows():
            if row.lag is not None:
                assert row.lag >= 0
                assert row.lag == seen.ends[row.partition].offset - row.committed


@law
@given(LIVES)
def test_lag_is_unknown_only_for_a_reason(world: World) -> None:
    """Lag is unknown exactly where the end could not be read or lies below the commit."""
    for seen, lag in lags_of(world):
        for row in lag.rows():
            end = seen.ends.get(row.partition)
            assert (row.lag is None) == (end is None or end.offset < row.committed)


@law
@given(LIVES)
def test_lag_seconds_are_zero_exactly_when_lag_is(world: World) -> None:
    """A group has waited 0 seconds, with a bound of 0, exactly where its lag is 0; never seconds without lag."""
    for _, lag in lags_of(world):
        for row in lag.rows():
            assert (row.lag_seconds == 0) == (row.lag == 0)
            assert (row.error_bound_seconds == 0) == (row.lag == 0)
            assert (row.lag_seconds is None) == (row.error_bound_seconds is None)
            if row.lag is None:
                assert row.lag_seconds is None


@law
@given(LIVES)
def test_the_truth_is_within_the_error_bound(world: World) -> None:
    """Lag seconds are unknown, or the time that the next record has truly waited, give or take the error bound."""
    for seen, lag in lags_of(world):
        for row in lag.rows():
            if row.lag and row.lag_seconds is not None and row.error_bound_seconds is not None:
                truth = waited(seen, row.partition)
                assert abs(row.lag_seconds - truth) <= row.error_bound_seconds + EPSILON


@law
@given(LIVES)
def test_a_stalled_consumer_waits_as_fast_as_the_clock(world: World) -> None:
    """While the next record stays the same, its seconds grow exactly as time does, its bound stays, it stays known."""
    for partition in range(3):
        seconds = [(seen, row_of(lag, partition)) for seen, lag in lags_of(world)]
        for (before, earlier), (after, later) in pairwise(seconds):
            if earlier is None or later is None or not is_stalled(before, after, partition):
                continue
            if earlier.lag_seconds is not None:
                assert later.lag_seconds is not None
                elapsed = after.ends[partition].answered - before.ends[partition].answered
                assert later.lag_seconds - earlier.lag_seconds == pytest.approx(elapsed, abs=EPSILON)
                assert later.error_bound_seconds == earlier.error_bound_seconds


@law
@given(LIVES)
def test_counters_never_fall(world: World) -> None:
    """No counter ever falls: by rewinds, retention, cut logs, silence, or topics that go away or are made anew."""
    highest: dict[str, int] = {}
    for reading in readings_of(world):
        totals = {f"topic {name}": topic.appended_total for name, topic in reading.topics.items()}
        for name, group in reading.groups.items():
            totals[f"group {name}"] = group.consumed_total
            totals |= {f"group {name}, topic {topic}": lag.consumed_total for topic, lag in group.topics.items()}
        for name, total in totals.items():
            assert total >= highest.get(name, 0), name
        highest |= totals


@law
@given(LIVES)
def test_a_sum_is_absent_while_any_part_is_unknown(world: World) -> None:
    """Sums are absent exactly while a committed partition is unknown or none is committed; else they are the sums."""
    for _, lag in lags_of(world):
        rows = list(lag.rows())
        if lag.unknown or not rows:
            assert lag.lag_sum is None
        else:
            assert lag.lag_sum == sum(row.lag for row in rows if row.lag is not None)
            assert lag.committed_sum == sum(row.committed for row in rows)


@law
@given(LIVES)
def test_a_maximum_is_over_what_is_known(world: World) -> None:
    """Maxima are served over the known partitions, whatever else is unknown, and absent only where none is known."""
    for _, lag in lags_of(world):
        rows = list(lag.rows())
        assert lag.max_lag == max((row.lag for row in rows if row.lag is not None), default=None)
        assert lag.max_lag_seconds == max(
            (row.lag_seconds for row in rows if row.lag_seconds is not None), default=None
        )


@law
@given(LIVES)
def test_every_committed_partition_is_known_or_counted(world: World) -> None:
    """What was committed and is not known now is counted as unknown, commits that could not be read among it."""
    for seen, lag in lags_of(world):
        if seen.commits is not None:
            known = sum(row.lag is not None for row in lag.rows())
            assert lag.unknown == len(seen.commits) - known
            assert lag.committed_partitions == len(seen.commits)
        else:
            assert lag.partitions == ()


def waited(seen: Seen, partition: int) -> float:
    """How long the next record had truly been there when the answer with the end came."""
    offset = seen.next_record(partition)
    assert offset is not None
    return seen.ends[partition].answered - seen.appended[partition][offset]


def row_of(lag: GroupTopicLag, partition: int) -> PartitionLag | None:
    """The row of one partition."""
    return next((row for row in lag.rows() if row.partition == partition), None)


def is_stalled(before: Seen, after: Seen, partition: int) -> bool:
    """Whether the same record was next in both cycles, and the second could see it."""
    offset = before.next_record(partition)
    return (
        offset is not None
        and offset == after.next_record(partition)
        and before.epoch == after.epoch
        and partition in before.ends
        and partition in after.ends
        and offset < after.ends[partition].offset
        and offset < before.ends[partition].offset <= after.ends[partition].offset
        and before.appended[partition][offset] == after.appended[partition][offset]
    )
