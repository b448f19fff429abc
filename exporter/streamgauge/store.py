"""Keeps the last good reading of each cluster and says what may be served of it now.

The scheduler's threads write, the web's threads read. A reading older than its ``stale_after`` is withdrawn by the
clock alone, so that a source which hangs cannot keep a dead number alive.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from streamgauge.metrics import catalogue, exporter
from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.family import Lines
from streamgauge.model.reading import ClusterReading
from streamgauge.model.reload_status import ReloadStatus
from streamgauge.model.source_status import SourceStatus

_JOBS = "\0jobs"  # the key of their part; no cluster can have this name


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A configured cluster: how its source is doing, and its last good reading while that may be served."""

    status: SourceStatus
    reading: ClusterReading | None


@dataclass(slots=True)
class _Entry:
    status: SourceStatus
    stale_after: float
    overdue_after: float
    reading: ClusterReading | None = None
    published: float = 0.0


class Store:
    """The last good reading of each cluster, its rendered lines, and its source's status.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._exposition = Exposition(catalogue.READ_FAMILIES)
        self._reload: ReloadStatus | None = None
        self._own: list[Callable[[], Iterable[exporter.OwnSample]]] = []
        self._was_ready = False

    def expect(self, status: SourceStatus, *, stale_after: float, overdue_after: float) -> None:
        """Announce a cluster before its first cycle, so that it is seen to be missing.

        A cluster that is here already is to be read in another way: its last good reading stays.

        Args:
            status: the status before the first cycle.
            stale_after: seconds after which a reading is no longer served.
            overdue_after: seconds after which a reading is marked stale although no cycle has failed.
        """
        with self._lock:
            entry = self._entries.setdefault(status.cluster, _Entry(status, stale_after, overdue_after))
            entry.status, entry.stale_after, entry.overdue_after = status, stale_after, overdue_after

    def forget(self, cluster: str) -> None:
        """A cluster is watched no longer: all that is about it goes at once."""
        with self._lock:
            if self._entries.pop(cluster, None) is not None:
                self._exposition.withdraw(cluster)

    def publish(self, status: SourceStatus, reading: ClusterReading, lines: Lines) -> None:
        """A cycle brought a reading."""
        part = self._exposition.prepare(lines)
        with self._lock:
            entry = self._entries.get(status.cluster)
            if entry is None:  # it was forgotten meanwhile
                return
            self._exposition.publish(status.cluster, part)
            entry.status, entry.reading, entry.published = status, reading, self._clock()

    def publish_jobs(self, lines: Lines) -> None:
        """What is known of jobs changed. They come to us, so nothing withdraws them: there is no source to hang."""
        self._exposition.publish(_JOBS, self._exposition.prepare(lines))

    def fail(self, status: SourceStatus) -> None:
        """A cycle brought nothing; the last good reading stays until it is too old."""
        with self._lock:
            if status.cluster in self._entries:
                self._entries[status.cluster].status = status

    def note_reload(self, status: ReloadStatus) -> None:
        """The configuration was read, at the start or later."""
        with self._lock:
            self._reload = status

    def tell(self, samples: Callable[[], Iterable[exporter.OwnSample]]) -> None:
        """Another part of the exporter has numbers about itself: they are asked for at each page, and must not wait."""
        self._own.append(samples)

    def views(self) -> tuple[ClusterView, ...]:
        """Every configured cluster as it may be served now."""
        now = self._clock()
        with self._lock:
            return tuple(self._view(entry, now) for entry in self._entries.values())

    def ready(self) -> bool:
        """Whether every source has finished its first cycle, good or bad.

        Once it was so it stays so: a cluster that is added later is no reason to keep away from the others.
        """
        with self._lock:
            self._was_ready = self._was_ready or all(entry.status.cycles > 0 for entry in self._entries.values())
            return self._was_ready

    def exposition(self, *, openmetrics: bool, gzip: bool) -> bytes:
        """The page of metrics as it may be served now."""
        now = self._clock()
        with self._lock:  # numbers and the status that goes with them are of one moment
            statuses = [self._view(entry, now).status for entry in self._entries.values()]
            page = self._exposition.page(openmetrics=openmetrics)
            reload = self._reload
        own = [sample for samples in self._own for sample in samples()]
        return page.ended(exporter.render(statuses, openmetrics=openmetrics, reload=reload, own=own), gzip=gzip)

    def _view(self, entry: _Entry, now: float) -> ClusterView:
        if entry.reading is None:
            return ClusterView(entry.status, None)
        age = now - entry.published
        if age > entry.stale_after:
            entry.reading = None
            self._exposition.withdraw(entry.status.cluster)
            # A cycle that hangs has not failed yet, but nothing is read any more.
            entry.status = replace(entry.status, up=False)
            return ClusterView(entry.status, None)
        stale = entry.status.up is False or age > entry.overdue_after
        return ClusterView(replace(entry.status, stale=stale), entry.reading)
