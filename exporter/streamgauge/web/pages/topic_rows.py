"""The rows of topics."""

from dataclasses import dataclass

from streamgauge.model.reading import TopicReading
from streamgauge.web import figures
from streamgauge.web.pages import wording
from streamgauge.web.pages.state import row_key
from streamgauge.web.pages.wording import Text


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic."""

    key: str
    name: str
    appended: Text
    partitions: str
    ends: Text
    replication: Text
    readers: Text


def topic_row(cluster: str, topic: TopicReading, reader_count: int) -> TopicRow:
    """The row of a topic that so many groups read."""
    ends = figures.end_sum(topic)
    return TopicRow(
        key=row_key("topic", cluster, topic.name),
        name=wording.shown(topic.name),
        appended=wording.unknown("known after two readings")
        if topic.appended_per_second is None
        else Text(wording.rate(topic.appended_per_second)),
        partitions=wording.count(len(topic.partitions)),
        ends=wording.unknown("an end offset could not be read") if ends is None else Text(wording.count(ends)),
        replication=_replication(topic),
        readers=Text(wording.count(reader_count)) if reader_count else wording.nothing("no group reads it"),
    )


def _replication(topic: TopicReading) -> Text:
    leaderless, lagging = figures.offline(topic), figures.under_replicated(topic)
    if leaderless:
        return Text(f"{wording.count(leaderless)} offline", "partitions without a leader", "bad")
    if lagging:
        return Text(wording.count(lagging), "partitions with a replica that is not in sync", "busy")
    return Text("0", "every replica is in sync")
