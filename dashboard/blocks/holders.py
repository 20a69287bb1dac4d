"""Who holds the open cases: the office, the applicant or others."""

from datetime import date
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.provenance import late_note, origin_of, source_line, way_link
from dashboard.charts.chart import Chart, Period, Series
from dashboard.components.chart_block import chart_block
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import german
from dashboard.reading import Figure, KpiWords, a_year_before, value_words
from dashboard.selection import Population, figures, kpi_words
from dashboard.view import View

_HOLDERS: Final = {
    "backlog.with_office": (german("Beim Amt"), german("Amt")),
    "backlog.with_applicant": (
        german("Warten auf den Antragsteller"),
        german("Antragsteller"),
    ),
    "backlog.with_third_party": (
        german("Warten auf andere Stellen"),
        german("Andere"),
    ),
}


def holders_block(view: View, population: Population) -> html.Section | None:
    """Show the newest month end beside the one a year before; None where unknown."""
    kpi = kpi_words(view, "backlog.with_office", population.office)
    now, before = _at_month_end(view, population)
    if kpi is None or now is None:
        return None
    words, at = view.words, now[0].period_end
    title = words(
        "Bei wem die offenen Fälle liegen, {name}, am {day}",
        name=population.name(view),
        day=words.date(at),
    )
    series = [_series(view, kpi, words.date(at), now)]
    if before is not None:
        series.append(_series(view, kpi, words.date(before[0].period_end), before))
    told = [now, before] if before is not None else [now]
    return chart_block(
        view,
        _chart(view, kpi, title, series),
        headline=_headline(view, kpi, at, now),
        measured=words(
            "Ein offener Fall liegt beim Amt, wenn es auf niemanden sonst wartet."
            " Ämter, die das nicht erfassen, fehlen hier. Wie lange ein Fall schon"
            " liegt, steht beim Alter der offenen Fälle."
        ),
        table=_table(view, title, told, series),
        source=source_line(view, kpi, population.office),
        origin=origin_of(view, kpi, now[0]),
        hint=late_note(view, kpi, population.office),
    )


def _at_month_end(
    view: View, population: Population
) -> tuple[list[Figure] | None, list[Figure] | None]:
    """Find the newest month of which any holder is told, and that of a year before."""
    told = [
        figures(view, kpi, grain="month", **population.dimensions) for kpi in _HOLDERS
    ]
    starts = [each.period_start for series in told for each in series if each.value]
    if not starts:
        return None, None
    newest = max(starts)
    now = [each for series in told for each in series if each.period_start == newest]
    if len(now) < len(_HOLDERS):
        return None, None
    before = [
        found
        for series, one in zip(told, now, strict=True)
        if (found := a_year_before(series, one)) is not None
    ]
    is_known = any(each.value is not None for each in before)
    return now, before if is_known and len(before) == len(now) else None


def _series(view: View, kpi: KpiWords, name: str, told: list[Figure]) -> Series:
    return Series(
        name=name,
        values=tuple(each.value for each in told),
        words=tuple(value_words(view.words, kpi, each) for each in told),
        kind="bar",
    )


def _chart(view: View, kpi: KpiWords, title: str, series: list[Series]) -> Chart:
    words = view.words
    names = [words(name) for name, _ in _HOLDERS.values()]
    return Chart(
        id="chart-holders",
        title=title,
        description=_described(title, names, series[0]),
        unit=words.unit(kpi.unit),
        periods=tuple(
            Period(words(name), words(short)) for name, short in _HOLDERS.values()
        ),
        series=tuple(series),
        language=view.language,
    )


def _table(
    view: View, title: str, told: list[list[Figure]], series: list[Series]
) -> Component:
    words = view.words
    columns = [Column(words("Wo sie liegen"))]
    columns += [Column(each.name, is_number=True) for each in series]
    rows: list[list[Cell]] = [
        [
            words(name),
            *(
                way_link(view, those[i], each.words[i])
                for those, each in zip(told, series, strict=True)
            ),
        ]
        for i, (name, _) in enumerate(_HOLDERS.values())
    ]
    return table(title, columns, rows, is_caption_visible=False)


def _described(title: str, names: list[str], series: Series) -> str:
    said = [f"{name}: {value}" for name, value in zip(names, series.words, strict=True)]
    return f"{title}. {'; '.join(said)}."


def _headline(view: View, kpi: KpiWords, at: date, told: list[Figure]) -> str:
    words = view.words
    office, applicant, others = (value_words(words, kpi, each) for each in told)
    return words(
        "Am {day} lagen {office} beim Amt. Auf den Antragsteller warteten {applicant},"
        " auf andere Stellen {others}.",
        day=words.date(at),
        office=office,
        applicant=applicant,
        others=others,
    )
