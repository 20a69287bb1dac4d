"""The whole way of a visit: days until the appointment, waiting, time at the desk."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.provenance import source_line
from dashboard.components.section import section
from dashboard.components.tile import tile
from dashboard.reading import Figure, KpiWords, value_words
from dashboard.selection import Population, figures, kpi_words, newest_told
from dashboard.statements import statement
from dashboard.texts import german
from dashboard.view import View

_WAIT: Final = "waiting.median_minutes"
_DESK: Final = "visit.median_desk_minutes"
# Each step of the way: what it is called, and what is said of it.
_STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "appointments.median_lead_days": (
        german("Bis zum Termin"),
        german("Die Hälfte der Termine war {most} vorher gebucht."),
    ),
    _WAIT: (german("Warten im Amt"), german("Die Hälfte wartete {most}.")),
    "visit.median_walk_minutes": (
        german("Vom Aufruf zum Platz"),
        german("Die Hälfte saß {most} nach dem Aufruf am Platz."),
    ),
    _DESK: (german("Am Platz"), german("Die Hälfte war {most} am Platz.")),
}
_GRAIN: Final = "quarter"

_Step = tuple[KpiWords, Figure]


def visit_way(view: View, population: Population) -> html.Section | None:
    """Show the steps of one quarter side by side; None where only one is known."""
    words = view.words
    start = _newest(view, population)
    steps = [
        step
        for kpi in _STEPS
        if start is not None and (step := _step(view, kpi, population, start))
    ]
    if sum(figure.value is not None for _, figure in steps) < 2:
        return None
    said = " ".join(
        statement(words, replace(kpi, sentence=words(_STEPS[kpi.id][1])), figure)
        for kpi, figure in steps
        if figure.value is not None
    )
    period = words.in_period(_GRAIN, steps[0][1].period_start)
    remark = words(
        "Jede Zahl ist ein Median für sich; zusammenzählen lassen sie sich nicht."
        " Ohne Termin entfällt der erste Schritt. Manche wählen mit Absicht einen"
        " späteren Termin."
    )
    return section(
        words("Der Weg eines Besuchs"),
        html.P(words("{period}: {said}", period=period, said=said)),
        html.Ol(
            [_tile(view, *step) for step in steps], className="tiles way", role="list"
        ),
        html.P(remark),
        html.P(
            source_line(view, steps[-1][0], population.office), className="chart-source"
        ),
        id="weg",
    )


def _newest(view: View, population: Population) -> date | None:
    """Find the newest quarter of which a step is known that every visit has."""
    for kpi in (_WAIT, _DESK):
        newest = newest_told(figures(view, kpi, grain=_GRAIN, **population.dimensions))
        if newest is not None:
            return newest.period_start
    return None


def _step(view: View, kpi_id: str, population: Population, start: date) -> _Step | None:
    kpi = kpi_words(view, kpi_id, population.office)
    series = figures(view, kpi_id, grain=_GRAIN, **population.dimensions)
    found = next((each for each in series if each.period_start == start), None)
    return None if kpi is None or found is None else (kpi, found)


def _tile(view: View, kpi: KpiWords, figure: Figure) -> Component:
    words = view.words
    on = None
    if figure.n is not None:
        on = words.quantity(figure.n, kpi.counts, case="dative")
    note = kpi.label if on is None else words("{label}, aus {n}", label=kpi.label, n=on)
    return tile(
        words(_STEPS[kpi.id][0]),
        value_words(words, kpi, figure),
        note=note,
        more=html.A(
            [
                words("Woher kommt diese Zahl?"),
                html.Span(f" {kpi.label}", className="kern-sr-only"),
            ],
            href=view.addresses.method(kpi.id)
            if figure.value is None
            else view.addresses.way(figure.figure_id),
            className="kern-link",
        ),
    )
