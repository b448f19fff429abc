"""Figures as people read them."""

import pytest

from streamgauge.web.pages import wording


def plain(text: str) -> str:
    """With blanks where the page has blanks that do not break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 s"),
        (0.001, "< 0.1 s"),
        (0.05, "0.1 s"),
        (2.449, "2.4 s"),
        (12.4, "12.4 s"),
        (99.94, "99.9 s"),
        (99.96, "1 min 40 s"),
        (120, "2 min"),
        (200.4, "3 min 20 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (273600, "3 d 4 h"),
    ],
)
def test_a_span_is_in_the_units_that_matter(number: float, text: str) -> None:
    """One or two; what is not zero is never written as zero."""
    assert plain(wording.seconds(number)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 s"), (0.2, "< 1 s"), (1.4, "1 s"), (40.3, "40 s"), (90, "1 min 30 s"), (300, "5 min"), (10_799.8, "3 h")],
)
def test_a_span_to_come_has_no_fractions(number: float, text: str) -> None:
    """It is a forecast."""
    assert plain(wording.span(number)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_137, "9.9 KiB"),
        (10_200, "10 KiB"),
        (1_048_064, "1.0 MiB"),
        (5_000_000_000, "4.7 GiB"),
        (2**60, "1,024 PiB"),
    ],
)
def test_a_size_is_in_the_unit_that_leaves_few_digits(number: int, text: str) -> None:
    """Binary, as disks of brokers are reckoned."""
    assert plain(wording.size(number)) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (0.01, "< 0.1"), (3.14, "3.1"), (9.96, "10.0"), (12.4, "12"), (5234.2, "5,234")]
)
def test_a_rate_is_as_exact_as_it_is_small(number: float, text: str) -> None:
    """Likewise."""
    assert plain(wording.rate(number)) == text


@pytest.mark.parametrize(
    ("number", "text"), [(-1, "0 s ago"), (3.9, "3 s ago"), (60, "1 min ago"), (7199, "1 h ago"), (200_000, "2 d ago")]
)
def test_an_age_is_in_whole_units(number: float, text: str) -> None:
    """The page's script counts on in the same words; a clock that was set back is no age."""
    assert wording.ago(number) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("billing", "billing"),
        ("", "(empty name)"),
        ("two\nlines", "two\\nlines"),
        ("nul\0", "nul\\x00"),
        ("ltr\u202egnp", "ltr\\u202egnp"),
        ("группа 日本 ✓", "группа 日本 ✓"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_a_name_shows_what_cannot_be_seen(name: str, text: str) -> None:
    """Two names never look alike by accident, and none turns what follows it around."""
    assert wording.shown(name) == text


def test_short_spans_of_work_are_in_milliseconds() -> None:
    """A cycle, for example."""
    assert [plain(wording.duration(number)) for number in (0.084, 1.25)] == ["84 ms", "1.2 s"]


def test_nouns_are_counted() -> None:
    """One partition, two partitions."""
    assert [wording.counted(number, "partition") for number in (0, 1, 1200)] == [
        "0 partitions",
        "1 partition",
        "1,200 partitions",
    ]
