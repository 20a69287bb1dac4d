"""Figures that changed after they were published."""

from collections.abc import Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.figure_way import CAUSES
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import german
from dashboard.selection import Population, kpi_words
from dashboard.view import Page, View
from metrics.figures import parse_figure_id
from metrics.periods import parse_period

_STATES: Final = {
    "final": german("ohne Wert"),
    "provisional": german("ohne Wert"),
    "hidden": german("nicht gezeigt"),
    "no_data": german("keine Daten"),
    "withdrawn": german("zurückgezogen"),
}
_SHOWN: Final = 200


def title(view: View) -> str:
    return view.words("Geänderte Zahlen")


def layout(view: View) -> html.Main:
    words = view.words
    frame = view.snapshot.frames["revisions"].sort("at", descending=True)
    rows = [_row(view, row) for row in frame.head(_SHOWN).iter_rows(named=True)]
    if not rows:
        empty = html.P(words("Bisher hat sich keine veröffentlichte Zahl geändert."))
        return main(title(view), empty, lead=_lead(view))
    columns = [
        Column(words("Kennzahl")),
        Column(words("Zeitraum")),
        Column(words("Vorher"), is_number=True),
        Column(words("Nachher"), is_number=True),
        Column(words("Geändert")),
        Column(words("Grund")),
    ]
    heading = words("Die letzten Änderungen")
    parts: list[Component] = [
        section(
            heading,
            table(heading, columns, rows, is_caption_visible=False, is_stacked=True),
            id="liste",
        )
    ]
    if frame.height > _SHOWN:
        link = html.A(
            words("Alle Änderungen herunterladen (JSON)"),
            href=view.addresses.api("revisions"),
            className="kern-link",
        )
        parts.append(html.P(link))
    return main(title(view), *parts, lead=_lead(view))


def _lead(view: View) -> str:
    return view.words(
        "Spätere Lieferungen und Korrekturen können Zahlen ändern, die schon"
        " veröffentlicht waren. Hier steht jede Änderung eines abgeschlossenen"
        " Zeitraums."
    )


def _row(view: View, row: Mapping[str, Any]) -> list[Cell]:
    words = view.words
    figure = parse_figure_id(row["figure_id"])
    kpi = kpi_words(view, figure.kpi, figure.office)
    period = parse_period(figure.period)
    label = figure.kpi if kpi is None else kpi.label
    name = Population(figure.office, figure.service, figure.channel).name(view)

    def value(which: str) -> str:
        if row[which] is None or kpi is None:
            return words(_STATES[row[f"{which}_state"] or "no_data"])
        return words.quantity(row[which], kpi.unit, kpi.decimals)

    return [
        f"{label}, {name}",
        words.period(period.grain, period.start),
        value("old"),
        value("new"),
        words.moment(row["at"]),
        words(CAUSES[row["cause"]]),
    ]


PAGE = Page(
    name="revisions",
    path="/revisionen",
    title=title,
    layout=layout,
    place="footer",
)
