"""Offers an application's metrics to a prometheus_client registry, for programs that serve one already.

prometheus_client is imported when the registry collects, never before: this package does not depend on it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from streamgauge_sdk._application_reporter import Snapshot
from streamgauge_sdk._metrics_page import families

if TYPE_CHECKING:
    from prometheus_client import Metric


class ApplicationCollector:
    """What `registry.register()` takes."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        """Prepare a collector.

        Args:
            snapshot: returns what is known now, or None while nothing is to be told.
        """
        self._snapshot = snapshot

    def collect(self) -> "Iterator[Metric]":
        """Yield the families of the newest snapshot."""
        from prometheus_client import Metric  # noqa: PLC0415 - only a program that has it comes here

        snapshot = self._snapshot()
        for family in [] if snapshot is None else families(snapshot):
            metric = Metric(family.name, family.help, family.kind)
            for sample in family.samples:
                metric.add_sample(f"{family.name}{sample.suffix}", sample.labels, sample.value)
            yield metric

    def describe(self) -> "list[Metric]":
        """Name nothing before: which families there are depends on what the program does."""
        return []
