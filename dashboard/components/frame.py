"""The frame around every page: skip link, header, menu, language, footer."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.aria import aria
from dashboard.components.badge import icon
from dashboard.view import Page, Place, Scene, View

SITE_NAME = "Amtspuls"
MAIN_ID = "inhalt"  # where the skip link leads


def main(heading: str, *content: Component, lead: str | None = None) -> html.Main:
    """Build a page's own part: its only h1, a first sentence, then everything else."""
    head: list[Component] = [html.H1(heading, className="page-heading")]
    if lead is not None:
        head.append(html.P(lead, className="page-lead"))
    return html.Main(
        [html.Div(head, className="page-head"), *content],
        id=MAIN_ID,
        className="page wrap",
        tabIndex="-1",
    )


def header(view: Scene, pages: Sequence[Page]) -> list[Component]:
    """Everything above the page. It is no part of what Dash takes over."""
    words = view.words
    skip = html.A(words("Zum Inhalt springen"), href=f"#{MAIN_ID}", className="skip")
    strip = html.Div(
        html.Div(
            [html.P(_owner(view), className="strip-owner"), _languages(view)],
            className="wrap strip-row",
        ),
        className="strip",
    )
    claim = words("Wie gut die Ämter für Sie da sind")
    brand = html.Div(
        [
            html.A(SITE_NAME, href=view.addresses.home(), className="brand"),
            html.P(claim, className="claim"),
        ],
        className="wrap brand-row",
    )
    menu = html.Nav(
        html.Ul(_links(view, pages, "menu"), className="wrap menu", role="list"),
        className="menu-bar",
        **aria(label=words("Hauptmenü")),
    )
    banner = [_sample_banner(view)] if view.city.info.sample_data else []
    return [skip, html.Header([strip, *banner, brand, menu], className="header")]


def footer(view: Scene, pages: Sequence[Page]) -> html.Footer:
    """Who publishes this, under which licence, and the pages the law asks for."""
    words, info = view.words, view.city.info
    publisher = [
        html.P(words("Herausgeber: {name}", name=info.publisher)),
        html.P(_contact(view)),
    ]
    data = [
        html.P(words("Lizenz der Zahlen: {licence}", licence=info.licence)),
        html.P(
            html.A(
                words("Alle Zahlen herunterladen (CSV)"),
                href=view.addresses.figures(),
                className="kern-link",
            )
        ),
    ]
    links = _links(view, pages, "footer")
    menu = html.Nav(
        html.Ul(links, className="footer-links", role="list"),
        **aria(label=words("Weitere Seiten")),
    )
    columns = [html.Div(publisher), html.Div(data), *([menu] if links else [])]
    return html.Footer(
        html.Div(columns, className="wrap footer-row"), className="footer"
    )


def _owner(view: Scene) -> str:
    return view.words("Herausgeber: {name}", name=view.city.info.publisher)


def _sample_banner(view: Scene) -> html.Div:
    words = view.words
    said = [
        icon("info"),
        html.P(
            [
                html.Strong(words("Beispieldaten.")),
                " ",
                words("Diese Stadt ist erfunden, alle Zahlen sind simuliert."),
            ]
        ),
    ]
    return html.Div(html.Div(said, className="wrap sample-row"), className="sample")


def _languages(view: Scene) -> Component:
    names = {"de": "Deutsch", "en": "English"}
    items = []
    for language in view.city.info.languages:
        is_current = language == view.language
        address = view.addresses.in_language(language).to(view.path, **view.query)
        items.append(
            html.Li(
                html.A(
                    names[language],
                    href=address,
                    lang=language,
                    hrefLang=language,
                    className="language",
                    **aria(current="true" if is_current else None),
                )
            )
        )
    return html.Nav(
        html.Ul(items, className="languages", role="list"),
        **aria(label=view.words("Sprache")),
    )


def _links(view: Scene, pages: Sequence[Page], place: Place) -> list[Component]:
    items: list[Component] = []
    if not isinstance(view, View):
        return items  # before the first publication the pages cannot be drawn
    for page in pages:
        address = page_address(view, page)
        if page.place != place or address is None:
            continue
        is_current = page.match(view.path) is not None
        items.append(
            html.Li(
                html.A(
                    (page.label or page.title)(view),
                    href=address,
                    **aria(current="page" if is_current else None),
                )
            )
        )
    return items


def page_address(view: View, page: Page) -> str | None:
    """Find a page's address; of one with placeholders that of its first place."""
    if page.places is None:
        return view.addresses.to(page.path)
    first = next(iter(page.places(view)), None)
    return None if first is None else view.addresses.to(page.path.format(**first))


def _contact(view: Scene) -> list[Component | str]:
    contact = view.city.info.contact
    said: list[Component | str] = [view.words("Fragen an:"), f" {contact.name}"]
    if contact.mail:
        link = html.A(
            contact.mail, href=f"mailto:{contact.mail}", className="kern-link"
        )
        said += [", ", link]
    elif contact.url:
        link = html.A(contact.url, href=contact.url, className="kern-link")
        said += [", ", link]
    return said
