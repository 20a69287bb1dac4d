"""A chart with everything that belongs to it, in the order in which it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.charts.chart import Chart
from dashboard.charts.plotly_figure import figure
from dashboard.charts.svg import draw_both, swatch
from dashboard.components.aria import aria
from dashboard.components.badge import icon
from dashboard.components.drawing import Drawing
from dashboard.view import Children, View


def chart_block(
    view: View,
    chart: Chart,
    *,
    headline: str,
    measured: str,
    table: Component,
    source: str,
    origin: Component | None = None,
    download: str | None = None,
    hint: Component | None = None,
) -> html.Section:
    """Headline, what is measured, picture, table, origin, download, source and date.

    The table stands open beside the picture where there is room, else folded below
    it; on paper it is always there. The css alone decides, so no script is needed.

    `headline` is the message as a sentence, computed from the same values as the
    chart; `measured` one sentence on what is counted. `table` comes from
    `components.table.table` (its caption may be hidden), `origin` from `origin()`
    below, `download` is an address (`view.addresses.figures(kpi=…)`), `source` says
    who delivered and until when. `hint` is a `note()` that belongs above the picture
    (late data). An empty chart is replaced by a sentence.
    """
    return picture_block(
        view,
        Picture(chart.id, chart.title, _picture(view, chart)),
        headline=headline,
        measured=measured,
        table=table,
        source=source,
        origin=origin,
        download=download,
        hint=hint,
    )


@dataclass(frozen=True)
class Picture:
    """A drawing with its key, however it is drawn."""

    id: str  # unique on its page, kebab-case
    title: str
    parts: list[Component]


def picture_block(
    view: View,
    picture: Picture,
    *,
    headline: str,
    measured: str,
    table: Component,
    source: str,
    origin: Component | None = None,
    download: str | None = None,
    hint: Component | None = None,
    is_table_wide: bool = False,
) -> html.Section:
    """Lay out what belongs to a picture, in the order of chart_block().

    A wide table stands open below the picture, since beside it half would be cut off.
    """
    head = f"{picture.id}-head"
    parts: list[Component] = [
        html.H2(headline, id=head, className="chart-headline"),
        html.P(measured, className="chart-measured"),
    ]
    if hint is not None:
        parts.append(hint)
    drawn = html.Div(picture.parts, className="chart-picture")
    if is_table_wide:
        parts += [drawn, table]
    else:
        body = [drawn, _table(view, picture, table)]
        parts.append(html.Div(body, className="chart-body"))
    if origin is not None:
        parts.append(origin)
    parts.append(_foot(view, picture, source, download))
    return html.Section(
        parts, id=picture.id, className="chart-block", **aria(labelledby=head)
    )


def origin(
    view: View, entries: Sequence[tuple[str, Children]], more: str | None = None
) -> html.Details:
    """Answer "Woher kommt diese Zahl?" by pairs of a term and what it means here.

    Usual terms: definition, who is counted, left out, number of cases. `more` is the
    address of the page that shows the figure's whole way.
    """
    body = _origin_body(view, entries, more)
    return disclosure(view.words("Woher kommt diese Zahl?"), body)


def origin_of_both(
    view: View, parts: Sequence[tuple[str, Sequence[tuple[str, Children]], str]]
) -> html.Details:
    """Answer it for a chart of several KPIs: of each its name, entries and method."""
    body: list[Component] = []
    for name, entries, more in parts:
        body += [html.P(html.Strong(name)), *_origin_body(view, entries, more)]
    return disclosure(view.words("Woher kommen diese Zahlen?"), body)


def _origin_body(
    view: View, entries: Sequence[tuple[str, Children]], more: str | None
) -> list[Component]:
    pairs = [
        html.Div([html.Dt(term), html.Dd(said)], className="origin-entry")
        for term, said in entries
    ]
    body: list[Component] = [html.Dl(pairs, className="origin-list")]
    if more is not None:
        said = view.words("Der ganze Weg dieser Zahl, mit Rechnung und Lieferungen")
        link = html.A(said, href=more, className="kern-link")
        body.append(html.P(link))
    return body


def disclosure(
    summary: Children, body: Sequence[Component], *, kind: str = ""
) -> html.Details:
    """Something to unfold, by keyboard and without JavaScript."""
    return html.Details(
        [
            html.Summary(summary, className="disclosure-summary"),
            html.Div(list(body), className="disclosure-body"),
        ],
        className=f"disclosure {kind}".strip(),
    )


def _picture(view: View, chart: Chart) -> list[Component]:
    if chart.is_empty:
        empty = view.words("Für diese Auswahl liegen keine Werte vor.")
        return [html.P(empty, className="chart-empty")]
    drawing = Drawing(
        id=f"{chart.id}-drawing",
        label=chart.description,
        svg=draw_both(chart),
        figure=figure(chart),
    )
    return [*_key(chart), drawing, *_marks(view, chart)]


def _key(chart: Chart) -> list[Component]:
    """Which line is which; wide drawings of lines alone say it at the lines' ends."""
    if len(chart.series) < 2:
        return []
    kind = "" if chart.bars else " chart-key--narrow"
    items = [
        html.Li([Drawing(swatch(chart, each)), html.Span(each.name)])
        for each in chart.series
    ]
    return [html.Ul(items, className=f"chart-key{kind}", role="list")]


def _marks(view: View, chart: Chart) -> list[Component]:
    """Explain the numbers, target lines, grey stretches and hollow markers."""
    items: list[Component] = [
        html.Li(
            [
                html.Span(str(number), className="mark-number"),
                html.Span(event.label),
            ]
        )
        for number, event in enumerate(chart.events, 1)
    ]
    items += [_mark("target", target.label) for target in chart.targets]
    closed = dict.fromkeys(closure.label for closure in chart.closures)
    items += [_mark("closure", label) for label in closed]
    if any(series.provisional for series in chart.series):
        items.append(_mark("provisional", chart.provisional_label))
    if any(value is None for series in chart.series for value in series.values):
        items.append(
            _mark("gap", view.words("Lücke: kein Wert, oder er wird nicht gezeigt"))
        )
    return [html.Ul(items, className="chart-marks", role="list")] if items else []


def _mark(kind: str, label: str) -> html.Li:
    sign = html.Span(className=f"mark-sign mark-sign--{kind}")
    return html.Li([sign, html.Span(label)])


def _table(view: View, picture: Picture, table: Component) -> html.Details:
    name = view.words("Als Tabelle: {title}", title=picture.title)
    return disclosure(name, [table], kind="chart-table")


def _foot(view: View, picture: Picture, source: str, download: str | None) -> html.Div:
    parts: list[Component] = [html.P(source, className="chart-source")]
    if download is not None:
        words = view.words
        link = html.A(
            [
                icon("download"),
                html.Span(words("Daten herunterladen (CSV)")),
                html.Span(f": {picture.title}", className="kern-sr-only"),
            ],
            href=download,
            className="kern-link chart-download",
        )
        parts.append(html.P(link))
    return html.Div(parts, className="chart-foot")
