"""Two counts beside each other: what came in and what was closed."""

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.chart_parts import events_of, place_of, recent, series_of
from dashboard.blocks.provenance import late_note, origin_of, source_line, way_link
from dashboard.charts.chart import Chart
from dashboard.components.chart_block import chart_block
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import Words
from dashboard.reading import Figure, KpiWords, value_words
from dashboard.selection import Population, figures, kpi_words, latest
from dashboard.sentences import chart_description, headline
from dashboard.view import View

_RECEIVED, _DECIDED = "backlog.received", "backlog.decided"


def received_and_decided(
    view: View, population: Population, grain: str
) -> html.Section | None:
    """Show both counts per period; None unless both have values."""
    words, office = view.words, population.office
    received, decided = (
        kpi_words(view, _RECEIVED, office),
        kpi_words(view, _DECIDED, office),
    )
    pairs = _pairs(view, population, grain)
    newest_in = latest([each for each, _ in pairs])
    newest_out = latest([each for _, each in pairs])
    if received is None or decided is None or newest_in is None or newest_out is None:
        return None
    chart = _chart(view, population, received, decided, pairs)
    return chart_block(
        view,
        chart,
        headline=_headline(words, received, decided, newest_in, newest_out),
        measured=words(
            "Kommt dauerhaft mehr herein, als erledigt wird, wächst der Bestand."
        ),
        table=_table(view, chart.title, received, decided, pairs),
        source=source_line(view, received, office),
        origin=origin_of(view, received, newest_in),
        hint=late_note(view, received, office),
    )


def _headline(
    words: Words, received: KpiWords, decided: KpiWords, came: Figure, went: Figure
) -> str:
    has_one = 1 in (came.value, went.value)  # which takes other forms
    if has_one or came.period_start != went.period_start:
        said = headline(words, received, came), headline(words, decided, went)
        return " ".join(said)
    return words(
        "{period} gingen {received} ein, {decided} wurden erledigt.",
        period=words.in_period(came.grain, came.period_start),
        received=value_words(words, received, came),
        decided=value_words(words, decided, went),
    )


def _pairs(
    view: View, population: Population, grain: str
) -> list[tuple[Figure, Figure]]:
    """Match the periods for which both counts are published."""
    received, decided = (
        recent(figures(view, kpi, grain=grain, **population.dimensions))
        for kpi in (_RECEIVED, _DECIDED)
    )
    by_start = {each.period_start: each for each in decided}
    return [
        (each, by_start[each.period_start])
        for each in received
        if each.period_start in by_start
    ]


def _chart(
    view: View,
    population: Population,
    received: KpiWords,
    decided: KpiWords,
    pairs: list[tuple[Figure, Figure]],
) -> Chart:
    words = view.words
    incoming, outgoing = [one for one, _ in pairs], [other for _, other in pairs]
    title = words("Eingang und Erledigung, {name}", name=population.name(view))
    return Chart(
        id="chart-received-and-decided",
        title=title,
        description=" ".join(
            (
                chart_description(words, received, received.label, incoming),
                chart_description(words, decided, decided.label, outgoing),
            )
        ),
        unit=words.unit(received.unit),
        periods=tuple(place_of(words, each) for each in incoming),
        series=(
            series_of(words, received, words("Eingegangen"), incoming, "bar"),
            series_of(words, decided, words("Erledigt"), outgoing, "bar"),
        ),
        language=view.language,
        events=events_of(view, population.office, incoming),
        provisional_label=words("Vorläufiger Wert"),
    )


def _table(
    view: View,
    title: str,
    received: KpiWords,
    decided: KpiWords,
    pairs: list[tuple[Figure, Figure]],
) -> Component:
    words = view.words
    columns = [
        Column(words("Zeitraum")),
        Column(received.label, is_number=True),
        Column(decided.label, is_number=True),
    ]
    rows: list[list[Cell]] = [
        [
            words.period(one.grain, one.period_start),
            _cell(view, received, one),
            _cell(view, decided, other),
        ]
        for one, other in reversed(pairs)
    ]
    return table(title, columns, rows, is_caption_visible=False)


def _cell(view: View, kpi: KpiWords, figure: Figure) -> Component:
    value = value_words(view.words, kpi, figure)
    if figure.value is not None and figure.is_provisional:
        value = view.words("{value} (vorläufig)", value=value)
    return way_link(view, figure, value)
