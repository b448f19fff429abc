"""Clusters that follow the configuration: who is left alone, who goes on, who goes. Sources here are made by hand."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from streamgauge import clusters as module
from streamgauge.clusters import Clusters, Watched
from streamgauge.config import Changes, ClusterConfig, Config
from streamgauge.model.cluster import ClusterModel
from streamgauge.model.groups import GroupRules
from streamgauge.model.snapshot import Failure
from streamgauge.model.source_status import SourceStatus
from streamgauge.sources.scheduler import Scheduler, SourceRunner
from streamgauge.state.history_store import HistoryStore, SavedCluster
from streamgauge.store import Store
from tests.metrics.readings import MAIN, rendered

PATIENCE = 10.0


@dataclass(frozen=True)
class Seen:
    """A snapshot of nothing."""

    read_at: float = 1_700_000_000.0
    failures: Sequence[Failure] = ()


@dataclass
class Steady:
    """A source that is read once, then waits to be interrupted."""

    cluster: str
    target: str
    interval: float
    interrupted: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    reads: int = 0
    name: str = "kafka"
    help: str = "Made by hand."
    deadline: float = 1.0

    def read(self) -> Seen:
        """A snapshot; the second one takes for ever."""
        self.reads += 1
        if self.reads > 1:
            self.interrupted.wait(PATIENCE)
        return Seen()

    def requests(self) -> Mapping[str, int]:
        """One request a cycle."""
        return {"Metadata": self.reads}

    def interrupt(self) -> None:
        """End what is under way."""
        self.interrupted.set()

    def close(self) -> None:
        """Its thread has ended."""
        self.closed.set()


class Example:
    """Clusters of hand-made sources, with a real scheduler and a real store."""

    def __init__(self) -> None:
        self.store = Store()
        self.scheduler = Scheduler()
        self.clusters = Clusters(self.watch, self.scheduler, self.store)
        self.sources: dict[str, list[Steady]] = {}
        self.models: dict[str, list[ClusterModel]] = {}
        self.stumbles = False
        self._published: dict[str, threading.Event] = {}

    def watch(self, cluster: ClusterConfig, config: Config, before: Watched | None) -> Watched:
        """As the composition root does, with a source that reads nothing."""
        if self.stumbles:
            raise RuntimeError("oops")
        source = Steady(cluster.name, ",".join(cluster.bootstrap_servers), 0.001)
        published = self._published[cluster.name] = threading.Event()
        rules = GroupRules.__new__(GroupRules)  # nobody looks at them here
        model = before.model if before else ClusterModel(cluster.name, config.lag.history_points, rules)

        def succeed(_: Seen, status: SourceStatus) -> None:
            self.store.publish(status, MAIN, rendered(MAIN))
            published.set()

        runner = SourceRunner(source, succeed, self.store.fail, before.runner.status if before else None)
        self.store.expect(runner.status, stale_after=1000, overdue_after=1000)
        self.sources.setdefault(cluster.name, []).append(source)
        self.models.setdefault(cluster.name, []).append(model)
        nowhere = HistoryStore(None, SavedCluster(cluster.name, cluster.bootstrap_servers, 16), wanted=False)
        return Watched(runner, model, nowhere)

    def follow(self, *clusters: dict[str, Any], **top: Any) -> Changes:
        """Follow a configuration, and wait until all that it begins has been read."""
        changes = self.clusters.follow(Config.model_validate({"clusters": clusters, **top}))
        assert all(event.wait(PATIENCE) for event in self._published.values())
        return changes

    def statuses(self) -> dict[str, SourceStatus]:
        """How each cluster's source is doing."""
        return {view.status.cluster: view.status for view in self.store.views()}


EAST = {"name": "east", "bootstrap_servers": "east"}
WEST = {"name": "west", "bootstrap_servers": "west"}


@pytest.fixture
def example() -> Iterator[Example]:
    """Nothing is watched yet; whatever is in the end is stopped."""
    one = Example()
    yield one
    one.scheduler.stop(PATIENCE)


def test_at_the_start_all_clusters_are_added(example: Example) -> None:
    """The first configuration is a change like the others."""
    assert example.follow(EAST, WEST) == Changes(added=("east", "west"))
    assert [view.reading for view in example.store.views()] == [MAIN, MAIN]


def test_a_cluster_that_is_added_does_not_touch_the_others(example: Example) -> None:
    """The one that was there keeps its thread and its connections."""
    example.follow(EAST)
    example.follow(EAST, WEST)

    assert list(example.statuses()) == ["east", "west"]
    assert len(example.sources["east"]) == 1
    assert not example.sources["east"][0].interrupted.is_set()


def test_a_cluster_that_is_removed_goes_with_all_that_is_about_it(example: Example) -> None:
    """Its reading under way is interrupted, its thread ends, and nothing of it is served any more."""
    example.follow(EAST, WEST)
    assert example.follow(WEST) == Changes(kept=("west",), removed=("east",))

    assert list(example.statuses()) == ["west"]
    assert example.sources["east"][0].closed.wait(PATIENCE)
    assert not example.sources["west"][0].interrupted.is_set()


def test_a_cluster_that_is_changed_goes_on(example: Example) -> None:
    """A new source, the old memory and the old counts; its last good reading was never gone."""
    example.follow(EAST, WEST)
    before = example.statuses()["east"]
    assert example.follow(EAST | {"interval": "1m"}, WEST) == Changes(kept=("west",), changed=("east",))
    after = example.statuses()["east"]

    assert example.sources["east"][0].closed.wait(PATIENCE)
    assert len(example.sources["east"]) == 2
    assert example.models["east"][0] is example.models["east"][1]
    assert (before.cycles, after.cycles) == (1, 2)
    assert after.requests == {"Metadata": 2}
    assert not example.sources["west"][0].interrupted.is_set()


def test_the_last_reading_of_a_changed_cluster_is_served_meanwhile(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the end of the old thread and the first cycle of the new one the numbers stay, and the source is up."""
    example.follow(EAST)
    monkeypatch.setattr(example.scheduler, "begin", lambda _: None)
    example.clusters.follow(Config.model_validate({"clusters": [EAST | {"interval": "1m"}]}))
    (view,) = example.store.views()

    assert view.reading is MAIN
    assert (view.status.up, view.status.cycles) == (True, 1)


def test_other_brokers_under_the_same_name_begin_anew(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was read of the old ones is served or remembered: it would be said of the new ones."""
    example.follow(EAST)
    monkeypatch.setattr(example.scheduler, "begin", lambda _: None)
    example.clusters.follow(Config.model_validate({"clusters": [EAST | {"bootstrap_servers": "elsewhere"}]}))
    (view,) = example.store.views()

    assert view.reading is None
    assert (view.status.up, view.status.cycles, view.status.target) == (None, 0, "elsewhere:9092")
    assert example.models["east"][0] is not example.models["east"][1]


def test_a_memory_that_is_still_in_use_is_not_handed_over(
    example: Example, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two threads must not share one: the cluster begins anew, and the log says so."""
    example.follow(EAST)
    monkeypatch.setattr(module, "_HANDOVER_SECONDS", 0.0)
    monkeypatch.setattr(SourceRunner, "has_handed_over", lambda _, timeout: timeout > 0)
    example.follow(EAST | {"interval": "1m"})

    assert example.models["east"][0] is not example.models["east"][1]
    assert example.statuses()["east"].cycles == 1
    assert "did not hand over in time" in caplog.text


def test_what_failed_half_way_is_made_good_by_the_next_reload(example: Example) -> None:
    """A bug while clusters are begun leaves those without a thread; the next configuration begins them."""
    example.follow(EAST)
    example.stumbles = True
    with pytest.raises(RuntimeError, match="oops"):
        example.follow(EAST | {"interval": "1m"}, WEST)
    example.stumbles = False
    assert example.follow(EAST | {"interval": "1m"}, WEST) == Changes(added=("east", "west"))

    assert [status.up for status in example.statuses().values()] == [True, True]
