"""Dash takes over what the server sent, without a flash, a jump or a second copy."""

import pytest


@pytest.fixture
def tab(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.until_taken_over()
    return tab


@pytest.fixture
def open_held(open_tab, sample_site):
    """Open the page while Dash's answer is held back; gives what lets it go."""

    def start():
        tab = open_tab("about:blank")
        tab.host = sample_site.removeprefix("http://")
        held = []
        tab.page.route("**/_dash-update-component", lambda route: held.append(route))
        tab.page.goto(f"{sample_site}/muster")
        while not held:
            tab.page.wait_for_timeout(20)
        return tab, held[0].continue_

    return start


def test_what_the_server_sent_stays_where_it_is(open_held):
    tab, let_go = open_held()
    page = tab.page
    page.evaluate("document.querySelectorAll('main *').forEach((e) => (e.sent = true))")
    page.locator("#filter-amt").select_option("kfz")
    page.locator("#filter-amt").focus()
    page.locator("summary:visible").first.click()
    page.evaluate("window.scrollTo({top: 700, behavior: 'instant'})")
    let_go()
    tab.until_taken_over()
    own = "main *:not(.drawing-live, .drawing-live *)"
    assert page.evaluate(
        f"[...document.querySelectorAll('{own}')].every((e) => e.sent)"
    )
    assert page.locator("#filter-amt").input_value() == "kfz"
    assert page.locator("details[open]").count() == 1
    assert page.evaluate("window.scrollY") == 700


def test_every_id_and_the_main_part_are_there_once(tab):
    tab.scroll_through()
    page = tab.page
    assert page.locator("main").count() == 1
    assert page.locator("#app").is_hidden()
    ids = page.evaluate(
        "[...document.querySelectorAll('[id]')]"
        ".filter((e) => !e.closest('.drawing-live')).map((e) => e.id)"
    )
    assert sorted(set(ids)) == sorted(ids)


def test_nothing_jumps_while_dash_takes_over(open_tab, sample_site):
    tab = open_tab("about:blank")
    tab.host = sample_site.removeprefix("http://")
    tab.page.add_init_script(
        """window.__shift = 0; new PerformanceObserver((list) => {
          for (const each of list.getEntries()) window.__shift += each.value;
        }).observe({type: 'layout-shift', buffered: true});"""
    )
    tab.page.goto(f"{sample_site}/muster")
    tab.scroll_through()
    assert tab.page.evaluate("window.__shift") < 0.01


def test_a_filter_changes_the_page_and_its_address_in_place(tab):
    page = tab.page
    page.evaluate("window.__same = true")
    page.locator("#wartezeit summary:visible").first.click()
    page.locator("#filter-amt").select_option("kfz")
    page.locator(".filters button").click()
    tab.until("document.querySelector('#gewaehlt').innerText.includes('kfz')")
    assert page.url.endswith("/muster?amt=kfz")
    assert page.evaluate("window.__same")
    assert page.locator("#filter-amt").input_value() == "kfz"
    assert page.evaluate("document.activeElement.type") == "submit"
    assert page.evaluate("document.activeElement.id") == "filter-anzeigen"
    assert page.locator("#wartezeit details[open]").count() == 1
    english = page.locator(".language[lang=en]").get_attribute("href")
    assert english.endswith("/en/muster?amt=kfz")
    tab.until("document.querySelector('#meldung').innerText !== ''")


def test_going_back_shows_the_view_before(tab):
    page = tab.page
    page.locator(".choice", has_text="Wochen").click()
    tab.until("location.search === '?zeit=w'")
    current = page.locator(".choice[aria-current]")
    tab.until("document.querySelector('.choice[aria-current]').innerText === 'Wochen'")
    page.go_back()
    tab.until("document.querySelector('.choice[aria-current]').innerText === 'Monate'")
    assert current.count() == 1


def test_going_back_leads_the_other_language_back_too(tab):
    page = tab.page
    english = "document.querySelector('.language[lang=en]').search"
    page.locator(".choice", has_text="Wochen").click()
    tab.until(f"{english} === '?zeit=w'")
    page.go_back()
    tab.until(f"{english} === ''")
    assert page.title() == "Muster – Amtspuls Musterstadt"


def test_a_choice_that_cannot_be_loaded_is_said_and_leaves_the_page(tab):
    page = tab.page
    page.route("**/_dash-update-component", lambda route: route.abort())
    before = page.locator("#gewaehlt").inner_text()
    page.locator("#filter-amt").select_option("kfz")
    page.locator(".filters button").click()
    message = page.locator("#meldung")
    tab.until("document.querySelector('#meldung').innerText !== ''", seconds=15)
    assert "lässt sich gerade nicht laden" in message.inner_text()
    assert message.bounding_box()["height"] > 24
    assert page.locator("#gewaehlt").inner_text() == before
    tab.problems.clear()  # the browser reports the answer that was refused


def test_the_page_stays_as_sent_when_dash_cannot_answer(open_tab, sample_site):
    tab = open_tab("about:blank")
    tab.host = sample_site.removeprefix("http://")
    page = tab.page
    page.route("**/_dash-update-component", lambda route: route.abort())
    page.goto(f"{sample_site}/muster", wait_until="networkidle")
    assert page.locator("#seite h1").is_visible()
    tab.problems.clear()  # the browser reports the answer that was refused


def test_chromium_keeps_nothing_about_its_reader(tab):
    stored = "[document.cookie, localStorage.length, sessionStorage.length]"
    assert tab.page.evaluate(stored) == ["", 0, 0]
    assert tab.page.context.cookies() == []
