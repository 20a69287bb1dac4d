"""How accessible the site is, by its own assessment, and whom to tell of barriers."""

from dash import html

from dashboard.components.contact import contact_lines
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.view import Page, View


def title(view: View) -> str:
    return view.words("Barrierefreiheit")


def layout(view: View) -> html.Main:
    words = view.words
    return main(
        title(view),
        section(
            words("Was diese Seiten leisten sollen"),
            html.P(
                words(
                    "Alle sollen diese Seiten nutzen können: mit der Tastatur, mit"
                    " einem Vorleseprogramm, stark vergrößert, auf kleinen"
                    " Bildschirmen und ohne JavaScript. Maßstab sind die Web Content"
                    " Accessibility Guidelines (WCAG) 2.2, Stufe AA."
                )
            ),
            html.P(
                words(
                    "Jedes Diagramm hat eine Überschrift, die seine Aussage nennt, eine"
                    " Beschreibung und eine Tabelle mit denselben Zahlen."
                )
            ),
            id="leistung",
        ),
        section(
            words("Wie geprüft wurde"),
            html.P(
                words(
                    "Diese Angaben beruhen auf einer Selbstbewertung mit automatischen"
                    " Prüfungen im Browser. Eine Prüfung durch eine unabhängige Stelle"
                    " gab es noch nicht."
                )
            ),
            id="pruefung",
        ),
        section(
            words("Was noch fehlt"),
            html.Ul(
                [
                    html.Li(words("Eine Fassung in Leichter Sprache.")),
                    html.Li(words("Eine Fassung in Deutscher Gebärdensprache.")),
                    html.Li(
                        words(
                            "Die Formeln der Kennzahlen gibt es nur in einer"
                            " mathematischen Schreibweise auf Englisch."
                        )
                    ),
                ]
            ),
            id="luecken",
        ),
        section(
            words("Eine Barriere melden"),
            html.P(
                words(
                    "Wenn Sie auf ein Hindernis stoßen, schreiben Sie bitte an diese"
                    " Stelle. Dort erfahren Sie auch, welche Durchsetzungsstelle"
                    " zuständig ist, falls Ihnen nicht geholfen wird."
                )
            ),
            *contact_lines(view),
            id="melden",
        ),
    )


PAGE = Page(
    name="accessibility",
    path="/barrierefreiheit",
    title=title,
    layout=layout,
    place="footer",
)
