"""A long page, short on a phone: parts that fold there, and a list of its parts."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria
from dashboard.components.chart_block import disclosure
from dashboard.components.frame import main
from dashboard.view import View

_OPEN_CHARTS: Final = 2  # the first of a page
_FEWEST_LISTED: Final = 5  # parts worth a list

_Part = TypeVar("_Part", bound=Component)


def long_page(
    view: View, heading: str, parts: Iterable[Component | None], *, lead: str | None
) -> html.Main:
    """Lay out a page whose later charts fold; their headings tell what they show."""
    shown = [part for part in parts if part is not None]
    for chart in [part for part in shown if _is_chart(part)][_OPEN_CHARTS:]:
        fold(chart)
    contents = _contents(view, shown)
    return main(heading, *([contents] if contents else []), *shown, lead=lead)


def fold(part: _Part | None) -> _Part | None:
    """Let a phone show a part by its heading alone until it is unfolded.

    On wide screens and on paper the css keeps it open, and whoever searches in the
    page or follows a link to it finds it opened.
    """
    if isinstance(part, html.Section):
        head, *rest = part.children
        body = html.Div(rest, className="part")
        folded = disclosure(head.children, [body], kind="folds-on-phone")
        part.children = [head, folded]
    return part


def _is_chart(part: Component) -> bool:
    return "chart-block" in getattr(part, "className", "")


def _contents(view: View, parts: Sequence[Component]) -> Component | None:
    """List the parts that have a name; charts have findings for headings."""
    heads = [
        part.children[0]
        for part in parts
        if isinstance(part, html.Section) and not _is_chart(part)
    ]
    if len(heads) < _FEWEST_LISTED:
        return None
    name = view.words("Auf dieser Seite")
    items = [
        html.Li(html.A(head.children, href=f"#{head.id}", className="kern-link"))
        for head in heads
    ]
    listed = html.Ul(items, className="contents", role="list")
    return html.Nav(disclosure(name, [listed]), **aria(label=name))
