"""The picture of a chart: static SVG, which plotly redraws once it is on screen."""

from typing import Any

from dash.development.base_component import Component

_PROPERTIES = ["id", "label", "svg", "figure"]


class Drawing(Component):
    """SVG in a page's component tree; dashboard.prerender writes it.

    `figure` comes from charts.plotly_figure and is drawn by assets/20-drawing.js;
    without it the picture stays as it is, and without `label` screen readers pass it
    by. It is no dcc.Graph, which would load plotly (386 KB) before anybody sees it.
    """

    # Names a Python package, since Dash imports it.
    _namespace = "dashboard"
    _type = "Drawing"

    def __init__(
        self,
        svg: str,
        *,
        id: str | None = None,  # noqa: A002, as everywhere in Dash
        label: str | None = None,
        figure: dict[str, Any] | None = None,
    ) -> None:
        self._prop_names = _PROPERTIES
        self._valid_wildcard_attributes: list[str] = []
        self.available_properties = _PROPERTIES
        self.available_wildcard_properties: list[str] = []
        given = {"id": id, "label": label, "svg": svg, "figure": figure}
        super().__init__(  # type: ignore[no-untyped-call]
            **{name: value for name, value in given.items() if value is not None}
        )
