"""How the figures come about: the rules that hold for all, and the list of KPIs."""

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.rest_of_day import rest_record
from dashboard.components.long_page import fold, long_page
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.i18n import german
from dashboard.selection import kpi_words, shown_kpis
from dashboard.view import Page, View

_FAMILIES = (
    ("waiting", german("Warten im Amt")),
    ("visit", german("Am Platz")),
    ("appointments", german("Termine")),
    ("queue", german("Angezeigte Wartezeiten")),
    ("sold_out", german("Ausgegangene Wartenummern")),
    ("bands", german("Wartezeiten und Dauern, aus Klassen geschätzt")),
    ("estimate", german("Stimmt die angezeigte Wartezeit?")),
    ("processing", german("Bearbeitung")),
    ("backlog", german("Bestand")),
    ("digital", german("Online-Dienste")),
    ("contacts", german("Telefon, Chat und E-Mail")),
    ("satisfaction", german("Zufriedenheit")),
    ("cost", german("Kosten")),
)
_RULES = (
    (
        "kleine-zahlen",
        german("Kleine Zahlen"),
        (
            german(
                "Anzahlen unter 8, auch 0, werden nicht gezeigt. Dort steht: Zu wenige"
                " Fälle (unter 8). Alle anderen Anzahlen sind auf ein Vielfaches von"
                " {base} gerundet, jede für sich. Summen können deshalb abweichen."
            ),
            german(
                "Einen Median gibt es ab 8 Fällen, andere Grenzwerte ab 20 Fällen,"
                " Anteile ab 50 Fällen. Anteile nahe 0 % oder 100 % stehen nur als"
                " Grenze da, zum Beispiel: unter 5 %."
            ),
            german(
                "Gezeigt werden nur abgeschlossene Zeiträume. Ämter mit weniger als"
                " {staff} Beschäftigten sind in einem größeren Amt enthalten."
            ),
        ),
    ),
    (
        "grenzwerte",
        german("Median und Grenzwerte"),
        (
            german(
                "Der Median ist der Wert in der Mitte: Die Hälfte wartete höchstens so"
                " lange. Gerechnet wird immer mit einem Wert, der wirklich vorkam"
                " (nächster Rang, der ⌈p · n⌉-te Wert)."
            ),
            german(
                "Ein Quartal wird aus seinen einzelnen Besuchen oder Anträgen"
                " berechnet, nie als Durchschnitt von Monaten. Wo eine Quelle nur"
                " Mittelwerte nennt, gibt es keinen Median."
            ),
            german(
                "Die Spanne neben einem Wert sagt, wo der wahre Wert mit 95 %"
                " Sicherheit liegt. Überlappen sich zwei Spannen, nennen wir den"
                " Unterschied nicht sicher."
            ),
        ),
    ),
    (
        "vergleich",
        german("Vergleich mit dem Vorjahr"),
        (
            german(
                "Verglichen wird immer mit demselben Zeitraum des Vorjahres. Anzahlen"
                " und Stunden werden vorher durch die Öffnungstage geteilt. Feiertage"
                " und Schließungen zählen nicht als Öffnungstage."
            ),
            german(
                "Es gibt keine Rangfolge der Ämter und keine Gesamtnote. Ziele und"
                " Fristen stehen immer mit der Stelle da, die sie gesetzt hat."
            ),
        ),
    ),
    (
        "fehlend",
        german("Fehlende Zahlen"),
        (
            german(
                "Was fehlt, ist nie 0. Eine Lücke bleibt im Diagramm eine Lücke. Ein"
                " geschlossenes Amt hat keine Wartezeit, auch nicht 0 Minuten. Sind die"
                " Wartemarken ausgegeben, heißt das nicht, dass niemand wartet."
            ),
        ),
    ),
    (
        "antraege",
        german("Anträge: das Offene zuerst"),
        (
            german(
                "Wie lange es dauert, sagt am ehesten, was offen ist: die offenen Fälle"
                " geteilt durch das, was in den letzten 30 Arbeitstagen erledigt wurde."
                " Das ist eine Schätzung und stimmt nur, wenn Fälle etwa in der"
                " Reihenfolge ihres Eingangs bearbeitet werden."
            ),
            german(
                "Der Anteil innerhalb der Frist zählt nach dem Monat des Eingangs. Was"
                " nach Ablauf der Frist noch offen ist, zählt als zu spät."
            ),
        ),
    ),
    (
        "stand",
        german("Vier Zeitpunkte"),
        (
            german(
                "Daten bis: das jüngste Ereignis, das in den Daten vorkommt."
                " Geliefert: wann die Quelle zuletzt neue Daten brachte. Berechnet und"
                " veröffentlicht: wann die Zahlen daraus entstanden und hier"
                " erschienen."
            ),
        ),
    ),
)


def title(view: View) -> str:
    return view.words("Wie die Zahlen entstehen")


def layout(view: View) -> html.Main:
    rules = [_rule(view, *rule) for rule in _RULES]
    families = [_family(view, *family) for family in _FAMILIES]
    return long_page(
        view,
        title(view),
        [*map(fold, families), *rules, fold(rest_record(view))],
        lead=view.words(
            "Jede Zahl auf diesen Seiten hat eine Definition. Mit den veröffentlichten"
            " Daten können Sie nachrechnen."
        ),
    )


def _family(view: View, family: str, heading: str) -> Component | None:
    words = view.words
    rows: list[list[Cell]] = []
    for kpi_id in shown_kpis(view):
        kpi = kpi_words(view, kpi_id)
        if kpi is None or kpi.family != family:
            continue
        link = html.A(
            kpi.label, href=view.addresses.method(kpi.id), className="kern-link"
        )
        rows.append([link, kpi.definition, words.unit(kpi.unit)])
    if not rows:
        return None
    columns = [
        Column(words("Kennzahl")),
        Column(words("Bedeutung")),
        Column(words("Einheit")),
    ]
    shown = table(
        words(heading), columns, rows, is_caption_visible=False, is_stacked=True
    )
    return section(words(heading), shown, id=f"familie-{family}")


def _rule(
    view: View, anchor: str, heading: str, paragraphs: tuple[str, ...]
) -> Component:
    words, publish = view.words, view.city.publish
    said = [
        html.P(
            words(
                each, base=publish.rounding_base, staff=words.number(publish.min_staff)
            )
        )
        for each in paragraphs
    ]
    return section(words(heading), *said, id=anchor)


PAGE = Page(
    name="method",
    path="/methodik",
    title=title,
    layout=layout,
    label=lambda view: view.words("Methodik"),
    description=lambda view: view.words(
        "Was die Zahlen bedeuten, was sie auslassen und wie sie berechnet werden."
    ),
    place="menu",
)
