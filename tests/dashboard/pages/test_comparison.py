"""Offices side by side: only what is certain is called different."""

from dataclasses import replace

import polars as pl
import pytest

from dashboard.blocks.cohort_curves import _drawn, _Point, cohort_curves
from dashboard.blocks.side_by_side import Side, headline
from dashboard.prerender import to_html
from dashboard.reading import read_figures
from dashboard.selection import Population, kpi_words
from metrics.periods import parse_period

MEDIAN = "waiting.median_minutes"
QUARTER = parse_period("2026-Q3")


def sides(view, kpi_id, *told):
    """Give offices with (value, lower, upper) each, all else alike."""
    kpi = kpi_words(view, kpi_id)
    (template,) = read_figures(
        view.snapshot.series(kpi_id, "standesamt").filter(
            pl.col("period_start") == QUARTER.start
        )
    )
    return [
        Side(
            f"Amt {number}",
            kpi,
            replace(template, value=value, lower=lower, upper=upper, state="final"),
            None,
        )
        for number, (value, lower, upper) in enumerate(told, 1)
    ]


def said(view, *told, kpi_id=MEDIAN):
    kpi = kpi_words(view, kpi_id)
    return headline(view, kpi, QUARTER, sides(view, kpi_id, *told))


SHORT, MIDDLE, LONG = (10, 9, 12), (12, 11, 14), (30, 27, 33)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            (SHORT, MIDDLE, LONG),
            "Im 3. Quartal 2026 ist der Unterschied zwischen zwei Ämtern in 2 von 3"
            " Vergleichen sicher. Sonst kann er Zufall sein.",
        ),
        (
            (SHORT, MIDDLE),
            "Im 3. Quartal 2026 unterscheidet sich kein Amt sicher von einem anderen:"
            " Die Unterschiede können Zufall sein.",
        ),
        (
            (SHORT, LONG),
            "Im 3. Quartal 2026 unterscheiden sich alle Ämter, die sich vergleichen"
            " lassen, sicher voneinander.",
        ),
        (
            (SHORT, (None, None, None)),
            "Im 3. Quartal 2026 gibt es zu wenige Werte für einen Vergleich.",
        ),
    ],
)
def test_the_headline_says_how_many_differences_are_certain(
    full, told, expected
) -> None:
    assert said(full.view(), *told) == expected


def rows_of(page):
    """Read the page's table row by row."""
    table = page.html.split("<tbody")[1].split("</tbody>")[0]
    return [
        [cell.split(">", 1)[1].split("</t")[0] for cell in row.split("<t")[1:]]
        for row in table.split("<tr")[1:]
    ]


def test_offices_stand_in_the_order_of_the_city_file(full, city) -> None:
    page = full.page("/vergleich", kennzahl=MEDIAN, quartal="2026-Q3")
    names = [row[0] for row in rows_of(page)]
    assert names == [office.name.de for office in city.offices]


def test_a_row_says_value_span_year_before_and_what_is_certain(full) -> None:
    page = full.page("/vergleich", kennzahl=MEDIAN, quartal="2026-Q3")
    found = {row[0]: row[1:] for row in rows_of(page)}
    with_value = [row for row in found.values() if row[0].endswith("Minuten")]
    assert with_value
    for value, span, _before, since, among in with_value:
        minutes = int(value.split("\N{NO-BREAK SPACE}")[0].split(" ")[0])
        assert span.startswith(f"{minutes - 1} bis {minutes + 1}")
        assert since in {"Unterschied sicher", "Unterschied nicht sicher",
                         "nicht zu beurteilen", "kein Vergleich"}  # fmt: skip
        assert "sicher verschieden" in among
    hidden = [row for row in found.values() if "Zu wenige Fälle" in row[0]]
    assert hidden
    assert all(row[3:] == ["kein Vergleich", "kein Vergleich"] for row in hidden)


def test_only_what_has_a_span_can_be_compared(full) -> None:
    options = full.page("/vergleich").html.split("<select")[1].split("</select>")[0]
    assert 'value="waiting.median_minutes"' in options
    assert 'value="waiting.share_within_target"' in options
    for without in ("waiting.visits", "backlog.open", "processing.expected_days"):
        assert f'value="{without}"' not in options


def test_an_unknown_choice_shows_the_newest_quarter_of_the_first_figure(full) -> None:
    usual = full.page("/vergleich").text
    assert full.page("/vergleich", kennzahl="x", quartal="1999-Q1").text == usual
    assert "3. Quartal 2026" in usual
    older = full.page("/vergleich", quartal="2025-Q4")
    assert "Im 4. Quartal 2025" in older.text
    assert '<option selected value="2025-Q4"' in older.html


def test_where_nothing_is_published_there_is_no_comparison(nothing, full) -> None:
    assert not nothing.exists("/vergleich")
    assert full.exists("/vergleich")


def test_the_picture_is_described_and_drawn_in_both_sizes(full) -> None:
    page = full.page("/vergleich", kennzahl=MEDIAN, quartal="2026-Q3")
    picture = page.html.split('class="still-drawing"')[1].split("</section>")[0]
    assert 'role="img"' in picture
    assert "drawing-svg--wide" in picture
    assert "drawing-svg--narrow" in picture
    label = picture.split('aria-label="')[1].split('"')[0]
    assert label.startswith("Mittlere Wartezeit (Median), 3. Quartal 2026.")
    for row in rows_of(page):
        assert f"{row[0]}: {row[1]}" in label


def test_estimates_from_bands_are_called_so(queues_only) -> None:
    page = queues_only.page("/amt/einwohnermeldeamt")
    assert "(Schätzwert)" in page.text
    english = queues_only.page("/amt/einwohnermeldeamt", "en")
    assert "(estimate)" in english.text
    assert "höchstens über" not in page.text
    assert "betrug die mittlere Wartezeit" in page.text


def test_the_annex_shows_three_quarters_and_the_one_a_year_before(full) -> None:
    page = full.page("/rueckstand", amt="bauordnung")
    annex = page.html.split('id="chart-cohorts"')[1]
    head = annex.split("<thead>")[1].split("</thead>")[0]
    for quarter in ("3. Quartal 2026", "2. Quartal 2026", "1. Quartal 2026",
                    "3. Quartal 2025"):  # fmt: skip
        assert quarter in head
    assert "2. Quartal 2025" not in head
    assert "noch nicht bekannt" in annex
    assert "Anhang: Wie viele Anträge sind nach x Tagen entschieden?" in page.text


def test_of_the_whole_city_there_are_no_curves(full) -> None:
    assert "chart-cohorts" not in full.page("/rueckstand").html


def curve(view, **changed):
    """Draw the annex of an office whose newest cohort is changed."""
    frame = view.snapshot.frames["survival"]
    newest = frame["cohort_start"].max()
    is_changed = pl.col("cohort_start") == newest
    frames = {
        **view.snapshot.frames,
        "survival": frame.with_columns(
            pl.when(is_changed)
            .then(pl.lit(value, frame.schema[name]))
            .otherwise(name)
            .alias(name)
            for name, value in {**changed, "reason": None}.items()
        ),
    }
    view = replace(view, snapshot=replace(view.snapshot, frames=frames))
    return to_html(cohort_curves(view, Population("standesamt")))


def test_the_annex_calls_a_difference_certain_only_where_it_is(full) -> None:
    view = full.view("/rueckstand")
    alike = curve(view, share_percent=24.0, n=400, decided=96, lower=20.0, upper=28.0)
    assert "Der Unterschied ist zu klein, um sicher zu sein." in alike
    apart = curve(view, share_percent=90.0, n=400, decided=360, lower=87.0, upper=93.0)
    assert "Ein Jahr davor waren es" in apart
    assert "zu klein" not in apart


def test_a_share_that_is_only_known_as_below_is_drawn_no_higher_than_later() -> None:
    below = _Point(5.0, 400, None, None, None, "below")
    later = _Point(3.0, 100, 3, 1.0, 8.0, None)
    assert _drawn([below, None, below, later]) == [3.0, None, 3.0, 3.0]
    assert _drawn([below, below]) == [5.0, 5.0]


def test_a_share_that_is_only_known_as_above_is_drawn_no_lower_than_before() -> None:
    before = _Point(98.0, 100, 98, 93.0, 100.0, None)
    above = _Point(95.0, 400, None, None, None, "above")
    assert _drawn([before, above, None, above]) == [98.0, 98.0, None, 98.0]
    assert _drawn([None, above]) == [None, 95.0]
