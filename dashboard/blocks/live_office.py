"""One office right now, as a card."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.badge import badge
from dashboard.components.live_card import live_card
from dashboard.live_words import Now, now_at
from dashboard.selection import (
    figures,
    holidays,
    kpi_words,
    latest,
    sources_behind,
)
from dashboard.view import View
from ingest.city import Office

_BIAS: Final = "estimate.bias_minutes"


def live_office(view: View, office: Office) -> html.Li:
    now = now_of(view, office)
    return live_card(
        office.name.in_language(view.language),
        view.addresses.office(office.id),
        value=now.value,
        state=badge(now.kind, now.state),
        details=now.details,
        observed=now.observed,
        is_stale=now.is_stale,
    )


def live_panel(view: View, office: Office) -> html.Div:
    """Show the same on the office's own page, without its name once more."""
    now = now_of(view, office)
    old = " is-stale" if now.is_stale else ""
    parts: list[Component] = [
        html.Div(badge(now.kind, now.state), className="live-head"),
        html.P(now.value, className="live-value"),
    ]
    if now.details is not None:
        parts.append(html.P(now.details, className="live-details"))
    parts.append(html.P(now.observed, className=f"live-observed{old}"))
    return html.Div(parts, className="live-card")


def how_right(view: View, office: Office) -> html.P | None:
    """Say below a wait how far such displays were off, where that is much."""
    queue = view.live.of(office.id) if view.live is not None else None
    if queue is None or queue.wait_minutes is None or queue.is_stale:
        return None
    newest = latest(figures(view, _BIAS, office=office.id))
    kpi = kpi_words(view, _BIAS, office.id)
    if kpi is None or newest is None or newest.value is None:
        return None
    if abs(newest.value) < view.city.publish.live_wait_base_minutes:
        return None
    words = view.words
    said = {
        "period": words.in_period(newest.grain, newest.period_start),
        "minutes": words.quantity(abs(newest.value), "minutes"),
        "more": words("kürzer") if newest.value > 0 else words("länger"),
    }
    sources = sources_behind(view, kpi, office.id)
    if any(source["table"] == "tickets" for source in sources):
        text = words(
            "{period} wartete, wer ohne Termin kam, im Mittel {minutes} {more} als"
            " angezeigt.",
            **said,
        )
    else:
        text = words(
            "{period} war die Wartezeit im Mittel {minutes} {more} als angezeigt.",
            **said,
        )
    more = html.A(
        words("Woher kommt diese Zahl?"),
        href=view.addresses.way(newest.figure_id),
        className="kern-link",
    )
    return html.P([text, " ", more], className="live-details")


def now_of(view: View, office: Office) -> Now:
    days = holidays(view.snapshot)
    return now_at(view.words, view.city, office, view.live, days, view.now)
