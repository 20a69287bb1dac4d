"""A component tree as HTML, as a browser reads it."""

from html.parser import HTMLParser

import pytest
from dash import dcc, html

from dashboard.components.aria import aria
from dashboard.components.drawing import Drawing
from dashboard.prerender import Unwritable, figures_of, to_html


def test_tags_attributes_and_texts_are_written():
    tree = html.A("Zum Amt", href="/amt/a?x=1&y=2", className="kern-link", id="a")
    assert to_html(tree) == (
        '<a id="a" class="kern-link" href="/amt/a?x=1&amp;y=2">Zum Amt</a>'
    )


def test_everything_that_could_be_markup_is_escaped():
    evil = '"><script>alert(1)</script>&'
    written = to_html(html.P([evil, html.A("x", title=evil, **aria(label=evil))]))
    assert "<script>" not in written

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.said, self.text = [], {}, ""

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)
            self.said |= dict(attrs)

        def handle_data(self, data):
            self.text += data

    reader = Reader()
    reader.feed(written)
    assert reader.tags == ["p", "a"]
    assert reader.said == {"title": evil, "aria-label": evil}
    assert reader.text == f"{evil}x"


@pytest.mark.parametrize(
    ("tree", "written"),
    [
        (html.Br(), "<br>"),
        (html.Div([None, "a", 3, ["b", html.B("c")]]), "<div>a3b<b>c</b></div>"),
        (html.Label("Amt", htmlFor="x"), '<label for="x">Amt</label>'),
        (html.Details("x", open=True), "<details open>x</details>"),
        (html.Details("x", open=False), "<details>x</details>"),
        (html.Option("A", value="", selected=True),
         '<option selected value="">A</option>'),
        (html.Div(tabIndex="-1", role="region"),
         '<div role="region" tabindex="-1"></div>'),
        (html.A("x", **aria(current="page")), '<a aria-current="page">x</a>'),
        (html.Th("A", scope="col", colSpan="2"), '<th colspan="2" scope="col">A</th>'),
        (html.Div(key="k", n_clicks=0, hidden=True), "<div hidden></div>"),
        (html.Time("heute", dateTime="2026-11-22"),
         '<time datetime="2026-11-22">heute</time>'),
    ],
)  # fmt: skip
def test_each_attribute_becomes_the_one_of_html(tree, written):
    assert to_html(tree) == written


def test_a_drawing_is_a_picture_with_a_name():
    drawing = Drawing("<svg></svg>", id="d", label='Von "1" bis 2', figure={"a": 1})
    assert to_html(drawing) == (
        '<div id="d" class="drawing" role="img" aria-label="Von &quot;1&quot; bis 2">'
        '<div class="drawing-static"><svg></svg></div></div>'
    )
    assert to_html(Drawing("<svg></svg>")) == '<span class="picture"><svg></svg></span>'


def test_the_figures_of_a_page_are_found_wherever_they_stand():
    one = Drawing("", id="a", label="", figure={"n": 1})
    two = Drawing("", id="b", label="", figure={"n": 2})
    tree = html.Main([html.Div(html.P(["x", one])), [two, Drawing("")]])
    assert figures_of(tree) == {"a": {"n": 1}, "b": {"n": 2}}


@pytest.mark.parametrize("tree", [dcc.Graph(), html.Div(dcc.Dropdown()), object()])
def test_what_has_no_plain_html_is_refused(tree):
    with pytest.raises(Unwritable, match="cannot be written"):
        to_html(tree)


def test_inline_styles_are_refused():
    with pytest.raises(Unwritable, match="inline styles"):
        to_html(html.Div(style={"color": "red"}))
