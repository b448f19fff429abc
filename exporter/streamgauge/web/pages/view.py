"""What the page shows, in words: readings in, rows of texts out; the template only places them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamgauge.model.reading import ClusterReading, GroupReading, TopicReading
from streamgauge.model.source_status import SourceStatus
from streamgauge.web import figures
from streamgauge.web.ordering import ordered, severity
from streamgauge.web.pages import wording
from streamgauge.web.pages.group_rows import GroupRow, group_row
from streamgauge.web.pages.jobs_view import JobsSection, ReadJobs, jobs_section
from streamgauge.web.pages.sources import SourceCard, source_card
from streamgauge.web.pages.state import PageState, in_order, row_key
from streamgauge.web.pages.topic_rows import TopicRow, topic_row
from streamgauge.web.pages.waits import longest_wait
from streamgauge.web.pages.wording import Text
from streamgauge.web.readings import View

Row = TypeVar("Row")

_GROUP_FIGURES: dict[str, Callable[[GroupReading], float | None]] = {
    "status": lambda group: severity(group.status),
    "lag": lambda group: group.lag_sum,
    "lag_seconds": longest_wait,
    "rate": lambda group: group.consumed_per_second,
}
_TOPIC_FIGURES: dict[str, Callable[[TopicReading], float | None]] = {
    "rate": lambda topic: topic.appended_per_second,
    "records": figures.end_sum,
    "partitions": figures.partition_count,
    "size": lambda topic: topic.size_bytes,
}


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """The rows that are shown, how many match, what to say when there are none, and how they are sorted."""

    rows: Sequence[Row]
    matching: int
    none: str
    order: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a cluster; ``sizes``: whether the size of any topic is."""

    figures: Sequence[tuple[str, Text]]
    groups: Table[GroupRow]
    topics: Table[TopicRow]
    sizes: bool


@dataclass(frozen=True, slots=True)
class ClusterSection:
    """One cluster; ``known`` is None while nothing may be shown, and ``notice`` says why or what is amiss."""

    key: str
    name: str
    notice: Text | None
    known: Known | None


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page, at ``now``; ``jobs`` is None where nothing is said of them."""

    now: float
    sources: Sequence[SourceCard]
    clusters: Sequence[ClusterSection]
    jobs: JobsSection | None


def page_view(views: Iterable[View], state: PageState, now: float, jobs: ReadJobs | None = None) -> PageView:
    """The page at an instant.

    Args:
        views: what may be served.
        state: what the visitor has chosen to see.
        now: seconds since the epoch.
        jobs: gives what is known of jobs; None: this exporter knows none.
    """
    views = list(views)
    return PageView(
        now,
        [source_card(view.status, now) for view in views],
        [_section(view, state, now) for view in views],
        jobs_section(jobs, state, alone=not views, now=now),
    )


def _section(view: View, state: PageState, now: float) -> ClusterSection:
    return ClusterSection(
        key=row_key("cluster", view.status.cluster),
        name=wording.shown(view.status.cluster),
        notice=_notice(view.status, view.reading, now),
        known=None if view.reading is None else _known(view.reading, state),
    )


def _notice(status: SourceStatus, reading: ClusterReading | None, now: float) -> Text | None:
    why = f" ({status.last_error})" if status.last_error else ""
    if reading is None:
        if status.up is None:
            return Text("Nothing is known of this cluster yet: its first cycle has not finished.", tone="busy")
        return Text(f"Nothing is known of this cluster now: it cannot be read{why}.", tone="bad")
    age = wording.ago(now - reading.read_at)
    if status.up is False:
        return Text(f"What is shown was read {age}; it cannot be read now{why}.", tone="bad")
    if status.stale:
        return Text(f"What is shown was read {age}; the next reading is overdue.", tone="busy")
    return None


def _known(reading: ClusterReading, state: PageState) -> Known:
    sizes = any(topic.size_bytes is not None for topic in reading.topics.values())
    return Known(_key_figures(reading), _groups(reading, state), _topics(reading, state), sizes)


def _key_figures(reading: ClusterReading) -> list[tuple[str, Text]]:
    return [
        ("Groups", Text(wording.count(len(reading.groups)))),
        ("Topics", Text(wording.count(len(reading.topics)))),
        ("Brokers", Text(wording.count(len(reading.brokers)), _controller(reading))),
        ("Records in /s", _rate(figures.appended_per_second(reading), of=len(reading.topics))),
        ("Records out /s", _rate(figures.consumed_per_second(reading), of=len(reading.groups))),
        ("Worst lag", _worst_lag(reading)),
    ]


def _controller(reading: ClusterReading) -> str:
    return "" if reading.controller is None else f"the controller is broker {reading.controller}"


def _rate(rate: float | None, *, of: int) -> Text:
    if rate is not None:
        return Text(wording.rate(rate))
    return wording.unknown("known after two readings") if of else wording.nothing_committed()


def _worst_lag(reading: ClusterReading) -> Text:
    waits = [(longest_wait(group), group.name) for group in reading.groups.values() if group.topics]
    known = [(wait, name) for wait, name in waits if wait is not None]
    if not known:
        return wording.unknown("not observed long enough") if waits else wording.nothing_committed()
    longest, name = max(known)
    if longest == 0:
        return Text(wording.seconds(0), "every group that is known has read everything")
    return Text(wording.seconds(longest), wording.shown(name))


def _groups(reading: ClusterReading, state: PageState) -> Table[GroupRow]:
    matching = [
        group
        for group in reading.groups.values()
        if state.matches(group.name) or any(state.matches(topic) for topic in group.topics)
    ]
    order = in_order(state.sort, len(matching), state.limit)
    in_turn = ordered(matching, order, _GROUP_FIGURES, lambda group: (group.name,))
    rows = [group_row(reading.cluster, group, state) for group in in_turn[: state.limit]]
    none = "No consumer groups match the filter." if reading.groups else "This cluster has no consumer groups."
    return Table(rows, len(matching), none, order)


def _topics(reading: ClusterReading, state: PageState) -> Table[TopicRow]:
    readers = figures.readers(reading)
    matching = [topic for topic in reading.topics.values() if state.matches(topic.name)]
    in_turn = ordered(matching, state.topic_sort, _TOPIC_FIGURES, lambda topic: (topic.name,))
    rows = [topic_row(reading.cluster, topic, len(readers.get(topic.name, ()))) for topic in in_turn[: state.limit]]
    none = "No topics match the filter." if reading.topics else "This cluster has no topics."
    return Table(rows, len(matching), none, state.topic_sort)
