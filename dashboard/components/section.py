"""A part of a page with its heading, named for screen readers."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria


def section(
    heading: str,
    *parts: Component | None,
    id: str,  # noqa: A002, as everywhere in Dash
    level: int = 2,
) -> html.Section:
    """Put parts under a heading; what is None is left out."""
    head = {2: html.H2, 3: html.H3}[level](heading, id=id, className="section-heading")
    return html.Section(
        [head, *(part for part in parts if part is not None)],
        className="section",
        **aria(labelledby=id),
    )
