"""The highest leader epoch of each partition, kept from reading to reading."""

from streamgauge.model.snapshot import Partition, Topic
from streamgauge.sources.kafka.leader_epochs import LeaderEpochs


def orders(*epochs: int | None, topic_id: str | None = "first") -> dict[str, Topic]:
    """Metadata of one topic with these leader epochs."""
    partitions = {number: Partition(number, 1, (1, 2), (1, 2), (), epoch) for number, epoch in enumerate(epochs)}
    return {"orders": Topic("orders", topic_id, partitions)}


def epochs_of(topics: dict[str, Topic]) -> list[int | None]:
    """What is asked for, by partition."""
    return [partition.leader_epoch for partition in topics["orders"].partitions.values()]


def test_an_older_epoch_than_was_seen_is_raised() -> None:
    """A broker with an old view names itself the leader of an old epoch: the newest is what it is asked for."""
    known = LeaderEpochs()

    assert epochs_of(known.raised(orders(3, 5))) == [3, 5]
    assert epochs_of(known.raised(orders(3, 4))) == [3, 5]
    assert epochs_of(known.raised(orders(4, 4))) == [4, 5]
    assert epochs_of(known.raised(orders(None, 6))) == [4, 6]


def test_a_topic_made_anew_begins_anew() -> None:
    """Its epochs begin at 0, which is no old view."""
    known = LeaderEpochs()
    known.raised(orders(7))

    assert epochs_of(known.raised(orders(0, topic_id="second"))) == [0]


def test_without_topic_ids_nothing_is_kept() -> None:
    """A topic made anew could not be told from an old view of it, and would be refused for ever."""
    known = LeaderEpochs()
    known.raised(orders(7, topic_id=None))

    assert epochs_of(known.raised(orders(0, topic_id=None))) == [0]


def test_what_is_gone_is_forgotten() -> None:
    """Nothing is kept of topics that are not there any more."""
    known = LeaderEpochs()
    known.raised(orders(7))
    known.raised({})

    assert epochs_of(known.raised(orders(2))) == [2]
