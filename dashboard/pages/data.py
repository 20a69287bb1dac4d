"""Downloads of the snapshot and the addresses of the API."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import german
from dashboard.view import Page, View

_FILES = (
    ("figures-excel.csv", german("Alle Zahlen, für Excel"), "CSV"),
    ("figures.csv", german("Alle Zahlen"), "CSV"),
    ("figures.parquet", german("Alle Zahlen, für Statistikprogramme"), "Parquet"),
    ("wait_by_hour.parquet", german("Wartezeit je Wochentag und Stunde"), "Parquet"),
    ("rest_of_day.parquet", german("Wartezeit später am Tag"), "Parquet"),
    ("crowd.parquet", german("Typischer Andrang je Wochentag und Stunde"), "Parquet"),
    ("ageing.parquet", german("Alter der offenen Fälle"), "Parquet"),
    ("survival.parquet", german("Anteil entschieden nach x Tagen"), "Parquet"),
    ("online_services.parquet", german("Online-Dienste und Reifegrade"), "Parquet"),
    ("unbalanced.parquet", german("Summen, die nicht zueinander passen"), "Parquet"),
    ("revisions.parquet", german("Geänderte Zahlen"), "Parquet"),
    ("catalogue.json", german("Definitionen aller Kennzahlen"), "JSON"),
    ("calendar.json", german("Öffnungstage, Feiertage und Schließungen"), "JSON"),
    ("sources.json", german("Quellen und ihr Stand"), "JSON"),
    (
        "manifest.json",
        german("Beschreibung dieser Veröffentlichung, mit Prüfsummen"),
        "JSON",
    ),
)
_API = (
    ("figures", german("Zahlen, mit Filtern")),
    ("catalogue", german("Definitionen")),
    ("sources", german("Quellen")),
    ("calendar", german("Kalender")),
    ("revisions", german("Änderungen")),
    ("live", german("Wartezeiten jetzt")),
    ("openapi.json", german("Beschreibung der Schnittstelle (OpenAPI)")),
)


def title(view: View) -> str:
    return view.words("Daten herunterladen")


def layout(view: View) -> html.Main:
    words = view.words
    return main(
        title(view),
        _licence(view),
        section(words("Dateien"), _files(view), id="dateien"),
        section(
            words("Schnittstelle für Programme"),
            html.P(
                words(
                    "Die Schnittstelle liefert dieselben Zahlen als JSON oder CSV."
                    " Sie braucht keine Anmeldung."
                )
            ),
            _api(view),
            id="api",
        ),
        lead=words(
            "Alles, was auf diesen Seiten steht, können Sie herunterladen und weiter"
            " verwenden."
        ),
    )


def _licence(view: View) -> Component:
    words, info = view.words, view.city.info
    said = words(
        "Lizenz: {licence}. Herausgeber: {publisher}. Stand: {moment}.",
        licence=info.licence,
        publisher=info.publisher,
        moment=words.moment(view.snapshot.published_at),
    )
    if info.sample_data:
        said = f"{said} {words('Das sind Beispieldaten einer erfundenen Stadt.')}"
    return html.P(said)


def _files(view: View) -> Component:
    words = view.words
    rows: list[list[Cell]] = [
        [
            html.A(
                words(what), href=view.addresses.download(name), className="kern-link"
            ),
            form,
            html.Code(name),
        ]
        for name, what, form in _FILES
    ]
    columns = [Column(words("Inhalt")), Column(words("Format")), Column(words("Datei"))]
    caption = words("Dateien dieser Veröffentlichung")
    return table(caption, columns, rows, is_caption_visible=False, is_stacked=True)


def _api(view: View) -> Component:
    words = view.words
    rows: list[list[Cell]] = []
    for name, what in _API:
        address = view.addresses.api(name)
        link = html.A(html.Code(address), href=address, className="kern-link")
        rows.append([words(what), link])
    columns = [Column(words("Inhalt")), Column(words("Adresse"))]
    return table(
        words("Adressen der Schnittstelle"),
        columns,
        rows,
        is_caption_visible=False,
        is_stacked=True,
    )


PAGE = Page(
    name="data",
    path="/daten",
    title=title,
    layout=layout,
    label=lambda view: view.words("Daten"),
    place="footer",
)
