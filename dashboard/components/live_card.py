"""What is going on at one office right now."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.view import Children


def live_card(
    name: str,
    address: str,
    *,
    value: str,
    state: Component,
    details: Children = None,
    observed: str,
    is_stale: bool = False,
) -> html.Li:
    """One office now: `name` links to `address`.

    `value` is the wait in words ("etwa 15 Minuten", "geschlossen"), `state` a badge
    ("geöffnet"), `details` e.g. how many people wait, `observed` when it was looked
    at; with `is_stale` that line is set off as old.
    """
    old = " is-stale" if is_stale else ""
    parts: list[Component] = [
        html.Div(
            [
                html.H3(html.A(name, href=address, className="kern-link")),
                state,
            ],
            className="live-head",
        ),
        html.P(value, className="live-value"),
    ]
    if details is not None:
        parts.append(html.P(details, className="live-details"))
    parts.append(html.P(observed, className=f"live-observed{old}"))
    return html.Li(parts, className="live-card")


def live_cards(items: Sequence[Component]) -> html.Ul:
    return html.Ul(list(items), className="live-cards", role="list")
