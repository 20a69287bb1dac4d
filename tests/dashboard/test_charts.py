"""One description, drawn twice: gaps stay gaps, nothing overlaps, both say the same."""

import re
from dataclasses import replace
from itertools import pairwise

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.chart import (
    Chart,
    Closure,
    Event,
    Period,
    Series,
    Target,
    ticks_to,
)
from dashboard.charts.plot import (
    LINE_HEIGHT,
    NARROW,
    WIDE,
    Plot,
    labelled_positions,
    spread,
    text_width,
)
from dashboard.charts.plotly_figure import figure
from dashboard.charts.svg import draw, draw_both, swatch


def line(name, *values, provisional=()):
    words = tuple("keine Angabe" if v is None else f"{v} Minuten" for v in values)
    return Series(name, values, words, provisional=frozenset(provisional))


def bars(name, *values):
    return replace(line(name, *values), kind="bar")


def chart(*series, **more):
    count = len(series[0].values)
    periods = tuple(
        Period(f"Monat {i}", f"M{i}", str(2025 + i // 12)) for i in range(count)
    )
    return Chart(
        "wartezeit", "Wartezeit", "Beschreibung", "Minuten", periods, series, **more
    )


def test_the_axis_begins_at_zero_and_ends_at_a_round_number_above_everything():
    assert chart(line("A", 3, 14)).ticks == (0, 5, 10, 15)
    assert chart(line("A", 3, 14), targets=(Target(40, "Ziel", "Ziel"),)).top == 50
    assert chart(line("A", 1280)).ticks[-1] == 1500
    assert chart(line("A", None)).ticks == (0, 1)


@given(st.floats(min_value=0.01, max_value=1e7))
def test_every_value_fits_on_at_most_seven_ticks(highest):
    ticks = chart(line("A", highest)).ticks
    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert len(ticks) <= 7


def test_numbers_at_the_axis_are_written_as_the_language_does():
    german = chart(line("A", 1))
    assert german.number(12500) == "12.500"
    assert german.number(2.5) == "2,5"
    assert replace(german, language="en").number(12500.5) == "12,500.5"


def test_a_line_is_broken_where_a_value_is_missing():
    assert line("A", 1, 2, None, 4, 5, None, 7).runs() == [
        ([0, 1], False),
        ([3, 4], False),
    ]


def test_a_stretch_to_a_provisional_value_is_a_stretch_of_its_own():
    assert line("A", 1, 2, 3, provisional=[2]).runs() == [
        ([0, 1], False),
        ([1, 2], True),
    ]
    drawn = draw(
        chart(line("A", 1, 2, 3, provisional=[2]), provisional_label="vorläufig")
    )
    assert drawn.count("<polyline") == 2
    assert drawn.count('class="marker c-1 is-provisional"') == 1


def test_a_value_between_two_gaps_is_drawn_as_a_marker():
    values = [None if i % 2 else 5 for i in range(59)]
    drawn = draw(chart(line("A", *values)), NARROW)
    assert "<polyline" not in drawn
    assert drawn.count('class="marker') == 30


def test_a_missing_value_is_no_bar():
    drawn = draw(chart(bars("A", 4, None, 2), bars("B", None, 1, 0)))
    assert drawn.count('class="bar bar-1') == 2
    assert drawn.count('class="bar bar-2') == 2
    assert re.findall(r'height="0.0"', drawn) == ['height="0.0"']


def test_bars_are_as_high_as_their_values_say():
    plotted = chart(bars("A", 10, 5))
    heights = re.findall(r'class="bar[^>]*height="([\d.]+)"', draw(plotted))
    assert float(heights[0]) == pytest.approx(2 * float(heights[1]), abs=0.2)
    plot = Plot.of(plotted, WIDE)
    share = float(heights[0]) / (plot.lower - plot.upper)
    assert share == pytest.approx(10 / plotted.top, abs=0.01)


def test_texts_are_escaped_and_the_picture_has_neither_ids_nor_inline_styles():
    evil = '<script>alert("x")</script>'
    drawn = draw_both(
        replace(chart(line(evil, 1, 2), line("B", 2, 3)), unit=evil)
    ) + swatch(chart(line(evil, 1)), line(evil, 1))
    assert "<script" not in drawn
    assert " id=" not in drawn
    assert " style=" not in drawn


def test_events_are_numbered_from_left_to_right():
    late, early = Event(2, "später"), Event(0.5, "früher")
    plotted = chart(line("A", 1, 2, 3), events=(late, early))
    assert plotted.events == (early, late)
    x = [float(at) for at in re.findall(r'event-number" x="([\d.]+)"', draw(plotted))]
    assert x == sorted(x)


def test_targets_and_closures_stand_where_they_hold():
    plotted = chart(
        line("A", 1, 2, 3, 4),
        targets=(Target(3, "Ziel: 3 Minuten", "Ziel 3", first=2),),
        closures=(Closure(1, 2, "Umzug"),),
    )
    plot = Plot.of(plotted, WIDE)
    drawn = draw(plotted)
    assert f'class="target" x1="{plot.x(1.5):.1f}" y1="{plot.y(3):.1f}"' in drawn
    width = f"{2 * plot.step:.1f}"
    assert f'class="closure" x="{plot.x(0.5):.1f}"' in drawn
    assert f'width="{width}"' in drawn
    assert "Ziel 3" in drawn


def test_series_differ_by_marker_and_dash_not_only_by_colour():
    drawn = draw(chart(*(line(f"L{i}", i, i + 1) for i in range(4))))
    shapes = {
        re.sub(r"M[\d.]+ [\d.]+", "", path)
        for path in re.findall(r' d="([^"]+)"', drawn)
    }
    assert len(shapes) == 4
    assert {f"line-{i}" for i in range(1, 5)} == set(re.findall(r"line-\d", drawn))


@given(st.lists(st.floats(min_value=60, max_value=260), max_size=6).map(sorted))
def test_names_at_the_ends_of_lines_never_touch(heights):
    placed = spread(heights, 40, 280)
    assert all(b - a >= LINE_HEIGHT - 1e-6 for a, b in pairwise(placed))
    assert all(40 - 1e-6 <= each <= 280 for each in placed)


@given(st.integers(min_value=1, max_value=140), st.sampled_from([WIDE, NARROW]))
def test_labels_of_periods_never_touch_and_the_last_is_shown(count, size):
    plotted = chart(line("A", *range(count)))
    plot = Plot.of(plotted, size)
    shown = labelled_positions(plotted.periods, plot.step)
    assert shown[-1] == count - 1
    ends = [(plot.x(i), text_width(plotted.periods[i].short) / 2) for i in shown]
    for (x, half), (following, other) in pairwise(ends):
        assert x + half < following - other


def test_names_of_years_have_room():
    plot = Plot.of(chart(line("A", *range(30))), NARROW)
    assert [name for _, name in plot.groups()] == ["2025", "2026", "2027"]
    # One month of 2025 has no room for its name before that of 2026.
    periods = (Period("a", "a", "2025"), *(Period("b", "b", "2026") for _ in range(40)))
    crowded = replace(chart(line("A", *range(41))), periods=periods)
    assert [name for _, name in Plot.of(crowded, NARROW).groups()] == ["2026"]


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: chart(*(line(f"L{i}", 1) for i in range(5))), "at most 4 series"),
        (lambda: chart(*(bars(f"L{i}", 1) for i in range(3))), "2 of bars"),
        (lambda: chart(line("A", 1, provisional=[0])), "provisional_label"),
        (lambda: chart(line("A", 1), Series("B", (1, 2), ("a", "b"))), "one value"),
    ],
)
def test_what_cannot_be_drawn_legibly_is_refused(build, reason):
    with pytest.raises(ValueError, match=reason):
        build()


@pytest.fixture
def rich():
    return chart(
        line("Bürgeramt", 12, None, 14, 15, provisional=[3]),
        bars("Zulassung", 3, 4, None, 6),
        provisional_label="vorläufig",
        targets=(Target(15, "Ziel: 15 Minuten", "Ziel 15"),),
        events=(Event(1, "Umzug"),),
        closures=(Closure(2, 2, "zu"),),
    )


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_plotly_accepts_every_part_of_the_figure(rich, size):
    picture = figure(rich)[size]
    drawn = go.Figure(picture["data"], picture["layout"])
    assert len(drawn.layout.shapes) == 3


def test_plotly_is_given_the_same_values_and_words(rich):
    traces = {t["name"]: t for t in figure(rich)["wide"]["data"] if "name" in t}
    for series in rich.series:
        trace = traces[series.name]
        assert trace["y"] == list(series.values)
        assert [words for _, words in trace["customdata"]] == list(series.words)
        assert [label for label, _ in trace["customdata"]] == [
            period.label for period in rich.periods
        ]


def test_plotly_neither_joins_gaps_nor_offers_a_way_out(rich):
    drawn = figure(rich)
    for trace in drawn["wide"]["data"]:
        if trace.get("mode") == "lines":
            assert trace["connectgaps"] is False
    assert drawn["config"]["plotlyServerURL"] == ""
    assert drawn["config"]["displayModeBar"] is False
    assert drawn["config"]["displaylogo"] is False
    assert drawn["config"]["locale"] == "de"


def test_plotly_gets_no_markup_that_it_would_turn_into_inline_styles(rich):
    named = replace(rich, targets=(Target(15, "Ziel", "Ziel"),))
    assert not re.search(r"<(?!br>|extra>|/extra>)", str(figure(named)))


def test_both_drawings_place_everything_alike(rich):
    for size, name in ((WIDE, "wide"), (NARROW, "narrow")):
        plot, layout = Plot.of(rich, size), figure(rich)[name]["layout"]
        assert layout["margin"]["l"] == plot.left
        assert layout["width"] - layout["margin"]["r"] == plot.right
        assert layout["margin"]["t"] == plot.upper
        assert layout["yaxis"]["range"] == [0, rich.top]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_numbers_of_events_close_together_do_not_cover_each_other(size):
    events = tuple(Event(at, f"{at}") for at in (6.0, 6.4, 6.5, 8.9))
    plot = Plot.of(chart(line("A", *range(10)), events=events), size)
    flags = plot.flags()
    assert all(later - flag >= 21 for flag, later in pairwise(flags))
    assert plot.left <= flags[0]
    assert flags[-1] <= plot.right
    alone = Plot.of(chart(line("A", *range(10)), events=events[:1]), size)
    assert alone.flags() == [alone.x(6.0)]


@pytest.mark.parametrize(
    ("highest", "most", "top"), [(98, 100, 100), (98, None, 120), (60, 100, 80)]
)
def test_an_axis_of_shares_ends_at_100_percent(highest, most, top):
    assert ticks_to(highest, most)[-1] == top


def test_what_exceeds_the_highest_value_is_still_drawn():
    assert ticks_to(110, 100)[-1] >= 110
