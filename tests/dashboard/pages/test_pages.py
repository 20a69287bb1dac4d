"""What holds for every page, in both languages, whatever the city knows."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

from dashboard.pages import PAGES

GERMAN_WORDS = re.compile(
    r"\b(der|die|das|und|oder|nicht|ist|sind|wird|wurden|werden|mit|von|für|als|wie"
    r"|Uhr|Amt|Ämter|Zahlen|Wartezeit|Tage|Stunden|Minuten|Fälle|Anträge|Keine?"
    r"|Quartal|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Stand|bis)\b"
)
UNITS = (
    r"Minuten?|Stunden?|Tagen?|Tag|Arbeitstagen?|Arbeitstage?|Personen?|Besuche?n?"
    r"|Fälle?n?|Fall|Anträge?n?|Antrag|Meldung(?:en)?|Prozentpunkte?|Zeilen?"
    r"|Sekunden?|Euro|Anfragen?|Antwort(?:en)?|Lieferung(?:en)?|Leistung(?:en)?"
    r"|Öffnungsstunden?|Öffnungstage?n?|Termine?n?|Vorhersagen|Suchen?|Tageswerte?n?|%"
)
NUMBER_WITH_UNIT = re.compile(rf"\d[\d.,]*(?: bis \d[\d.,]*)?[ \xa0](?:{UNITS})")


class Outline(HTMLParser):
    """Headings, ids, tables, links and texts of one page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tables: list[Counter] = []
        self.heads_without_scope = 0
        self.numbers: list[str] = []
        self._depth: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        classes = (known.get("class") or "").split()
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "a":
            self.links.append(known["href"])
        if tag == "table":
            self.tables.append(Counter())
        if tag in {"caption", "th", "td"} and self.tables:
            self.tables[-1][tag] += 1
        self.heads_without_scope += tag == "th" and "scope" not in known
        is_number = {"tile-value", "cell-value", "is-number"} & set(classes)
        if is_number and tag != "th":
            self.numbers.append("")
        self._depth.append((tag, bool(is_number) and tag != "th"))

    def handle_endtag(self, tag):
        while self._depth and self._depth.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if any(collects for _, collects in self._depth):
            self.numbers[-1] += data


def test_pages_have_names_and_addresses_of_their_own():
    assert len({page.name for page in PAGES}) == len(PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)


def test_every_page_has_one_first_heading_and_skips_no_level(stage):
    for path in stage.paths():
        headings = Outline(stage.page(path).html).headings
        assert headings.count(1) == 1, path
        assert headings[0] == 1, path
        steps = pairwise(headings)
        assert all(after - before <= 1 for before, after in steps), (path, headings)


def test_every_id_is_on_a_page_once(stage):
    for path in stage.paths():
        ids = Counter(Outline(stage.page(path).html).ids)
        assert [each for each, times in ids.items() if times > 1] == [], path


def test_every_table_has_a_caption_and_heads_with_scope(full):
    tables = 0
    for path in full.paths():
        outline = Outline(full.page(path).html)
        assert outline.heads_without_scope == 0, path
        for table in outline.tables:
            assert table["caption"] == 1, path
            assert table["th"], path
        tables += len(outline.tables)
    assert tables > 50


def test_every_number_has_its_unit(full):
    seen = 0
    for path in (
        "/",
        "/amt/einwohnermeldeamt",
        "/rueckstand",
        "/servicecenter",
        "/quartal/2026-Q3",
    ):
        for said in Outline(full.page(path).html).numbers:
            if re.search(r"\d", said) and "unter 8" not in said:
                assert NUMBER_WITH_UNIT.search(said), (path, said)
                seen += 1
    assert seen > 200


def test_what_is_missing_is_never_zero(full):
    # The figures above hold no 0, so a 0 on a page would be one that was made up.
    for path in ("/", "/amt/kfz-zulassung", "/rueckstand", "/quartal/2026-Q3"):
        text = full.page(path).text
        assert not re.search(rf"(?<![\d.,])0[ \xa0](?:{UNITS})", text), path
        assert "None" not in text, path
        assert not re.search(r"\bnan\b", text), path


def test_hidden_and_missing_figures_are_words(full):
    text = full.page("/quartal/2026-Q3").text
    assert "Zu wenige Fälle (unter 8)" in text
    assert "Keine Daten" in text
    assert "unter 5 %" in text


def test_every_text_on_an_english_page_is_translated(stage):
    for path in stage.paths():
        stage.page(path, "en")  # raises where a text is not


def test_english_pages_hold_no_german_words(stage):
    city = stage.city
    # What the city itself calls its sources, licences and addresses stays as it is.
    given = {city.info.publisher, city.info.contact.name, city.info.licence}
    given |= {source.publisher for source in city.sources}
    given |= {source.licence for source in city.sources}
    given |= {office.address for office in city.offices if office.address}
    given |= {deadline.norm for deadline in city.deadlines}
    for path in stage.paths():
        text = stage.page(path, "en").text
        for each in sorted(given, key=len, reverse=True):
            text = text.replace(each, " ")
        found = GERMAN_WORDS.findall(text)
        assert found == [], (path, found)


def test_english_pages_name_offices_and_services_in_english(full):
    city = full.city
    names = [each.name for each in (*city.offices, *city.services)]
    english = " ".join(each.name.en for each in (*city.offices, *city.services))
    given = " ".join(source.publisher for source in city.sources)
    for path in ("/", "/rueckstand", "/quartal/2026-Q3", "/amt/bauordnung"):
        text = full.page(path, "en").text
        for name in names:
            if name.de not in english and name.de not in given:
                assert name.de not in text, (path, name.de)


def test_every_link_leads_somewhere(stage):
    for language in ("de", "en"):
        for path in stage.paths():
            rendered = stage.page(path, language)
            outline = Outline(rendered.html)
            for link in outline.links:
                _check_link(stage, rendered.view, outline, link)


def _check_link(stage, view, outline, link):
    address, _, anchor = link.partition("#")
    if not address:
        assert anchor in outline.ids, link
        return
    if not address.startswith("/"):
        assert re.match(r"(https?://|mailto:|tel:)", address), link
        return
    path = address.partition("?")[0]
    if path.startswith(("/api/v1/", "/daten/aktuell/")):
        return
    language, page_path = view.addresses.read(path)
    assert language == view.language, link
    assert stage.exists(page_path), link


def test_no_chart_is_empty_and_no_tile_without_a_value(stage):
    for path in stage.paths():
        html = stage.page(path).html
        assert "chart-empty" not in html, path
        for value in re.findall(r'class="tile-value">([^<]*)<', html):
            assert re.search(r"\d", value), (path, value)


def test_filters_that_nobody_offers_change_nothing(full):
    for path, query in (
        ("/", {"amt": "gibt-es-nicht"}),
        ("/amt/einwohnermeldeamt", {"zeitraum": "jahrhundert"}),
        ("/rueckstand", {"amt": "x", "leistung": "y"}),
    ):
        assert full.page(path, **query).text == full.page(path).text


def test_every_page_names_itself_in_both_languages(stage):
    for path in stage.paths():
        for language in ("de", "en"):
            rendered = stage.page(path, language)
            title = rendered.page.title(rendered.view)
            assert title
            assert f">{title.replace('&', '&amp;')}</h1>" in rendered.html, path
