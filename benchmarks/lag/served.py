"""What an exporter serves while it runs: one reading of each cycle, with the instants between which it was made."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from benchmarks.lag.comparison import Served
from benchmarks.lag.truth import Span
from tests.services.exporter import Exporter, Page

CLOCK_SLACK = 0.002
"""Seconds: a page's instants are rounded, and the wall clock is slewed against the monotonic one."""

_ENDED = re.compile(r"^streamgauge_source_last_success_timestamp_seconds\{.*$", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """One cycle as the page showed it.

    Attributes:
        page: all of it.
        span: the cycle began and ended within these instants.
    """

    page: Page
    span: Span

    def of(self, group: str, topic: str, partition: int) -> Served:
        """One group-partition of it."""
        labels = {"consumergroup": group, "topic": topic, "partition": str(partition)}
        names = ("lag", "lag_seconds", "lag_error_bound_seconds")
        return Served(*(self.page.value(f"kafka_consumergroup_{name}", **labels) for name in names))


class Watcher:
    """Scrapes an exporter twice a cycle or more, and keeps each cycle's page once.

    Args:
        interval: seconds between two of the exporter's readings.
    """

    def __init__(self, interval: float) -> None:
        self._every = min(0.5, interval / 3)
        self._pages: dict[str, str] = {}
        self._stopping = threading.Event()

    @property
    def cycles(self) -> int:
        """How many it has kept."""
        return len(self._pages)

    def readings(self) -> list[Reading]:
        """What was kept, in the order of time; parsed only now, which takes as long as a cycle does."""
        read = (reading_of(Page(text)) for text in self._pages.values())
        return [reading for reading in read if reading is not None]

    @contextmanager
    def watching(self, exporter: Exporter) -> Iterator[None]:
        """Scrape in the background for as long as the block takes."""
        self._stopping.clear()
        thread = threading.Thread(target=self._watch, args=(exporter,), name="watcher")
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _watch(self, exporter: Exporter) -> None:
        while not self._stopping.wait(self._every):
            try:
                text = exporter.get("metrics").text
            except requests.RequestException:  # it starts, or has been killed
                continue
            ended = _ENDED.search(text)
            if ended is not None:
                self._pages.setdefault(ended[0], text)


def reading_of(page: Page) -> Reading | None:
    """A page's reading; None where its last cycle failed: the instants are not those of what it serves then."""
    ended = page.value("streamgauge_source_last_success_timestamp_seconds", source="kafka")
    took = page.value("streamgauge_source_duration_seconds", source="kafka")
    if ended is None or took is None or page.value("streamgauge_source_up", source="kafka") != 1:
        return None
    return Reading(page, Span(ended - took - CLOCK_SLACK, ended + CLOCK_SLACK))
