"""A remark that readers must not miss."""

from typing import Literal

from dash import html

from dashboard.components.badge import icon
from dashboard.view import Children

Kind = Literal["info", "success", "warning", "danger"]


def note(kind: Kind, title: str, body: Children = None) -> html.Div:
    """Draw a box with icon, bold first line and, if there is more to say, a body.

    It is no live region: it stands there from the start.
    """
    head = html.Div(
        [icon(kind), html.P(title, className="note-title")], className="note-head"
    )
    rest = [] if body is None else [html.Div(body, className="note-body")]
    return html.Div([head, *rest], className=f"note note--{kind}")
