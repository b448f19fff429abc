"""Durations and sizes: what is read, what is refused, and the way back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config.quantities import QuantityError, format_duration, format_size, parse_duration, parse_size

LONGEST_MILLISECONDS = 290 * 365 * 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15.0),
        ("1m", 60.0),
        ("1m30s", 90.0),
        ("250ms", 0.25),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("1w", 604800.0),
        ("1y", 31536000.0),
        ("1y2w3d4h5m6s7ms", 33019506.007),
        ("0s", 0.0),
        ("90m", 5400.0),
        ("007s", 7.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """Durations are read as Prometheus reads them."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (5400.0, "1h30m"), (604800.0, "1w"), (691200.0, "8d"), (0.001, "1ms"), (31536000.0, "1y")],
)
def test_duration_text(seconds: float, text: str) -> None:
    """Durations are written as Prometheus writes them: weeks and years only where they are exact."""
    assert format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=LONGEST_MILLISECONDS))
def test_duration_there_and_back(milliseconds: int) -> None:
    """What was written reads as the same duration, to the millisecond."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("15", "has no unit"),
        ("-15s", "is negative"),
        ("1.5s", "has a fraction"),
        (".5s", "has a fraction"),
        ("15 s", "is not whole numbers with units"),
        ("s", "is not whole numbers with units"),
        ("1s30", "is not whole numbers with units"),
        ("\u0661s", "is not whole numbers with units"),
        ("15S", "has the unknown unit 'S' (known: y, w, d, h, m, s, ms)"),
        ("30s1m", "does not have its largest unit first"),
        ("1s1s", "has the unit 's' twice"),
        ("291y", "is longer than 290y"),
        ("9" * 100 + "s", "is too long"),
    ],
)
def test_no_durations(text: str, fault: str) -> None:
    """What is no duration is refused with what is wrong."""
    with pytest.raises(QuantityError) as raised:
        parse_duration(text)
    assert str(raised.value) == fault


@given(st.text(max_size=70))
def test_any_text(text: str) -> None:
    """Whatever the text, it is read or refused, and nothing else."""
    for parse in (parse_duration, parse_size):
        with contextlib.suppress(QuantityError):
            assert parse(text) >= 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("1B", 1), ("1KB", 1024), ("1KiB", 1024), ("64MB", 67108864), ("2GiB", 2147483648), ("7EB", 7 << 60)],
)
def test_sizes(text: str, size: int) -> None:
    """Sizes are read in units of 1024, as Prometheus reads them."""
    assert parse_size(text) == size


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_size_there_and_back(size: int) -> None:
    """What was written reads as exactly the same size."""
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("64", "has no unit"),
        ("64mb", "has the unknown unit 'mb' (known: B, KB, MB, GB, TB, PB, EB)"),
        ("1MB5KB", "has more than one unit"),
        ("8EB", "is 8EB or more"),
    ],
)
def test_no_sizes(text: str, fault: str) -> None:
    """What is no size is refused with what is wrong."""
    with pytest.raises(QuantityError) as raised:
        parse_size(text)
    assert str(raised.value) == fault
