"""Two figures beside each other: what came in and was closed, gross and net time."""

from dataclasses import dataclass
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.chart_parts import events_of, place_of, recent, series_of
from dashboard.blocks.provenance import (
    late_note,
    origin_of_pair,
    source_line,
    way_link,
)
from dashboard.charts.chart import Chart, SeriesKind
from dashboard.components.chart_block import chart_block
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import Words, german
from dashboard.reading import Figure, KpiWords, value_words
from dashboard.selection import Population, figures, kpi_words, latest
from dashboard.sentences import chart_description, headline
from dashboard.view import View


@dataclass(frozen=True)
class _Pair:
    """Two KPIs of one unit, and what is said of them together."""

    id: str
    kpis: tuple[str, str]
    names: tuple[str, str]
    kind: SeriesKind
    title: str
    measured: str
    together: str | None = None  # both values of one period in one sentence


_IN_AND_OUT: Final = _Pair(
    id="received-and-decided",
    kpis=("backlog.received", "backlog.decided"),
    names=(german("Eingegangen"), german("Erledigt")),
    kind="bar",
    title=german("Eingang und Erledigung, {name}"),
    measured=german(
        "Kommt dauerhaft mehr herein, als erledigt wird, wächst der Bestand."
    ),
    together=german("{period} gingen {first} ein, {second} wurden erledigt."),
)
_NET_AND_GROSS_NAMES: Final = (
    german("Gesamte Dauer (brutto)"),
    german("Beim Amt (netto)"),
)
_GROSS_AND_NET: Final = german(
    "Brutto zählt alle Tage, die der Antragsteller gewartet hat. Netto zählt erst ab"
    " dem vollständigen Antrag und ohne Tage, an denen das Amt auf andere wartete."
    " Netto gibt es nur, wo erfasst ist, wann der Antrag vollständig war. Beide Werte"
    " lassen sich nicht voneinander abziehen."
)
_MEDIAN: Final = _Pair(
    id="gross-and-net-median",
    kpis=("processing.median_days_decided", "processing.median_net_days_decided"),
    names=_NET_AND_GROSS_NAMES,
    kind="line",
    title=german("Gesamte Dauer und Zeit beim Amt (Median), {name}"),
    measured=_GROSS_AND_NET,
)
_P80: Final = _Pair(
    id="gross-and-net-p80",
    kpis=("processing.p80_days_decided", "processing.p80_net_days_decided"),
    names=_NET_AND_GROSS_NAMES,
    kind="line",
    title=german("Gesamte Dauer und Zeit beim Amt von vier aus fünf Fällen, {name}"),
    measured=_GROSS_AND_NET,
)


def received_and_decided(
    view: View, population: Population, grain: str
) -> html.Section | None:
    """Show both counts per period; None unless both have values."""
    return _block(view, population, grain, _IN_AND_OUT)


def gross_and_net(
    view: View, population: Population, grain: str
) -> list[html.Section | None]:
    """Show how long it took, and how long of that the office held the case."""
    return [_block(view, population, grain, pair) for pair in (_MEDIAN, _P80)]


def _block(
    view: View, population: Population, grain: str, pair: _Pair
) -> html.Section | None:
    words, office = view.words, population.office
    first, second = (kpi_words(view, kpi, office) for kpi in pair.kpis)
    matched = _matched(view, population, grain, pair)
    newest = latest([each for each, _ in matched])
    newest_second = latest([each for _, each in matched])
    if first is None or second is None or newest is None or newest_second is None:
        return None
    chart = _chart(view, population, pair, (first, second), matched)
    return chart_block(
        view,
        chart,
        headline=_headline(words, pair, (first, second), newest, newest_second),
        measured=words(pair.measured),
        table=_table(view, chart.title, first, second, matched),
        source=source_line(view, second, office),
        origin=origin_of_pair(view, (first, newest), (second, newest_second)),
        hint=late_note(view, second, office),
    )


def _headline(
    words: Words,
    pair: _Pair,
    kpis: tuple[KpiWords, KpiWords],
    one: Figure,
    other: Figure,
) -> str:
    has_one = 1 in (one.value, other.value)  # which takes other forms
    if pair.together is None or has_one or one.period_start != other.period_start:
        return f"{headline(words, kpis[0], one)} {headline(words, kpis[1], other)}"
    return words(
        pair.together,
        period=words.in_period(one.grain, one.period_start),
        first=value_words(words, kpis[0], one),
        second=value_words(words, kpis[1], other),
    )


def _matched(
    view: View, population: Population, grain: str, pair: _Pair
) -> list[tuple[Figure, Figure]]:
    """Match the periods for which both figures are published."""
    first, second = (
        recent(figures(view, kpi, grain=grain, **population.dimensions))
        for kpi in pair.kpis
    )
    by_start = {each.period_start: each for each in second}
    return [
        (each, by_start[each.period_start])
        for each in first
        if each.period_start in by_start
    ]


def _chart(
    view: View,
    population: Population,
    pair: _Pair,
    kpis: tuple[KpiWords, KpiWords],
    matched: list[tuple[Figure, Figure]],
) -> Chart:
    words = view.words
    sides = [one for one, _ in matched], [other for _, other in matched]
    said = zip(kpis, sides, strict=True)
    return Chart(
        id=f"chart-{pair.id}",
        title=words(pair.title, name=population.name(view)),
        description=" ".join(
            chart_description(words, kpi, kpi.label, side) for kpi, side in said
        ),
        unit=words.unit(kpis[0].unit),
        periods=tuple(place_of(words, each) for each in sides[0]),
        series=tuple(
            series_of(words, kpi, words(name), side, pair.kind)
            for kpi, name, side in zip(kpis, pair.names, sides, strict=True)
        ),
        language=view.language,
        events=events_of(view, population.office, sides[0]),
        provisional_label=words("Vorläufiger Wert"),
    )


def _table(
    view: View,
    title: str,
    first: KpiWords,
    second: KpiWords,
    matched: list[tuple[Figure, Figure]],
) -> Component:
    words = view.words
    columns = [
        Column(words("Zeitraum")),
        Column(first.label, is_number=True),
        Column(second.label, is_number=True),
    ]
    rows: list[list[Cell]] = [
        [
            words.period(one.grain, one.period_start),
            _cell(view, first, one),
            _cell(view, second, other),
        ]
        for one, other in reversed(matched)
    ]
    return table(title, columns, rows, is_caption_visible=False)


def _cell(view: View, kpi: KpiWords, figure: Figure) -> Component:
    value = value_words(view.words, kpi, figure)
    if figure.value is not None and figure.is_provisional:
        value = view.words("{value} (vorläufig)", value=value)
    return way_link(view, figure, value)
