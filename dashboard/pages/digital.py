"""What is online, how far, and how many use it."""

from collections.abc import Iterable, Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_table import Row, kpi_table
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.online_list import online_list, states_of
from dashboard.components.filters import Choice, Select, filter_form
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.components.tile import tiles
from dashboard.reading import Figure
from dashboard.selection import Population, figures, kpi_words, newest_told, with_values
from dashboard.sentences import headline
from dashboard.view import Page, View

_USED: Final = ("digital.online_share", "digital.end_to_end_share")
_OFFERED: Final = (
    "digital.services_online",
    "digital.level_4_share_model_20",
    "digital.level_4_share_model_11",
)


def title(view: View) -> str:
    return view.words("Was geht online?")


def layout(view: View) -> html.Main:
    population = _population(view)
    parts = [
        _filters(view),
        _tiles(view, population),
        online_list(view, population),
        _offices(view, population),
        *_charts(view, population),
        _left_out(view),
    ]
    return main(
        title(view),
        *(part for part in parts if part is not None),
        lead=_lead(view, population),
    )


def places(view: View) -> Iterable[Mapping[str, str]]:
    """Give the one page, where anything is known of online services."""
    return [{}] if _known_offices(view) else []


def _known_offices(view: View) -> list[str]:
    return [
        office.id
        for office in view.city.offices
        if states_of(view, Population(office.id))
        or any(
            with_values(view, kpi, office=office.id, grain="month")
            for kpi in (*_USED, *_OFFERED)
        )
    ]


def _population(view: View) -> Population:
    office = view.query.get("amt", "")
    return Population(office if office in _known_offices(view) else None)


def _lead(view: View, population: Population) -> str:
    """Begin with what is online, then say how many use it."""
    words = view.words
    said = []
    offered = _newest(view, _OFFERED[0], population)
    if offered is not None and offered.value is not None:
        said.append(
            words(
                "Am {day} gab es {n} von {all} online.",
                day=words.date(offered.period_end),
                n=words.number(offered.value),
                all=words.quantity(offered.n or 0, "services", case="dative"),
            )
        )
    used, kpi = (
        _newest(view, _USED[0], population),
        kpi_words(view, _USED[0], population.office),
    )
    if used is not None and kpi is not None and used.value is not None:
        said.append(headline(words, kpi, used))
    if not said:
        return words("Wie weit die Leistungen online sind, steht in der Liste.")
    return f"{population.name(view)}. {' '.join(said)}"


def _newest(view: View, kpi: str, population: Population) -> Figure | None:
    return newest_told(figures(view, kpi, grain="month", **population.dimensions))


def _charts(view: View, population: Population) -> list[Component | None]:
    """Draw what is still told: of a model nobody rates by any more, the list is all."""
    told = [
        kpi
        for kpi in (*_USED, *_OFFERED)
        if (newest := _newest(view, kpi, population)) is not None
        and newest.state != "no_data"
    ]
    return [kpi_chart(view, kpi, population, "month") for kpi in told]


def _filters(view: View) -> Component | None:
    words, offices = view.words, _known_offices(view)
    if len(offices) < 2:
        return None
    names = [
        Choice(each, view.city.office(each).name.in_language(view.language))
        for each in offices
    ]
    choices = [Choice("", words("Alle Ämter")), *names]
    return filter_form(view, [Select("amt", words("Amt"), choices)])


def _tiles(view: View, population: Population) -> Component | None:
    shown = [kpi_tile(view, kpi, population, "month") for kpi in (*_OFFERED, *_USED)]
    found = [each for each in shown if each is not None]
    heading = view.words("Die neuesten Monatszahlen")
    return section(heading, tiles(found), id="monat") if found else None


def _offices(view: View, population: Population) -> Component | None:
    words = view.words
    if population.office is not None or len(view.city.offices) < 2:
        return None
    rows: list[Row] = [
        (_link(view, office), Population(office)) for office in _known_offices(view)
    ]
    heading = words("Wie viele es online machen, Amt für Amt")
    shown = kpi_table(view, heading, words("Amt"), rows, _USED, "month")
    if shown is None:
        return None
    remark = words(
        "Die Reihenfolge ist keine Rangfolge: Manche Anliegen lassen sich leichter"
        " online erledigen als andere."
    )
    return section(heading, html.P(remark), shown, id="aemter")


def _link(view: View, office: str) -> Component:
    return html.A(
        view.city.office(office).name.in_language(view.language),
        href=view.addresses.digital(amt=office),
        className="kern-link",
    )


def _left_out(view: View) -> Component:
    words = view.words
    return section(
        words("Was hier fehlt"),
        html.P(
            words(
                "Wie viele einen Online-Antrag beginnen und nicht abschicken, erfassen"
                " die Quellen nicht. Auch ob jemand beim Ausfüllen Hilfe brauchte, ist"
                " nicht bekannt."
            )
        ),
        id="fehlt",
    )


PAGE = Page(
    name="digital",
    path="/digital",
    title=title,
    layout=layout,
    label=lambda view: view.words("Online-Dienste"),
    description=lambda view: view.words(
        "Welche Leistungen es in {city} online gibt und wie viele sie nutzen.",
        city=view.city.info.name,
    ),
    place="menu",
    places=places,
    filters=("amt",),
)
