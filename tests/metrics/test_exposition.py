"""The page: ready parts joined, plain and compressed, in both formats; prometheus_client is the reference."""

import gzip
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.family import Family, Kind
from tests.metrics.readings import families_of, parsed

LEVEL = Family("river_level_meters", Kind.GAUGE, ("river",), 'How "high" the water stands.')
FLOW = Family("river_litres_total", Kind.COUNTER, ("river", "gauge"), "What has flowed past.\nIn \\litres.")
LEVEL_SUM = Family("river_level_meters_sum", Kind.GAUGE, ("river",), "A gauge may end like a summary.")
FAMILIES = (LEVEL, FLOW, LEVEL_SUM)
FORMATS = pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
TAIL = "# HELP tail Of the page.\n# TYPE tail gauge\ntail 1\n"


class Sample(NamedTuple):
    """One sample of one of the families."""

    family: Family
    labels: tuple[str, ...]
    number: float


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SAMPLES = st.lists(
    st.one_of(
        st.builds(Sample, st.just(LEVEL), st.tuples(NAMES), st.floats(allow_nan=False, allow_infinity=False)),
        st.builds(Sample, st.just(LEVEL_SUM), st.tuples(NAMES), st.integers(-5, 2**60)),
        st.builds(Sample, st.just(FLOW), st.tuples(NAMES, NAMES), st.integers(0, 2**53)),
    ),
    unique_by=lambda sample: (sample.family.name, sample.labels),
    max_size=12,
)


class Reference(Collector):
    """The same samples as prometheus_client would expose them."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        """One metric a family that has samples."""
        for family in FAMILIES:
            make = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
            metric = make(family.name, family.help, labels=family.labels)
            for sample in self._samples:
                if sample.family is family:
                    metric.add_metric(sample.labels, sample.number)
            if metric.samples:
                yield metric


def reference_page(samples: Sequence[Sample], *, openmetrics: bool) -> str:
    """The page as prometheus_client renders it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reference(samples))
    generate = generate_openmetrics if openmetrics else generate_latest
    page: bytes = generate(registry)
    return page.decode()


def publish(exposition: Exposition, key: str, *samples: Sample) -> None:
    """Publish samples as the part of a key."""
    lines = {family.name: "" for family in FAMILIES}
    for sample in samples:
        lines[sample.family.name] += sample.family.sample(sample.labels, sample.number)
    exposition.publish(key, Exposition.prepare(lines))


def page_of(exposition: Exposition, *, openmetrics: bool = False, tail: str = "") -> str:
    """The page, after making sure that its compressed form is the same."""
    plain = exposition.page(openmetrics=openmetrics).ended(tail, gzip=False)
    assert gzip.decompress(exposition.page(openmetrics=openmetrics).ended(tail, gzip=True)) == plain
    return plain.decode()


@FORMATS
def test_an_empty_page(*, openmetrics: bool) -> None:
    """Before anything was published there is only the tail, and in OpenMetrics its end mark."""
    exposition = Exposition(FAMILIES)

    assert page_of(exposition, openmetrics=openmetrics) == "# EOF\n" * openmetrics
    assert page_of(exposition, openmetrics=openmetrics, tail=TAIL) == TAIL + "# EOF\n" * openmetrics


def test_the_parts_of_a_family_stand_together() -> None:
    """All parts' samples of a family follow its one header, in the page's order of families, whatever came first."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "b", Sample(FLOW, ("Elbe", "b"), 2), Sample(LEVEL, ("Oder",), 3))
    publish(exposition, "a", Sample(LEVEL, ("Elbe",), 1))

    assert page_of(exposition) == (
        '# HELP river_level_meters How "high" the water stands.\n'
        "# TYPE river_level_meters gauge\n"
        'river_level_meters{river="Oder"} 3\n'
        'river_level_meters{river="Elbe"} 1\n'
        "# HELP river_litres_total What has flowed past.\\nIn \\\\litres.\n"
        "# TYPE river_litres_total counter\n"
        'river_litres_total{river="Elbe",gauge="b"} 2\n'
    )


def test_a_family_without_samples_has_no_header() -> None:
    """What nobody has is not named."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "a", Sample(LEVEL, ("Elbe",), 1))

    assert "river_litres" not in page_of(exposition)


@FORMATS
def test_a_part_is_replaced_whole(*, openmetrics: bool) -> None:
    """A new part takes the place of the one before; series that are not in it are gone, other parts stay."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "a", Sample(LEVEL, ("Elbe",), 1), Sample(FLOW, ("Elbe", "x"), 1))
    publish(exposition, "b", Sample(LEVEL, ("Oder",), 2))
    page_of(exposition, openmetrics=openmetrics)
    publish(exposition, "a", Sample(LEVEL, ("Elbe",), 5))

    page = page_of(exposition, openmetrics=openmetrics)
    assert [line for line in page.splitlines() if not line.startswith("#")] == [
        'river_level_meters{river="Elbe"} 5',
        'river_level_meters{river="Oder"} 2',
    ]


@FORMATS
def test_a_part_is_withdrawn_whole(*, openmetrics: bool) -> None:
    """A withdrawn part leaves nothing behind; withdrawing what is not there does nothing."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "a", Sample(LEVEL, ("Elbe",), 1))
    publish(exposition, "b", Sample(LEVEL, ("Oder",), 2))
    page_of(exposition, openmetrics=openmetrics)
    exposition.withdraw("a")
    exposition.withdraw("never here")
    assert "Elbe" not in page_of(exposition, openmetrics=openmetrics)
    exposition.withdraw("b")

    assert page_of(exposition, openmetrics=openmetrics) == "# EOF\n" * openmetrics


def test_both_formats_are_kept_ready() -> None:
    """A scraper of one format does not change what a scraper of the other one gets."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "a", Sample(FLOW, ("Elbe", "x"), 1))
    assert "# TYPE river_litres_total counter" in page_of(exposition)
    assert "# TYPE river_litres counter" in page_of(exposition, openmetrics=True)
    publish(exposition, "a", Sample(FLOW, ("Elbe", "x"), 2))

    assert 'river_litres_total{river="Elbe",gauge="x"} 2' in page_of(exposition)
    assert 'river_litres_total{river="Elbe",gauge="x"} 2' in page_of(exposition, openmetrics=True)


def test_a_page_is_small_when_compressed() -> None:
    """Ready blocks are compressed each for itself, and still lines that repeat cost next to nothing."""
    exposition = Exposition(FAMILIES)
    publish(
        exposition, "a", *(Sample(LEVEL, (f"a river with a long name, number {number}",), 1) for number in range(2000))
    )
    plain = exposition.page(openmetrics=False).ended("", gzip=False)

    assert len(exposition.page(openmetrics=False).ended("", gzip=True)) < len(plain) / 8


@FORMATS
@given(first=SAMPLES, second=SAMPLES)
def test_the_page_says_what_prometheus_client_would(
    first: list[Sample], second: list[Sample], *, openmetrics: bool
) -> None:
    """Rendered by us and by prometheus_client, the same samples are read as the same families and values."""
    exposition = Exposition(FAMILIES)
    publish(exposition, "to be replaced", *second)
    publish(exposition, "to be withdrawn", *second)
    page_of(exposition, openmetrics=openmetrics)
    exposition.withdraw("to be withdrawn")
    publish(exposition, "to be replaced", *first)
    ours = page_of(exposition, openmetrics=openmetrics)
    theirs = reference_page(first, openmetrics=openmetrics)

    assert parsed(ours, openmetrics=openmetrics) == parsed(theirs, openmetrics=openmetrics)
    assert described(ours, openmetrics=openmetrics) == described(theirs, openmetrics=openmetrics)


def described(page: str, *, openmetrics: bool) -> list[tuple[str, str, str]]:
    """Name, type and help of a page's families, in its order."""
    families = families_of(page, openmetrics=openmetrics)
    return [(family.name, family.type, family.documentation) for family in families]


def test_scrapes_see_whole_parts_only() -> None:
    """Many threads may scrape while others publish and withdraw: no page is torn, each part is of one version."""
    exposition = Exposition(FAMILIES)
    done = threading.Event()
    torn: list[str] = []

    def write(key: str) -> None:
        for version in range(150):
            publish(exposition, key, *(Sample(LEVEL, (f"{key}-{number}",), version) for number in range(20)))
            if version % 10 == 9:
                exposition.withdraw(key)

    def scrape(*, openmetrics: bool, compressed: bool) -> None:
        while not done.is_set():
            page = exposition.page(openmetrics=openmetrics).ended("", gzip=compressed)
            text = (gzip.decompress(page) if compressed else page).decode()
            lines = [line for line in text.splitlines() if line.startswith("river")]
            versions = {(line.split('"')[1][0], line.split()[-1]) for line in lines}
            if len(lines) != 20 * len({key for key, _ in versions}) or len(versions) > 3:
                torn.append(text)

    writers = [threading.Thread(target=write, args=(key,)) for key in "abc"]
    scrapers = [
        threading.Thread(target=scrape, kwargs={"openmetrics": openmetrics, "compressed": compressed})
        for openmetrics in (False, True)
        for compressed in (False, True)
    ]
    for thread in [*scrapers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in scrapers:
        thread.join()

    assert not torn
