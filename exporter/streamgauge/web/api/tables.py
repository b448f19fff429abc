"""Writes models as CSV (RFC 4180): one flat row each, unknown is empty, and no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

Row = Mapping[str, Any]

# Spreadsheets run a cell that begins with one of these; a quote mark in front makes it the text that it is.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns_of(model: type[BaseModel], *, without: Iterable[str] = ()) -> list[str]:
    """A model's fields, in their order."""
    left_out = set(without)
    return [name for name in model.model_fields if name not in left_out]


def row_of(model: BaseModel, columns: Iterable[str]) -> dict[str, Any]:
    """A model's fields as a row."""
    return {name: getattr(model, name) for name in columns}


def to_csv(columns: list[str], rows: Iterable[Row]) -> bytes:
    """A header and the rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode(errors="replace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
