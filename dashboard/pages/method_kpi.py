"""One KPI: definition, population, formula, sources, and the rules that apply."""

from collections.abc import Iterable, Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.figure_way import figure_way
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.i18n import german
from dashboard.reading import Figure, KpiWords
from dashboard.selection import (
    figures,
    kpi_words,
    latest,
    moment_of,
    shown_kpis,
    sources_behind,
)
from dashboard.telling import told
from dashboard.view import Page, View
from metrics.small_numbers import THINGS

_LONGEST_ECHO: Final = 100
_DIRECTIONS: Final = {
    "lower_is_better": german("Ein kleinerer Wert ist besser."),
    "higher_is_better": german("Ein größerer Wert ist besser."),
    "neither": german("Größer oder kleiner ist für sich weder gut noch schlecht."),
}
_PROTECTION: Final = {
    "count": german(
        "Anzahlen unter 8, auch 0, werden nicht gezeigt; andere sind auf ein Vielfaches"
        " von {base} gerundet."
    ),
    "stock": german(
        "Anzahlen unter 8, auch 0, werden nicht gezeigt; andere sind auf ein Vielfaches"
        " von {base} gerundet."
    ),
    "share": german(
        "Einen Wert gibt es ab 50 Fällen. Er wird aus gerundeten Anzahlen berechnet und"
        " als ganze Zahl gezeigt, nahe 0 % und 100 % nur als Grenze."
    ),
    "quantile": german(
        "Einen Median gibt es ab 8 Fällen, andere Grenzwerte ab 20 Fällen."
    ),
    "mean": german("Einen Wert gibt es ab 8 Fällen."),
    "sum": german(
        "Einen Wert gibt es ab 8 Fällen; er ist auf ein Vielfaches von {base} gerundet."
    ),
    "price": german(
        "Einen Wert gibt es ab 50 Fällen. Geteilt wird durch die gerundete Anzahl."
    ),
    "difference": german(
        "Einen Wert gibt es ab 8 Fällen in beiden Zeiträumen; er ist auf ein Vielfaches"
        " von {base} gerundet."
    ),
    "ratio": german("Einen Wert gibt es ab 8 Fällen, in Prozent ab 50 Fällen."),
}
_THINGS: Final = german(
    "Gezählt werden {things}, keine Menschen. Deshalb wird hier nichts gerundet."
)


def title(view: View) -> str:
    figure = _figure(view)
    if lacks(view):
        return view.words("Diese Zahl gibt es nicht")
    if figure is None:
        return _kpi(view).label
    label = _kpi(view, figure.office).label
    return view.words("Woher kommt diese Zahl? {label}", label=label)


def lacks(view: View) -> bool:
    """Whether a figure is asked for that is not published."""
    return "zahl" in view.query and _figure(view) is None


def layout(view: View) -> html.Main:
    figure = _figure(view)
    if figure is not None:
        return _way(view, figure)
    if lacks(view):
        return _unknown(view)
    return _method(view)


def _way(view: View, figure: Figure) -> html.Main:
    kpi = _kpi(view, figure.office)
    lead = told(view, kpi, figure)
    return main(
        title(view), *figure_way(view, kpi, figure), _more(view, kpi), lead=lead
    )


def _unknown(view: View) -> html.Main:
    words, link = view.words, _to_method(view, _kpi(view))
    said = words(
        "Unter dieser Kennung ist nichts veröffentlicht. Vielleicht hat der Link einen"
        " Tippfehler, oder der Zeitraum ist noch nicht abgeschlossen."
    )
    asked = html.Code(view.query["zahl"][:_LONGEST_ECHO])
    return main(title(view), html.Section([html.P(asked), html.P(link)]), lead=said)


def _method(view: View) -> html.Main:
    kpi = _kpi(view)
    words = view.words
    entries: list[tuple[str, Component | str]] = [
        (words("Wer gezählt wird"), kpi.population),
        (words("Was nicht mitzählt"), kpi.left_out),
        (words("Formel"), html.Code(kpi.formula, lang="en")),
        (words("Einheit"), words.unit(kpi.unit)),
        (words("Richtung"), words(_DIRECTIONS[kpi.direction])),
        (words("Kleine Zahlen"), _protection(view, kpi)),
        (words("Vergleich"), _comparison(view, kpi)),
        (words("Kennung"), html.Code(kpi.id)),
    ]
    listed = [
        html.Div([html.Dt(term), html.Dd(said)], className="origin-entry")
        for term, said in entries
    ]
    parts = [
        html.Dl(listed, className="origin-list"),
        _example(view, kpi),
        _sources(view, kpi),
        _more(view, kpi),
    ]
    return main(
        kpi.label, *(part for part in parts if part is not None), lead=kpi.definition
    )


def places(view: View) -> Iterable[Mapping[str, str]]:
    return [{"kpi": kpi} for kpi in shown_kpis(view)]


def _figure(view: View) -> Figure | None:
    """Find the figure that is asked for, if it is one of this KPI."""
    row = view.snapshot.figure(view.query.get("zahl", ""))
    return (
        Figure(**row) if row is not None and row["kpi"] == view.parts["kpi"] else None
    )


def _kpi(view: View, office: str | None = None) -> KpiWords:
    kpi = kpi_words(view, view.parts["kpi"], office)
    if kpi is None:
        message = f"{view.parts['kpi']} is not in the catalogue"
        raise LookupError(message)
    return kpi


def _protection(view: View, kpi: KpiWords) -> str:
    if kpi.counts in THINGS:
        things = view.words.unit(kpi.counts)
        return view.words(_THINGS, things=things)
    rule = _PROTECTION[kpi.kind]
    return view.words(rule, base=view.city.publish.rounding_base)


def _comparison(view: View, kpi: KpiWords) -> str:
    words = view.words
    if kpi.is_flow:
        return words("Mit demselben Zeitraum des Vorjahres, je Öffnungstag.")
    return words("Mit demselben Zeitraum des Vorjahres.")


def _example(view: View, kpi: KpiWords) -> Component | None:
    """Name one figure, so that somebody can ask the city how it came about."""
    words = view.words
    offices = [None, *(office.id for office in view.city.offices)]
    found = (
        latest(figures(view, kpi.id, office=office, grain=grain))
        for grain in ("quarter", "year")
        for office in offices
    )
    newest = next((figure for figure in found if figure is not None), None)
    if newest is None:
        return None
    return section(
        words("Eine Zahl nachprüfen"),
        html.P(
            words(
                "Jede Zahl hat eine Kennung. Damit kann die Stadt zeigen, welche"
                " Lieferungen und wie viele Zeilen in ihr stecken, und sie ein zweites"
                " Mal berechnen:"
            )
        ),
        html.P(html.Code(f"amtspuls explain {newest.figure_id}")),
        html.P(
            html.A(
                words("Woher diese Zahl kommt"),
                href=view.addresses.way(newest.figure_id),
                className="kern-link",
            )
        ),
        id="nachpruefen",
    )


def _sources(view: View, kpi: KpiWords) -> Component | None:
    words = view.words
    items = []
    for status in sources_behind(view, kpi, None):
        until = moment_of(status, "data_until")
        said = status["publisher"]
        if until is not None:
            day = words.date(until.astimezone(words.timezone).date())
            said = words("{publisher}, Daten bis {day}", publisher=said, day=day)
        items.append(html.Li(said))
    if not items:
        return None
    link = html.A(
        words("Alle Quellen und ihr Stand"),
        href=view.addresses.data_status(),
        className="kern-link",
    )
    return section(words("Quellen"), html.Ul(items), html.P(link), id="quellen")


def _more(view: View, kpi: KpiWords) -> Component:
    words = view.words
    links = [
        *([_to_method(view, kpi)] if "zahl" in view.query else []),
        html.A(
            words("Alle Werte dieser Kennzahl herunterladen (CSV)"),
            href=view.addresses.figures(kpi=kpi.id),
            className="kern-link",
        ),
        html.A(
            words("Alle Kennzahlen und Regeln"),
            href=view.addresses.method(),
            className="kern-link",
        ),
    ]
    return html.Ul([html.Li(link) for link in links])


def _to_method(view: View, kpi: KpiWords) -> Component:
    return html.A(
        view.words("Zur Kennzahl: {label}", label=kpi.label),
        href=view.addresses.method(kpi.id),
        className="kern-link",
    )


PAGE = Page(
    name="method-kpi",
    path="/methodik/{kpi}",
    title=title,
    layout=layout,
    places=places,
    filters=("zahl",),
    lacks=lacks,
)
