"""What the web needs of the store, so that it can be tried without one."""

from collections.abc import Sequence
from typing import Protocol

from streamgauge.model.reading import ClusterReading
from streamgauge.model.source_status import SourceStatus


class View(Protocol):
    """A configured cluster: how its source is doing, and its last good reading while that may be served."""

    @property
    def status(self) -> SourceStatus:
        """How the source is doing."""

    @property
    def reading(self) -> ClusterReading | None:
        """The last good reading; None before there is one and after it has grown too old."""


class Readings(Protocol):
    """The store as the web sees it; safe to call from any thread."""

    def views(self) -> Sequence[View]:
        """Every configured cluster as it may be served now."""

    def ready(self) -> bool:
        """Whether every source has finished its first cycle, good or bad."""

    def exposition(self, *, openmetrics: bool, gzip: bool) -> bytes:
        """The page of metrics as it may be served now."""
