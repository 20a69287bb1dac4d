"""Offices side by side for one KPI and quarter, without a ranking."""

from collections.abc import Iterable, Mapping
from datetime import date

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.side_by_side import Side, side_by_side
from dashboard.components.filters import Choice, Select, filter_form
from dashboard.components.frame import main
from dashboard.reading import Figure, a_year_before
from dashboard.selection import figures, kpi_words, shown_kpis
from dashboard.view import Page, View
from metrics.periods import Period, period_of

# Only of these a span is known in which the true value lies.
_KINDS = frozenset({"quantile", "share"})
_FEWEST_OFFICES = 2
_FIRST = "waiting.median_minutes"


def title(view: View) -> str:
    return view.words("Ämter im Vergleich")


def layout(view: View) -> html.Main:
    words = view.words
    kpi_id = _kpi(view)
    quarters = _quarters(view, kpi_id)
    quarter = _quarter(view, quarters)
    kpi = kpi_words(view, kpi_id)
    parts: list[Component] = [_filters(view, kpi_id, quarter, quarters)]
    if kpi is not None:
        parts.append(side_by_side(view, kpi, quarter, _sides(view, kpi_id, quarter)))
    return main(
        title(view),
        *parts,
        lead=words(
            "Kein Amt ist besser, nur weil sein Wert kleiner ist: Oft ist der"
            " Unterschied Zufall. Diese Seite zeigt, welche Unterschiede sicher sind."
        ),
    )


def places(view: View) -> Iterable[Mapping[str, str]]:
    """Give the one page, where there is anything to compare."""
    return [{}] if _kpis(view) else []


def _kpis(view: View) -> list[str]:
    """List what at least two offices have a value of, in one quarter."""
    return [
        kpi
        for kpi in shown_kpis(view)
        if (words := kpi_words(view, kpi)) is not None
        and words.kind in _KINDS
        and _quarters(view, kpi)
    ]


def _quarters(view: View, kpi: str) -> list[Period]:
    """List the closed quarters in which two offices have a value, newest first."""
    starts: dict[date, int] = {}
    for office in view.city.offices:
        for figure in figures(view, kpi, office=office.id):
            if figure.value is not None and not figure.is_provisional:
                starts[figure.period_start] = starts.get(figure.period_start, 0) + 1
    return [
        period_of(start, "quarter")
        for start in sorted(starts, reverse=True)
        if starts[start] >= _FEWEST_OFFICES
    ]


def _kpi(view: View) -> str:
    known = _kpis(view)
    wanted = view.query.get("kennzahl", _FIRST)
    return next((each for each in (wanted, _FIRST) if each in known), known[0])


def _quarter(view: View, quarters: list[Period]) -> Period:
    wanted = view.query.get("quartal", "")
    return next((each for each in quarters if each.id == wanted), quarters[0])


def _sides(view: View, kpi_id: str, quarter: Period) -> list[Side]:
    """Take the offices in the order of the city file."""
    sides = []
    for office in view.city.offices:
        series = figures(view, kpi_id, office=office.id)
        kpi, figure = kpi_words(view, kpi_id, office.id), _at(series, quarter)
        if kpi is not None and figure is not None:
            name = office.name.in_language(view.language)
            sides.append(Side(name, kpi, figure, a_year_before(series, figure)))
    return sides


def _at(series: list[Figure], quarter: Period) -> Figure | None:
    return next((each for each in series if each.period_start == quarter.start), None)


def _filters(
    view: View, kpi_id: str, quarter: Period, quarters: list[Period]
) -> Component:
    words = view.words
    kpis = [
        Choice(each, said.label)
        for each in _kpis(view)
        if (said := kpi_words(view, each)) is not None
    ]
    periods = [Choice(each.id, words.quarter(each.start)) for each in quarters]
    return filter_form(
        view,
        [
            Select("kennzahl", words("Kennzahl"), kpis, chosen=kpi_id),
            Select("quartal", words("Quartal"), periods, chosen=quarter.id),
        ],
    )


PAGE = Page(
    name="comparison",
    path="/vergleich",
    title=title,
    layout=layout,
    label=lambda view: view.words("Vergleich"),
    description=lambda view: view.words(
        "Die Ämter von {city} nebeneinander, ohne Rangfolge.", city=view.city.info.name
    ),
    place="menu",
    places=places,
    filters=("kennzahl", "quartal"),
)
