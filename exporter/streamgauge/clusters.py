"""The clusters that are watched: follows the configuration, and leaves alone those whom a change does not concern.

A cluster that is to be watched in another way (interval, patterns, limits, credentials) gets a new thread and new
connections; what is remembered and counted of it is handed over, and its last good reading is served meanwhile.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from streamgauge.config import Changes, ClusterConfig, Concern, Config, concerns_of, plan
from streamgauge.model.cluster import ClusterModel
from streamgauge.sources.scheduler import Scheduler, SourceRunner
from streamgauge.state.history_store import HistoryStore
from streamgauge.store import Store

LOG = logging.getLogger("streamgauge.clusters")

# Only the model's work on a snapshot is waited for: a tenth of a second at most for a large cluster.
_HANDOVER_SECONDS = 10.0


@dataclass(frozen=True)
class Watched:
    """One cluster: the thread that reads it, what is remembered of it, and where that is saved."""

    runner: SourceRunner[Any]
    model: ClusterModel
    histories: HistoryStore


class Watch(Protocol):
    """Makes what watches a cluster."""

    def __call__(self, cluster: ClusterConfig, config: Config, before: Watched | None) -> Watched:
        """Make it, not started yet, and announce it to the store.

        Args:
            cluster: which cluster, and how.
            config: what holds for all of them.
            before: what watched the same cluster until now, and has ended: its model and its counts go on.
        """


class Clusters:
    """All clusters of the configuration. Made for one thread at a time.

    Args:
        watch: makes what watches a cluster.
        scheduler: runs it.
        store: serves what is read.
    """

    def __init__(self, watch: Watch, scheduler: Scheduler, store: Store) -> None:
        self._watch = watch
        self._scheduler = scheduler
        self._store = store
        self._watched: dict[str, Watched] = {}
        self._concerns: dict[str, Concern] = {}

    def follow(self, config: Config) -> Changes:
        """Watch the clusters of a configuration, and no others.

        Returns:
            What that has changed.
        """
        concerns = concerns_of(config)
        changes = plan({name: self._concerns[name] for name in self._watched}, concerns)
        settled = self._end((*changes.changed, *changes.removed))
        handed_over = {name: settled[name] for name in changes.changed if name in settled}
        for name in (*changes.changed, *changes.removed):
            if name not in handed_over:
                self._store.forget(name)
        for name in (*changes.changed, *changes.added):
            self._begin(concerns[name], config, handed_over.get(name))
        return changes

    def _begin(self, concern: Concern, config: Config, before: Watched | None) -> None:
        watched = self._watch(concern.cluster, config, before)
        self._watched[concern.cluster.name] = watched
        self._concerns[concern.cluster.name] = concern
        self._scheduler.begin(watched.runner)

    def _end(self, names: Iterable[str]) -> dict[str, Watched]:
        """End some threads, all at once.

        Returns:
            Those that hand on nothing any more, so that what they remember may go on.
        """
        leaving = {name: self._watched.pop(name) for name in names}
        for each in leaving.values():
            self._scheduler.end(each.runner)
        until = time.monotonic() + _HANDOVER_SECONDS
        settled = {}
        for name, each in leaving.items():
            if each.runner.has_handed_over(max(0.0, until - time.monotonic())):
                settled[name] = each
            else:
                LOG.warning("did not hand over in time: begins anew", extra={"cluster": name})
        return settled
