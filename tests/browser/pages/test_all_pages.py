"""What must hold on every page of the site, in both languages."""

import gzip
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
