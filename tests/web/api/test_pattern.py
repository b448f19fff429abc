"""Regular expressions in linear time."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.web.api.pattern import LONGEST, Pattern, PatternError

ALPHABET = "ab.-\n"


def repeated(part: str, times: str) -> str:
    """A group with a repetition."""
    return f"({part}){times}"


atoms = st.sampled_from(
    ["a", "b", ".", "\\.", "[ab]", "[^a]", "[a-b.-]", "\\w", "\\W", "\\d", "\\s", "-", "\\n", "(?:)"]
)
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds(repeated, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "{1,2}?"])),
    ),
    max_leaves=8,
)


@given(patterns, st.text(ALPHABET, max_size=8))
def test_it_agrees_with_pythons(pattern: str, name: str) -> None:
    """On all that it takes; with a dot that also matches newlines, and classes of ASCII."""
    assert Pattern(pattern).matches(name) == bool(re.fullmatch(pattern, name, re.DOTALL | re.ASCII))


@given(st.text(max_size=20))
def test_an_escaped_name_matches_itself(name: str) -> None:
    """Whatever characters it holds."""
    assert Pattern(re.sub(r"([^\w]|_)", r"\\\1", name, flags=re.ASCII) if name.isascii() else re.escape(name)).matches(
        name
    )


@given(st.text("()[]{}*+?|\\^$.-,ab0:", max_size=24), st.text(max_size=4))
def test_nonsense_is_refused_or_matched_but_never_fails(pattern: str, name: str) -> None:
    """Strangers write these."""
    with contextlib.suppress(PatternError):
        Pattern(pattern).matches(name)


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(a+)+b", "(.*)*(.*)*b", ".*.*.*.*.*.*.*.*.*.*b", "(a?){200}a{200}b"])
def test_what_would_take_years_takes_milliseconds(pattern: str) -> None:
    """Python's own would hold the interpreter, and every scrape with it."""
    assert not Pattern(pattern).matches("a" * 249)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("billing.*", "billing"),
        ("^billing$", "billing"),
        ("(?i)BILLING-[a-c]", "billing-B"),
        ("(?i)группа", "ГРУППА"),
        ("a|b|", ""),
        ("[]x]+", "]x"),
        ("[a\\]]+", "]a"),
        ("[a-]+", "-a"),
        ("\\{a\\}", "{a}"),
        ("a}", "a}"),
        ("日本.*", "日本語"),
        ('"quoted"', '"quoted"'),
    ],
)
def test_these_match(pattern: str, name: str) -> None:
    """The whole name, as Prometheus matches; anchors are allowed and mean nothing more."""
    assert Pattern(pattern).matches(name)
    assert not Pattern(pattern).matches(f"!{name}")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "has a '(' without its ')'"),
        (")", "has a ')' without its '('"),
        ("[a", "has a '[' without its ']'"),
        ("*", "has a '*' with nothing to repeat"),
        ("a**", "repeats a repetition; put the first into a group"),
        ("a{2", "has a '{' that is no repetition; write \\{ for the character"),
        ("a{3,2}", "repeats from 3 to 2 times"),
        ("a{1001}", "repeats more than 1000 times"),
        ("(a{100}){100}", "is too large"),
        ("((((((){9}){9}){9}){9}){9}){9}", "is too large"),
        ("(" * 50 + ")" * 50, "is nested too deeply"),
        ("(?=a)", "has a group of a kind that is not supported"),
        ("(a)\\1", "has an escape that is not supported: \\1"),
        ("a\\", "has an escape that is not supported: \\"),
        ("a^b", "has a '^' in the middle: it always matches the whole name"),
        ("[b-a]", "has a range in [...] that ends before it begins"),
        ("[\\D]", "has a negated class inside [...], which is not supported"),
        ("a" * (LONGEST + 1), "is longer than 512 characters"),
    ],
)
def test_what_is_no_expression_is_explained(pattern: str, message: str) -> None:
    """In words that follow the expression itself."""
    with pytest.raises(PatternError) as caught:
        Pattern(pattern)
    assert str(caught.value) == message
