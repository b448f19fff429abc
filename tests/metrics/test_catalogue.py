"""Every family: its name, help and labels by Prometheus's conventions, and as it is really rendered."""

import re
from collections import Counter

import pytest

from streamgauge.metrics import catalogue, exporter
from streamgauge.metrics.family import Family, Kind
from tests.metrics.readings import families_of
from tests.metrics.whole_page import whole_page

FAMILIES = catalogue.FAMILIES
EACH = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)

RESERVED_LABELS = {"job", "instance"}
ALLOWED_PREFIXES = ("kafka_", "job_", "app_", "streamgauge_")
OTHER_UNITS = re.compile(r"_(ms|millis|milliseconds|minutes|hours|days|kb|mb|percent|kilobytes|megabytes)(_|$)")
PROCESS = ("process_", "python_")


def test_names_are_unique() -> None:
    """No two families share a name, nor would in OpenMetrics, which calls a counter's without its ``_total``."""
    names = Counter(family.name.removesuffix("_total") for family in FAMILIES)

    assert [name for name, count in names.items() if count > 1] == []


@EACH
def test_no_label_is_called_job_or_instance(family: Family) -> None:
    """Prometheus owns ``job`` and ``instance``: it would rename ours to ``exported_job`` and ``exported_instance``."""
    assert not RESERVED_LABELS.intersection(family.labels)


def test_no_label_that_is_rendered_is_called_job_or_instance() -> None:
    """Neither does any series of the page, those of the process among them."""
    samples = [sample for family in families_of(whole_page()) for sample in family.samples]

    assert [sample for sample in samples if RESERVED_LABELS.intersection(sample.labels)] == []


@EACH
def test_help_is_a_sentence(family: Family) -> None:
    """A help text is one line of at least a sentence: it says what the number is, in words and not by its name."""
    assert re.fullmatch(r"[A-Z0-9].*[.]", family.help), family.help
    assert len(family.help.split()) >= 4
    assert not re.search(rf"\b{family.name}\b", family.help)
    assert "  " not in family.help


@EACH
def test_names_are_of_prometheus_make(family: Family) -> None:
    """Lower case words, the system's own first, ours only for what is about us; labels likewise."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", family.name)
    assert family.name.startswith(ALLOWED_PREFIXES)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", label) for label in family.labels)
    assert len(set(family.labels)) == len(family.labels)


@EACH
def test_counters_and_only_counters_end_in_total(family: Family) -> None:
    """``_total`` says that rate() makes sense."""
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)


@EACH
def test_infos_are_gauges(family: Family) -> None:
    """``_info`` is 1 with what is known as labels."""
    if family.name.endswith("_info"):
        assert family.kind is Kind.GAUGE
        assert family.help.startswith("1")


@EACH
def test_units_are_base_units(family: Family) -> None:
    """Seconds, and nothing derived of them; the unit comes last, which may be what is counted."""
    assert not OTHER_UNITS.search(family.name)
    if "seconds" in family.name:
        assert family.name.endswith(("_seconds", "_seconds_total", "_seconds_partitions"))
    if "timestamp" in family.name:
        assert family.name.endswith("_timestamp_seconds")


def test_a_help_text_names_only_families_that_exist() -> None:
    """Where a help text sends the reader to another metric, that one is in the catalogue."""
    names = {family.name for family in FAMILIES}
    named = {
        (family.name, word)
        for family in FAMILIES
        for word in re.findall(r"\b(?:kafka|job|app|streamgauge)_\w+", family.help)
    }

    assert [pair for pair in named if pair[1] not in names] == []


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_the_page_shows_the_catalogue(*, openmetrics: bool) -> None:
    """Every family of the catalogue is rendered by the examples, and nothing else is but the process's own families."""
    shown = [
        family
        for family in families_of(whole_page(openmetrics=openmetrics), openmetrics=openmetrics)
        if not family.name.startswith(PROCESS)
    ]

    assert [(family.name, family.type, family.documentation) for family in shown] == [
        (family.name.removesuffix("_total"), family.kind.value, family.help) for family in FAMILIES
    ]


@EACH
def test_labels_are_those_that_are_rendered(family: Family) -> None:
    """Every series has exactly its family's labels in their order; a group's own series lack the finer ones."""
    lines = whole_page().splitlines()
    for name, declared in family.series.items():
        found = [
            re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', line) for line in lines if line.startswith((f"{name}{{", f"{name} "))
        ]

        assert list(declared) in found
        for labels in found:
            at_group_level = labels == [label for label in declared if label not in ("topic", "partition")]
            assert labels == list(declared) or at_group_level


def test_what_is_read_comes_before_what_is_about_us() -> None:
    """The page's order is the catalogue's: families of readings first."""
    assert FAMILIES[: len(catalogue.READ_FAMILIES)] == catalogue.READ_FAMILIES
    assert FAMILIES[len(catalogue.READ_FAMILIES) :] == exporter.FAMILIES
