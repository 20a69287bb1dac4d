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


@pytest.mark.parametrize("path", ["", "methodik", "quartal/2026-Q3", "datenstand"])
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
    tab = open_tab(f"{busy_site[0]}/datenstand")
    tab.until_taken_over()
    assert tab.page.locator("details[open]").count() == 0
    tab.page.locator("table a").first.click()
    tab.page.locator("details[open] .origin-list").wait_for(state="visible")


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
