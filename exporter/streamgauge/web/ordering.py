"""Sorts by a figure that may be unknown, and by status."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from streamgauge.model.status import SEVERITY, Status

Item = TypeVar("Item")


def severity(status: Status) -> int:
    """How bad a status is, as a figure to sort by; unknown is worse than ok, and better than known trouble."""
    return SEVERITY.index(status)


def ordered(
    items: Iterable[Item],
    sort: str,
    figures: Mapping[str, Callable[[Item], float | None]],
    name: Callable[[Item], tuple[str, ...]],
) -> list[Item]:
    """Sorted by name or by a figure, ``-`` for descending; what is unknown comes last either way, ties by name.

    Args:
        items: what is sorted.
        sort: ``name`` or a key of ``figures``, perhaps with ``-`` in front.
        figures: the figures by which can be sorted.
        name: an item's name.
    """
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    by_name = sorted(items, key=name, reverse=descending and key == "name")
    if key == "name":
        return by_name
    figure = figures[key]
    sign = -1 if descending else 1

    def rank(item: Item) -> tuple[bool, float]:
        value = figure(item)
        return value is None, sign * (value or 0)

    return sorted(by_name, key=rank)
