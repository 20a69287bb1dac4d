"""A part of a page with its heading, named for screen readers."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria

_HEADING: Final = "section-heading"


def section(
    heading: str,
    *parts: Component | None,
    id: str,  # noqa: A002, as everywhere in Dash
    level: int = 2,
    is_heading_visible: bool = True,
) -> html.Section:
    """Put parts under a heading; what is None is left out."""
    head = {2: html.H2, 3: html.H3}[level](
        heading, id=id, className=_HEADING if is_heading_visible else "kern-sr-only"
    )
    return html.Section(
        [head, *(part for part in parts if part is not None)],
        className="section",
        **aria(labelledby=id),
    )
