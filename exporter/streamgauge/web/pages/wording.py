"""Writes figures as people read them; what is unknown says so, and why."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "unknown", "none", "good", "busy", "bad", "quiet"]

_NONE = "\N{EN DASH}"
_UNKNOWN = "\N{EM DASH}"
_JOIN = "\N{NO-BREAK SPACE}"  # between a number and its unit
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TENTHS_BELOW = 100  # seconds; above, tenths are noise
_LEAST = 0.05  # what would be written as 0.0
_EXACT_RATES_BELOW = 10
_EXACT_SIZES_BELOW = 9.95  # above, it is written with two digits without a tenth
_KIBI = 1024
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True, slots=True)
class Text:
    """A figure in words: what is shown, what explains it, and how it is toned."""

    text: str
    title: str = ""
    tone: Tone = ""


def not_told(why: str) -> Text:
    """Something that is not known because nobody tells it, as is usual of jobs: it takes no notice."""
    return Text(_UNKNOWN, why, "none")


def unknown(why: str) -> Text:
    """Something that is not known, and why."""
    return Text("unknown", why, "unknown")


def nothing(why: str) -> Text:
    """Something that does not apply."""
    return Text(_NONE, why, "none")


def nothing_committed() -> Text:
    """Where there is no lag because there is nothing to be behind of."""
    return nothing("no offset is committed")


def at_least(figure: str) -> str:
    """A figure that is a lower bound."""
    return f"≥{_JOIN}{figure}"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def number(amount: float) -> str:
    """A number that somebody told, which need not be whole."""
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.1f}"


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 group``, ``2 groups``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rate(number: float) -> str:
    """Records per second."""
    if 0 < number < _LEAST:
        return f"<{_JOIN}0.1"
    return f"{number:,.1f}" if 0 < number < _EXACT_RATES_BELOW else f"{number:,.0f}"


def seconds(number: float) -> str:
    """A span of time, in the one or two units that matter."""
    if number == 0:
        return f"0{_JOIN}s"
    if number < _LEAST:
        return f"<{_JOIN}0.1{_JOIN}s"
    return f"{number:.1f}{_JOIN}s" if number < _TENTHS_BELOW - _LEAST else span(number)


def span(number: float) -> str:
    """A span of time that is not worth fractions."""
    if 0 < number < 1:
        return f"<{_JOIN}1{_JOIN}s"
    whole = round(number)
    if whole < _MINUTE:
        return f"{whole}{_JOIN}s"
    for unit, name, smaller, smaller_name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if whole >= unit:
            return _two(whole // unit, name, whole % unit // smaller, smaller_name)
    return _two(whole // _MINUTE, "min", whole % _MINUTE, "s")


def size(number: int) -> str:
    """Bytes, in the binary unit that leaves few digits."""
    if number < _KIBI:
        return f"{number}{_JOIN}B"
    amount, units = number / _KIBI, iter(_UNITS)
    unit = next(units)
    while amount >= _KIBI - 0.5 and (larger := next(units, None)):
        amount, unit = amount / _KIBI, larger
    return f"{amount:.1f}{_JOIN}{unit}" if amount < _EXACT_SIZES_BELOW else f"{amount:,.0f}{_JOIN}{unit}"


def ago(number: float) -> str:
    """How long since; the page's script counts on in the same words."""
    whole = max(0, int(number))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if whole >= unit:
            return f"{whole // unit} {name} ago"
    return f"{whole} s ago"


def until(number: float) -> str:
    """How far ahead; the page's script counts on in the same words."""
    return f"in {span(number)}" if number > 0 else "at any moment"


def duration(number: float) -> str:
    """How long something took."""
    return f"{number * 1000:.0f}{_JOIN}ms" if number < 1 else seconds(number)


def shown(name: str) -> str:
    """A name from outside with what cannot be seen made visible: two names never look alike by accident."""
    if not name:
        return "(empty name)"
    return "".join(_visible(character) for character in name)


def _visible(character: str) -> str:
    if unicodedata.category(character)[0] != "C":
        return character
    return character.encode("unicode_escape", "backslashreplace").decode()


def _two(large: int, large_name: str, small: int, small_name: str) -> str:
    return f"{large}{_JOIN}{large_name}" + (f" {small}{_JOIN}{small_name}" if small else "")
