"""How Dash brings a page to the browser: as the HTML that the server sends too."""

from hashlib import blake2b
from typing import Any

from dash.development.base_component import Component

from dashboard.prerender import figures_of, to_html

_PROPERTIES = ["id", "shown"]


class Content(Component):
    """One component instead of thousands; assets/30-content.js is its other half.

    Dash takes milliseconds for every component that it mounts, and a page with its
    tables has three thousand. So a page is mounted whole: `shown` holds its HTML, what
    that is recognised by, and the charts' figures.
    """

    # Names a Python package, since Dash imports it, and window.dashboard.
    _namespace = "dashboard"
    _type = "Content"

    def __init__(
        self,
        id: str,  # noqa: A002, as everywhere in Dash
        shown: dict[str, Any] | None = None,
    ) -> None:
        self._prop_names = _PROPERTIES
        self._valid_wildcard_attributes: list[str] = []
        self.available_properties = _PROPERTIES
        self.available_wildcard_properties: list[str] = []
        super().__init__(id=id, shown=shown)  # type: ignore[no-untyped-call]


def shown(tree: Component) -> dict[str, Any]:
    """Turn a page's component tree into what Content shows."""
    text = to_html(tree)
    return {"html": text, "digest": digest(text), "figures": figures_of(tree)}


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
