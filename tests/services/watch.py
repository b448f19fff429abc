"""Scrapes an exporter all through a fault and holds every page against one law.

The law: no false zero, nothing negative, no counter that falls, no sum over what is left, no dead series, no lost
neighbour, no scrape that takes long. Owns no cluster: a test says what waits, and what must be there on every page.
"""

import math
import statistics
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypedDict

import requests

from tests.services.exporter import Exporter, Labels, Page
from tests.services.polling import eventually

LAG = "kafka_consumergroup_lag"
LAG_SUM = "kafka_consumergroup_lag_sum"
LAG_SECONDS = "kafka_consumergroup_lag_seconds"
BOUND = "kafka_consumergroup_lag_error_bound_seconds"
UNKNOWN = "kafka_consumergroup_unknown_partitions"

SLOWEST_SCRAPE = 2.0
_SLACK = 0.3  # between the instants of a reading's answers and the one time that the page gives for it
_SHOWN = 8


class Pair(TypedDict):
    """The labels of a group on a topic."""

    consumergroup: str
    topic: str


@dataclass(frozen=True)
class Wait:
    """Records that wait for a group on a topic, from the watch's beginning to its end.

    Attributes:
        group: the group.
        topic: the topic.
        lags: what a partition's lag may be served as; a page may leave it out unless it is ``always`` there.
        sums: the same for the sum over the topic.
        since: when the oldest of them was produced (before the call and after it, Unix seconds), if that is checked.
        always: a neighbour of the fault: on every page, whole.
    """

    group: str
    topic: str
    lags: Collection[int]
    sums: Collection[int]
    since: tuple[float, float] | None = None
    always: bool = False

    @property
    def labels(self) -> Pair:
        """The labels that its series have."""
        return Pair(consumergroup=self.group, topic=self.topic)


@dataclass(frozen=True)
class _Scrape:
    started: float
    took: float
    text: str
    failure: str = ""


@dataclass
class _Dead:
    since: float = math.inf
    names: set[str] = field(default_factory=set)


class Watch:
    """A thread that scrapes; on leaving its `with` statement every page is checked. Others may scrape beside it.

    Args:
        exporter: who is scraped.
        waits: what waits all the while.
        every: seconds between two scrapes.
    """

    def __init__(self, exporter: Exporter, *waits: Wait, every: float = 0.2) -> None:
        self._exporter = exporter
        self._waits = waits
        self._every = every
        self._scrapes: list[_Scrape] = []
        self._dead: list[_Dead] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            self.check()

    def gone(self, *names: str, within: float) -> None:
        """Wait until no page names these things any more; from then on none may.

        Args:
            names: topics or groups that were deleted, by names that nothing else contains.
            within: seconds until they must be gone.
        """
        dead = _Dead(names=set(names))
        self._dead.append(dead)

        def absent() -> bool:
            text = self._exporter.get("metrics").text
            assert not [name for name in names if name in text], f"{names} are served still"
            return True

        eventually(absent, deadline=within)
        dead.since = time.monotonic()

    @property
    def usual_seconds(self) -> float:
        """How long a scrape has taken: the median."""
        return statistics.median(scrape.took for scrape in self._scrapes)

    def check(self) -> None:
        """Hold all pages against the law.

        Raises:
            AssertionError: with the first pages that break it.
        """
        assert self._scrapes, "nothing was scraped"
        start = self._scrapes[0].started
        broken = [f"{scrape.started - start:6.2f} s: {text}" for scrape, text in self._violations()]
        shown = "\n  ".join(broken[:_SHOWN])
        assert not broken, f"{len(broken)} faults on {len(self._scrapes)} pages:\n  {shown}"

    def _violations(self) -> Iterator[tuple[_Scrape, str]]:
        before: Page | None = None
        for scrape in self._scrapes:
            for text in self._of_answer(scrape):
                yield scrape, text
            if scrape.failure or (before is not None and before.text == scrape.text):
                continue
            page = Page(scrape.text)
            for text in (*_of_page(page), *_of_waits(page, self._waits), *_of_counters(before, page)):
                yield scrape, text
            before = page

    def _of_answer(self, scrape: _Scrape) -> Iterator[str]:
        if scrape.failure:
            yield f"a scrape failed: {scrape.failure}"
        if scrape.took > SLOWEST_SCRAPE:
            yield f"a scrape took {scrape.took:.2f} s"
        for dead in self._dead:
            if scrape.started > dead.since:
                yield from (f"{name} is dead and served" for name in dead.names if name in scrape.text)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._scrapes.append(self._scrape())
            self._ended.wait(self._every)

    def _scrape(self) -> _Scrape:
        started = time.monotonic()
        try:
            answer = self._exporter.get("metrics")
            answer.raise_for_status()
        except requests.RequestException as failure:
            return _Scrape(started, time.monotonic() - started, "", repr(failure))
        return _Scrape(started, time.monotonic() - started, answer.text)


def _of_page(page: Page) -> Iterator[str]:
    """What holds for every series, whoever's it is."""
    for name in page.names():
        if name.startswith("kafka_"):
            yield from (
                f"{name}{_shown(labels)} is {value}" for labels, value in page.series(name).items() if value < 0
            )
    seconds = page.series(LAG_SECONDS)
    for labels, lag in page.series(LAG).items():
        waited = seconds.get(labels)
        if waited is not None and (waited == 0) != (lag == 0):
            yield f"{LAG}{_shown(labels)} is {lag}, and its seconds are {waited}"
    for labels, unknown in page.series(UNKNOWN).items():
        if unknown and labels in page.series(LAG_SUM):
            yield f"{LAG_SUM}{_shown(labels)} is served while {unknown:g} partitions are unknown"


def _of_waits(page: Page, waits: Collection[Wait]) -> Iterator[str]:
    for wait in waits:
        lags, sums = page.values(LAG, **wait.labels), page.values(LAG_SUM, **wait.labels)
        yield from (f"{wait.group}'s lag is {lag}, not of {wait.lags}" for lag in lags if lag not in wait.lags)
        yield from (f"{wait.group}'s sum is {lag}, not of {wait.sums}" for lag in sums if lag not in wait.sums)
        if wait.always and not (lags and sums):
            yield f"the neighbour {wait.group} on {wait.topic} is not whole: {len(lags)} lags, {len(sums)} sums"
        if wait.since is not None:
            yield from _of_seconds(page, wait, wait.since)


def _of_seconds(page: Page, wait: Wait, since: tuple[float, float]) -> Iterator[str]:
    """Seconds are the truth within their bound, at the time of the reading."""
    read_at = page.value("streamgauge_source_last_success_timestamp_seconds") or 0.0
    took = page.value("streamgauge_source_duration_seconds") or 0.0
    before, after = since
    for labels, seconds in page.series(LAG_SECONDS).items():
        bound = page.series(BOUND).get(labels)
        if bound is None or not wait.labels.items() <= dict(labels).items():
            continue
        if seconds - bound > read_at - before + _SLACK or seconds + bound < read_at - after - took - _SLACK:
            yield f"{wait.group} has waited {read_at - before:.2f} s, served is {seconds} within {bound}"


def _of_counters(before: Page | None, page: Page) -> Iterator[str]:
    """A counter may end with what it counts, and never falls."""
    if before is None:
        return
    for name in page.names():
        if name.endswith("_total"):
            earlier: Mapping[Labels, float] = before.series(name)
            for labels, value in page.series(name).items():
                if value < earlier.get(labels, value):
                    yield f"{name}{_shown(labels)} fell from {earlier[labels]} to {value}"


def _shown(labels: Labels) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in sorted(labels) if name != "cluster") + "}"
