"""The whole way of one figure: what it says, of what, and how to check it."""

from collections.abc import Sequence
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.deliveries import deliveries_of
from dashboard.blocks.kpi_tile import comparison
from dashboard.blocks.provenance import n_words, state_words
from dashboard.comparable import days_of, year_before
from dashboard.components.section import section
from dashboard.goals import target_on
from dashboard.i18n import german
from dashboard.reading import Figure, KpiWords, range_words, value_words
from dashboard.selection import (
    CHANNELS,
    Population,
)
from dashboard.sentences import target_sentence
from dashboard.view import Children, View
from metrics.catalogue import REASONS
from metrics.closings import Closed, closing_of, closings_in
from metrics.explanation import condition
from metrics.figures import ALL, parse_figure_id
from metrics.recomputation import recomputation
from metrics.snippets import FILES

CAUSES: Final = {
    "late_data": german("Spätere Lieferung"),
    "correction": german("Korrektur"),
    "method_change": german("Geänderte Methode"),
}
Entry = tuple[str, Children]


def figure_way(view: View, kpi: KpiWords, figure: Figure) -> list[Component]:
    """Show all that the snapshot knows of one of its figures."""
    words = view.words
    parts = [
        section(words("Die Zahl"), _listed(_said(view, kpi, figure)), id="zahl"),
        section(
            words("Was gezählt wird"), _listed(_counted(view, kpi, figure)), id="was"
        ),
        deliveries_of(view, kpi, figure),
        _recomputing(view, figure),
        _changes(view, kpi, figure),
    ]
    return [part for part in parts if part is not None]


def _listed(entries: Sequence[Entry]) -> html.Dl:
    return html.Dl(
        [
            html.Div([html.Dt(term), html.Dd(said)], className="origin-entry")
            for term, said in entries
        ],
        className="origin-list",
    )


def _said(view: View, kpi: KpiWords, figure: Figure) -> list[Entry]:
    words = view.words
    population = Population(figure.office, figure.service, figure.channel)
    about = population.name(view)
    if figure.channel is not None:
        about = f"{about}, {words(CHANNELS.get(figure.channel, figure.channel))}"
    entries: list[Entry] = [
        (words("Wert"), value_words(words, kpi, figure)),
        (words("Für"), about),
        (words("Zeitraum"), _period(view, figure)),
        (words("Zustand"), state_words(view, figure)),
    ]
    reason = REASONS.get(figure.reason or "")
    if reason is not None:
        entries.append((words("Grund"), reason.in_language(view.language)))
    if figure.n is not None and kpi.kind not in {"count", "stock"}:
        entries.append((words("Grundlage"), _basis(view, kpi, figure)))
    interval = range_words(words, kpi, figure)
    if interval is not None:
        term = words("Spanne, in der der wahre Wert vermutlich liegt")
        entries.append((term, interval))
    goal = _goal(view, kpi, figure)
    if goal is not None:
        entries.append((words("Ziel"), goal))
    if figure.value is not None:
        entries.append(
            (words("Vergleich mit dem Vorjahr"), _compared(view, kpi, figure))
        )
    closed = _closing(view, figure)
    if closed is not None:
        entries.append((words("Abgeschlossen"), _closed_words(view, closed)))
    entries.append((words("Kennung der Zahl"), html.Code(figure.figure_id)))
    return entries


def _closing(view: View, figure: Figure) -> Closed | None:
    closings = closings_in(view.snapshot.manifest)
    return closing_of(parse_figure_id(figure.figure_id), closings)


def _closed_words(view: View, closed: Closed) -> str:
    return view.words(
        "Die einzelnen Ablesungen, aus denen die Zahl berechnet wurde, sind am {day}"
        " gelöscht worden: Die Stadt bewahrt sie {months} Monate auf. Es gilt der Wert,"
        " der davor berechnet worden ist, vom Programmstand {version}. Spätere"
        " Lieferungen ändern ihn nicht.",
        day=view.words.date(closed.closed_at.astimezone(view.words.timezone).date()),
        months=closed.keep_months,
        version=closed.code_version,
    )


def _goal(view: View, kpi: KpiWords, figure: Figure) -> str | None:
    target = target_on(view.city, kpi.id, figure.office, figure.period_end)
    if target is None:
        return None
    who = target.decided_by.in_language(view.language)
    return target_sentence(view.words, kpi, figure, who, target.valid_from)


def _period(view: View, figure: Figure) -> str:
    words = view.words
    if figure.grain == "day":
        return words.date(figure.period_start)
    return words(
        "{period}, vom {first} bis zum {last}",
        period=words.period(figure.grain, figure.period_start),
        first=words.date(figure.period_start),
        last=words.date(figure.period_end),
    )


def _basis(view: View, kpi: KpiWords, figure: Figure) -> str:
    words, said = view.words, n_words(view.words, kpi, figure)
    if figure.numerator is None:
        return said
    return words(
        "{n}; im Zähler stehen {numerator}",
        n=said,
        numerator=words.number(figure.numerator),
    )


def _compared(view: View, kpi: KpiWords, figure: Figure) -> Children:
    """Say the change, and for what is counted by the day the days of both periods."""
    words, before = view.words, year_before(view, figure)
    said = comparison(view, kpi, figure, before)
    if before is None:
        return said
    days = days_of(view, kpi, figure)
    if days is not None and before.value is not None:
        said = words(
            "{change} ({now} in diesem Zeitraum, {before} im Vorjahr)",
            change=said,
            now=words.quantity(days.now, "opening_days"),
            before=words.number(days.before),
        )
    link = html.A(
        words("Zahl des Vorjahres"),
        href=view.addresses.way(before.figure_id),
        className="kern-link",
    )
    return html.Span([f"{said}. ", link])


def _counted(view: View, kpi: KpiWords, figure: Figure) -> list[Entry]:
    words = view.words
    rows = condition(parse_figure_id(figure.figure_id), kpi.tables)
    return [
        (words("Was sie bedeutet"), kpi.definition),
        (words("Wer gezählt wird"), kpi.population),
        (words("Was nicht mitzählt"), kpi.left_out),
        (words("Formel"), html.Code(kpi.formula, lang="en")),
        (words("Gelesene Zeilen"), html.Code(rows, lang="en")),
    ]


def _recomputing(view: View, figure: Figure) -> Component:
    words, snapshot = view.words, view.snapshot
    is_closed = _closing(view, figure) is not None
    lines = recomputation(
        vars(figure),
        snapshot.catalogue[figure.kpi],
        snapshot.manifest.get("rounding_base", view.city.publish.rounding_base),
        lambda name: (snapshot.figure(name) or {}).get("state"),
        is_closed=is_closed,
    )
    files = [
        html.Li(html.A(name, href=address, className="kern-link"))
        for name in FILES
        if (address := view.addresses.snapshot_file(snapshot.id, name))
    ]
    return section(
        words("Selbst nachrechnen"),
        html.P(lines.said[view.language]),
        html.P(
            words(
                "Laden Sie diese Dateien in einen Ordner und führen Sie die Befehle"
                " dort aus:"
            )
        ),
        html.Ul(files),
        html.H3("DuckDB"),
        html.Pre(html.Code(lines.duckdb, lang="en"), className="snippet"),
        html.H3("Polars (Python)"),
        html.Pre(html.Code(lines.polars, lang="en"), className="snippet"),
        html.H3(words("Schnittstelle und Nachzählung")),
        html.P(
            html.A(
                words("Diese Zahl aus der Schnittstelle (JSON)"),
                href=_api_call(view, figure),
                className="kern-link",
            )
        ),
        html.P(_recounting(view, is_closed=is_closed)),
        html.P(html.Code(f"amtspuls explain {figure.figure_id}", lang="en")),
        id="nachrechnen",
    )


def _recounting(view: View, *, is_closed: bool) -> str:
    if is_closed:
        return view.words(
            "Aus den einzelnen Ablesungen nachzählen kann die Zahl niemand mehr, denn"
            " sie sind gelöscht. Das sagt auch:"
        )
    return view.words(
        "Die Stadt kann die Zahl aus den einzelnen Zeilen auf einem zweiten Weg"
        " nachzählen:"
    )


def _api_call(view: View, figure: Figure) -> str:
    period = figure.period.id
    return view.addresses.figures(
        form="json",
        kpi=figure.kpi,
        office=figure.office or ALL,
        service=figure.service or ALL,
        channel=figure.channel or ALL,
        grain=figure.grain,
        **{"from": period, "to": period, "sentences": "true"},
    )


def _changes(view: View, kpi: KpiWords, figure: Figure) -> Component | None:
    words = view.words
    revised = view.snapshot.frames["revisions"].filter(figure_id=figure.figure_id)
    if revised.is_empty():
        return None
    items = [
        words(
            "{moment}: vorher {old}, danach {new}. Grund: {cause}.",
            moment=words.moment(row["at"]),
            old=_revised(view, kpi, row["old"]),
            new=_revised(view, kpi, row["new"]),
            cause=words(CAUSES[row["cause"]]),
        )
        for row in revised.sort("at").iter_rows(named=True)
    ]
    return section(
        words("Änderungen dieser Zahl"),
        html.Ul([html.Li(item) for item in items]),
        id="aenderungen",
    )


def _revised(view: View, kpi: KpiWords, value: float | None) -> str:
    if value is None:
        return view.words("ohne Wert")
    return view.words.quantity(value, kpi.unit, kpi.decimals)
