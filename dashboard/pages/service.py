"""One service: how long it takes, from the appointment to the decision."""

from collections.abc import Iterable, Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.links import office_link, service_link
from dashboard.blocks.visit_way import visit_way
from dashboard.components.long_page import fold, long_page
from dashboard.components.section import section
from dashboard.components.tile import tiles, tiles_and_more
from dashboard.reading import Figure, KpiWords, a_year_before
from dashboard.selection import Population, figures, kpi_words, newest_told
from dashboard.sentences import headline
from dashboard.statements import statement
from dashboard.view import Page, View
from ingest.city import Deadline, Service

_NEXT_FREE = "appointments.median_days_to_next_free"
_SUCCESS = "appointments.search_success_share"
_SEARCHES = (_NEXT_FREE, "appointments.share_offered_within_14_days", _SUCCESS)
_LEAD = ("appointments.p90_lead_days", "appointments.share_booked_within_14_days")
_CASES = (
    "processing.expected_days",
    "processing.share_within_deadline",
    "backlog.open",
    "backlog.older_than_deadline",
)
# What answers "how long does it take" first, with its grain.
_ANSWERS = (
    ("processing.expected_days", "month"),
    (_NEXT_FREE, "month"),
    ("waiting.median_minutes", "quarter"),
    ("backlog.open", "quarter"),
)


def title(view: View) -> str:
    return _service(view).name.in_language(view.language)


def layout(view: View) -> html.Main:
    service = _service(view)
    population = _population(service)
    parts = [
        _office(view, service),
        _cases(view, service, population),
        _appointments(view, service, population),
        fold(visit_way(view, population)),
        kpi_chart(view, "processing.expected_days", population, "month"),
        kpi_chart(view, _NEXT_FREE, population, "month"),
        kpi_chart(view, _SUCCESS, population, "month"),
        _others(view, service),
    ]
    return long_page(view, title(view), parts, lead=_lead(view, population))


def places(view: View) -> Iterable[Mapping[str, str]]:
    return [{"service": service.id} for service in view.city.services]


def _service(view: View) -> Service:
    return view.city.service(view.parts["service"])


def _population(service: Service) -> Population:
    """Leave out the office of a sensitive service: it is told for the city only."""
    return Population(None if service.sensitive else service.office, service.id)


def _lead(view: View, population: Population) -> str:
    """Answer how long it takes: until it is done, and until there is an appointment."""
    first = [_newest(view, *answer, population) for answer in _ANSWERS]
    found = next((answer for answer in first if answer is not None), None)
    if found is None:
        return view.words(
            "Für diese Leistung gibt es noch keine Zahlen, die hier stehen dürfen."
        )
    kpi, newest, before = found
    said = [headline(view.words, kpi, newest, before)]
    # The days are of those who found an appointment; how many did comes with them.
    for each in (_NEXT_FREE, _SUCCESS):
        more = _newest(view, each, "month", population)
        if more is not None and each != kpi.id:
            said.append(f"{statement(view.words, *more[:2])}.")
    return " ".join(said)


def _newest(
    view: View, kpi_id: str, grain: str, population: Population
) -> tuple[KpiWords, Figure, Figure | None] | None:
    """Give the newest figure, if it may be shown, and the one a year before."""
    series = figures(view, kpi_id, grain=grain, **population.dimensions)
    kpi, newest = kpi_words(view, kpi_id, population.office), newest_told(series)
    if kpi is None or newest is None or newest.value is None:
        return None
    return kpi, newest, a_year_before(series, newest)


def _office(view: View, service: Service) -> Component:
    link = office_link(view, service.office)
    return html.P([view.words("Zuständiges Amt:"), " ", link])


def _appointments(
    view: View, service: Service, population: Population
) -> Component | None:
    """Show how soon there is an appointment: for this service, else for its office."""
    words = view.words
    lead = _tiles(view, _LEAD, population, "quarter")
    searches, remark = _tiles(view, _SEARCHES, population, "month"), None
    if not searches and not service.sensitive:
        searches = _tiles(view, _SEARCHES, Population(service.office), "month")
        if searches:
            remark = html.P(
                words(
                    "Nach freien Terminen wird für das Amt im Ganzen gesucht, nicht für"
                    " diese Leistung allein."
                )
            )
    if not (searches or lead):
        return None
    heading = words("Einen Termin bekommen")
    shown = tiles_and_more(view, [*searches, *lead], at_first=3)
    return section(heading, remark, *shown, id="termin")


def _cases(view: View, service: Service, population: Population) -> Component | None:
    grain = "quarter" if service.sensitive else "month"
    shown = _tiles(view, _CASES, population, grain)
    norms = [_norm(view, each) for each in _deadlines(view, service)]
    heading = view.words("Bis es erledigt ist")
    if not shown and service.done_in_visit:
        said = view.words("Diese Leistung wird sofort beim Besuch erledigt.")
        return section(heading, html.P(said), id="bearbeitung")
    if not shown:
        return None
    promised = html.Ul(norms) if norms else None
    return section(heading, tiles(shown), promised, id="bearbeitung")


def _tiles(
    view: View, kpis: Iterable[str], population: Population, grain: str
) -> list[Component]:
    shown = [kpi_tile(view, kpi, population, grain) for kpi in kpis]
    return [each for each in shown if each is not None]


def _deadlines(view: View, service: Service) -> Sequence[Deadline]:
    """Give the deadlines that hold today."""
    today = view.now.astimezone(view.city.timezone).date()
    return [
        each
        for each in view.city.deadlines
        if each.service == service.id
        and each.valid_from <= today
        and (each.valid_to is None or today <= each.valid_to)
    ]


def _norm(view: View, deadline: Deadline) -> Component:
    label = deadline.label.in_language(view.language)
    return html.Li(html.A(label, href=deadline.source, className="kern-link"))


def _others(view: View, service: Service) -> Component | None:
    others = [
        each for each in view.city.services_of(service.office) if each.id != service.id
    ]
    if not others:
        return None
    items = [html.Li(service_link(view, each)) for each in others]
    heading = view.words("Andere Leistungen dieses Amtes")
    links = html.Ul(items, className="service-links", role="list")
    return section(heading, links, id="andere")


PAGE = Page(
    name="service",
    path="/leistung/{service}",
    title=title,
    layout=layout,
    description=lambda view: view.words(
        "Wie lange es dauert, von der Terminsuche bis zur Entscheidung: {service}.",
        service=title(view),
    ),
    places=places,
)
