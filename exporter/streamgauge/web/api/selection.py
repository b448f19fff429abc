"""Picks what a request asks for: which clusters and names, in which order, and which page of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from streamgauge.model.reading import ClusterReading
from streamgauge.web.api.pattern import LONGEST, Pattern, PatternError
from streamgauge.web.problem import ProblemError
from streamgauge.web.readings import Readings, View

Item = TypeVar("Item")

NamePattern = Annotated[str | None, Field(max_length=LONGEST)]
"""A regular expression, in a request."""


class PageQuery(BaseModel):
    """What every list takes; an unknown parameter is an error, so that a misspelt filter is not a missing one."""

    model_config = ConfigDict(extra="forbid")

    cluster: str | None = Field(None, description="Only this cluster: its exact name.")
    limit: int = Field(100, ge=1, le=1000, description="The most items of a page.")
    offset: int = Field(0, ge=0, description="Items before the page.")
    format: Literal["json", "csv"] | None = Field(None, description="Wins over `Accept`.")


def selected_views(store: Readings, cluster: str | None) -> list[View]:
    """The asked cluster, or all.

    Raises:
        ProblemError: 404, with the names of those that there are.
    """
    views = list(store.views())
    if not cluster:
        return views
    found = [view for view in views if view.status.cluster == cluster]
    if not found:
        known = [view.status.cluster for view in views]
        raise ProblemError(HTTPStatus.NOT_FOUND, f"no cluster is named {cluster!r}", known_clusters=known)
    return found


def read_clusters(views: Iterable[View]) -> tuple[list[ClusterReading], list[str]]:
    """The readings that there are, and the names of the clusters without one."""
    readings, unread = [], []
    for view in views:
        if view.reading is None:
            unread.append(view.status.cluster)
        else:
            readings.append(view.reading)
    return readings, unread


def one_named(store: Readings, rest: str) -> tuple[ClusterReading, str]:
    """Split ``cluster/name``, where both may hold slashes: the longest cluster that there is wins.

    Raises:
        ProblemError: 404 where no cluster is named so, 503 where it has no reading.
    """
    views = {view.status.cluster: view for view in store.views()}
    for cluster in sorted(views, key=len, reverse=True):
        if not rest.startswith(f"{cluster}/"):
            continue
        reading = views[cluster].reading
        if reading is None:
            detail = f"cluster {cluster!r} has no reading now: what it holds is unknown"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, last_error=views[cluster].status.last_error)
        return reading, rest.removeprefix(f"{cluster}/")
    cluster = rest.partition("/")[0]
    raise ProblemError(HTTPStatus.NOT_FOUND, f"no cluster is named {cluster!r}", known_clusters=list(views))


def name_filter(parameter: str, pattern: str | None) -> Callable[[str], bool]:
    """A test of names; without a pattern all pass.

    Raises:
        ProblemError: 422 where it is not a regular expression.
    """
    if not pattern:
        return lambda _: True
    try:
        return Pattern(pattern).matches
    except PatternError as error:
        detail = f"{parameter}: the regular expression {pattern!r} {error}"
        errors = [{"parameter": parameter, "message": str(error)}]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors) from error


def at_least(value: float | None, lower_bound: float | None, least: float | None) -> bool:
    """Whether a figure reaches ``least``; where it is unknown, what is known to be below it may still tell."""
    if least is None:
        return True
    best = lower_bound if value is None else value
    return best is not None and best >= least


def page_of(items: Sequence[Item], query: PageQuery) -> Sequence[Item]:
    """The asked page."""
    return items[query.offset : query.offset + query.limit]


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as a date."""
    return datetime.fromtimestamp(seconds, UTC)
