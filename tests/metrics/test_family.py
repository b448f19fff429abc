"""A family's header and samples, read back by the parsers of prometheus_client."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.metrics.family import Family, Kind, escape, number_text, pairs
from tests.metrics.readings import NASTY, families_of

GAUGE = Family("river_level_meters", Kind.GAUGE, ("river", "gauge"), "How high the water stands.")
DEPTH = Family("river_depth_meters", Kind.HISTOGRAM, ("river",), "How deep it was found to be.", (1, 2.5))
COUNTER = Family("river_litres_total", Kind.COUNTER, (), "What has flowed past.")
FORMATS = pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def page(family: Family, *lines: str, openmetrics: bool) -> str:
    """A page of one family."""
    return family.header(openmetrics=openmetrics) + "".join(lines) + "# EOF\n" * openmetrics


def test_a_sample_is_one_line() -> None:
    """A sample is the name, its labels in the order of the family, and the number."""
    assert GAUGE.sample(("Elbe", "Dresden"), 1.5) == 'river_level_meters{river="Elbe",gauge="Dresden"} 1.5\n'


def test_a_sample_needs_a_value_for_each_label() -> None:
    """Too few label values, or too many, are an error of the program rather than a wrong line."""
    with pytest.raises(ValueError, match="shorter"):
        GAUGE.sample(("Elbe",), 1)
    with pytest.raises(ValueError, match="longer"):
        GAUGE.sample(("Elbe", "Dresden", "left bank"), 1)


def test_a_header_says_help_and_type() -> None:
    """The text format names a counter's family as its samples; OpenMetrics without the ``_total``."""
    assert COUNTER.header(openmetrics=False) == (
        "# HELP river_litres_total What has flowed past.\n# TYPE river_litres_total counter\n"
    )
    assert COUNTER.header(openmetrics=True) == (
        "# HELP river_litres What has flowed past.\n# TYPE river_litres counter\n"
    )
    assert "# TYPE river_level_meters gauge\n" in GAUGE.header(openmetrics=True)


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        ("plain", "plain"),
        ('quo"te', 'quo\\"te'),
        ("back\\slash", "back\\\\slash"),
        ("new\nline", "new\\nline"),
        ("\\n", "\\\\n"),
        ("ünï 日本 {,} =", "ünï 日本 {,} ="),
    ],
)
def test_escape(raw: str, escaped: str) -> None:
    """Backslash, quote and newline are escaped, and nothing else is."""
    assert escape(raw) == escaped
    assert pairs([("name", raw)]) == f'name="{escaped}"'


@FORMATS
@given(river=TEXT, gauge=TEXT, number=st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**63))
def test_what_is_written_is_what_is_read(river: str, gauge: str, number: float, *, openmetrics: bool) -> None:
    """Whatever a name holds and however large or small a number is, a scraper reads exactly that."""
    (family,) = families_of(
        page(GAUGE, GAUGE.sample((river, gauge), number), openmetrics=openmetrics), openmetrics=openmetrics
    )
    (sample,) = family.samples

    assert sample.labels == {"river": river, "gauge": gauge}
    assert sample.value == number


@FORMATS
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]) | st.sampled_from(' "\\\n')).map(str.strip))
def test_help_is_read_as_it_was_written(text: str, *, openmetrics: bool) -> None:
    """A help text may hold quotes, backslashes and line ends."""
    family = Family("river_level_meters", Kind.GAUGE, (), text)
    (read,) = families_of(page(family, family.sample((), 1), openmetrics=openmetrics), openmetrics=openmetrics)

    assert read.documentation == text
    assert read.type == "gauge"


@FORMATS
def test_a_nasty_name_stays_on_its_line(*, openmetrics: bool) -> None:
    """Quotes, newlines and braces in a name end neither the label nor the line."""
    text = page(GAUGE, GAUGE.sample((NASTY, "a"), 1), GAUGE.sample((NASTY, "b"), 2), openmetrics=openmetrics)
    (family,) = families_of(text, openmetrics=openmetrics)

    assert [sample.labels for sample in family.samples] == [{"river": NASTY, "gauge": one} for one in "ab"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_exactly(number: float) -> None:
    """A number is written in the shortest form that loses nothing."""
    assert float(number_text(number)) == number
    assert math.copysign(1, float(number_text(number))) == math.copysign(1, number)


def test_a_histogram_is_its_buckets_its_sum_and_its_count() -> None:
    """Buckets add up, the last one has no bound; bounds are written with a fraction, which both formats take."""
    assert DEPTH.histogram('river="Elbe"', (2, 0, 1), 15.5) == (
        'river_depth_meters_bucket{river="Elbe",le="1.0"} 2\n'
        'river_depth_meters_bucket{river="Elbe",le="2.5"} 2\n'
        'river_depth_meters_bucket{river="Elbe",le="+Inf"} 3\n'
        'river_depth_meters_sum{river="Elbe"} 15.5\n'
        'river_depth_meters_count{river="Elbe"} 3\n'
    )
    assert DEPTH.header(openmetrics=True).endswith("# TYPE river_depth_meters histogram\n")


def test_a_histogram_needs_a_count_for_each_bucket() -> None:
    """Too few counts are an error of the program rather than a wrong histogram."""
    with pytest.raises(ValueError, match="shorter"):
        DEPTH.histogram('river="Elbe"', (2, 0), 15.5)


def test_series_are_what_a_family_is_written_as() -> None:
    """A histogram has three names and a label of its own; how many samples one has is known beforehand."""
    assert GAUGE.series == {"river_level_meters": ("river", "gauge")}
    assert DEPTH.series == {
        "river_depth_meters_bucket": ("river", "le"),
        "river_depth_meters_sum": ("river",),
        "river_depth_meters_count": ("river",),
    }
    assert GAUGE.samples_each == 1
    assert DEPTH.samples_each == DEPTH.histogram('river="Elbe"', (0, 0, 0), 0).count("\n")


def test_whole_numbers_have_no_fraction() -> None:
    """Offsets stay whole, however large."""
    assert number_text(2**63 - 1) == "9223372036854775807"
