"""What the law and the city promise of applications, and who says so."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.note import note
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.selection import Population, case_noun
from dashboard.view import View
from ingest.city import Deadline

_LAW = "https://www.gesetze-im-internet.de/vwgo/__75.html"


def right_to_sue(view: View, population: Population) -> Component | None:
    """Say what three months mean; None where nobody applies for anything."""
    words = view.words
    if case_noun(view.city, population.office) == "reports":
        return None
    said = words(
        "Hat ein Amt nach 3 Monaten ohne zureichenden Grund noch nicht entschieden,"
        " darf man in der Regel klagen. Das ist keine Frist, in der das Amt entscheiden"
        " muss. Es kann gute Gründe geben, dass es länger dauert, zum Beispiel fehlende"
        " Unterlagen."
    )
    link = html.A(
        words("Wortlaut des § 75 VwGO"),
        href=_LAW,
        className="kern-link",
    )
    title = words("Was 3 Monate bedeuten (§ 75 VwGO)")
    body: list[Component] = [html.P(said), html.P(link)]
    return note("info", title, body)


def deadlines(view: View, population: Population) -> Component | None:
    """List the deadlines that hold today, with who set them and since when."""
    words = view.words
    found = [each for each in view.city.deadlines if _is_shown(view, each, population)]
    if not found:
        return None
    heading = words("Welche Fristen gelten")
    columns = [
        Column(words("Leistung")),
        Column(words("Frist")),
        Column(words("Wer sie gesetzt hat")),
        Column(words("Gültig seit")),
    ]
    rows: list[list[Cell]] = [
        [
            view.city.service(each.service).name.in_language(view.language),
            each.label.in_language(view.language),
            html.A(each.norm, href=each.source, className="kern-link", lang="de"),
            words.date(each.valid_from),
        ]
        for each in found
    ]
    remark = words(
        "Gelten für eine Leistung mehrere Fristen, zählt die, die zuerst endet."
    )
    shown = table(heading, columns, rows, is_caption_visible=False)
    return section(heading, html.P(remark), shown, id="fristen")


def _is_shown(view: View, deadline: Deadline, population: Population) -> bool:
    service = view.city.service(deadline.service)
    today = view.now.astimezone(view.words.timezone).date()
    holds = deadline.valid_from <= today and (
        deadline.valid_to is None or today <= deadline.valid_to
    )
    return (
        holds
        and population.office in (None, service.office)
        and population.service in (None, service.id)
    )
