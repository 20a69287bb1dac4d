"""The service centre: how well it is reached by phone, chat and mail."""

from collections.abc import Iterable, Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_table import Row, kpi_table
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.links import office_link
from dashboard.blocks.satisfaction import SHARE, TILES, satisfaction
from dashboard.components.filters import Choice, Select, choice_links, filter_form
from dashboard.components.long_page import fold, long_page
from dashboard.components.section import section
from dashboard.components.tile import tiles
from dashboard.goals import SERVICE_LEVEL
from dashboard.reading import a_year_before, known
from dashboard.selection import (
    LINES,
    Population,
    figures,
    kpi_words,
    newest_told,
    with_values,
)
from dashboard.sentences import headline
from dashboard.view import Page, View

_TABLES: Final = frozenset({"contacts", "ratings"})
_OFFERED: Final = "contacts.offered"
_WAIT: Final = "contacts.mean_wait_seconds"
_KPIS: Final = (
    SERVICE_LEVEL,
    "contacts.answered_share",
    "contacts.abandoned_share",
    _WAIT,
    "contacts.solved_first_share",
    _OFFERED,
)
_HANDLING: Final = "contacts.mean_handling_seconds"
# What is said first; where the exchange does not count it, the next.
_LEADS: Final = (SERVICE_LEVEL, "contacts.answered_share", _OFFERED)
_GRAIN: Final = "month"


def title(view: View) -> str:
    if _tells_of_contacts(view):
        return view.words("Wie gut ist die Stadt erreichbar?")
    return view.words("Wie zufrieden sind die Menschen?")


def layout(view: View) -> html.Main:
    office = _office(view)
    parts: list[Component | None] = [_filter(view)]
    if office is not None:
        lines = _lines(view, office)
        parts += [
            *(_tiles(view, office, line) for line in lines),
            *_charts(view, office, lines),
            kpi_chart(view, _HANDLING, Population(office), _GRAIN),
            *satisfaction(view, office),
        ]
    parts.append(fold(_rated_offices(view)))
    return long_page(view, title(view), parts, lead=_lead(view, office))


def places(view: View) -> Iterable[Mapping[str, str]]:
    """Give the one page, where any source delivers contacts or ratings."""
    is_told = any(source.table in _TABLES for source in view.city.sources)
    return [{}] if is_told else []


def _tells_of_contacts(view: View) -> bool:
    return any(source.table == "contacts" for source in view.city.sources)


def _contact_offices(view: View) -> list[str]:
    return [office.id for office in view.city.offices if _lines(view, office.id)]


def _office(view: View) -> str | None:
    offices = _contact_offices(view)
    chosen = view.query.get("amt", "")
    return chosen if chosen in offices else next(iter(offices), None)


def _lines(view: View, office: str) -> list[str]:
    """List the lines of which anything is known."""
    return [
        line
        for line in LINES
        if any(
            known(figures(view, kpi, office=office, channel=line, grain=_GRAIN))
            for kpi in _KPIS
        )
    ]


def _lead(view: View, office: str | None) -> str:
    words = view.words
    for line in [] if office is None else _lines(view, office):
        population = Population(office, channel=line)
        for kpi_id in _LEADS:
            series = figures(view, kpi_id, grain=_GRAIN, **population.dimensions)
            kpi, newest = kpi_words(view, kpi_id, office, line), newest_told(series)
            if kpi is not None and newest is not None and newest.value is not None:
                said = headline(words, kpi, newest, a_year_before(series, newest))
                return f"{population.name(view)}. {said}"
    if _rated(view):
        return words("Was Menschen geantwortet haben, die ein Amt besucht haben.")
    return words(
        "Für {city} gibt es noch keine Zahlen, die hier stehen dürfen.",
        city=view.city.info.name,
    )


def _filter(view: View) -> Component | None:
    offices = _contact_offices(view)
    if len(offices) < 2:
        return None
    names = [
        Choice(
            "" if i == 0 else each,
            view.city.office(each).name.in_language(view.language),
        )
        for i, each in enumerate(offices)
    ]
    return filter_form(view, [Select("amt", view.words("Amt"), names)])


def _tiles(view: View, office: str, line: str) -> Component | None:
    population = Population(office, channel=line)
    found = [kpi_tile(view, kpi, population, _GRAIN) for kpi in _of_line(line)]
    shown = [each for each in found if each is not None]
    return section(view.words(LINES[line]), tiles(shown), id=line) if shown else None


def _of_line(line: str) -> list[str]:
    """List a line's KPIs: a mail is answered in hours, not in seconds."""
    return [kpi for kpi in _KPIS if not (line == "mail" and kpi == _WAIT)]


def _charts(view: View, office: str, lines: list[str]) -> list[Component | None]:
    if not lines:
        return []
    words = view.words
    chosen = view.query.get("weg", "")
    line = chosen if chosen in lines else lines[0]
    links: list[Component | None] = []
    if len(lines) > 1:
        choices = [
            (_line_address(view, lines, each), words(LINES[each])) for each in lines
        ]
        current = _line_address(view, lines, line)
        links = [choice_links(words("Weg"), choices, current)]
    population = Population(office, channel=line)
    return links + [
        kpi_chart(
            view, kpi, population, _GRAIN, kind="bar" if kpi == _OFFERED else "line"
        )
        for kpi in _of_line(line)
    ]


def _line_address(view: View, lines: list[str], line: str) -> str:
    query = {**view.query, "weg": None if line == lines[0] else line}
    return view.addresses.to(view.path, **query)


def _rated(view: View) -> list[str]:
    return [
        office.id
        for office in view.city.offices
        if with_values(view, SHARE, office=office.id)
    ]


def _rated_offices(view: View) -> Component | None:
    """Compare nothing: what people are asked about differs from office to office."""
    words, offices = view.words, _rated(view)
    rows: list[Row] = [
        (office_link(view, office), Population(office)) for office in offices
    ]
    heading = words("Zufriedenheit in den Ämtern")
    shown = kpi_table(view, heading, words("Amt"), rows, TILES, "quarter")
    if shown is None:
        return None
    remark = words(
        "Die Reihenfolge ist keine Rangfolge: Die Ämter haben verschiedene Aufgaben."
    )
    several = html.P(remark) if len(rows) > 1 else None
    return section(heading, several, shown, id="aemter")


PAGE = Page(
    name="service-centre",
    path="/servicecenter",
    title=title,
    layout=layout,
    label=lambda view: (
        view.words("Telefon und Chat")
        if _tells_of_contacts(view)
        else view.words("Zufriedenheit")
    ),
    description=lambda view: view.words(
        "Wie schnell Anrufe und Nachrichten in {city} angenommen werden und wie"
        " zufrieden die Menschen sind.",
        city=view.city.info.name,
    ),
    place="menu",
    places=places,
    filters=("amt", "weg"),
)
