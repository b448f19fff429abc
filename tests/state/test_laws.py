"""Laws of a restart, in worlds that Hypothesis makes up (see ``tests/model/worlds``)."""

from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.cluster import ClusterModel
from tests.model.snapshots import GROUP, RULES, TOPIC
from tests.model.test_laws import EPSILON, LIVES, QUIET, law, lived, waited
from tests.model.worlds import World
from tests.state.saved import model_of, through_bytes

POINTS = 16
QUIET_LIVES = st.builds(
    lived,
    st.builds(World, partitions=st.integers(1, 3), has_ids=st.booleans()),
    st.floats(0, 1),
    st.lists(QUIET, min_size=1, max_size=10),
)
PLACES = st.floats(0, 1)


@law
@given(LIVES.filter(lambda world: world.has_ids), PLACES, PLACES)
def test_what_comes_back_is_what_was_there(world: World, image_at: float, until: float) -> None:
    """Saved and restored histories hold the points of those that lived on, and so answer every bracket as they do."""
    snapshots = [seen.snapshot for seen in world.seen]
    snapshots = snapshots[: round(until * len(snapshots))]
    restored = through_bytes(snapshots, round(image_at * len(snapshots)), POINTS)
    lives_on = {topic.name: topic.histories for topic in model_of(snapshots, POINTS).remembered()}

    assert set(restored.topics) == set(lives_on)
    for name, histories in lives_on.items():
        again = restored.topics[name].histories
        assert {number: history.columns() for number, history in again.items()} == {
            number: history.columns() for number, history in histories.items()
        }


@law
@given(LIVES, PLACES, PLACES)
def test_a_restart_makes_no_wrong_number(world: World, image_at: float, until: float) -> None:
    """After a restart the truth is within the error bound as ever, whatever happened to the topic before and after."""
    place = round(until * (len(world.seen) - 1))
    holds_true(world, image_at, place, place)


@law
@given(QUIET_LIVES, PLACES, PLACES, PLACES)
def test_time_away_makes_no_wrong_number(world: World, image_at: float, until: float, away: float) -> None:
    """Nor does it when nobody watched for a while; what came meanwhile is known to have come within that while."""
    last = round(until * (len(world.seen) - 1))
    holds_true(world, image_at, last, last + round(away * (len(world.seen) - 1 - last)))


def holds_true(world: World, image_at: float, last: int, first: int) -> None:
    """A model that was saved before a cycle, and restored before another, says nothing that is not so."""
    snapshots = [seen.snapshot for seen in world.seen]
    model = ClusterModel("test", POINTS, RULES)
    model.restore(through_bytes(snapshots[:last], round(image_at * last), POINTS))
    for number, seen in enumerate(world.seen[first:]):
        reading = model.update(seen.snapshot)
        if number == 0:
            assert all(topic.appended_total == 0 for topic in reading.topics.values())
            assert all(topic.appended_per_second is None for topic in reading.topics.values())
        group = reading.groups.get(GROUP)
        if group is None or TOPIC not in group.topics:
            continue
        for row in group.topics[TOPIC].rows():
            if row.lag and row.lag_seconds is not None and row.error_bound_seconds is not None:
                assert row.error_bound_seconds >= 0
                assert abs(row.lag_seconds - waited(seen, row.partition)) <= row.error_bound_seconds + EPSILON
