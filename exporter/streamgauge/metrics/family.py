"""What a metric family is, and how one of its samples is written.

The text is Prometheus's exposition format 0.0.4 and OpenMetrics 1.0; both write samples alike, only headers differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Lines = Mapping[str, str]
"""Rendered samples by family name, each a block of whole lines."""


class Kind(StrEnum):
    """A family's type, in the format's own words."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    Attributes:
        name: the sample's name; a counter's ends in ``_total``.
        kind: counter or gauge.
        labels: label names, in the order in which they are written.
        help: what the number is and what to do with it; one sentence or two.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

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


def pairs(labels: Iterable[tuple[str, str]]) -> str:
    """Label pairs as they stand between the braces."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in labels)


def escape(value: str) -> str:
    r"""A label's value with backslash, quote and newline escaped."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number_text(number: float) -> str:
    """A finite number in the shortest form that reads back exactly."""
    return repr(number)
