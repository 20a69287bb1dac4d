"""How fresh each source is, what it delivered and what was refused."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.components.badge import badge
from dashboard.components.chart_block import disclosure
from dashboard.components.frame import main
from dashboard.components.note import note
from dashboard.components.section import section
from dashboard.components.table import Cell
from dashboard.i18n import german
from dashboard.selection import moment_of
from dashboard.view import Page, View
from metrics.closings import closings_in

_OUTCOMES: Final = {
    "loaded": german("Neue Daten geladen"),
    "unchanged": german("Nichts Neues"),
    "failed": german("Nicht erreichbar"),
    "refused": german("Lieferung abgelehnt"),
}
_TABLES: Final = {
    "tickets": german("Besuche"),
    "queue_hours": german("Wartezeiten je Stunde"),
    "wait_bands": german("Wartezeiten in Klassen"),
    "queue_samples": german("Angezeigte Wartezeiten"),
    "slots": german("Termine"),
    "slot_offers": german("Freie Termine"),
    "cases": german("Anträge und Meldungen"),
    "case_pauses": german("Unterbrechungen von Verfahren"),
    "case_counts": german("Anzahlen von Anträgen"),
    "contacts": german("Anrufe und Nachrichten"),
    "ratings": german("Bewertungen"),
    "online_services": german("Online-Dienste"),
    "parking": german("Parkplätze"),
}


def title(view: View) -> str:
    return view.words("Wie aktuell sind die Daten?")


def layout(view: View) -> html.Main:
    sources = view.snapshot.sources
    return main(
        title(view),
        _summary(view),
        section(
            view.words("Alle Quellen"),
            *(_source(view, status) for status in sources),
            id="uebersicht",
        ),
        lead=view.words(
            "Jede Quelle verspricht, wie alt ihre Daten höchstens werden."
            " Hier steht, ob sie das einhält und was wir nicht übernommen haben."
        ),
    )


def _summary(view: View) -> Component:
    words = view.words
    late = [each["publisher"] for each in view.snapshot.sources if each["is_late"]]
    published = words("Zahlen berechnet und veröffentlicht: {moment}.",
                      moment=words.moment(view.snapshot.published_at))  # fmt: skip
    checked = words("Quellen zuletzt geprüft: {moment}.",
                    moment=words.moment(view.snapshot.checked_at))  # fmt: skip
    body = html.P(f"{published} {checked}")
    if late:
        names = "; ".join(dict.fromkeys(late))
        return note("warning", words("Überfällig: {names}", names=names), body)
    return note("success", words("Alle Quellen sind so aktuell wie versprochen."), body)


def _source(view: View, status: Mapping[str, Any]) -> Component:
    words = view.words
    schedule = status["schedule"][view.language]
    outcome = _OUTCOMES.get(status["last_outcome"] or "", german("Noch kein Versuch"))
    entries: list[tuple[str, Cell]] = [
        (words("Herausgeber"), status["publisher"]),
        (words("Inhalt"), words(_TABLES[status["table"]])),
        (words("Lizenz"), status["licence"]),
        (words("Abruf"), schedule),
        (words("Geliefert"), _moment(view, status, "last_loaded_at")),
        (
            words("Versprochenes Alter"),
            words.span(timedelta(hours=status["max_age_hours"])),
        ),
        (
            words("Letzter Versuch"),
            f"{_moment(view, status, 'last_run_at')}: {words(outcome)}",
        ),
        (
            words("Übernommen"),
            words(
                "{rows} aus {deliveries}",
                rows=words.quantity(status["rows_loaded"], "rows"),
                deliveries=words.quantity(
                    status["deliveries"], "deliveries", case="dative"
                ),
            ),
        ),
        (words("Nicht übernommen"), _by_rule(view, status["refused_by_rule"])),
    ]
    # Rows of a delivery that a source's rules only warn of are counted like all others.
    if warned := status.get("warned_by_rule"):
        entries.append(
            (words("Übernommen, aber auffällig"), _by_rule(view, warned)),
        )
    if kept := _kept(view, status):
        entries.append((words("Aufbewahrung"), kept))
    if closed := _closed(view, status):
        entries.append((words("Abgeschlossene Zahlen"), closed))
    listed = [
        html.Div([html.Dt(term), html.Dd(said)], className="origin-entry")
        for term, said in entries
    ]
    # The list itself bears the id: a link to it unfolds what it is folded into.
    listing = html.Dl(listed, id=status["id"], className="origin-list")
    return disclosure(_told(view, status), [listing], kind="source")


def _told(view: View, status: Mapping[str, Any]) -> list[Component]:
    """Say of a source in one line what it is, how far it reaches and how it stands."""
    until = view.words("Daten bis: {moment}", moment=_data_until(view, status))
    name = [
        html.Span(_name(view, status)),
        html.Span(until, className="cell-note"),
    ]
    return [html.Span(name, className="source-name"), _state(view, status)]


def _kept(view: View, status: Mapping[str, Any]) -> str | None:
    """Say how long single looks are kept, where it is not for ever."""
    words, months = view.words, status.get("keep_months")
    deleted_before = moment_of(status, "deleted_before")
    said = []
    if months is not None:
        said.append(
            words(
                "Einzelne Ablesungen werden {months} Monate aufbewahrt und danach"
                " jahresweise gelöscht. Die Zahlen daraus bleiben.",
                months=months,
            )
        )
    if deleted_before is not None:
        day = deleted_before.astimezone(words.timezone).date()
        said.append(
            words("Gelöscht sind die vor dem {day}, auch die abgelehnten.",
                  day=words.date(day))
        )  # fmt: skip
    return " ".join(said) or None


def _closed(view: View, status: Mapping[str, Any]) -> Cell | None:
    """Say what later deliveries of a source no longer change."""
    words, snapshot = view.words, view.snapshot
    latest: dict[str, date] = {}
    for closed in closings_in(snapshot.manifest):
        for kpi in closed.kpis:
            if status["table"] in snapshot.catalogue.get(kpi, {}).get("tables", ()):
                latest[kpi] = max(closed.before_on, latest.get(kpi, closed.before_on))
    if not latest:
        return None
    items = [
        words(
            "{label}: Zeiträume, die vor dem {day} beginnen",
            label=snapshot.catalogue[kpi]["texts"][view.language]["label"],
            day=words.date(day),
        )
        for kpi, day in latest.items()
    ]
    said = words(
        "Diese Zahlen sind auch aus Ablesungen entstanden, die gelöscht sind. Für"
        " Ämter mit solchen Ablesungen und für die ganze Stadt ändern spätere"
        " Lieferungen sie nicht mehr:"
    )
    return html.Div([html.P(said), html.Ul([html.Li(item) for item in items])])


def _name(view: View, status: Mapping[str, Any]) -> str:
    """Name a source; its id tells apart what one publisher delivers twice."""
    kind = view.words(_TABLES[status["table"]])
    name = f"{status['publisher']}: {kind}"
    alike = [
        each
        for each in view.snapshot.sources
        if (each["publisher"], each["table"]) == (status["publisher"], status["table"])
    ]
    return f"{name} ({status['id']})" if len(alike) > 1 else name


def _by_rule(view: View, rules: Sequence[Mapping[str, Any]]) -> Cell:
    words = view.words
    if not rules:
        return words("Keine Zeile")
    items = [
        html.Li(f"{words.quantity(rule['count'], 'rows')}: {rule[view.language]}")
        for rule in rules
    ]
    return html.Ul(items)


def _data_until(view: View, status: Mapping[str, Any]) -> str:
    """Say a day where the source tells of days; a time of day would be invented."""
    at = moment_of(status, "data_until")
    if at is None or not status.get("is_by_day"):
        return _moment(view, status, "data_until")
    return view.words.date(at.astimezone(view.words.timezone).date())


def _moment(view: View, status: Mapping[str, Any], name: str) -> str:
    at = moment_of(status, name)
    return view.words("noch nie") if at is None else view.words.moment(at)


def _state(view: View, status: Mapping[str, Any]) -> Component:
    words = view.words
    if status["is_late"]:
        return badge("warning", words("Überfällig"))
    return badge("success", words("Aktuell"))


PAGE = Page(
    name="data-status",
    path="/datenstand",
    title=title,
    layout=layout,
    label=lambda view: view.words("Datenstand"),
    description=lambda view: view.words(
        "Wann welche Quelle zuletzt geliefert hat und was nicht übernommen wurde."
    ),
    place="footer",
)
