"""An office's address, opening hours and coming closures."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.components.table import Column, table
from dashboard.view import View
from ingest.city import WEEKDAYS, Office


def opening_hours(view: View, office: Office) -> Component | None:
    """Say where an office is, when it opens and when it will be closed."""
    words = view.words
    parts: list[Component] = []
    if office.address:
        parts.append(html.P(office.address))
    if office.appointment_url:
        link = html.A(
            words("Termin vereinbaren"),
            href=office.appointment_url,
            className="kern-link",
        )
        parts.append(html.P(link))
    if office.hours:
        parts.append(_hours_table(view, office))
    closures = _closures(view, office)
    if closures:
        parts.append(html.P(words("Außerdem geschlossen:")))
        parts.append(html.Ul(closures))
    if not parts:
        return None
    return section(words("Öffnungszeiten und Adresse"), *parts, id="oeffnungszeiten")


def _hours_table(view: View, office: Office) -> Component:
    words = view.words
    rows = []
    for number, day in enumerate(WEEKDAYS, 1):
        intervals = office.hours.get(day, ())  # type: ignore[call-overload]
        said = [words.hours(each.opens, each.closes) for each in intervals]
        rows.append(
            [
                words.weekday(number),
                words.listing(said) if said else words("geschlossen"),
            ]
        )
    columns = [Column(words("Wochentag")), Column(words("Geöffnet"))]
    return table(words("Öffnungszeiten"), columns, rows, is_caption_visible=False)


def _closures(view: View, office: Office) -> list[Component]:
    """List the closures that are still to come, soonest first."""
    words = view.words
    today = view.now.astimezone(view.city.timezone).date()
    coming = [
        closure
        for closure in view.city.closures
        if closure.last_on >= today
        and (not closure.offices or office.id in closure.offices)
    ]
    items: list[Component] = []
    for closure in sorted(coming, key=lambda each: each.first_on)[:6]:
        reason = closure.reason.in_language(view.language)
        if closure.first_on == closure.last_on:
            days = words.date(closure.first_on)
        else:
            days = words(
                "{first} bis {last}",
                first=words.date(closure.first_on),
                last=words.date(closure.last_on),
            )
        items.append(html.Li(f"{days}: {reason}"))
    return items
