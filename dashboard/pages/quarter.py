"""A closed quarter for the council: every figure, beside that of a year before."""

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.blocks.by_office import expected_by_office
from dashboard.blocks.kpi_table import Row, kpi_table
from dashboard.blocks.links import office_link, service_rows
from dashboard.blocks.quarter_contents import HEADLINES, SERVICE_TABLES, TABLES
from dashboard.components.aria import aria
from dashboard.components.frame import main
from dashboard.components.long_page import fold
from dashboard.components.section import section
from dashboard.reading import Figure
from dashboard.selection import (
    Population,
    figures,
    is_pooled,
    kpi_words,
)
from dashboard.telling import told
from dashboard.view import Page, View
from ingest.city import Office
from metrics.periods import Period, parse_period, period_id


def title(view: View) -> str:
    return view.words.quarter(_quarter(view).start)


def layout(view: View) -> html.Main:
    quarter = _quarter(view)
    parts = [
        _neighbours(view, quarter),
        _headlines(view, quarter),
        *(_table(view, quarter, *each) for each in TABLES),
        *_services(view, quarter),
        _remarks(view, quarter),
    ]
    return main(
        title(view),
        *(part for part in parts if part is not None),
        lead=_lead(view, quarter),
    )


def places(view: View) -> Iterable[Mapping[str, str]]:
    """Give the closed quarters of which anything is published, newest first."""
    return [{"quarter": period_id(start, "quarter")} for start in _starts(view)]


def _starts(view: View) -> list[date]:
    return (
        view.snapshot.figures.filter(
            pl.col("grain") == "quarter",
            pl.col("state") == "final",
            pl.col("value").is_not_null(),
        )["period_start"]
        .unique()
        .sort(descending=True)
        .to_list()
    )


def _quarter(view: View) -> Period:
    return parse_period(view.parts["quarter"])


def _lead(view: View, quarter: Period) -> str:
    words = view.words
    before = quarter.year_before
    return words(
        "{first} bis {last}, verglichen mit dem {before}.",
        first=words.date(quarter.start),
        last=words.date(quarter.end),
        before=words.quarter(before.start if before else quarter.start),
    )


def _neighbours(view: View, quarter: Period) -> Component:
    words, starts = view.words, set(_starts(view))
    items = [
        html.Li(
            html.A(
                label.format(words.quarter(other.start)),
                href=view.addresses.quarter(other.id),
                className="choice",
            )
        )
        for other, label in ((quarter.before, "← {}"), (quarter.after, "{} →"))
        if other.start in starts
    ]
    return html.Nav(
        html.Ul(items, className="choices", role="list"),
        **aria(label=words("Andere Quartale")),
    )


def _headlines(view: View, quarter: Period) -> Component | None:
    words = view.words
    said = []
    for kpi_id in HEADLINES:
        if is_pooled(view.city, kpi_id, None):
            ranged = expected_by_office(view, "quarter", quarter.start)
            said += [html.Li(ranged)] if ranged else []
            continue
        series = figures(view, kpi_id)
        kpi, figure = kpi_words(view, kpi_id), _at(series, quarter)
        if kpi is None or figure is None or figure.value is None:
            continue
        said.append(html.Li(told(view, kpi, figure)))
    if not said:
        return None
    return section(words("Das Wichtigste"), html.Ul(said), id="wichtigstes")


def _at(series: list[Figure], quarter: Period) -> Figure | None:
    return next((each for each in series if each.period_start == quarter.start), None)


def _table(
    view: View, quarter: Period, anchor: str, heading: str, kpis: tuple[str, ...]
) -> Component | None:
    words = view.words
    rows: list[Row] = []
    if len(view.city.offices) > 1:
        rows.append((words("Ganze Stadt"), Population()))
    rows += [
        (office_link(view, office.id), Population(office.id))
        for office in view.city.offices
    ]
    caption = f"{words(heading)}, {words.quarter(quarter.start)}"
    shown = kpi_table(
        view, caption, words("Amt"), rows, kpis, "quarter", start=quarter.start
    )
    return _folded(words(heading), shown, anchor)


def _services(view: View, quarter: Period) -> list[Component]:
    return [
        part
        for office in view.city.offices
        for each in SERVICE_TABLES
        if (part := _service_table(view, quarter, office, *each)) is not None
    ]


def _service_table(
    view: View,
    quarter: Period,
    office: Office,
    anchor: str,
    heading: str,
    kpis: tuple[str, ...],
) -> Component | None:
    words = view.words
    rows = service_rows(view, office.id)
    title = words(heading, office=office.name.in_language(view.language))
    caption = f"{title}, {words.quarter(quarter.start)}"
    shown = kpi_table(
        view, caption, words("Leistung"), rows, kpis, "quarter", start=quarter.start
    )
    return _folded(title, shown, f"{anchor}-{office.id}")


def _folded(heading: str, shown: Component | None, anchor: str) -> Component | None:
    """Fold a table away on a phone, where all of them together have no end."""
    if shown is None:
        return None
    return fold(section(heading, shown, id=anchor))


def _remarks(view: View, quarter: Period) -> Component:
    words = view.words
    link = html.A(
        words("Alle Zahlen dieses Quartals herunterladen (CSV)"),
        href=view.addresses.figures(
            grain="quarter",
            **{"from": quarter.start.isoformat(), "to": quarter.end.isoformat()},
        ),
        className="kern-link",
    )
    return section(
        words("Wie diese Zahlen zu lesen sind"),
        html.P(
            words(
                "Anzahlen und Stunden werden je Öffnungstag mit dem Vorjahr verglichen,"
                " weil Quartale verschieden viele Öffnungstage haben. Die Reihenfolge"
                " der Ämter ist keine Rangfolge."
            )
        ),
        html.P(
            words(
                "Spätere Lieferungen können Zahlen ändern."
                " Stand dieser Zahlen: {moment}.",
                moment=words.moment(view.snapshot.published_at),
            )
        ),
        html.P(link),
        id="lesen",
    )


PAGE = Page(
    name="quarter",
    path="/quartal/{quarter}",
    title=title,
    layout=layout,
    label=lambda view: view.words("Quartal"),
    description=lambda view: view.words(
        "Alle Zahlen der Ämter von {city} für ein Quartal.", city=view.city.info.name
    ),
    place="menu",
    places=places,
)
