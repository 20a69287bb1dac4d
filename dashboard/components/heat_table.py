"""When to go: a table of weekdays and hours whose shade repeats what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria
from dashboard.components.table import scroll_region

Level = Literal[0, 1, 2, 3, 4]


@dataclass(frozen=True)
class HeatCell:
    """One hour of a weekday.

    `text` is short ("12"), `words` what a screen reader says ("12 Minuten, kurze
    Wartezeit"). `level` 0 is unshaded: closed, hidden or without data, which `text`
    must tell apart ("–" with "geschlossen" in words); 1 is the shortest wait, 4 the
    longest.
    """

    text: str
    words: str
    level: Level = 0
    is_best: bool = False  # set off by a frame and named in `words`


def heat_table(
    caption: str,
    corner: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[HeatCell]]],
    key: Sequence[tuple[Level, str]],
) -> html.Div:
    """Draw it: `columns` are the weekdays, `rows` hour and cells, `key` the legend.

    `corner` heads the column of hours ("Zeit"). The key names what the shades
    mean in words and bounds ("kurz: bis 10 Minuten").
    """
    head = html.Thead(
        html.Tr(
            [html.Th(corner, scope="col")] + [html.Th(c, scope="col") for c in columns]
        )
    )
    body = html.Tbody(
        [
            html.Tr([html.Th(hour, scope="row"), *(_cell(cell) for cell in cells)])
            for hour, cells in rows
        ]
    )
    drawn = html.Table(
        [html.Caption(caption, className="table-caption"), head, body],
        className="heat-table",
    )
    return html.Div([scroll_region(caption, drawn), _key(key)], className="heat")


def level_of(value: float, bounds: Sequence[float]) -> Level:
    """Which of the four shades a value gets; `bounds` are the three upper ends."""
    levels: tuple[Level, ...] = (1, 2, 3)
    for level, bound in zip(levels, bounds, strict=True):
        if value <= bound:
            return level
    return 4


def _cell(cell: HeatCell) -> html.Td:
    best = " is-best" if cell.is_best else ""
    return html.Td(
        [
            html.Span(cell.text, **aria(hidden="true")),
            html.Span(cell.words, className="kern-sr-only"),
        ],
        className=f"heat-{cell.level}{best}",
    )


def _key(key: Sequence[tuple[Level, str]]) -> Component:
    items = [
        html.Li([html.Span(className=f"heat-swatch heat-{level}"), html.Span(words)])
        for level, words in key
    ]
    return html.Ul(items, className="heat-key", role="list")
