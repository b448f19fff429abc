"""What may be served of each cluster, and until when: the clock is passed in."""

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from streamgauge.metrics import exporter
from streamgauge.model.reload_status import ReloadStatus
from streamgauge.model.source_status import SourceStatus
from streamgauge.store import Store
from tests.metrics.readings import MAIN, Samples, cluster, parsed, rendered, value

STALE_AFTER = 45.0
OVERDUE_AFTER = 25.0
BEFORE = SourceStatus("kafka", "main", "kafka-1:9092", 15.0)
GOOD = replace(
    BEFORE,
    cycles=1,
    up=True,
    last_success=1_767_268_800.25,
    last_duration=0.5,
    errors={("ends", "LEADER_NOT_AVAILABLE"): 3},
    requests={"Metadata": 1},
)
BAD = replace(GOOD, cycles=2, up=False, last_error="REQUEST_TIMED_OUT: no answer")
SOURCE = {"source": "kafka", "cluster": "main"}


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Example:
    """A store of one cluster, and its clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = Store(self.clock)
        self.store.expect(BEFORE, stale_after=STALE_AFTER, overdue_after=OVERDUE_AFTER)

    def publish(self, status: SourceStatus = GOOD) -> "Example":
        """A cycle brings the hand-made reading."""
        self.store.publish(status, MAIN, rendered(MAIN))
        return self

    def after(self, seconds: float) -> "Example":
        """Time passes."""
        self.clock.now += seconds
        return self

    def samples(self) -> Samples:
        """What a scraper reads now."""
        return parsed(self.store.exposition(openmetrics=False, gzip=False).decode())

    def shows(self, name: str) -> float | None:
        """A series of the source's own."""
        return value(self.samples(), name, **SOURCE)


@pytest.fixture
def example() -> Example:
    """A store that expects one cluster."""
    return Example()


def names(samples: Samples, prefixes: Iterable[str] = ("kafka_", "streamgauge_series")) -> set[str]:
    """The names of the series that are about a cluster."""
    return {name for name, _ in samples if name.startswith(tuple(prefixes))}


def test_before_the_first_cycle_a_cluster_is_seen_to_be_missing(example: Example) -> None:
    """A cluster that is configured shows at once, without a reading and without a claim that it is up or down."""
    (view,) = example.store.views()

    assert view.status == BEFORE
    assert view.reading is None
    assert names(example.samples()) == set()
    assert example.shows("streamgauge_source_up") is None
    assert value(example.samples(), "streamgauge_source_stale", **SOURCE) is None


def test_a_reading_that_was_published_is_served(example: Example) -> None:
    """After a good cycle the reading and its series are served, and are not stale."""
    (view,) = example.publish().store.views()

    assert view.reading is MAIN
    assert view.status == GOOD
    assert len(names(example.samples())) > 20
    assert (example.shows("streamgauge_source_up"), example.shows("streamgauge_source_stale")) == (1, 0)


def test_the_source_tells_of_itself(example: Example) -> None:
    """When it was read, how long it took, what failed and what was asked is on the page."""
    samples = example.publish().samples()

    assert value(samples, "streamgauge_source_last_success_timestamp_seconds", **SOURCE) == 1_767_268_800.25
    assert value(samples, "streamgauge_source_duration_seconds", **SOURCE) == 0.5
    assert value(samples, "streamgauge_source_errors_total", **SOURCE, stage="ends", code="LEADER_NOT_AVAILABLE") == 3
    assert value(samples, "streamgauge_kafka_requests_total", cluster="main", api="Metadata") == 1


def test_after_a_failure_the_last_good_reading_is_served_and_marked(example: Example) -> None:
    """A cycle that brought nothing leaves the numbers as they were, stale, with the source down."""
    before = names(example.publish().samples())
    example.after(15).store.fail(BAD)
    (view,) = example.store.views()

    assert view.reading is MAIN
    assert view.status == replace(BAD, stale=True)
    assert names(example.samples()) == before
    assert (example.shows("streamgauge_source_up"), example.shows("streamgauge_source_stale")) == (0, 1)


def test_a_failure_without_a_reading_before(example: Example) -> None:
    """A source that never brought anything is down, and there is nothing that could be stale."""
    example.store.fail(replace(BEFORE, cycles=1, up=False))

    assert example.store.views()[0].reading is None
    assert (example.shows("streamgauge_source_up"), example.shows("streamgauge_source_stale")) == (0, 0)


def test_a_reading_is_withdrawn_when_it_is_too_old(example: Example) -> None:
    """Past ``stale_after`` the numbers are gone, their series too; what is known of the source stays."""
    example.publish().after(15).store.fail(BAD)
    example.after(STALE_AFTER - 15)
    assert names(example.samples())
    example.after(0.001)

    assert names(example.samples(), ["kafka_", "streamgauge_series"]) == set()
    assert example.store.views()[0].reading is None
    assert example.shows("streamgauge_source_up") == 0
    assert example.shows("streamgauge_source_stale") == 0, "nothing is served that could be stale"
    assert example.shows("streamgauge_source_last_success_timestamp_seconds") == 1_767_268_800.25


def test_a_source_that_hangs_is_marked_and_then_withdrawn_by_the_clock_alone(example: Example) -> None:
    """No cycle ends, none fails: past ``overdue_after`` the reading is stale, past ``stale_after`` it is gone."""
    example.publish().after(OVERDUE_AFTER)
    assert example.shows("streamgauge_source_stale") == 0
    example.after(0.001)
    assert example.shows("streamgauge_source_stale") == 1
    assert example.store.views()[0].reading is MAIN
    example.after(STALE_AFTER - OVERDUE_AFTER)

    assert example.store.views()[0].reading is None
    assert names(example.samples()) == set()
    assert example.shows("streamgauge_source_up") == 0


def test_a_page_is_of_one_moment(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that is published while a page is made is wholly on it or not at all: no numbers without a status."""
    render = exporter.render

    def publish_meanwhile(
        statuses: Sequence[SourceStatus],
        *,
        openmetrics: bool,
        reload: ReloadStatus | None = None,
        own: Iterable[exporter.OwnSample] = (),
    ) -> str:
        example.publish()
        return render(statuses, openmetrics=openmetrics, reload=reload, own=own)

    monkeypatch.setattr(exporter, "render", publish_meanwhile)
    before, after = example.samples(), example.samples()

    assert (names(before), value(before, "streamgauge_source_up", **SOURCE)) == (set(), None)
    assert names(after)
    assert value(after, "streamgauge_source_up", **SOURCE) == 1


def test_a_page_that_is_scraped_alone_withdraws_too(example: Example) -> None:
    """A scrape needs nobody else to look at the clock."""
    example.publish()
    example.samples()
    example.after(STALE_AFTER + 1)

    assert names(example.samples()) == set()


def test_a_source_that_recovers_is_served_again(example: Example) -> None:
    """After a withdrawal the next good cycle brings everything back."""
    example.publish().after(STALE_AFTER + 1).samples()
    example.publish(replace(GOOD, cycles=9))

    assert example.store.views()[0].reading is MAIN
    assert (example.shows("streamgauge_source_up"), example.shows("streamgauge_source_stale")) == (1, 0)


def test_each_reading_begins_its_own_time(example: Example) -> None:
    """The age of a reading is counted from its own publication."""
    for _ in range(10):
        example.publish().after(STALE_AFTER - 1)

    assert example.store.views()[0].reading is MAIN


def test_one_cluster_does_not_touch_the_other(example: Example) -> None:
    """A cluster that is withdrawn takes nothing of its neighbour along."""
    other = cluster("other", MAIN.topics.values())
    example.store.expect(replace(BEFORE, cluster="other"), stale_after=1000, overdue_after=1000)
    example.publish().store.publish(replace(GOOD, cluster="other"), other, rendered(other))
    example.after(STALE_AFTER + 1)

    assert {dict(labels)["cluster"] for name, labels in example.samples() if name.startswith("kafka_topic")} == {
        "other"
    }
    assert [view.reading for view in example.store.views()] == [None, other]
    assert value(example.samples(), "streamgauge_source_stale", source="kafka", cluster="other") == 0


def test_it_is_ready_when_every_source_has_finished_a_cycle(example: Example) -> None:
    """Good or bad: whoever waits for the first page waits for its first cycles, not for Kafka."""
    example.store.expect(replace(BEFORE, cluster="other"), stale_after=45, overdue_after=25)
    assert not example.store.ready()
    example.publish()
    assert not example.store.ready()
    example.store.fail(replace(BEFORE, cluster="other", cycles=1, up=False))

    assert example.store.ready()


def test_what_was_ready_stays_so_when_a_cluster_is_added(example: Example) -> None:
    """A reload that adds a cluster is no reason to take the exporter away from those who scrape the others."""
    assert example.publish().store.ready()
    example.store.expect(replace(BEFORE, cluster="other"), stale_after=45, overdue_after=25)

    assert example.store.ready()


def test_a_cluster_that_is_forgotten_takes_its_series_with_it(example: Example) -> None:
    """At once, its source's own series too; what its thread still brings is not taken."""
    example.publish().store.forget("main")

    assert example.store.views() == ()
    assert names(example.samples()) == set()
    assert example.shows("streamgauge_source_up") is None
    example.publish().store.fail(BAD)
    assert example.store.views() == ()
    assert names(example.samples()) == set()


def test_a_cluster_that_is_read_in_another_way_keeps_its_reading(example: Example) -> None:
    """The last good reading is served on, its age counted from its own publication by the new limit."""
    example.publish().after(15)
    example.store.expect(replace(GOOD, interval=5.0), stale_after=20, overdue_after=15)
    (view,) = example.store.views()

    assert view.reading is MAIN
    assert view.status == replace(GOOD, interval=5.0)
    assert names(example.samples())
    example.after(5.001)
    assert names(example.samples()) == set()


def test_how_the_configuration_was_read_is_on_the_page(example: Example) -> None:
    """Whether it was applied the last time, and when it was; absent in a store that nobody told."""
    family = "streamgauge_config_last_reload"
    assert not [name for name, _ in example.samples() if name.startswith(family)]
    example.store.note_reload(ReloadStatus(successful=False, last_success=1_767_268_800.5))

    assert value(example.samples(), f"{family}_successful") == 0
    assert value(example.samples(), f"{family}_success_timestamp_seconds") == 1_767_268_800.5


def test_a_store_of_nothing_is_ready() -> None:
    """There is nothing to wait for."""
    assert Store().ready()
    assert Store().views() == ()


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_the_page_comes_in_every_form(example: Example, *, openmetrics: bool) -> None:
    """Text or OpenMetrics, plain or compressed: the same series, and OpenMetrics ends with its mark."""
    example.publish()
    plain = example.store.exposition(openmetrics=openmetrics, gzip=False).decode()
    compressed = gzip.decompress(example.store.exposition(openmetrics=openmetrics, gzip=True)).decode()

    assert plain.endswith("# EOF\n") == openmetrics
    assert plain.count("# EOF") == int(openmetrics)
    assert set(parsed(plain, openmetrics=openmetrics)) == set(parsed(compressed, openmetrics=openmetrics))
    assert value(parsed(plain, openmetrics=openmetrics), "kafka_topic_partitions", cluster="main", topic="orders") == 3


def test_the_exporter_tells_of_its_own_process(example: Example) -> None:
    """Build, Python and process are on the page, before anything was read."""
    shown = {name for name, _ in example.samples()}

    assert {"streamgauge_build_info", "python_info", "python_gc_collections_total"} <= shown
