"""What each topic's items are, made of what the store has now.

A reading stays the same object until the next cycle, so its items are made once. Figures are sent with six digits:
nobody sees more on a page, and messages are a third smaller.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

from streamgauge.model.reading import ClusterReading, GroupReading, GroupTopicLag
from streamgauge.web import figures
from streamgauge.web.live.versions import Item
from streamgauge.web.readings import Readings, View

Feed = Callable[[], Mapping[str, Item]]
"""Makes a topic's items, by key; called in a thread, never twice at the same time."""

_KEYS_REMEMBERED = 65_536


def store_feeds(store: Readings) -> Mapping[str, Feed]:
    """The topics that come from the store."""
    return {
        "cluster": lambda: {view.status.cluster: _cluster(view) for view in store.views()},
        "groups": _EachReading(store, _groups),
        "pipelines": _EachReading(store, _pipelines),
    }


class _EachReading:
    """Items of every cluster that can be read; a reading's are made once."""

    def __init__(self, store: Readings, items: Callable[[ClusterReading], Iterable[tuple[str, Item]]]) -> None:
        self._store = store
        self._items = items
        self._made: Mapping[str, tuple[ClusterReading, Mapping[str, Item]]] = {}

    def __call__(self) -> Mapping[str, Item]:
        readings = [view.reading for view in self._store.views() if view.reading is not None]
        self._made = {reading.cluster: (reading, self._of(reading)) for reading in readings}
        found: dict[str, Item] = {}
        for _, items in self._made.values():
            found.update(items)
        return found

    def _of(self, reading: ClusterReading) -> Mapping[str, Item]:
        before = self._made.get(reading.cluster)
        return before[1] if before is not None and before[0] is reading else dict(self._items(reading))


def _cluster(view: View) -> Item:
    status, reading = view.status, view.reading
    return {
        "cluster": status.cluster,
        "up": status.up,
        "stale": status.stale,
        "brokers": None if reading is None else len(reading.brokers),
        "topics": None if reading is None else len(reading.topics),
        "groups": None if reading is None else len(reading.groups),
        "appended_per_second": None if reading is None else _short(figures.appended_per_second(reading)),
        "consumed_per_second": None if reading is None else _short(figures.consumed_per_second(reading)),
        "last_success": status.last_success,
        "error": status.last_error,
    }


def _groups(reading: ClusterReading) -> Iterator[tuple[str, Item]]:
    for group in reading.groups.values():
        for lag in group.topics.values():
            yield key_of(reading.cluster, group.name, lag.topic), _group_topic(reading, group, lag)


def _group_topic(reading: ClusterReading, group: GroupReading, lag: GroupTopicLag) -> Item:
    return {
        "cluster": reading.cluster,
        "group": group.name,
        "topic": lag.topic,
        "status": lag.status,
        "state": group.state,
        "lag": lag.lag_sum,
        "lag_seconds": _short(lag.max_lag_seconds),
        "lag_error_bound_seconds": _short(_bound_of_the_longest(lag)),
        "consumed_per_second": _short(lag.consumed_per_second),
        "appended_per_second": _short(_appended(reading, lag.topic)),
        "slo_lag_seconds": group.slo_lag_seconds,
        "unknown_partitions": lag.unknown,
    }


def _pipelines(reading: ClusterReading) -> Iterator[tuple[str, Item]]:
    """Until pipelines are declared, each group is one of its own topics."""
    for group in reading.groups.values():
        yield (
            key_of(reading.cluster, group.name),
            {
                "cluster": reading.cluster,
                "name": group.name,
                "status": group.status,
                "lag": group.lag_sum,
                "lag_seconds": _short(group.max_lag_seconds),
                "lag_error_bound_seconds": _short(_bound_over(group)),
                "slo_lag_seconds": group.slo_lag_seconds,
                "unknown_partitions": sum(_unknown(lag) for lag in group.topics.values()),
                "in_per_second": _short(_sum(_appended(reading, topic) for topic in group.topics)),
                "out_per_second": _short(group.consumed_per_second),
                "topics": sorted(group.topics),
            },
        )


def _bound_of_the_longest(lag: GroupTopicLag) -> float | None:
    """The error bound of the partition whose waiting time is served."""
    if lag.max_lag_seconds is None or lag.max_lag_seconds not in lag.lag_seconds:
        return None
    return lag.error_bounds[lag.lag_seconds.index(lag.max_lag_seconds)]


def _bound_over(group: GroupReading) -> float | None:
    """The error bound of the group's longest wait."""
    longest = (lag for lag in group.topics.values() if lag.max_lag_seconds == group.max_lag_seconds)
    return next((bound for lag in longest if (bound := _bound_of_the_longest(lag)) is not None), None)


def _unknown(lag: GroupTopicLag) -> int:
    """Partitions whose lag is unknown in records or in seconds."""
    return max(lag.unknown, sum(seconds is None for seconds in lag.lag_seconds))


def _appended(reading: ClusterReading, topic: str) -> float | None:
    found = reading.topics.get(topic)
    return None if found is None else found.appended_per_second


def _sum(parts: Iterable[float | None]) -> float | None:
    """None while any part is unknown, or there is none."""
    known = list(parts)
    return sum(part for part in known if part is not None) if known and None not in known else None


def _short(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.6g}")


@functools.lru_cache(_KEYS_REMEMBERED)
def key_of(*names: str) -> str:
    """Names joined by slashes, each percent-encoded, so that a slash in a name is none between names."""
    return "/".join(quote(name, safe="", errors="replace") for name in names)
