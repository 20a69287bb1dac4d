"""Tiles: one figure each, large, with what it is and how it stands."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.chart_block import disclosure
from dashboard.view import Children, View


def tile(
    label: str,
    value: str,
    *,
    note: Children = None,
    badge: Component | None = None,
    more: Component | None = None,
    level: int = 3,
) -> html.Li:
    """One figure: `value` comes with its unit ("14 Minuten").

    `note` says what is counted and of when, `badge` how it stands against its target,
    `more` is usually an html.A. Without a figure put words into `value`
    ("keine Angabe") and the reason into `note`.
    """
    heading = {2: html.H2, 3: html.H3, 4: html.H4}[level]
    parts: list[Component] = [
        heading(label, className="tile-label"),
        html.P(value, className="tile-value"),
    ]
    if badge is not None:
        parts.append(html.P(badge, className="tile-badge"))
    if note is not None:
        parts.append(html.P(note, className="tile-note"))
    if more is not None:
        parts.append(html.P(more, className="tile-more"))
    return html.Li(parts, className="tile")


def tiles(items: Sequence[Component]) -> html.Ul:
    """Tiles side by side, one below the other on a phone."""
    return html.Ul(list(items), className="tiles", role="list")


def tiles_and_more(
    view: View, items: Sequence[Component], *, at_first: int
) -> list[Component]:
    """Show the first tiles, in the order of what matters, and fold the others away."""
    if len(items) <= at_first:
        return [tiles(items)]
    others = disclosure(view.words("Weitere Zahlen"), [tiles(items[at_first:])])
    return [tiles(items[:at_first]), others]
