"""One office right now, as a card."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.badge import badge
from dashboard.components.live_card import live_card
from dashboard.live_words import Now, now_at
from dashboard.selection import holidays
from dashboard.view import View
from ingest.city import Office


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


def now_of(view: View, office: Office) -> Now:
    days = holidays(view.snapshot)
    return now_at(view.words, view.city, office, view.live, days, view.now)
