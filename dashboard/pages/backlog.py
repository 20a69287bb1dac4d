"""How long applications take: what is open comes before what was decided."""

from collections.abc import Iterable, Mapping

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.ageing import ageing_block
from dashboard.blocks.by_office import case_offices, expected_by_office
from dashboard.blocks.cohort_curves import cohort_curves
from dashboard.blocks.forecast_record import record_section, record_words
from dashboard.blocks.holders import holders_block
from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_table import Row, kpi_table
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.legal_lines import deadlines, right_to_sue
from dashboard.blocks.links import service_rows
from dashboard.blocks.only_sums import sums_note
from dashboard.blocks.pair_chart import gross_and_net, received_and_decided
from dashboard.components.filters import Choice, Select, filter_form
from dashboard.components.long_page import fold, long_page
from dashboard.components.section import section
from dashboard.components.tile import tiles
from dashboard.reading import a_year_before
from dashboard.selection import (
    Population,
    figures,
    kpi_words,
    newest_told,
)
from dashboard.sentences import headline
from dashboard.view import Page, View
from metrics.derived import EXPECTED

_TABLE = (
    "processing.expected_days",
    "backlog.open",
    "backlog.older_than_deadline",
    "processing.share_within_deadline",
)
_TILES = (
    *_TABLE,
    "backlog.older_than_3_months",
    "backlog.clearance_percent",
    "backlog.reach_working_days",
    "backlog.old_case_percent",
)
_OLD = ("backlog.older_than_3_months", "backlog.old_case_percent")
_DEADLINE = ("backlog.older_than_deadline", "processing.share_within_deadline")
_DECIDED = ("processing.median_days_decided", "processing.p80_days_decided")


def title(view: View) -> str:
    return view.words("Wie lange dauert es?")


def layout(view: View) -> html.Main:
    population = _population(view)
    parts = [
        _filters(view, population),
        _tiles(view, population),
        fold(_table(view, population)),
        sums_note(view, population),
        *_charts(view, ("backlog.open",), population),
        received_and_decided(view, population, "month"),
        *_charts(view, ("backlog.reach_working_days",), population),
        fold(_record(view, population)),
        holders_block(view, population),
        ageing_block(view, population),
        *_old(view, population),
        fold(deadlines(view, population)),
        *_charts(view, _DEADLINE, population),
        *_decided(view, population),
        *cohort_curves(view, population),
    ]
    return long_page(view, title(view), parts, lead=_lead(view, population))


def places(view: View) -> Iterable[Mapping[str, str]]:
    """Give the one page, where the city has any cases."""
    return [{}] if case_offices(view) else []


def _population(view: View) -> Population:
    office = view.query.get("amt", "")
    if office not in case_offices(view):
        return Population()
    service = view.query.get("leistung", "")
    if service in {each.id for each in view.city.services_of(office)}:
        return Population(office, service)
    return Population(office)


def _lead(view: View, population: Population) -> str:
    """Begin with what somebody who applies now must expect."""
    words = view.words
    if population == Population():
        said = expected_by_office(view, "month")
        if said is not None:
            return f"{population.name(view)}. {said}"
    for kpi_id in (EXPECTED, "backlog.open", *_DECIDED):
        series = figures(view, kpi_id, grain="month", **population.dimensions)
        kpi, newest = kpi_words(view, kpi_id, population.office), newest_told(series)
        if kpi is not None and newest is not None and newest.value is not None:
            before = a_year_before(series, newest)
            said = headline(words, kpi, newest, before)
            record = record_words(view, newest) if kpi_id == EXPECTED else None
            return " ".join(filter(None, (f"{population.name(view)}.", said, record)))
    return words("Für diese Auswahl liegen keine Werte vor.")


def _filters(view: View, population: Population) -> Component | None:
    words, offices = view.words, case_offices(view)
    if len(offices) < 2 and not view.city.services:
        return None
    names = [
        Choice(each, view.city.office(each).name.in_language(view.language))
        for each in offices
    ]
    selects = [Select("amt", words("Amt"), [Choice("", words("Alle Ämter")), *names])]
    if population.office is not None:
        services = [
            Choice(each.id, each.name.in_language(view.language))
            for each in view.city.services_of(population.office)
            if not each.sensitive
        ]
        everything = Choice("", words("Alle Leistungen"))
        selects.append(Select("leistung", words("Leistung"), [everything, *services]))
    return filter_form(view, selects)


def _tiles(view: View, population: Population) -> Component | None:
    shown = [kpi_tile(view, kpi, population, "month") for kpi in _TILES]
    found = [each for each in shown if each is not None]
    heading = view.words("Die neuesten Monatszahlen")
    return section(heading, tiles(found), id="monat") if found else None


def _table(view: View, population: Population) -> Component | None:
    words = view.words
    if population.service is not None:
        return None
    if population.office is None and len(case_offices(view)) < 2:
        return None
    corner, rows = _rows(view, population)
    heading = (
        words("Die Ämter im Einzelnen")
        if population.office is None
        else words("Die Leistungen im Einzelnen")
    )
    shown = kpi_table(view, heading, corner, rows, _TABLE, "month")
    if shown is None:
        return None
    remark = words(
        "Die Reihenfolge ist keine Rangfolge. Wo Leistungen verschieden lange"
        " dauern dürfen, lassen sich die Zahlen nicht miteinander vergleichen."
    )
    return section(heading, html.P(remark), shown, id="einzeln")


def _rows(view: View, population: Population) -> tuple[str, list[Row]]:
    """List the offices, or the services of the one that was chosen."""
    if population.office is None:
        offices = case_offices(view)
        return view.words("Amt"), [
            (_link(view, each), Population(each)) for each in offices
        ]
    return view.words("Leistung"), [*service_rows(view, population.office)]


def _record(view: View, population: Population) -> Component | None:
    corner, rows = _rows(view, population)
    if population.service is not None:
        rows = [row for row in rows if row[1] == population]
    return record_section(view, rows, corner)


def _link(view: View, office: str) -> Component:
    return html.A(
        view.city.office(office).name.in_language(view.language),
        href=view.addresses.backlog(amt=office),
        className="kern-link",
    )


def _charts(
    view: View, kpis: Iterable[str], population: Population
) -> list[Component | None]:
    return [kpi_chart(view, kpi, population, "month") for kpi in kpis]


def _old(view: View, population: Population) -> list[Component | None]:
    """Show what is open for more than three months, and what these mean."""
    charts = [block for block in _charts(view, _OLD, population) if block is not None]
    return [right_to_sue(view, population), *charts] if charts else []


def _decided(view: View, population: Population) -> list[Component]:
    words = view.words
    pairs = gross_and_net(view, population, "month")
    charts = _charts(view, _DECIDED, population)
    # Where nobody says when an application was complete, there is the gross time alone.
    told = [pair or chart for pair, chart in zip(pairs, charts, strict=True)]
    blocks = [block for block in told if block is not None]
    if not blocks:
        return []
    remark = words(
        "Was noch offen ist, fehlt in diesen Zahlen. Sie sehen gut aus, solange ein Amt"
        " die alten Fälle liegen lässt, und schlechter, wenn es sie aufarbeitet."
    )
    heading = words("Nur entschiedene Fälle")
    return [section(heading, html.P(remark), id="nur-entschiedene"), *blocks]


PAGE = Page(
    name="backlog",
    path="/rueckstand",
    title=title,
    layout=layout,
    label=lambda view: view.words("Bearbeitungsdauer"),
    description=lambda view: view.words(
        "Was offen ist und womit rechnen muss, wer in {city} einen Antrag stellt.",
        city=view.city.info.name,
    ),
    place="menu",
    places=places,
    filters=("amt", "leistung"),
)
