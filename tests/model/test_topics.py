"""What is remembered of topics: their counters through everything that can happen to a topic."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from streamgauge.model.snapshot import EndOffset, Topic
from tests.model.snapshots import TOPIC, Offsets, Watched, group, placed, snapshot, topic


class Reading(NamedTuple):
    """One cycle: the topic's ends and id, and its partitions where not all ends could be read."""

    ends: Offsets
    topic_id: str | None = "first"
    partitions: int | None = None


class Case(NamedTuple):
    """A topic's life, and how many records were appended in it."""

    name: str
    readings: tuple[Reading | None, ...]
    appended: int
    why: str


GONE = None
CASES = (
    Case("first-seen", (Reading({0: 500, 1: 300}),), 0, "what was there before is not counted"),
    Case("grown", (Reading({0: 500, 1: 300}), Reading({0: 510, 1: 305})), 15, "over all partitions"),
    Case(
        "an-end-missing-for-a-cycle",
        (Reading({0: 500, 1: 300}), Reading({0: 510}, partitions=2), Reading({0: 510, 1: 320})),
        30,
        "what came while it could not be read is counted when it can be",
    ),
    Case(
        "all-ends-missing-for-a-cycle",
        (Reading({0: 500}), Reading({}, partitions=1), Reading({0: 520})),
        20,
        "likewise",
    ),
    Case(
        "topic-unreadable-for-a-cycle",
        (Reading({0: 500}), Reading({}, partitions=0, topic_id=None), Reading({0: 520})),
        20,
        "a topic that could not be read is not a topic without partitions: its partitions are not new afterwards",
    ),
    Case(
        "first-seen-unreadable",
        (Reading({}, partitions=0), Reading({0: 500}), Reading({0: 501})),
        1,
        "it was there already",
    ),
    Case(
        "end-first-read-later",
        (Reading({0: 500}, partitions=2), Reading({0: 500, 1: 300}), Reading({0: 500, 1: 301})),
        1,
        "the partition was there when the topic was first seen",
    ),
    Case("partition-added", (Reading({0: 500}), Reading({0: 501, 1: 40})), 41, "all that a new partition has is new"),
    Case(
        "partition-added-without-a-leader",
        (Reading({0: 500}), Reading({0: 501}, partitions=2), Reading({0: 502, 1: 40}), Reading({0: 502, 1: 41})),
        43,
        "it is still new when its end is first read",
    ),
    Case("made-anew-lower", (Reading({0: 500}), Reading({0: 30}, "second")), 30, "all that it has is new"),
    Case("made-anew-higher", (Reading({0: 500}), Reading({0: 900}, "second")), 900, "the id tells, not the end"),
    Case(
        "made-anew-with-more-partitions",
        (Reading({0: 500}), Reading({0: 30, 1: 20, 2: 10}, "second")),
        60,
        "all of its partitions are new",
    ),
    Case(
        "made-anew-without-a-leader",
        (Reading({0: 500, 1: 300}), Reading({0: 30}, "second", partitions=2), Reading({0: 30, 1: 20}, "second")),
        50,
        "each partition is new when its end is first read",
    ),
    Case(
        "made-anew-and-on",
        (Reading({0: 500}), Reading({0: 30}, "second"), Reading({0: 37}, "second")),
        37,
        "it goes on",
    ),
    Case(
        "made-anew-after-an-absence",
        (Reading({0: 500}), Reading({0: 510}), GONE, GONE, Reading({0: 30}, "second")),
        40,
        "its counter goes on where it was",
    ),
    Case("same-after-an-absence", (Reading({0: 500}), GONE, Reading({0: 520})), 20, "as if it had not been away"),
    Case(
        "cut-short",
        (Reading({0: 500}), Reading({0: 480}), Reading({0: 490})),
        10,
        "the fall adds none, what follows does",
    ),
    Case(
        "no-ids-made-anew-lower",
        (Reading({0: 500}, None), Reading({0: 30}, None)),
        30,
        "without ids an end that fell is a topic made anew",
    ),
    Case(
        "no-ids-made-anew-one-lower",
        (Reading({0: 500, 1: 10}, None), Reading({0: 30, 1: 20}, None)),
        50,
        "one end that fell is enough: the other is of the new topic too",
    ),
    Case(
        "no-ids-made-anew-higher",
        (Reading({0: 500}, None), Reading({0: 600}, None)),
        100,
        "nothing shows that it is another one: the least that was appended",
    ),
    Case("no-ids-absent", (Reading({0: 500}, None), GONE, Reading({0: 30}, None)), 30, "lower: made anew"),
    Case(
        "ids-appear",
        (Reading({0: 500}, None), Reading({0: 510}), Reading({0: 520})),
        20,
        "brokers were upgraded: the same topic, now with an id",
    ),
)


def lived(case: Case) -> Watched:
    """A model that watched a topic's life, a cycle every 10 seconds."""
    watched = Watched()
    for number, reading in enumerate(case.readings):
        topics = [] if reading is None else [topic_of(reading)]
        ends = {TOPIC: reading.ends} if reading else {}
        watched.take(snapshot(10.0 * number, topics=topics, ends=ends))
    return watched


def topic_of(reading: Reading) -> Topic:
    """The topic as the metadata tells of it."""
    partitions = reading.ends if reading.partitions is None else range(reading.partitions)
    return topic(partitions, topic_id=reading.topic_id)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_appended_total(case: Case) -> None:
    """The counter of a topic's life is what the table says, for the reason that stands there."""
    assert lived(case).topic.appended_total == case.appended, case.why


def test_a_topic_that_is_gone_takes_its_reading_with_it() -> None:
    """A topic that was deleted is no longer served, not even with its last numbers."""
    watched = Watched().see(0.0, {0: 10})
    watched.take(snapshot(10.0))

    assert watched.reading.topics == {}


def test_a_topic_shows_what_was_read() -> None:
    """A partition's offsets are those of this cycle; what was not read is None, not what it was before."""
    watched = Watched().see(0.0, {0: 10, 1: 20})
    watched.take(snapshot(10.0, topics=[topic((0, 1))], ends={TOPIC: {1: 25}}, log_starts={TOPIC: {1: 5}}))

    assert [(row.end, row.log_start, row.last_stable) for row in watched.topic.partitions] == [
        (None, None, None),
        (25, 5, None),
    ]


def test_a_topic_that_could_not_be_read_keeps_its_partitions() -> None:
    """Where the metadata names a topic without its partitions, they are those known before, with unknown offsets."""
    watched = Watched().see(0.0, {0: 10, 1: 20})
    watched.take(snapshot(10.0, topics=[Topic(TOPIC, "first", {})]))

    assert [row.placement for row in watched.topic.partitions] == list(placed((0, 1)).values())
    assert [row.end for row in watched.topic.partitions] == [None, None]


def test_a_rate_is_unknown_while_no_end_can_be_read() -> None:
    """Silence is not a rate of 0, and does not bend the rate afterwards."""
    watched = Watched().see(0.0, {0: 0}).see(10.0, {0: 100})
    assert watched.topic.appended_per_second == 10.0
    for at in (20.0, 30.0, 40.0, 50.0, 60.0, 70.0):
        watched.take(snapshot(at, topics=[topic()]))
        assert watched.topic.appended_per_second is None
    watched.see(80.0, {0: 800})

    assert watched.topic.appended_per_second == 10.0


@pytest.mark.parametrize(("topic_id", "end"), [("second", 40), ("second", 60), (None, 40)])
def test_nothing_is_known_of_when_the_records_of_a_new_topic_came(topic_id: str | None, end: int) -> None:
    """A history is of one topic: in one made anew, the records that are there at the first reading have no bracket."""
    first = None if topic_id is None else "first"
    watched = Watched().see(0.0, {0: 0}, {0: 0}, topic_id=first).see(10.0, {0: 50}, {0: 10}, topic_id=first)
    assert watched.lag.lag_seconds == (5.5,)
    watched.see(20.0, {0: end}, {0: 10}, topic_id=topic_id)
    assert watched.lag.lags == (end - 10,)
    assert watched.lag.max_lag_seconds is None
    watched.see(30.0, {0: end + 5}, {0: end}, topic_id=topic_id)

    assert watched.lag.lag_seconds == (5.5,)


def test_nothing_is_known_of_a_topic_that_was_away() -> None:
    """Without ids, a topic that was gone may be another one, although its end has not fallen: all brackets are void."""
    watched = Watched().see(0.0, {0: 0}, {0: 0}, topic_id=None).see(10.0, {0: 50}, {0: 10}, topic_id=None)
    watched.take(snapshot(20.0))
    watched.see(30.0, {0: 50}, {0: 10}, topic_id=None)

    assert watched.lag.lags == (40,)
    assert watched.lag.max_lag_seconds is None


def test_histories_are_not_thinned_all_at_once() -> None:
    """Thinning is the dear part of a cycle: the partitions of a topic do theirs in different ones."""
    watched = Watched(history_points=64)
    thinned_in = []
    lengths = dict.fromkeys(range(16), 0)
    for number in range(300):
        watched.see(10.0 * number, dict.fromkeys(lengths, number))
        histories = watched._model._topics.states[TOPIC].histories
        thinned_in.append(sum(len(histories[partition]) < before for partition, before in lengths.items()))
        lengths = {partition: len(history) for partition, history in histories.items()}

    assert sum(thinned_in) > 16
    assert max(thinned_in) < 8
    assert all(len(history) <= 64 for history in histories.values())


def test_an_end_is_read_with_its_own_instants() -> None:
    """T is when the answer with the end came, whatever else took longer in the cycle."""
    watched = Watched().see(0.0, {0: 0}, {0: 0})
    seen = snapshot(10.0, topics=[topic()], groups=[group({TOPIC: {0: 0}})])
    watched.take(replace(seen, finished=19.0, ends={TOPIC: {0: EndOffset(5, 12.0, 14.0)}}))

    assert watched.lag.lag_seconds == (14.0 - (0.0 + 14.0) / 2,)


class Stable(NamedTuple):
    """One cycle of a topic with one partition: its end, its last stable offset below it, and its id."""

    end: int | None = 50
    last_stable: int | None = None
    known: bool = True
    topic_id: str = "first"


OPEN = Stable(last_stable=40)
TRANSACTIONS = (
    ("none", (Stable(), Stable()), None),
    ("seen-first-when-it-was-open", (OPEN,), 0.0),
    ("open-when-the-topic-was-first-seen", (Stable(), OPEN, OPEN, OPEN), 30.0),
    ("begun-while-watched", (Stable(end=30), Stable(end=45), OPEN, OPEN), 20.0),
    ("ended", (OPEN, OPEN, Stable()), None),
    ("another-one", (OPEN, OPEN, Stable(end=60, last_stable=55)), 0.0),
    ("unread", (OPEN, OPEN, Stable(known=False)), None),
    ("unread-for-a-cycle", (OPEN, Stable(known=False), OPEN), 20.0),
    ("without-an-end-for-a-cycle", (OPEN, Stable(end=None), OPEN), 20.0),
    ("moved-while-unread", (OPEN, Stable(known=False), Stable(end=60, last_stable=55)), 0.0),
    ("ended-and-another", (OPEN, Stable(end=41), Stable(last_stable=45)), 0.0),
    ("topic-made-anew", (OPEN, OPEN, OPEN._replace(topic_id="second")), 0.0),
)


@pytest.mark.parametrize(("cycles", "seconds"), [row[1:] for row in TRANSACTIONS], ids=[row[0] for row in TRANSACTIONS])
def test_an_open_transaction_has_an_age(cycles: tuple[Stable, ...], seconds: float | None) -> None:
    """It is counted from when the record at the last stable offset can have come; while unread, it is not told."""
    watched = Watched()
    for number, cycle in enumerate(cycles):
        told = {} if cycle.known and cycle.last_stable is None else {0: cycle.last_stable}
        watched.take(
            snapshot(
                10.0 * number,
                topics=[topic(topic_id=cycle.topic_id)],
                ends={TOPIC: {} if cycle.end is None else {0: cycle.end}},
                last_stable={TOPIC: told},
            )
        )

    assert watched.topic.open_transaction_seconds == seconds
