"""What a metric family is, and how one of its samples is written.

The text is Prometheus's exposition format 0.0.4 and OpenMetrics 1.0; both write samples alike, only headers differ.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

Lines = Mapping[str, str]
"""Rendered samples by family name, each a block of whole lines."""


class Kind(StrEnum):
    """A family's type, in the format's own words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    Attributes:
        name: the sample's name; a counter's ends in ``_total``, a histogram's samples have more behind it.
        kind: counter, gauge or histogram.
        labels: label names, in the order in which they are written.
        help: what the number is and what to do with it; one sentence or two.
        bounds: a histogram's: upper bounds of its buckets, without that of the last, which has none.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()

    @property
    def series(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of its samples, by the names that these have."""
        if self.kind is not Kind.HISTOGRAM:
            return {self.name: self.labels}
        buckets = {f"{self.name}_bucket": (*self.labels, "le")}
        return buckets | {f"{self.name}_{part}": self.labels for part in ("sum", "count")}

    @property
    def samples_each(self) -> int:
        """How many samples one thing has in it."""
        return len(self.bounds) + 3 if self.kind is Kind.HISTOGRAM else 1

    def header(self, *, openmetrics: bool) -> str:
        """The HELP and TYPE lines. OpenMetrics names a counter's family without its ``_total``."""
        name = self.name.removesuffix("_total") if openmetrics and self.kind is Kind.COUNTER else self.name
        text = self.help.replace("\\", "\\\\").replace("\n", "\\n")
        if openmetrics:
            text = text.replace('"', '\\"')
        return f"# HELP {name} {text}\n# TYPE {name} {self.kind}\n"

    def sample(self, values: Iterable[str], number: float) -> str:
        """One line, for samples that are few; the hot paths keep their prefixes."""
        labels = pairs(zip(self.labels, values, strict=True))
        return f"{self.name}{f'{{{labels}}}' if labels else ''} {number_text(number)}\n"

    def histogram(self, labels: str, counts: Sequence[int], total: float) -> str:
        """The lines of one histogram.

        Args:
            labels: label pairs as they stand between the braces; at least one.
            counts: of each bucket alone, one more than there are bounds.
            total: everything that was observed, added up.
        """
        begin = f"{self.name}_bucket{{{labels},le="
        within = list(accumulate(counts))
        lines = [f"{begin}{end}{count}\n" for end, count in zip(_ends(self.bounds), within, strict=True)]
        return f"{''.join(lines)}{self.name}_sum{{{labels}}} {total!r}\n{self.name}_count{{{labels}}} {within[-1]}\n"


@functools.cache
def _ends(bounds: tuple[float, ...]) -> tuple[str, ...]:
    """What stands behind ``le=``; bounds are floats, in the one form that both formats take."""
    return (*(f'"{float(bound)!r}"}} ' for bound in bounds), '"+Inf"} ')


def pairs(labels: Iterable[tuple[str, str]]) -> str:
    """Label pairs as they stand between the braces."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in labels)


def escape(value: str) -> str:
    r"""A label's value with backslash, quote and newline escaped."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number_text(number: float) -> str:
    """A finite number in the shortest form that reads back exactly."""
    return repr(number)
