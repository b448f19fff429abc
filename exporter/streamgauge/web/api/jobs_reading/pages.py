"""Lists as JSON or CSV, as the request asks."""

from collections.abc import Callable, Iterable, Sequence

from fastapi import Request, Response
from pydantic import BaseModel

from streamgauge.web.api import replies, tables
from streamgauge.web.api.jobs_reading.describing import Answer
from streamgauge.web.api.jobs_reading.parameters import Asked


def list_reply(  # noqa: PLR0913 - what a list is made of
    request: Request,
    query: Asked,
    items: Sequence[Answer],
    page: Callable[[], BaseModel],
    *,
    model: type[Answer],
    total: int,
    without: Iterable[str] = (),
) -> Response:
    """A list of answers.

    Args:
        request: whose ``Accept`` says how.
        query: whose ``format`` wins.
        items: of this page.
        page: makes the JSON document.
        model: of the items: its fields are the columns of CSV.
        total: how many there are on all pages, for CSV's header.
        without: fields that have no place in a flat row.
    """
    if not replies.wants_csv(request, query.format):
        return replies.json_reply(request, page())
    columns = tables.columns_of(model, without=without)
    return replies.csv_reply(request, columns, (tables.row_of(item, columns) for item in items), total=total)
