"""Histograms of jobs and applications: prometheus_client, fed the same observations, says the same in both formats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from streamgauge.metrics import applications, job_phases, job_runs
from streamgauge.metrics.exposition import Exposition
from streamgauge.metrics.family import Family, Kind, pairs
from streamgauge.model.jobs.durations import BOUNDS, DurationHistogram
from tests.metrics.readings import NASTY, families_of, parsed

FORMATS = pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
SECONDS = st.lists(st.one_of(st.sampled_from(BOUNDS), st.integers(0, 200_000), st.floats(0, 200_000)), max_size=30)
FAMILIES = (job_runs.DURATION, job_phases.DURATION, applications.ACTION_DURATION, applications.EVENT_PROCESSING)


def ours(family: Family, values: tuple[str, ...], seconds: list[float], *, openmetrics: bool) -> str:
    """The page with one histogram by us."""
    durations = DurationHistogram()
    for one in seconds:
        durations = durations.with_one(one)
    labels = pairs(zip(family.labels, values, strict=True))
    exposition = Exposition((family,))
    text = family.histogram(labels, durations.buckets, durations.sum_seconds)
    exposition.publish("a", Exposition.prepare({family.name: text}))
    return exposition.page(openmetrics=openmetrics).ended("", gzip=False).decode()


def theirs(family: Family, values: tuple[str, ...], seconds: list[float], *, openmetrics: bool) -> str:
    """The page with one histogram by prometheus_client, without the time of its creation."""
    registry = CollectorRegistry(auto_describe=False)
    made = Histogram(family.name, family.help, family.labels, buckets=family.bounds, registry=registry)
    histogram = made.labels(*values)
    for one in seconds:
        histogram.observe(one)
    page: bytes = (generate_openmetrics if openmetrics else generate_latest)(registry)
    lines = page.decode().splitlines(keepends=True)
    return "".join(line for line in lines if "_created" not in line)


@FORMATS
@given(seconds=SECONDS, name=st.sampled_from(["a", NASTY, ""]))
def test_the_page_says_what_prometheus_client_would(seconds: list[float], name: str, *, openmetrics: bool) -> None:
    """The same observations are read as the same buckets, sum and count, under the same labels."""
    family, values = job_phases.DURATION, (name, "P00", name)
    mine, reference = (make(family, values, seconds, openmetrics=openmetrics) for make in (ours, theirs))

    assert parsed(mine, openmetrics=openmetrics) == pytest.approx(parsed(reference, openmetrics=openmetrics))
    assert [(one.name, one.type, one.documentation) for one in families_of(mine, openmetrics=openmetrics)] == [
        (one.name, one.type, one.documentation) for one in families_of(reference, openmetrics=openmetrics)
    ]


@FORMATS
def test_to_the_letter(*, openmetrics: bool) -> None:
    """Labels are written alike too: the bounds in prometheus_client's own form."""
    arguments = (job_runs.DURATION, ("plan",), [0.25, 90.0, 100_000.0])
    written, reference = (make(*arguments, openmetrics=openmetrics).splitlines() for make in (ours, theirs))
    buckets = [line for line in written if "_bucket" in line]

    assert [line.split(" ")[0] for line in buckets] == [line.split(" ")[0] for line in reference if "_bucket" in line]
    assert len(buckets) == len(BOUNDS) + 1


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_bounds_rise(family: Family) -> None:
    """Each histogram has bounds in rising order, and no other family has any."""
    assert family.kind is Kind.HISTOGRAM
    assert list(family.bounds) == sorted(set(family.bounds))
    assert family.bounds
