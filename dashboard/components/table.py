"""Tables that screen readers can walk and phones can scroll."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria

Cell = Component | str

_Roles = Mapping[str, Mapping[str, Any]]
_ROLES: Final[_Roles] = {
    "table": {"role": "table"},
    "rows": {"role": "rowgroup"},
    "row": {"role": "row"},
    "column": {"role": "columnheader"},
    "head": {"role": "rowheader"},
    "cell": {"role": "cell"},
}


@dataclass(frozen=True)
class Column:
    """A column's head; numbers stand right-aligned with equally wide digits."""

    label: str
    is_number: bool = False


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    is_caption_visible: bool = True,
    is_stacked: bool = False,
) -> html.Div:
    """Build a table whose first column heads its rows.

    Every row has a cell for every column. Write units into the caption or the column
    ("Minuten") or each cell; write "–" never without words for a missing value.
    A stacked table stands in one column on a phone, each cell beside its column's head;
    two columns fit as they are.
    """
    hidden = "" if is_caption_visible else " kern-sr-only"
    # Laid out as blocks, a table is none for some browsers unless its roles say so.
    is_stacked = is_stacked and len(columns) > 2
    roles = _ROLES if is_stacked else {}
    heads = [_head(column, roles) for column in columns]
    head = html.Thead(html.Tr(heads, **roles.get("row", {})), **roles.get("rows", {}))
    body = html.Tbody(
        [_row(columns, row, roles) for row in rows], **roles.get("rows", {})
    )
    stacked = " table--stacked" if is_stacked else ""
    return scroll_region(
        caption,
        html.Table(
            [html.Caption(caption, className=f"table-caption{hidden}"), head, body],
            className=f"table{stacked}",
            **roles.get("table", {}),
        ),
    )


def scroll_region(label: str, content: Component) -> html.Div:
    """Let a part scroll sideways in itself, reachable and named for the keyboard."""
    return html.Div(
        content,
        className="scroll-region",
        role="group",  # no landmark: a page has many tables
        tabIndex="0",
        **aria(label=label),
    )


def _head(column: Column, roles: _Roles) -> html.Th:
    return html.Th(
        column.label, className=_kind(column), scope="col", **roles.get("column", {})
    )


def _row(columns: Sequence[Column], row: Sequence[Cell], roles: _Roles) -> html.Tr:
    if len(row) != len(columns):
        message = f"{len(row)} cells for {len(columns)} columns: {row!r}"
        raise ValueError(message)
    first, *others = row
    cells: list[Component] = [html.Th(first, scope="row", **roles.get("head", {}))]
    cells += [
        html.Td(cell, className=_kind(column), **_said(column, roles))
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return html.Tr(cells, **roles.get("row", {}))


def _said(column: Column, roles: _Roles) -> Mapping[str, Any]:
    return {**roles["cell"], "data-head": column.label} if roles else {}


def _kind(column: Column) -> str:
    return "is-number" if column.is_number else "is-text"
