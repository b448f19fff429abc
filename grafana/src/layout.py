"""Where panels stand: rows in the order of the flow, panels from left to right, the next line where one is full."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard as sdk

COLUMNS = 24
FIRST_ROW_ID = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and the panels below it."""

    title: str
    panels: Sequence[sdk.Panel]


def placed(rows: Iterable[Row]) -> list[sdk.Panel | sdk.RowPanel]:
    """Every panel with its place; rows have ids apart from those of panels."""
    found: list[sdk.Panel | sdk.RowPanel] = []
    top = 0
    for index, row in enumerate(rows):
        place = sdk.GridPos(x=0, y=top, w=COLUMNS, h=1)
        found.append(sdk.RowPanel(id_val=FIRST_ROW_ID + index, title=row.title, grid_pos=place, panels=[]))
        top = _place(row.panels, top + 1)
        found.extend(row.panels)
    return found


def _place(panels: Iterable[sdk.Panel], top: int) -> int:
    """Give each its place from `top` on; returns where the next row may begin."""
    left = height = 0
    for panel in panels:
        size = panel.grid_pos or sdk.GridPos()
        if left + size.w > COLUMNS:
            top, left, height = top + height, 0, 0
        panel.grid_pos = sdk.GridPos(x=left, y=top, w=size.w, h=size.h)
        left += size.w
        height = max(height, size.h)
    return top + height
