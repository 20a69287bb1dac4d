"""Waiting now, when to go, and how the last quarter was."""

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.kpi_chart import kpi_chart
from dashboard.blocks.kpi_tile import comparison, kpi_tile
from dashboard.blocks.live_office import live_office, now_of
from dashboard.blocks.when_to_go import best_time, hours_table, window_note, window_of
from dashboard.components.filters import Choice, Select, filter_form
from dashboard.components.frame import main
from dashboard.components.live_card import live_cards
from dashboard.components.section import section
from dashboard.components.table import Column, table
from dashboard.components.tile import tiles
from dashboard.reading import a_year_before, value_words
from dashboard.selection import (
    Population,
    figures,
    kpi_words,
    latest,
    with_values,
)
from dashboard.view import Page, View

_TILES = (
    "waiting.median_minutes",
    "waiting.share_within_target",
    "waiting.no_show_share",
    "processing.share_within_deadline",
    "backlog.open",
    "backlog.older_than_deadline",
)
# What a city without visits of its own still knows about its queues.
_QUEUE_TILES = ("queue.median_wait_minutes", "queue.p90_wait_minutes")
# The first that an office has is what the list of offices shows.
_OFFICE_KPIS = (
    "waiting.median_minutes",
    "queue.median_wait_minutes",
    "processing.median_days_decided",
)


def title(view: View) -> str:
    if has_queues(view):
        return view.words("Wartezeiten jetzt")
    return view.words("So arbeiten die Ämter")


def layout(view: View) -> html.Main:
    parts = [
        *_now(view),
        *_when_to_go(view),
        *_last_quarter(view),
        *_lifetime(view),
        *_offices(view),
    ]
    return main(title(view), *parts, lead=_lead(view))


def has_queues(view: View) -> bool:
    """Tell whether visitors wait at all, as far as the snapshot knows."""
    if view.live is not None and view.live.queues:
        return True
    if view.snapshot.wait_by_hour.height:
        return True
    kpis = ("waiting.median_minutes", "queue.median_wait_minutes")
    return any(with_values(view, kpi) for kpi in kpis)


def _lead(view: View) -> str:
    words = view.words
    stand = words.moment(view.now)
    if not has_queues(view):
        return words(
            "Wie lange Anliegen in {city} dauern und was noch offen ist.",
            city=view.city.info.name,
        )
    standing = [now_of(view, office) for office in view.city.offices]
    is_open = sum(now.kind == "success" for now in standing)
    if all(now.kind == "neutral" for now in standing):
        return words("{moment}: Zurzeit ist kein Amt geöffnet.", moment=stand)
    return words(
        "{moment}: {open} von {all} Ämtern haben geöffnet.",
        moment=stand,
        open=words.number(is_open),
        all=words.number(len(standing)),
    )


def _now(view: View) -> list[Component]:
    if not has_queues(view):
        return []
    words = view.words
    reporting = {queue.office for queue in view.live.queues} if view.live else set()
    # Offices that say how long the wait is come first, each group as in the city file.
    offices = sorted(view.city.offices, key=lambda each: each.id not in reporting)
    cards = [live_office(view, office) for office in offices]
    return [
        section(words("Die Ämter im Augenblick"), live_cards(cards), id="jetzt"),
    ]


def _when_to_go(view: View) -> list[Component]:
    words = view.words
    windows = {
        office.id: window
        for office in view.city.offices
        if (window := window_of(view, office.id)) is not None
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
    return [
        section(
            words("Wann ist es am ruhigsten?"),
            filter_form(view, [select]) if len(windows) > 1 else None,
            html.P(best_time(words, window), className="best-time"),
            hours_table(view, office, window),
            html.P(window_note(words, window), className="chart-source"),
            id="wann",
        )
    ]


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
        section(words("Das letzte Quartal"), tiles(found), id="quartal"),
    ]


def _lifetime(view: View) -> list[Component]:
    block = kpi_chart(view, "waiting.hours_waited", Population(), "quarter", kind="bar")
    return [] if block is None else [block]


def _offices(view: View) -> list[Component]:
    words = view.words
    rows: list[list[Component | str]] = []
    for office in view.city.offices:
        name = html.A(
            office.name.in_language(view.language),
            href=view.addresses.office(office.id),
            className="kern-link",
        )
        rows.append([name, *_office_figure(view, office.id)])
    columns = [
        Column(words("Amt")),
        Column(words("Letztes Quartal")),
        Column(words("Vergleich mit dem Vorjahr")),
    ]
    return [
        section(
            words("Alle Ämter"),
            html.P(
                words(
                    "Die Reihenfolge ist keine Rangfolge:"
                    " Die Ämter haben verschiedene Aufgaben."
                )
            ),
            table(
                words("Die Ämter und ihr letztes Quartal"),
                columns,
                rows,
                is_caption_visible=False,
            ),
            id="aemter",
        )
    ]


def _office_figure(view: View, office: str) -> tuple[str, str]:
    words = view.words
    for kpi_id in _OFFICE_KPIS:
        series = figures(view, kpi_id, office=office)
        kpi, newest = kpi_words(view, kpi_id, office), latest(series)
        if kpi is None or newest is None:
            continue
        said = words(
            "{label}: {value} ({period})",
            label=kpi.label,
            value=value_words(words, kpi, newest),
            period=words.period(newest.grain, newest.period_start),
        )
        return said, comparison(view, kpi, newest, a_year_before(series, newest))
    return words("Keine Daten"), words("Kein Vergleich")


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
