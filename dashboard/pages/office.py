"""One office: now, over time, by channel and by service."""

from collections.abc import Iterable, Mapping

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.crowd import crowd_parts
from dashboard.blocks.hours_detail import when_to_go
from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_table import kpi_table
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.links import office_link, service_rows
from dashboard.blocks.live_office import how_right, live_panel
from dashboard.blocks.opening_hours import opening_hours
from dashboard.blocks.price import price
from dashboard.blocks.rest_of_day import rest_of_day
from dashboard.blocks.satisfaction import satisfaction
from dashboard.blocks.visit_way import visit_way
from dashboard.blocks.when_to_go import window_of
from dashboard.components.filters import choice_links
from dashboard.components.long_page import fold, long_page
from dashboard.components.note import note
from dashboard.components.section import section
from dashboard.components.tile import tiles_and_more
from dashboard.selection import CHANNELS, Population, with_values
from dashboard.texts import german
from dashboard.view import Page, View
from ingest.city import Office

GRAINS = {"": "month", "quartal": "quarter", "woche": "week"}
_GRAIN_WORDS = {
    "": german("Monate"),
    "quartal": german("Quartale"),
    "woche": german("Wochen"),
}
_TILES = (
    "waiting.median_minutes",
    "waiting.p90_minutes",
    "waiting.share_within_target",
    "processing.expected_days",
    "backlog.open",
    "queue.median_wait_minutes",
    "bands.median_minutes",
    "waiting.visits",
    "waiting.no_show_share",
    "waiting.left_share",
    "estimate.share_within_5_minutes",
    "estimate.mean_error_minutes",
    "estimate.bias_minutes",
    "queue.p90_wait_minutes",
    "sold_out.share_of_hours",
    "sold_out.days",
    "sold_out.median_minutes_after_opening",
    "bands.p90_minutes",
    "bands.share_within_target",
    "processing.expected_days_hit_share",
    "backlog.older_than_deadline",
    "digital.online_share",
)
_CHARTS = (
    "waiting.median_minutes",
    "waiting.share_within_target",
    "waiting.visits",
    "waiting.no_show_share",
    "waiting.left_share",
)
# Said only where no visits are counted: looks at a queue and bands say less.
_QUEUE_CHARTS = (
    "queue.median_wait_minutes",
    "queue.median_waiting_people",
    "bands.median_minutes",
    "bands.p90_minutes",
)
_APPOINTMENT_TILES = (
    "appointments.median_days_to_next_free",
    "appointments.share_offered_within_14_days",
    "appointments.search_success_share",
    "appointments.p90_lead_days",
    "appointments.share_booked_within_14_days",
    "appointments.capacity_used_percent",
)
_APPOINTMENT_CHARTS = (
    "appointments.median_days_to_next_free",
    "appointments.search_success_share",
)
_CHANNELS = {name: CHANNELS[name] for name in ("walk_in", "appointment", "kiosk")}
_CHANNEL_KPIS = ("waiting.median_minutes", "waiting.p90_minutes", "waiting.visits")
_SERVICE_KPIS = (
    "waiting.median_minutes",
    "appointments.median_days_to_next_free",
    "processing.expected_days",
    "processing.share_within_deadline",
    "backlog.open",
)


def title(view: View) -> str:
    return _office(view).name.in_language(view.language)


def layout(view: View) -> html.Main:
    office = _office(view)
    parts = [
        _now(view, office),
        _merged(view, office),
        _when_to_go(view, office),
        opening_hours(view, office),
        _appointments(view, office),
        fold(_services(view, office)),
        _tiles(view, office),
        fold(visit_way(view, Population(office.id))),
        fold(_crowd(view, office)),
        *_charts(view, office),
        *satisfaction(view, office.id),
        fold(price(view, office.id)),
        fold(_channels(view, office)),
    ]
    return long_page(view, title(view), parts, lead=_lead(view, office))


def places(view: View) -> Iterable[Mapping[str, str]]:
    return [{"office": office.id} for office in view.city.offices]


def _office(view: View) -> Office:
    return view.city.office(view.parts["office"])


def _lead(view: View, office: Office) -> str | None:
    if office.appointment_only:
        return view.words("Dieses Amt bedient nur mit Termin.")
    return None


def _has_visits(view: View, office: Office) -> bool:
    return bool(with_values(view, "waiting.median_minutes", office=office.id))


def _now(view: View, office: Office) -> Component | None:
    is_reporting = view.live is not None and view.live.of(office.id) is not None
    if not office.hours and not is_reporting:
        return None
    parts = [
        live_panel(view, office),
        how_right(view, office),
        rest_of_day(view, office),
    ]
    return section(view.words("Jetzt"), *parts, id="jetzt")


def _merged(view: View, office: Office) -> Component | None:
    """Say where a small office's figures are."""
    words = view.words
    fewest = view.city.publish.min_staff
    if office.staff is None or office.staff >= fewest or office.parent is None:
        return None
    link = office_link(view, office.parent)
    body = html.P([words("Seine Zahlen sind enthalten in:"), " ", link])
    heading = words(
        "In diesem Amt arbeiten weniger als {n} Menschen.", n=words.number(fewest)
    )
    return note("info", heading, body)


def _tiles(view: View, office: Office) -> Component | None:
    has_visits = _has_visits(view, office)
    shown = [
        kpi_tile(view, kpi, Population(office.id), "quarter")
        for kpi in _TILES
        if not (has_visits and kpi.startswith(("queue.", "bands.")))
    ]
    found = [each for each in shown if each is not None]
    if not found:
        return None
    heading = view.words("Die neuesten Quartalszahlen")
    return section(heading, *tiles_and_more(view, found, at_first=6), id="quartal")


def _appointments(view: View, office: Office) -> Component | None:
    shown = [
        kpi_tile(view, kpi, Population(office.id), "month")
        for kpi in _APPOINTMENT_TILES
    ]
    found = [each for each in shown if each is not None]
    if not found:
        return None
    heading = view.words("Einen Termin bekommen")
    return section(heading, *tiles_and_more(view, found, at_first=3), id="termin")


def _when_to_go(view: View, office: Office) -> Component | None:
    window = window_of(view, office)
    return None if window is None else when_to_go(view, office, window)


def _crowd(view: View, office: Office) -> Component | None:
    parts = crowd_parts(view, office)
    if not parts:
        return None
    return section(view.words("Typischer Andrang"), *parts, id="andrang")


def _charts(view: View, office: Office) -> list[Component]:
    words = view.words
    waits = _CHARTS if _has_visits(view, office) else _QUEUE_CHARTS
    kpis = (*waits, *_APPOINTMENT_CHARTS)
    available = [
        name
        for name, grain in GRAINS.items()
        if any(with_values(view, kpi, office=office.id, grain=grain) for kpi in kpis)
    ]
    if not available:
        return []
    chosen = view.query.get("zeitraum", "")
    name = chosen if chosen in available else available[0]
    choices = [
        (_grain_address(view, each), words(_GRAIN_WORDS[each])) for each in available
    ]
    blocks = [
        kpi_chart(
            view,
            kpi,
            Population(office.id),
            GRAINS[name],
            kind="bar" if kpi == "waiting.visits" else "line",
        )
        for kpi in kpis
    ]
    return [
        choice_links(words("Zeitraum"), choices, _grain_address(view, name)),
        *(block for block in blocks if block is not None),
    ]


def _grain_address(view: View, name: str) -> str:
    return view.addresses.to(view.path, zeitraum=name or None)


def _channels(view: View, office: Office) -> Component | None:
    words = view.words
    rows = [
        (words(text), Population(office.id, channel=channel))
        for channel, text in _CHANNELS.items()
    ]
    head = words("Mit und ohne Termin")
    shown = kpi_table(
        view, head, words("Art des Besuchs"), rows, _CHANNEL_KPIS, "quarter"
    )
    return None if shown is None else section(head, shown, id="kanal")


def _services(view: View, office: Office) -> Component | None:
    words = view.words
    rows = service_rows(view, office.id)
    head = words("Leistungen dieses Amtes")
    if not rows:
        return None
    shown = kpi_table(view, head, words("Leistung"), rows, _SERVICE_KPIS, "quarter")
    if shown is None:
        names = [html.Li(name) for name, _ in rows]
        shown = html.Ul(names)
    return section(head, shown, id="leistungen")


PAGE = Page(
    name="office",
    path="/amt/{office}",
    title=title,
    layout=layout,
    description=lambda view: view.words(
        "Wartezeiten, Öffnungszeiten und Bearbeitungszeiten: {office}.",
        office=title(view),
    ),
    places=places,
    filters=("zeitraum",),
)
