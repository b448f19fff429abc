"""Durations and sizes as Prometheus writes them: ``15s``, ``1m30s``, ``64MB``. Text in, numbers out, and back."""

import re
from collections.abc import Mapping, Sequence

_MILLISECONDS = {
    "y": 365 * 24 * 3600 * 1000,
    "w": 7 * 24 * 3600 * 1000,
    "d": 24 * 3600 * 1000,
    "h": 3600 * 1000,
    "m": 60 * 1000,
    "s": 1000,
    "ms": 1,
}
_ONLY_WHEN_EXACT = {"y", "w"}
_LONGEST_MILLISECONDS = 290 * _MILLISECONDS["y"]
_BYTES = {unit: 1 << (10 * power) for power, unit in enumerate(("B", "KB", "MB", "GB", "TB", "PB", "EB"))}
_BYTES_BINARY = {unit.replace("B", "iB"): factor for unit, factor in _BYTES.items() if unit != "B"}
_LARGEST_BYTES = 2**63 - 1
_QUANTITY = re.compile(r"(?:[0-9]+[A-Za-z]+)+")
_PART = re.compile(r"([0-9]+)([A-Za-z]+)")
_LONGEST_TEXT = 64


class QuantityError(ValueError):
    """The text is no duration or size; the message says what is wrong with it and follows the text itself."""


def parse_duration(text: str) -> float:
    """Read a duration.

    Args:
        text: one or more whole numbers, each with a unit of ``y w d h m s ms``, the largest unit first, each once.

    Returns:
        The duration in seconds.

    Raises:
        QuantityError: the text is no duration.
    """
    parts = _parts(text, _MILLISECONDS, tuple(_MILLISECONDS))
    units = [unit for _, unit in parts]
    if len(set(units)) < len(units):
        raise QuantityError(f"has the unit '{next(unit for unit in units if units.count(unit) > 1)}' twice")
    if units != sorted(units, key=lambda unit: -_MILLISECONDS[unit]):
        raise QuantityError("does not have its largest unit first")
    milliseconds = sum(number * _MILLISECONDS[unit] for number, unit in parts)
    if milliseconds > _LONGEST_MILLISECONDS:
        raise QuantityError("is longer than 290y")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """Write a duration, to the millisecond, in the form that `parse_duration` reads."""
    rest = round(seconds * 1000)
    written = ""
    for unit, size in _MILLISECONDS.items():
        if unit in _ONLY_WHEN_EXACT and rest % size:
            continue
        number, rest = divmod(rest, size)
        if number:
            written += f"{number}{unit}"
    return written or "0s"


def parse_size(text: str) -> int:
    """Read a size.

    Args:
        text: a whole number with one unit of ``B KB MB GB TB PB EB`` (or ``KiB`` ... ``EiB``, which mean the same).

    Returns:
        The size in bytes; each unit is 1024 times the one before it.

    Raises:
        QuantityError: the text is no size.
    """
    parts = _parts(text, _BYTES | _BYTES_BINARY, tuple(_BYTES))
    if len(parts) > 1:
        raise QuantityError("has more than one unit")
    number, unit = parts[0]
    size = number * (_BYTES | _BYTES_BINARY)[unit]
    if size > _LARGEST_BYTES:
        raise QuantityError("is 8EB or more")
    return size


def format_size(size: int) -> str:
    """Write a size, exactly, in the form that `parse_size` reads."""
    unit, factor = next((unit, factor) for unit, factor in reversed(_BYTES.items()) if size % factor == 0)
    return f"{size // factor}{unit}" if size else "0B"


def _parts(text: str, units: Mapping[str, int], known: Sequence[str]) -> list[tuple[int, str]]:
    """Split ``1m30s`` into its numbers and units."""
    if not text:
        raise QuantityError("is empty")
    if len(text) > _LONGEST_TEXT:
        raise QuantityError("is too long")
    if re.fullmatch(r"[0-9]+", text):
        raise QuantityError("has no unit")
    if text.startswith("-"):
        raise QuantityError("is negative")
    if re.fullmatch(r"[0-9]*\.[0-9]+[A-Za-z]*", text):
        raise QuantityError("has a fraction")
    if not _QUANTITY.fullmatch(text):
        raise QuantityError("is not whole numbers with units")
    parts = [(int(number), unit) for number, unit in _PART.findall(text)]
    unknown = next((unit for _, unit in parts if unit not in units), None)
    if unknown is not None:
        raise QuantityError(f"has the unknown unit '{unknown}' (known: {', '.join(known)})")
    return parts
