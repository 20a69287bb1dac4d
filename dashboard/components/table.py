"""Tables that screen readers can walk and phones can scroll."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria

Cell = Component | str


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
) -> html.Div:
    """Build a table whose first column heads its rows.

    Every row has a cell for every column. Write units into the caption or the column
    ("Minuten") or each cell; write "–" never without words for a missing value.
    """
    hidden = "" if is_caption_visible else " kern-sr-only"
    head = html.Thead(html.Tr([_head(column) for column in columns]))
    body = html.Tbody([_row(columns, row) for row in rows])
    return scroll_region(
        caption,
        html.Table(
            [html.Caption(caption, className=f"table-caption{hidden}"), head, body],
            className="table",
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


def _head(column: Column) -> html.Th:
    return html.Th(column.label, className=_kind(column), scope="col")


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> html.Tr:
    if len(row) != len(columns):
        message = f"{len(row)} cells for {len(columns)} columns: {row!r}"
        raise ValueError(message)
    first, *others = row
    cells: list[Component] = [html.Th(first, scope="row")]
    cells += [
        html.Td(cell, className=_kind(column))
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return html.Tr(cells)


def _kind(column: Column) -> str:
    return "is-number" if column.is_number else "is-text"
