"""Anybody can read the page: without script, small, dark, enlarged, by keyboard."""

import pytest

TEXT_SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
  word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }"""


def test_axe_finds_nothing_at_any_width_in_light_and_dark(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.scroll_through()
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
    assert tab.axe_everywhere() == []


def test_axe_would_find_something(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.scroll_through()
    tab.page.evaluate("document.querySelector('label').remove()")
    assert any("select-name" in each for each in tab.axe())


def test_everything_can_be_read_without_javascript(open_tab, sample_site):
    page = open_tab(f"{sample_site}/muster", with_script=False).page
    assert page.locator("h1").inner_text() == "Wartezeiten"
    assert page.locator("#wartezeit .drawing-svg--wide").is_visible()
    assert not page.locator("#wartezeit .drawing-svg--narrow").is_visible()
    assert page.locator("#wartezeit tbody tr").count() == 30
    assert page.locator("#wartezeit tbody tr").first.is_visible()
    page.locator("#filter-amt").select_option("kfz")
    page.locator(".filters button").click()
    assert page.url.endswith("/muster?amt=kfz&zeit=")
    assert page.locator("#gewaehlt").inner_text() == "Gewählt: kfz"


def test_more_space_between_letters_cuts_nothing_off(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster", width=320)
    # Through the document's own sheets, which the policy allows.
    tab.page.evaluate(
        "(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
        " document.adoptedStyleSheets = [sheet]; }",
        TEXT_SPACING,
    )
    assert not tab.scrolls_sideways()
    cut = tab.page.evaluate(
        """[...document.querySelectorAll('main *, header *, footer *')].filter((e) =>
          !e.closest('.kern-sr-only, .scroll-region, svg') && e.clientWidth &&
          !e.matches('select') && (e.scrollWidth > e.clientWidth + 1)
          && getComputedStyle(e).display !== 'inline'
        ).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert cut == []


def test_the_keyboard_reaches_the_content_first_and_every_target_is_large_enough(
    open_tab, sample_site
):
    tab = open_tab(f"{sample_site}/muster", width=390)
    tab.until_taken_over()
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    assert tab.page.locator(".skip").bounding_box()["y"] >= 0
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "inhalt"
    small = tab.page.evaluate(
        """[...document.querySelectorAll('a, button, select, summary')].filter((e) => {
          const b = e.getBoundingClientRect();
          const isSmall = b.width < 24 || b.height < 24;
          return !e.closest('p, h3, .skip') && b.width && isSmall;
        }).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_every_drawing_has_a_name_and_is_followed_by_its_numbers(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.until_taken_over()
    for block in tab.page.locator(".chart-block").all():
        assert block.locator("[role=img]").get_attribute("aria-label")
        assert block.locator("table").count() == 1
        assert block.locator("tbody tr").first.is_visible()


def test_a_table_stands_beside_its_chart_as_high_as_it_and_keeps_its_head(
    open_tab, sample_site
):
    page = open_tab(f"{sample_site}/muster").page
    picture = page.locator("#wartezeit .chart-picture").bounding_box()
    region = page.locator("#wartezeit .scroll-region")
    shown = region.bounding_box()
    assert shown["x"] >= picture["x"] + picture["width"]
    assert abs(shown["y"] - picture["y"]) < 1
    assert abs(shown["height"] - picture["height"]) < 1
    assert not page.locator("#wartezeit .chart-table summary").is_visible()
    region.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    assert region.evaluate("(e) => e.scrollTop") > 0
    head = page.locator("#wartezeit thead th").first.bounding_box()
    assert abs(head["y"] - region.bounding_box()["y"]) < 3


@pytest.mark.parametrize("width", [390, 1000])
def test_where_there_is_no_room_the_table_is_folded_below_its_chart(
    open_tab, sample_site, width
):
    page = open_tab(f"{sample_site}/muster", width=width, with_script=False).page
    row = page.locator("#wartezeit tbody tr").first
    assert not row.is_visible()
    page.locator("#wartezeit .chart-table summary").click()
    assert row.is_visible()
    below = page.locator("#wartezeit .chart-picture").bounding_box()
    assert row.bounding_box()["y"] > below["y"] + below["height"]


def test_paper_is_light_even_for_readers_of_dark_screens(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster", scheme="dark")
    ink = "getComputedStyle(document.body).color"
    assert tab.page.evaluate(ink) == "rgb(242, 243, 248)"
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert tab.page.evaluate(ink) == "rgb(28, 32, 51)"


def test_paper_shows_the_pictures_and_leaves_out_the_menu(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.scroll_through()
    tab.page.emulate_media(media="print")
    assert tab.page.locator("#wartezeit .drawing-static").first.is_visible()
    assert tab.page.locator("#wartezeit tbody tr").last.is_visible()
    assert not tab.page.locator("#wartezeit .chart-table summary").is_visible()
    assert not tab.page.locator(".menu-bar").is_visible()
