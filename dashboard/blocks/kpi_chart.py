"""A KPI over time as a chart with everything that belongs to it."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.chart_parts import (
    events_of,
    place_of,
    recent,
    series_of,
    target_lines,
)
from dashboard.blocks.kpi_tile import comparison, pooled_words
from dashboard.blocks.provenance import (
    late_note,
    n_words,
    origin_of,
    source_line,
    way_link,
)
from dashboard.charts.chart import Chart, SeriesKind
from dashboard.components.chart_block import chart_block
from dashboard.components.table import Cell, Column, table
from dashboard.reading import (
    Figure,
    KpiWords,
    a_year_before,
    meets_target,
    range_words,
    value_words,
)
from dashboard.selection import (
    Population,
    figures,
    kpi_words,
    latest,
)
from dashboard.sentences import chart_description
from dashboard.telling import told
from dashboard.view import View


def kpi_chart(
    view: View,
    kpi_id: str,
    population: Population,
    grain: str,
    *,
    kind: SeriesKind = "line",
) -> html.Section | None:
    """Show a KPI over time with all that belongs to it; None without any value."""
    kpi = kpi_words(view, kpi_id, population.office, population.channel)
    series = recent(figures(view, kpi_id, grain=grain, **population.dimensions))
    newest = latest(series)
    if kpi is None or newest is None:
        return None
    everything = figures(view, kpi_id, grain=grain, **population.dimensions)
    chart = _chart(view, kpi, population, series, kind)
    return chart_block(
        view,
        chart,
        headline=told(view, kpi, newest),
        measured=_measured(view, kpi, population, newest),
        table=_table(view, kpi, chart.title, series, everything),
        source=source_line(view, kpi, population.office),
        origin=origin_of(view, kpi, newest),
        download=view.addresses.figures(
            kpi=kpi.id,
            office=population.office,
            service=population.service,
            channel=population.channel,
            grain=grain,
        ),
        hint=late_note(view, kpi, population.office),
    )


def _measured(view: View, kpi: KpiWords, population: Population, newest: Figure) -> str:
    words = view.words
    said = f"{kpi.label}, {population.name(view)}. {kpi.definition}"
    pooled = pooled_words(view, kpi, population)
    if pooled is not None:
        said = f"{said} {pooled}."
    reached = meets_target(kpi, newest)
    if reached is None:
        return said
    # What the target is, and who set it, stands at its line.
    goal = words("Ziel erreicht") if reached else words("Ziel nicht erreicht")
    return f"{said} {goal}."


def _chart(
    view: View,
    kpi: KpiWords,
    population: Population,
    series: list[Figure],
    kind: SeriesKind,
) -> Chart:
    words = view.words
    name = population.name(view)
    title = f"{kpi.label}, {name}"
    return Chart(
        id=f"chart-{kpi.id.replace('.', '-').replace('_', '-')}",
        title=title,
        description=chart_description(words, kpi, title, series),
        unit=words.unit(kpi.unit),
        periods=tuple(place_of(words, each) for each in series),
        series=(series_of(words, kpi, name, series, kind),),
        language=view.language,
        targets=target_lines(view, kpi, population, series),
        events=events_of(view, population.office, series),
        provisional_label=words("Vorläufiger Wert"),
        most=kpi.most,
    )


def _table(
    view: View,
    kpi: KpiWords,
    title: str,
    series: Sequence[Figure],
    everything: list[Figure],
) -> Component:
    words = view.words
    has_range = any(each.lower is not None for each in series)
    columns = [
        Column(words("Zeitraum")),
        Column(kpi.label, is_number=True),
        *([Column(words("Spanne"), is_number=True)] if has_range else []),
        *(
            []
            if kpi.kind in {"count", "stock"}
            else [Column(words("Grundlage"), is_number=True)]
        ),
        Column(words("Vergleich mit dem Vorjahr")),
    ]
    rows = [
        _table_row(view, kpi, each, everything, has_range=has_range)
        for each in reversed(series)
    ]
    return table(title, columns, rows, is_caption_visible=False)


def _table_row(
    view: View,
    kpi: KpiWords,
    figure: Figure,
    everything: list[Figure],
    *,
    has_range: bool,
) -> list[Cell]:
    words = view.words
    value = value_words(words, kpi, figure)
    compared = words("Kein Vergleich")
    if figure.value is not None:
        compared = comparison(view, kpi, figure, a_year_before(everything, figure))
        if figure.is_provisional:
            value = words("{value} (vorläufig)", value=value)
    n = words("nicht gezeigt") if figure.n is None else n_words(words, kpi, figure)
    interval = range_words(words, kpi, figure) or words("nicht berechnet")
    return [
        words.period(figure.grain, figure.period_start),
        way_link(view, figure, value),
        *([interval] if has_range else []),
        *([] if kpi.kind in {"count", "stock"} else [n]),
        compared,
    ]
