"""The whole HTML document: head, frame, the page as text, and Dash's scripts."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from dash.development.base_component import Component

from dashboard.addresses import Addresses
from dashboard.components import frame
from dashboard.components.content import digest
from dashboard.prerender import to_html
from dashboard.view import Page, Scene
from ingest.city import City

# Dash fills in its parts once; ours are filled in for every page.
INDEX: Final = """<!DOCTYPE html>
<html lang="[[lang]]">
<head>
{%metas%}
<title>[[title]]</title>
<meta name="description" content="[[description]]">
<meta name="color-scheme" content="light dark">
<link rel="preload" href="[[font]]" as="font" type="font/woff2" crossorigin>
<link rel="preload" href="[[bold]]" as="font" type="font/woff2" crossorigin>
<link rel="icon" href="[[icon]]" type="image/svg+xml">
{%css%}
<link rel="stylesheet" href="[[theme]]">
[[alternates]]
</head>
<body data-plotly="[[plotly]]" data-locale="[[locale]]">
[[header]]
<div id="seite" data-digest="[[digest]]">[[content]]</div>
<div id="app" hidden>{%app_entry%}</div>
<p id="meldung" class="kern-sr-only" role="status"
 data-text="[[updated]]" data-failed="[[failed]]"></p>
[[footer]]
<div hidden>{%config%}{%scripts%}{%renderer%}</div>
</body>
</html>
"""
_SCRIPTS: Final = re.compile(r'<div hidden><script id="_dash-config".*</div>', re.S)
_APP: Final = re.compile(r'<div id="app" hidden>.*?</div>\n(?=<p id="meldung")', re.S)
_CONFIG: Final = re.compile(r'(?<=type="application/json">)\{.*?\}(?=</script>)', re.S)
_SLOT: Final = re.compile(r"\[\[(\w+)\]\]")
# What Dash tells every reader about the server's insides.
_UNSAID: Final = frozenset({"python_version", "dash_version_url", "end_id"})

THEME: Final = "stadtfarben.css"
PLOTLY: Final = "00-plotly-basic.min.js"
LOCALE: Final = "01-plotly-locale-de.js"
FONT: Final = "fonts/FiraSans-Regular.woff2"
BOLD: Final = "fonts/FiraSans-SemiBold.woff2"  # neither comes without the other
ICON: Final = "favicon.svg"


def without_secrets(index: str) -> str:
    """Take out of Dash's configuration what is nobody's business."""
    return _CONFIG.sub(lambda found: _said(json.loads(found[0])), index)


def _said(config: Mapping[str, object]) -> str:
    told = {name: value for name, value in config.items() if name not in _UNSAID}
    return json.dumps(told, separators=(",", ":"))


def fill(
    index: str,
    scene: Scene,
    content: Component,
    pages: Sequence[Page],
    *,
    title: str,
    description: str = "",
    with_app: bool = True,
) -> str:
    """Write one page into the document; without the app it is text alone."""
    addresses, city = scene.addresses, scene.city
    text = to_html(content)
    values = {
        "lang": scene.language,
        "title": escape(f"{title} – {frame.SITE_NAME} {city.info.name}"),
        "description": escape(description or title),
        "font": f"{addresses.asset(FONT)}?v=4.106",
        "bold": f"{addresses.asset(BOLD)}?v=4.106",
        "icon": addresses.asset(ICON),
        "theme": theme_address(addresses, city),
        "alternates": _alternates(scene) if with_app else "",
        "plotly": addresses.asset(PLOTLY),
        "locale": addresses.asset(LOCALE) if scene.language == "de" else "",
        "header": to_html(frame.header(scene, pages)),
        "content": text,
        "digest": digest(text),
        "footer": to_html(frame.footer(scene, pages)),
        "failed": escape(
            scene.words(
                "Ihre Auswahl lässt sich gerade nicht laden."
                " Die Seite zeigt noch die vorige."
            )
        ),
        "updated": escape(scene.words("Die Seite zeigt jetzt Ihre Auswahl.")),
    }
    kept = index if with_app else _APP.sub("", _SCRIPTS.sub("", index))
    return _SLOT.sub(lambda slot: values[slot[1]], kept)


def theme_css(city: City) -> str:
    theme = city.info.theme
    return (
        f":root{{--city-action:{theme.action};"
        f"--city-action-dark:{theme.action_dark}}}\n"
    )


def theme_address(addresses: Addresses, city: City) -> str:
    colours = city.info.theme.action[1:] + city.info.theme.action_dark[1:]
    return f"{addresses.base}{THEME}?v={colours}"


def _alternates(scene: Scene) -> str:
    """Tell search engines that this page exists in other languages."""
    return "\n".join(
        f'<link rel="alternate" hreflang="{language}" href="'
        f'{escape(scene.addresses.in_language(language).to(scene.path))}">'
        for language in scene.city.info.languages
    )
