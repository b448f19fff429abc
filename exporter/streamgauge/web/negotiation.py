"""Reads Accept and Accept-Encoding (RFC 9110) and answers the few questions that we ask of them."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


class Accepted(NamedTuple):
    """One element of such a header: ``text/plain;version=0.0.4;q=0.3``, or ``gzip;q=0.5``."""

    name: str
    parameters: Mapping[str, str]
    weight: float


def prefers_openmetrics(accept: str) -> bool:
    """Whether the client asks for OpenMetrics at least as much as for the text format, and by its name.

    A browser or curl, which take anything, get the text format.
    """
    elements = list(_elements(accept))
    openmetrics = max((e.weight for e in elements if _is_openmetrics(e)), default=0.0)
    return openmetrics > 0 and openmetrics >= _weight_of(elements, "text/plain")


def prefers_csv(accept: str) -> bool:
    """Whether the client asks for CSV more than for JSON; a tie goes to JSON."""
    elements = list(_elements(accept))
    return _weight_of(elements, "text/csv") > _weight_of(elements, "application/json")


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip; ``gzip;q=0`` is a refusal."""
    weights = {element.name: element.weight for element in _elements(accept_encoding)}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _is_openmetrics(element: Accepted) -> bool:
    versions = ("", "1.0.0", "0.0.1")
    return element.name == "application/openmetrics-text" and element.parameters.get("version", "") in versions


def _weight_of(elements: list[Accepted], name: str) -> float:
    """The weight of a media type: that of the most specific element that matches it."""
    for wanted in (name, name.partition("/")[0] + "/*", "*/*"):
        weights = [element.weight for element in elements if element.name == wanted]
        if weights:
            return max(weights)
    return 0.0


def _elements(header: str) -> Iterator[Accepted]:
    for element in header.split(","):
        name, *rest = (part.strip() for part in element.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
        if name:
            yield Accepted(name.lower(), parameters, _weight(parameters.pop("q", "1")))


def _weight(text: str) -> float:
    """A malformed weight makes its element count for nothing."""
    return float(text) if _WEIGHT.fullmatch(text) else 0.0
