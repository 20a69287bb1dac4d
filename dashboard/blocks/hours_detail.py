"""When to go, hour by hour: how far the waits spread, and on how many they stand."""

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.when_to_go import (
    Hour,
    Window,
    best_time,
    hours_table,
)
from dashboard.components.chart_block import disclosure
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import Words
from dashboard.opening import open_part
from dashboard.selection import shown_kpis
from dashboard.view import View
from ingest.city import Office


def when_to_go(
    view: View, office: Office, window: Window, chooser: Component | None = None
) -> Component:
    """Say when it is quiet, and show every hour that this is taken from."""
    words = view.words
    return section(
        words("Wann ist es am ruhigsten?"),
        chooser,
        html.P(best_time(words, window), className="best-time"),
        hours_table(view, office, window),
        _detail(view, office, window),
        _foot(view, window),
        id="wann",
    )


def _detail(view: View, office: Office, window: Window) -> Component:
    words = view.words
    knows_tickets = any(hour.sold_out_percent is not None for hour in window.measured)
    columns = [
        Column(words("Zeit")),
        Column(words("Die Hälfte wartete höchstens"), is_number=True),
        Column(words("9 von 10 warteten höchstens"), is_number=True),
        Column(words("Grundlage"), is_number=True),
    ]
    if knows_tickets:
        columns.append(Column(words("Keine Wartenummern mehr"), is_number=True))
    rows = [
        _row(words, hour, window, knows_tickets=knows_tickets)
        for hour in window.measured
    ]
    name = office.name.in_language(view.language)
    caption = words("{office}: jede Stunde mit Spanne und Grundlage", office=name)
    shown = table(caption, columns, rows, is_caption_visible=False)
    return disclosure(words("Jede Stunde mit Spanne und Grundlage"), [shown])


def _row(
    words: Words, hour: Hour, window: Window, *, knows_tickets: bool
) -> list[Cell]:
    spread = words("Zu wenige Fälle")
    if hour.p90_minutes is not None:
        spread = _minutes(words, hour.p90_minutes)
    unit = "opening_hours" if window.is_from_queue else "visits"
    cells: list[Cell] = [
        words(
            "{weekday}, {hours}",
            weekday=words.short_weekday(hour.weekday),
            hours=words.hours(
                *open_part(window.office, hour.weekday, hour.hour, hour.hour + 1)
            ),
        ),
        _minutes(words, hour.median_minutes or 0.0),
        spread,
        words.quantity(hour.n or 0, unit),
    ]
    if knows_tickets:
        known = hour.sold_out_percent
        said = words("Keine Daten") if known is None else words.percent(known)
        cells.append(said)
    return cells


def _minutes(words: Words, minutes: float) -> str:
    if round(minutes) == 0:
        return words("unter {value}", value=words.quantity(1, "minutes"))
    return words.quantity(minutes, "minutes")


def _foot(view: View, window: Window) -> Component:
    """Say what the table stands on, and lead to how it is measured."""
    told = "queue.median_wait_minutes", "waiting.median_minutes"
    kpi = told[0] if window.is_from_queue else told[1]
    link = html.A(
        view.words("Woher kommen diese Zahlen?"),
        href=view.addresses.method(kpi),
        className="kern-link",
    )
    parts: list[Component | str] = [_note(view.words, window)]
    if kpi in shown_kpis(view):
        parts += [" ", link]
    return html.P(parts, className="chart-source")


def _note(words: Words, window: Window) -> str:
    """Say what the table stands on."""
    if window.is_from_queue:
        return words(
            "Gemessen an den Wartezeiten, die das Amt gemeldet hat."
            " Gezählt sind Öffnungsstunden, keine einzelnen Besuche."
        )
    if window.is_by_appointment:
        return words(
            "Gemessen an allen Besuchen der letzten abgeschlossenen Wochen, ab der"
            " vereinbarten Zeit. Wie lange Sie warten, kann davon abweichen."
        )
    return words(
        "Gemessen an allen Besuchen ohne Termin in den letzten abgeschlossenen Wochen."
        " Wie lange Sie warten, kann davon abweichen."
    )
