"""What a transaction of an office costs, with what the amount includes."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.components.section import section
from dashboard.components.tile import tiles
from dashboard.selection import Population, figures, newest_told
from dashboard.view import View
from ingest.city import Cost

_KPIS: Final = {"visits": "cost.per_visit", "cases": "cost.per_case"}


def price(view: View, office: str) -> Component | None:
    """Show the newest year; None where none is complete or nothing was stated."""
    population = Population(office)
    shown: list[Component] = []
    remarks: list[Component] = []
    for per, kpi in _KPIS.items():
        each = kpi_tile(view, kpi, population, "year")
        newest = newest_told(figures(view, kpi, office=office, grain="year"))
        if each is None or newest is None:
            continue
        shown.append(each)
        remarks += [
            _remark(view, cost)
            for cost in view.city.costs
            if (cost.office, cost.per) == (office, per)
            and cost.year == newest.period_start.year
        ]
    if not shown:
        return None
    return section(view.words("Was es kostet"), tiles(shown), *remarks, id="kosten")


def _remark(view: View, cost: Cost) -> Component:
    words, language = view.words, view.language
    said = words(
        "Kosten {year}: {amount}. Enthalten: {includes}. Angabe: {who}.",
        year=cost.year,
        amount=words.quantity(cost.amount_eur, "euros"),
        includes=cost.includes.in_language(language),
        who=cost.decided_by.in_language(language),
    )
    if cost.source is None:
        return html.P(said, className="chart-source")
    link = html.A(words("Zur Quelle"), href=cost.source, className="kern-link")
    return html.P([said, " ", link], className="chart-source")
