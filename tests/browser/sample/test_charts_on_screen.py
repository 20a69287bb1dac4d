"""plotly draws what the static picture shows, once somebody can see it."""

import pytest

PLOTLY = "00-plotly-basic"


@pytest.fixture
def tab(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/muster")
    tab.until_taken_over()
    return tab


def loaded(tab):
    return [name for name in tab.received if PLOTLY in name]


def test_plotly_is_loaded_only_when_a_chart_is_on_screen(tab):
    assert not loaded(tab)
    tab.page.locator("#wartezeit .drawing").scroll_into_view_if_needed()
    tab.page.wait_for_selector("#wartezeit .drawing.is-live")
    assert len(loaded(tab)) == 1
    assert tab.page.locator(".drawing.is-live").count() == 1


def test_no_chart_means_no_plotly(open_tab, sample_site):
    tab = open_tab(f"{sample_site}/text")
    tab.until_taken_over()
    tab.page.wait_for_timeout(300)
    assert not loaded(tab)


def test_plotlys_version_is_the_python_packages(tab):
    from plotly.offline import get_plotlyjs_version

    tab.scroll_through()
    assert tab.page.evaluate("Plotly.version") == get_plotlyjs_version()


def test_both_drawings_have_the_same_size_and_the_same_points(tab):
    tab.scroll_through()
    sizes = tab.page.evaluate(
        """[...document.querySelectorAll('.drawing')].map((each) => {
          const still = each.querySelector('.drawing-static').getBoundingClientRect();
          const live = each.querySelector('.js-plotly-plot .main-svg')
            .getBoundingClientRect();
          return [still.width - live.width, still.height - live.height];
        })"""
    )
    assert len(sizes) == 2
    assert all(abs(each) < 1 for pair in sizes for each in pair)
    apart = tab.page.evaluate(
        """(() => {
          const centre = (e) => { const b = e.getBoundingClientRect();
            return [b.x + b.width / 2, b.y + b.height / 2]; };
          const root = document.querySelector('#wartezeit');
          const still = [...root.querySelectorAll(
            '.drawing-svg--wide .marker.c-2')].map(centre);
          const live = [...root.querySelectorAll('.scatterlayer .trace')]
            .map((trace) => [...trace.querySelectorAll('path.point')].map(centre))
            .filter((points) => points.length === still.length).pop();
          return still.map(([x, y], i) => Math.hypot(x - live[i][0], y - live[i][1]));
        })()"""
    )
    assert len(apart) == 30
    assert max(apart) < 2


def test_hovering_says_the_value_in_words_and_can_be_read(tab):
    tab.scroll_through()
    drawing = tab.page.locator("#wartezeit .drawing")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.45)
    hover = tab.page.locator(".hoverlayer text.nums")
    hover.wait_for()
    assert "Minuten" in hover.text_content()
    fill = tab.page.evaluate(
        "getComputedStyle(document.querySelector('.hoverlayer tspan')).fill"
    )
    assert fill == "rgb(28, 32, 51)"


def test_the_drawing_follows_the_reader_into_the_dark(tab):
    tab.scroll_through()
    read = "document.querySelector('#wartezeit .point').style.fill"
    light = tab.page.evaluate(read)
    tab.page.emulate_media(color_scheme="dark")
    tab.until(f"{read} !== '{light}'")
    assert tab.page.evaluate(read) == "rgb(165, 185, 242)"


def test_nothing_inside_a_drawing_takes_the_focus(tab):
    tab.scroll_through()
    inside = "a[href], button, input, select, [tabindex]:not([tabindex='-1'])"
    assert tab.page.locator(f".drawing :is({inside})").count() == 0


def test_texts_of_a_static_picture_do_not_overlap(open_tab, sample_site):
    for width in (1280, 390):
        tab = open_tab(f"{sample_site}/muster", width=width)
        overlapping = tab.page.evaluate(
            """[...document.querySelectorAll('.drawing-svg')].flatMap((svg) => {
              const boxes = [...svg.querySelectorAll('text')].map(
                (t) => [t.textContent, t.getBoundingClientRect()]);
              return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) =>
                p.width && q.width && p.left < q.right - 1 && q.left < p.right - 1 &&
                p.top + 3 < q.bottom - 3 && q.top + 3 < p.bottom - 3
              ).map(([b]) => `${a} / ${b}`));
            })"""
        )
        assert overlapping == []
