"""Turns a page of models into JSON or CSV, as the request asks."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from pydantic import BaseModel

from streamgauge.web.answer import answer
from streamgauge.web.api.tables import Row, to_csv
from streamgauge.web.negotiation import prefers_csv

CSV = "text/csv; charset=utf-8"


def wants_csv(request: Request, asked: str | None) -> bool:
    """Whether CSV is asked for: by ``format``, else by Accept."""
    return asked == "csv" if asked else prefers_csv(request.headers.get("accept", ""))


def json_reply(request: Request, model: BaseModel) -> Response:
    """A model as JSON."""
    return answer(request, model.model_dump_json(exclude_unset=True).encode(), "application/json")


def csv_reply(
    request: Request, columns: list[str], rows: Iterable[Row], *, total: int, unread: Iterable[str] = ()
) -> Response:
    """Rows as CSV; what a JSON page says beside its items is in headers."""
    headers = {"X-Total-Count": str(total)}
    names = ",".join(quote(name, safe="") for name in unread)
    if names:
        headers["X-Unread-Clusters"] = names
    return answer(request, to_csv(columns, rows), CSV, headers)


def described(model: type[BaseModel], *, csv: bool = True) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes a good answer; FastAPI cannot see what a ready response holds."""
    content: dict[str, Any] = {"application/json": {}}
    if csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {200: {"model": model, "description": "What matches.", "content": content}}
