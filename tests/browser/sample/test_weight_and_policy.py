"""How much a first visit costs, and what the security policy must know of styles."""

import json
from urllib.parse import urlsplit

from dashboard.security import STYLE_HASHES, csp_hash

KB = 1000


def test_the_first_html_is_below_30_kb_and_everything_below_850_kb(
    open_tab, sample_site
):
    tab = open_tab(f"{sample_site}/muster")
    tab.scroll_through()
    tab.page.wait_for_load_state("networkidle")
    sizes = {urlsplit(name).path: size for name, size in tab.received.items()}
    assert sizes["/muster"] < 30 * KB
    assert any("plotly" in name for name in sizes)
    assert sum(sizes.values()) < 850 * KB


def test_a_second_visit_loads_only_what_may_have_changed(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.until_taken_over()
    tab.page.wait_for_load_state("networkidle")
    # What the first visit loaded last, a font, is told only after it has come.
    tab.until("document.fonts.status === 'loaded'")
    tab.page.wait_for_timeout(300)
    tab.received.clear()
    tab.page.reload(wait_until="networkidle")
    assert sum(tab.received.values()) < 40 * KB


def test_the_policy_knows_every_style_of_dash_and_plotly(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.scroll_through()
    texts = tab.page.evaluate(
        "[...document.querySelectorAll('style')].map((each) => each.textContent)"
    )
    known = json.loads(STYLE_HASHES.read_text(encoding="utf-8"))
    assert sorted({csp_hash(text) for text in texts}) == sorted(known)


def test_the_policy_is_enforced(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.__injected = true'}))"
    )
    tab.until("window.__violations.length > 0")
    assert tab.page.evaluate("window.__injected") is None
    tab.page.evaluate("window.__violations = []")
    tab.problems.clear()


def test_an_unknown_address_has_a_real_page_in_its_language(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/en/nowhere")
    assert tab.page.locator("html").get_attribute("lang") == "en"
    assert tab.page.locator("h1").count() == 1
    assert tab.axe() == []
    tab.problems.clear()  # the browser reports the 404 itself
