"""A component tree as HTML: what readers see before and without JavaScript."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from dash.development.base_component import Component

from dashboard.components.drawing import Drawing

_HTML: Final = "dash_html_components"
_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
_ATTRIBUTES: Final = {
    "className": "class",
    "htmlFor": "for",
    "acceptCharset": "accept-charset",
    "encType": "enctype",
}
_TAGS: Final = {"mapel": "map", "objectel": "object"}
# Dash's own; they mean nothing in HTML.
_UNWRITTEN: Final = frozenset(
    {"children", "key", "n_clicks", "n_clicks_timestamp", "disable_n_clicks"}
)


class Unwritable(Exception):  # noqa: N818 - says what the component is
    """The component tree holds something that has no plain HTML."""


def to_html(node: object) -> str:
    """Write html components, drawings and texts as React would write them."""
    return "".join(_write(node))


def figures_of(node: object) -> dict[str, Any]:
    """Collect the figures of all drawings in a tree, by the drawing's id."""
    found: dict[str, Any] = {}
    if isinstance(node, (list, tuple)):
        for each in node:
            found |= figures_of(each)
    elif isinstance(node, Drawing):
        properties = node.to_plotly_json()["props"]  # type: ignore[no-untyped-call]
        if "figure" in properties:
            found[properties["id"]] = properties["figure"]
    elif isinstance(node, Component):
        found |= figures_of(getattr(node, "children", None))
    return found


def _write(node: object) -> Iterator[str]:
    if node is None or isinstance(node, bool):
        return
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _write(each)
    elif isinstance(node, (str, int, float)):
        yield escape(str(node), quote=False)
    elif isinstance(node, Drawing):
        yield _drawing(node)
    elif isinstance(node, Component) and node._namespace == _HTML:
        yield from _element(node)
    else:
        message = f"{type(node).__name__} cannot be written as plain HTML"
        raise Unwritable(message)


def _element(component: Component) -> Iterator[str]:
    described: dict[str, Any] = component.to_plotly_json()
    name = described["type"].lower()
    tag = _TAGS.get(name, name)
    yield f"<{tag}{''.join(_attributes(described['props']))}>"
    if tag in _VOID:
        return
    yield from _write(described["props"].get("children"))
    yield f"</{tag}>"


def _attributes(properties: dict[str, Any]) -> Iterator[str]:
    for name, value in properties.items():
        if name in _UNWRITTEN or value is None or value is False:
            continue
        if name == "style":
            message = "inline styles are not allowed by the site's security policy"
            raise Unwritable(message)
        attribute = _ATTRIBUTES.get(name, name.lower())
        if value is True and not attribute.startswith(("aria-", "data-")):
            yield f" {attribute}"
        else:
            said = str(value).lower() if value is True else str(value)
            yield f' {attribute}="{escape(said)}"'


def _drawing(drawing: Drawing) -> str:
    properties = drawing.to_plotly_json()["props"]  # type: ignore[no-untyped-call]
    svg = properties["svg"]  # our own, with every text escaped
    if "figure" not in properties:
        return f'<span class="picture">{svg}</span>'
    name, label = escape(properties["id"]), escape(properties["label"])
    return (
        f'<div id="{name}" class="drawing" role="img" aria-label="{label}">'
        f'<div class="drawing-static">{svg}</div></div>'
    )
