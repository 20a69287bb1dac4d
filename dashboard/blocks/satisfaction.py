"""How satisfied people said they were: tiles, and the five answers side by side."""

from collections.abc import Mapping, Sequence
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.provenance import (
    late_note,
    origin_of,
    source_line,
    way_link,
)
from dashboard.charts.chart import Chart, Series
from dashboard.charts.chart import Period as Place
from dashboard.components.chart_block import chart_block
from dashboard.components.section import section
from dashboard.components.table import Column, table
from dashboard.components.tile import tiles
from dashboard.i18n import german
from dashboard.reading import Figure, KpiWords, a_year_before, value_words
from dashboard.selection import Population, figures, kpi_words, latest
from dashboard.telling import told
from dashboard.view import View

SHARE: Final = "satisfaction.satisfied_share"
TILES: Final = (SHARE, "satisfaction.answers", "satisfaction.response_share")
_GRAIN: Final = "quarter"
# From the best to the worst, with what each is called.
_ANSWERS: Final[Mapping[str, str]] = {
    "satisfaction.very_satisfied": german("5, sehr zufrieden"),
    "satisfaction.satisfied": german("4, zufrieden"),
    "satisfaction.neither": german("3, teils, teils"),
    "satisfaction.dissatisfied": german("2, unzufrieden"),
    "satisfaction.very_dissatisfied": german("1, sehr unzufrieden"),
}
_Answers = Mapping[str, Figure | None]


def satisfaction(view: View, office: str) -> list[Component]:
    """Show an office's newest quarter; nothing where nobody was asked."""
    population = Population(office)
    found = [kpi_tile(view, kpi, population, _GRAIN) for kpi in TILES]
    shown = [each for each in found if each is not None]
    if not shown:
        return []
    words = view.words
    remark = words(
        "Geantwortet hat nur, wer wollte. Die Antworten stehen nicht für alle, die da"
        " waren."
    )
    head = section(
        words("Wie zufrieden waren die Menschen?"),
        html.P(remark),
        tiles(shown),
        id="zufriedenheit",
    )
    block = _answers_block(view, population)
    return [head] if block is None else [head, block]


def _answers_block(view: View, population: Population) -> html.Section | None:
    words, office = view.words, population.office
    share, answers = kpi_words(view, SHARE, office), kpi_words(view, TILES[1], office)
    shares = figures(view, SHARE, office=office, grain=_GRAIN)
    newest = latest(shares)
    if share is None or answers is None or newest is None:
        return None
    now = _in_quarter(view, population, newest)
    before = a_year_before(shares, newest)
    then = {} if before is None else _in_quarter(view, population, before)
    if not _any_value(now):
        return None
    period = words.period(newest.grain, newest.period_start)
    series = [_series(view, answers, period, now)]
    if before is not None and _any_value(then):
        name = words.period(before.grain, before.period_start)
        series.append(_series(view, answers, name, then))
    title = words(
        "Antworten, {name}, {period}", name=population.name(view), period=period
    )
    chart = _chart(view, answers, title, series)
    return chart_block(
        view,
        chart,
        headline=told(view, share, newest),
        measured=words(
            "So oft wurde jede Antwort gegeben. 5 heißt sehr zufrieden, 1 sehr"
            " unzufrieden. Antworten, die weniger als 8 Menschen gaben, werden nicht"
            " gezeigt."
        ),
        table=_table(view, title, series, [now, then]),
        source=source_line(view, share, office),
        origin=origin_of(view, share, newest),
        download=view.addresses.figures(
            kpi=",".join(_ANSWERS), office=office, grain=_GRAIN
        ),
        hint=late_note(view, share, office),
    )


def _in_quarter(view: View, population: Population, figure: Figure) -> _Answers:
    """Find how often each answer was given in the period of another figure."""
    return {
        kpi: next(
            (
                each
                for each in figures(
                    view, kpi, grain=figure.grain, **population.dimensions
                )
                if each.period_start == figure.period_start
            ),
            None,
        )
        for kpi in _ANSWERS
    }


def _any_value(answers: _Answers) -> bool:
    return any(each is not None and each.value is not None for each in answers.values())


def _series(view: View, kpi: KpiWords, name: str, answers: _Answers) -> Series:
    """Give one quarter's bars; all five are counts as the number of answers is."""
    found = [answers[each] for each in _ANSWERS]
    return Series(
        name=name,
        values=tuple(None if each is None else each.value for each in found),
        words=tuple(value_words(view.words, kpi, each) for each in found),
        kind="bar",
    )


def _chart(view: View, kpi: KpiWords, title: str, series: Sequence[Series]) -> Chart:
    words = view.words
    names = [words(name) for name in _ANSWERS.values()]
    said = [
        f"{name}: {value}" for name, value in zip(names, series[0].words, strict=True)
    ]
    return Chart(
        id="chart-satisfaction",
        title=title,
        description=f"{title}. {'; '.join(said)}.",
        unit=words.unit(kpi.unit),
        periods=tuple(
            Place(name, name.partition(",")[0], words("5 = sehr zufrieden"))
            for name in names
        ),
        series=tuple(series),
        language=view.language,
    )


def _table(
    view: View, title: str, series: Sequence[Series], answers: Sequence[_Answers]
) -> Component:
    words = view.words
    columns = [Column(words("Antwort"))]
    columns += [Column(each.name, is_number=True) for each in series]
    shown = list(zip(series, answers, strict=False))  # no bars of an unknown year
    rows = [
        [
            words(name),
            *(_cell(view, each.words[i], found[kpi]) for each, found in shown),
        ]
        for i, (kpi, name) in enumerate(_ANSWERS.items())
    ]
    return table(title, columns, rows, is_caption_visible=False)


def _cell(view: View, said: str, figure: Figure | None) -> Component | str:
    return said if figure is None else way_link(view, figure, said)
