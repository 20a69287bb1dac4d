"""What the site knows about its readers, and about the people in its figures."""

from dash import html

from dashboard.components.contact import contact_lines
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.view import Page, View


def title(view: View) -> str:
    return view.words("Datenschutz")


def layout(view: View) -> html.Main:
    words, publish = view.words, view.city.publish
    return main(
        title(view),
        section(
            words("Wenn Sie diese Seiten besuchen"),
            html.P(
                words(
                    "Diese Seiten setzen keine Cookies und speichern nichts auf Ihrem"
                    " Gerät. Sie laden nichts von anderen Anbietern. Es gibt keine"
                    " Anmeldung und keine Zählung einzelner Personen."
                )
            ),
            html.P(
                words(
                    "Damit die Seite zu Ihnen kommt, muss der Server die Adresse Ihres"
                    " Geräts verarbeiten. Ob er sie in einem Protokoll festhält und wie"
                    " lange, erfahren Sie von der Stelle unter „Kontakt“."
                )
            ),
            id="besuch",
        ),
        section(
            words("Die Menschen hinter den Zahlen"),
            html.P(
                words(
                    "Namen, Anschriften, Geburtsdaten und Angaben über einzelne"
                    " Beschäftigte werden verworfen, bevor etwas gespeichert wird."
                    " Nummern von Vorgängen werden so verschlüsselt, dass sie niemand"
                    " zurückrechnen kann."
                )
            ),
            html.P(
                words(
                    "Veröffentlicht werden nur Zahlen über viele Menschen. Anzahlen"
                    " unter 8 werden nicht gezeigt, andere auf ein Vielfaches von"
                    " {base} gerundet. Ämter mit weniger als {staff} Beschäftigten"
                    " erscheinen nicht für sich.",
                    base=publish.rounding_base,
                    staff=words.number(publish.min_staff),
                )
            ),
            html.P(
                html.A(
                    words("Die Regeln für kleine Zahlen"),
                    href=f"{view.addresses.method()}#kleine-zahlen",
                    className="kern-link",
                )
            ),
            id="zahlen",
        ),
        section(words("Kontakt"), *contact_lines(view), id="kontakt"),
    )


PAGE = Page(
    name="privacy", path="/datenschutz", title=title, layout=layout, place="footer"
)
