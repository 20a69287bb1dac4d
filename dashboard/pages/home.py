"""Waiting now, when to go, and how the last quarter was."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.by_office import case_offices
from dashboard.blocks.hours_detail import when_to_go
from dashboard.blocks.hours_saved import hours_saved
from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_table import Row, kpi_table
from dashboard.blocks.kpi_tile import kpi_tile
from dashboard.blocks.links import all_services, office_link
from dashboard.blocks.live_office import live_office, now_of
from dashboard.blocks.when_to_go import window_of
from dashboard.components.filters import Choice, Select, filter_form
from dashboard.components.live_card import live_cards
from dashboard.components.long_page import fold, long_page
from dashboard.components.note import note
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.components.tile import tiles
from dashboard.selection import Population, with_values
from dashboard.view import Page, View
from ingest.city import Office

_TILES = (
    "waiting.median_minutes",
    "waiting.share_within_target",
    "waiting.no_show_share",
    "processing.share_within_deadline",
    "backlog.open",
    "backlog.older_than_deadline",
)
_SEARCHES = ("appointments.median_days_to_next_free",)  # an office's page has more
# What a city without visits of its own still knows about its queues.
_QUEUE_KPIS = ("queue.median_wait_minutes", "queue.median_waiting_people")
_QUEUE_TILES = (
    "queue.median_wait_minutes",
    "queue.p90_wait_minutes",
    "queue.median_waiting_people",
)


def title(view: View) -> str:
    if view.live is not None and view.live.queues:
        return view.words("Wartezeiten jetzt")
    if has_queues(view):
        return view.words("Wartezeiten")
    return view.words("So arbeiten die Ämter")


def layout(view: View) -> html.Main:
    parts = [
        *_now(view),
        *_when_to_go(view),
        _appointments(view),
        all_services(view),
        *_last_quarter(view),
        *map(fold, _offices(view)),
        *_lifetime(view),
    ]
    return long_page(view, title(view), parts, lead=_lead(view))


def has_queues(view: View) -> bool:
    """Tell whether visitors wait at all, as far as the snapshot knows."""
    if view.live is not None and view.live.queues:
        return True
    if view.snapshot.frames["wait_by_hour"].height:
        return True
    offices = [None, *(office.id for office in view.city.offices)]
    return any(
        with_values(view, kpi, office=office)
        for kpi in ("waiting.median_minutes", *_QUEUE_KPIS)
        for office in offices
    )


def _lead(view: View) -> str:
    words = view.words
    stand = words.moment(view.now)
    if not has_queues(view) and not case_offices(view):
        if _appointments(view) is not None:
            return words(
                "Wie weit die nächsten freien Termine in {city} entfernt sind.",
                city=view.city.info.name,
            )
        return words(
            "Für {city} gibt es noch keine Zahlen, die hier stehen dürfen.",
            city=view.city.info.name,
        )
    if not has_queues(view):
        return words(
            "Wie lange Anliegen in {city} dauern und was noch offen ist.",
            city=view.city.info.name,
        )
    standing = [now_of(view, office) for office in view.city.offices]
    known = [now for now in standing if now.is_known]
    is_open = sum(now.kind == "success" for now in known)
    if not known:
        return stand
    if len(view.city.offices) == 1:
        if is_open:
            return words("{moment}: Das Amt hat geöffnet.", moment=stand)
        return words("{moment}: Das Amt hat geschlossen.", moment=stand)
    if not is_open:
        return words("{moment}: Zurzeit ist kein Amt geöffnet.", moment=stand)
    return words.plural(
        "{moment}: {n} von {all} Ämtern hat geöffnet.",
        "{moment}: {n} von {all} Ämtern haben geöffnet.",
        is_open,
        moment=stand,
        all=words.number(len(known)),
    )


def _now(view: View) -> list[Component]:
    if not has_queues(view):
        return []
    words = view.words
    reporting = {queue.office for queue in view.live.queues} if view.live else set()
    offices = view.city.offices
    cards = [live_office(view, each) for each in offices if each.id in reporting]
    others = [each for each in offices if each.id not in reporting]
    shown = live_cards(cards) if cards else None
    heading = words("Die Ämter im Augenblick")
    # The title says the same; on a phone the first wait must be on the first screen.
    parts = (shown, _other_offices(view, others))
    return [section(heading, *parts, id="jetzt", is_heading_visible=False)]


def _other_offices(view: View, offices: Sequence[Office]) -> Component | None:
    """List the offices that do not report how long the wait is."""
    words = view.words
    if not offices:
        return None
    rows: list[list[Cell]] = [
        [office_link(view, office.id), now_of(view, office).value] for office in offices
    ]
    columns = [Column(words("Amt")), Column(words("Öffnung"))]
    is_all = len(offices) == len(view.city.offices)
    caption = (
        words("Wann die Ämter öffnen")
        if is_all
        else words("Ämter, die keine Wartezeit melden")
    )
    return table(caption, columns, rows, is_caption_visible=not is_all)


def _when_to_go(view: View) -> list[Component]:
    words = view.words
    windows = {
        office.id: window
        for office in view.city.offices
        if (window := window_of(view, office)) is not None
    }
    if not windows:
        return []
    chosen = view.query.get("amt", "")
    office_id = chosen if chosen in windows else next(iter(windows))
    office, window = view.city.office(office_id), windows[office_id]
    choices = [
        Choice(
            "" if i == 0 else each,
            view.city.office(each).name.in_language(view.language),
        )
        for i, each in enumerate(windows)
    ]
    select = Select("amt", words("Amt"), choices)
    chooser = filter_form(view, [select]) if len(windows) > 1 else None
    return [when_to_go(view, office, window, chooser)]


def _appointments(view: View) -> Component | None:
    """Compare how soon the offices offer an appointment to who searches for one."""
    words = view.words
    rows: list[Row] = [
        (office_link(view, office.id), Population(office.id))
        for office in view.city.offices
    ]
    heading = words("Wann gibt es den nächsten freien Termin?")
    shown = kpi_table(view, heading, words("Amt"), rows, _SEARCHES, "month")
    return None if shown is None else section(heading, shown, id="termine")


def _last_quarter(view: View) -> list[Component]:
    words = view.words
    city = Population()
    kpis = list(_TILES)
    if not with_values(view, "waiting.median_minutes"):
        kpis = [*_QUEUE_TILES, *_TILES[3:]]
    shown = [kpi_tile(view, kpi, city, "quarter") for kpi in kpis]
    found = [each for each in shown if each is not None]
    if not found:
        return []
    return [
        section(
            words("Die neuesten Quartalszahlen"),
            _late(view),
            tiles(found),
            id="quartal",
        ),
    ]


def _late(view: View) -> Component | None:
    """Warn above the tiles if any source of theirs has not delivered as promised."""
    late = [
        status
        for status in view.snapshot.sources
        if status["is_late"] and status["table"] != "queue_samples"
    ]
    if not late:
        return None
    link = html.A(
        view.words("Wie aktuell sind die Daten?"),
        href=view.addresses.data_status(),
        className="kern-link",
    )
    return note("warning", view.words("Neue Daten sind überfällig."), html.P(link))


def _lifetime(view: View) -> list[Component]:
    block = kpi_chart(view, "waiting.hours_waited", Population(), "quarter", kind="bar")
    found = [block, hours_saved(view, Population(), "quarter")]
    return [each for each in found if each is not None]


def _offices(view: View) -> list[Component]:
    words = view.words
    rows: list[Row] = [
        (office_link(view, office.id), Population(office.id))
        for office in view.city.offices
    ]
    heading = words("Alle Ämter")
    shown = kpi_table(view, heading, words("Amt"), rows, _office_kpis(view), "quarter")
    if shown is None:
        shown = html.Ul([html.Li(link) for link, _ in rows])
    remark = words(
        "Die Reihenfolge ist keine Rangfolge: Die Ämter haben verschiedene Aufgaben."
    )
    several = html.P(remark) if len(rows) > 1 else None
    return [section(heading, several, shown, id="aemter")]


def _office_kpis(view: View) -> tuple[str, ...]:
    has_visits = any(
        with_values(view, "waiting.median_minutes", office=office.id)
        for office in view.city.offices
    )
    waits = ("waiting.median_minutes",) if has_visits else _QUEUE_KPIS
    return *waits, "processing.expected_days", "backlog.open"


PAGE = Page(
    name="home",
    path="/",
    title=title,
    layout=layout,
    label=lambda view: view.words("Jetzt"),
    description=lambda view: view.words(
        "Aktuelle Wartezeiten und die beste Zeit für Ihren Besuch in {city}.",
        city=view.city.info.name,
    ),
    place="menu",
    filters=("amt",),
)
