"""What must hold on every page of the site, in both languages."""

import gzip
import re
from urllib.request import Request, urlopen

import pytest

from dashboard.pages import PAGES

KB = 1000


@pytest.mark.parametrize("number", range(len(PAGES)), ids=[page.name for page in PAGES])
def test_a_german_page_is_accessible_safe_and_light(
    number, open_tab, busy_site, busy_addresses
):
    address = busy_site[0] + busy_addresses[2 * number]
    tab = open_tab(address)
    tab.scroll_through()
    assert sum(tab.received.values()) < 850 * KB
    assert tab.page.locator("h1").count() == 1
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
    assert tab.axe_everywhere() == []


@pytest.mark.parametrize("number", range(len(PAGES)), ids=[page.name for page in PAGES])
def test_an_english_page_is_english_and_fits_on_a_phone(
    number, open_tab, busy_site, busy_addresses
):
    address = busy_site[0] + busy_addresses[2 * number + 1]
    tab = open_tab(address, width=320)
    tab.until_taken_over()
    assert tab.page.locator("html").get_attribute("lang") == "en"
    assert tab.page.locator("h1").count() == 1
    assert not tab.scrolls_sideways()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_rows_of_the_week_are_named_in_full(open_tab, busy_site, width):
    page = open_tab(f"{busy_site[0]}/amt/kfz-zulassung", width=width).page
    names = page.locator(".heat-table tbody th")
    assert "17–17:30" in names.all_inner_texts()
    # The next cell of the row lies over what is too long.
    assert not names.evaluate_all(
        "(all) => all.some(e => e.scrollWidth > e.clientWidth)"
    )


WAY = "methodik/waiting.visits?zahl=waiting.visits/all/all/all/quarter/2026-Q3"


def test_the_way_of_one_figure_is_accessible_and_fits_on_a_phone(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{WAY}")
    tab.until_taken_over()
    assert tab.page.locator("pre.snippet").count() == 2
    assert tab.axe_everywhere() == []  # on a screen and on a phone, light and dark


def test_a_value_in_a_table_leads_to_its_way(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/quartal/2026-Q3")
    tab.until_taken_over()
    link = tab.page.locator("a.cell-value").first
    value = link.inner_text()
    link.click()
    tab.page.wait_for_url(re.compile(r"/methodik/.*zahl="))
    assert value in tab.page.locator(".origin-entry").first.inner_text()


@pytest.mark.parametrize("path", ["", "methodik", "quartal/2026-Q3"])
def test_a_stacked_table_is_not_cut_off_on_a_phone(path, open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{path}", width=390)
    tab.until_taken_over()
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
    wide = """[...document.querySelectorAll(".scroll-region:has(> .table--stacked)")]
        .map(region => region.scrollWidth - region.clientWidth)"""
    found = tab.page.evaluate(wide)
    assert found
    assert max(found) == 0


def test_a_link_to_a_source_unfolds_what_is_said_of_it(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/datenstand#anzeigen")
    tab.until_taken_over()
    tab.page.locator("#anzeigen").wait_for(state="visible")
    assert tab.page.locator("details[open]").count() == 1


OFFICE = "amt/einwohnermeldeamt"
LATE_CHART = "#chart-waiting-visits"  # the third of its page
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifted += e.value;
}).observe({type: "layout-shift", buffered: true});
"""


def test_a_late_chart_folds_on_a_phone_and_is_drawn_when_unfolded(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}", width=390)
    tab.until_taken_over()
    chart = tab.page.locator(LATE_CHART)
    summary = chart.locator("summary").first
    assert "Besuche" in summary.inner_text()  # it tells the finding
    summary.scroll_into_view_if_needed()
    tab.page.wait_for_timeout(200)
    assert not chart.locator(".drawing").is_visible()
    assert chart.locator(".is-live").count() == 0
    summary.click()
    chart.locator(".drawing").scroll_into_view_if_needed()
    chart.locator(".is-live").wait_for()


def test_a_link_to_a_folded_part_unfolds_it_each_time(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}{LATE_CHART}", width=390)
    tab.until_taken_over()
    assert tab.page.locator(f"{LATE_CHART} .drawing").is_visible()
    tab.page.locator("nav .disclosure-summary").click()
    link = tab.page.locator(".contents a", has_text="Leistungen dieses Amtes")
    part = tab.page.locator("section[aria-labelledby=leistungen]")
    for _ in range(2):
        link.click()
        part.locator("table").wait_for(state="visible")
        part.locator("summary").click()
        assert not part.locator("table").is_visible()


def test_a_link_to_one_part_leaves_another_folded(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}{LATE_CHART}", width=390)
    tab.until_taken_over()
    drawing = tab.page.locator(f"{LATE_CHART} .drawing")
    tab.page.locator(f"{LATE_CHART} summary").first.click()
    tab.page.locator("nav .disclosure-summary").click()
    tab.page.locator(".contents a", has_text="Leistungen dieses Amtes").click()
    tab.page.locator("section[aria-labelledby=leistungen] table").wait_for()
    assert not drawing.is_visible()


def test_an_address_with_a_broken_mark_still_comes_to_life(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}#%", width=390)
    tab.until_taken_over()
    tab.page.locator(f"{LATE_CHART} summary").first.click()
    assert tab.page.locator(f"{LATE_CHART} .drawing").is_visible()


def test_a_wide_screen_and_paper_show_what_a_phone_folds(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}", width=1280)
    tab.until_taken_over()
    drawing = tab.page.locator(f"{LATE_CHART} .drawing")
    assert drawing.is_visible()
    assert not tab.page.locator(f"{LATE_CHART} summary").first.is_visible()
    tab.page.set_viewport_size({"width": 390, "height": 844})
    assert not drawing.is_visible()
    tab.page.emulate_media(media="print")
    assert drawing.is_visible()


def test_scrolling_shifts_nothing_on_a_phone(open_tab, busy_site):
    tab = open_tab(f"{busy_site[0]}/{OFFICE}", width=390)
    tab.until_taken_over()
    tab.page.evaluate(SHIFTS)
    for _ in range(20):
        tab.page.mouse.wheel(0, 800)
        tab.page.wait_for_timeout(30)
    assert tab.page.evaluate("window.shifted") == 0


def test_every_page_says_itself_in_less_than_30_kb_without_javascript(
    busy_site, busy_addresses
):
    for path in busy_addresses:
        wanted = Request(busy_site[0] + path, headers={"Accept-Encoding": "gzip"})
        with urlopen(wanted) as answer:
            sent = answer.read()
        assert len(sent) < 30 * KB, path
        text = gzip.decompress(sent).decode()
        assert "<h1" in text
        assert text.count('id="inhalt"') == 1
        assert 'style="' not in text
