"""The rows of topics."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from streamgauge.model.reading import TopicReading
from streamgauge.web import figures
from streamgauge.web.pages import wording
from streamgauge.web.pages.state import row_key
from streamgauge.web.pages.wording import Text

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic."""

    key: str
    name: str
    appended: Text
    partitions: Text
    ends: Text
    size: Text
    replication: Text
    readers: Text


def topic_row(cluster: str, topic: TopicReading, reader_count: int) -> TopicRow:
    """The row of a topic that so many groups read."""
    partitions, ends = figures.partition_count(topic), figures.end_sum(topic)
    return TopicRow(
        key=row_key("topic", cluster, topic.name),
        name=wording.shown(topic.name),
        appended=_known(topic.appended_per_second, wording.rate, "known after two readings"),
        partitions=_known(partitions, wording.count, "the partitions could not be read"),
        ends=_known(ends, wording.count, "an end offset could not be read"),
        size=_known(topic.size_bytes, wording.size, "the size of a partition could not be read"),
        replication=_replication(topic),
        readers=Text(wording.count(reader_count)) if reader_count else wording.nothing("no group reads it"),
    )


def _known(figure: Number | None, words: Callable[[Number], str], why_not: str) -> Text:
    return wording.unknown(why_not) if figure is None else Text(words(figure))


def _replication(topic: TopicReading) -> Text:
    if not topic.partitions:
        return wording.unknown("the partitions could not be read")
    leaderless, lagging = figures.offline(topic), figures.under_replicated(topic)
    if leaderless:
        return Text(f"{wording.count(leaderless)} offline", "partitions without a leader", "bad")
    if refusing := figures.under_min_isr(topic):
        return Text(f"{wording.count(refusing)} under min. ISR", "partitions that refuse writes with acks=all", "bad")
    if lagging:
        return Text(wording.count(lagging), "partitions with a replica that is not in sync", "busy")
    return Text("0", "every replica is in sync")
