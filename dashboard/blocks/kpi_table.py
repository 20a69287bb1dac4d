"""Several KPIs side by side in one table, each with its comparison."""

from collections.abc import Mapping, Sequence
from datetime import date

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.forecast_record import FAILED, record_note
from dashboard.blocks.kpi_tile import comparison
from dashboard.blocks.provenance import way_link
from dashboard.components.table import Cell, Column, table
from dashboard.reading import Figure, KpiWords, a_year_before, value_words
from dashboard.selection import (
    Population,
    figures,
    is_pooled,
    kpi_words,
    leaves_no_case,
    newest_told,
)
from dashboard.view import View
from metrics.derived import EXPECTED

Row = tuple[Cell, Population]
_Found = tuple[Figure, Figure | None]  # a figure and the one a year before it
_Cells = Mapping[tuple[int, str], _Found]


def kpi_table(
    view: View,
    caption: str,
    corner: str,
    rows: Sequence[Row],
    kpis: Sequence[str],
    grain: str,
    *,
    start: date | None = None,
) -> Component | None:
    """Show one period, or without `start` the newest figure of each cell.

    Rows and columns without any figure are left out; None if nothing is left.
    """
    cells: _Cells = {
        (i, kpi): found
        for i, (_, population) in enumerate(rows)
        for kpi in kpis
        if (found := _find(view, kpi, population, grain, start)) is not None
    }
    shown = [
        kpi
        for kpi in kpis
        if any(
            key[1] == kpi and found[0].value is not None for key, found in cells.items()
        )
    ]
    if not shown:
        return None
    body: list[list[Cell]] = [
        [
            head,
            *(
                _cell(view, kpi, population, cells.get((i, kpi)), start is None)
                for kpi in shown
            ),
        ]
        for i, (head, population) in enumerate(rows)
        if any((i, kpi) in cells for kpi in shown)
    ]
    offices = {population.office for _, population in rows}
    office = next(iter(offices)) if len(offices) == 1 else None
    columns = [Column(corner)]
    columns += [
        Column(kpi.label) for name in shown if (kpi := kpi_words(view, name, office))
    ]
    return table(caption, columns, body, is_caption_visible=False, is_stacked=True)


def figure_cell(
    view: View,
    kpi: KpiWords,
    figure: Figure,
    before: Figure | None,
    *,
    has_period: bool = False,
) -> Cell:
    """Show a value that leads to its origin, and how it stands beside last year's."""
    words = view.words
    value = value_words(words, kpi, figure)
    if figure.value is None:
        missing = [html.Span(value, className="cell-missing")]
        if has_period and figure.state == "hidden":
            period = words.period(figure.grain, figure.period_start)
            missing.append(html.Span(period, className="cell-note"))
        if figure.reason == FAILED and (record := record_note(view, figure)):
            missing.append(html.Span(record, className="cell-note"))
        return html.Div(missing, className="cell")
    if figure.is_provisional:
        value = words("{value} (vorläufig)", value=value)
    notes = [comparison(view, kpi, figure, before)]
    if has_period:
        notes.insert(0, words.period(figure.grain, figure.period_start))
    if kpi.id == EXPECTED and (record := record_note(view, figure)) is not None:
        notes.append(record)
    return html.Div(
        [
            way_link(view, figure, value, "cell-value"),
            *(html.Span(each, className="cell-note") for each in notes),
        ],
        className="cell",
    )


def _find(
    view: View, kpi: str, population: Population, grain: str, start: date | None
) -> _Found | None:
    series = figures(view, kpi, grain=grain, **population.dimensions)
    if start is None:
        found = newest_told(series) or (series[-1] if series else None)
    else:
        found = next((each for each in series if each.period_start == start), None)
    return None if found is None else (found, a_year_before(series, found))


def _cell(
    view: View,
    kpi_id: str,
    population: Population,
    found: _Found | None,
    has_period: bool,
) -> Cell:
    kpi = kpi_words(view, kpi_id, population.office)
    if is_pooled(view.city, kpi_id, population.office):
        return html.Span(view.words("Nur je Amt"), className="cell-missing")
    if kpi is None or found is None:
        return _missing(view, kpi_id, population)
    return figure_cell(view, kpi, *found, has_period=has_period)


def _missing(view: View, kpi_id: str, population: Population) -> Cell:
    """Say that there is no figure, or that there can be none."""
    words = view.words
    service = population.service
    if service is None or not leaves_no_case(view, kpi_id, service):
        return html.Span(words("Keine Daten"), className="cell-missing")
    why = words("Wird sofort beim Besuch erledigt")
    return html.Div(
        [
            html.Span(words("Entfällt"), className="cell-missing"),
            html.Span(why, className="cell-note"),
        ],
        className="cell",
    )
