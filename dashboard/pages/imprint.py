"""Who is responsible for the site."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.contact import contact_lines
from dashboard.components.frame import main
from dashboard.components.section import section
from dashboard.view import Page, View


def title(view: View) -> str:
    return view.words("Impressum")


def layout(view: View) -> html.Main:
    words, info = view.words, view.city.info
    parts: list[Component] = [
        section(words("Herausgeber"), html.P(info.publisher), id="herausgeber"),
        section(words("Kontakt"), *contact_lines(view), id="kontakt"),
        section(
            words("Zahlen"),
            html.P(words("Lizenz der Zahlen: {licence}", licence=info.licence)),
            html.P(
                html.A(
                    words("Woher die Zahlen kommen und wie aktuell sie sind"),
                    href=view.addresses.data_status(),
                    className="kern-link",
                )
            ),
            id="zahlen",
        ),
    ]
    if info.sample_data:
        said = words(
            "{city} gibt es nicht. Die Ämter, die Menschen und alle Zahlen sind"
            " erfunden.",
            city=info.name,
        )
        parts.insert(0, html.P(said))
    return main(title(view), *parts)


PAGE = Page(
    name="imprint", path="/impressum", title=title, layout=layout, place="footer"
)
