"""Headlines, comparisons and descriptions, word for word."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.comparable import Days
from dashboard.i18n import Words
from dashboard.reading import Figure, KpiWords, standing, value_words
from dashboard.sentences import (
    change_words,
    chart_description,
    headline,
    target_sentence,
    year_before_words,
)
from metrics.catalogue import CATALOGUE
from metrics.periods import parse_period

GERMAN = Words("de", ZoneInfo("Europe/Berlin"))
ENGLISH = Words("en", ZoneInfo("Europe/Berlin"))


def kpi(name, noun="applications", language="de", **changes):
    entry = {name: CATALOGUE[name].model_dump(mode="json")}
    words = KpiWords.of(entry, name, language, noun)
    return words if not changes else KpiWords(**(words.__dict__ | changes))


def figure(name, value, period="2026-Q3", **changes):
    when = parse_period(period)
    known = {
        "figure_id": f"{name}/all/all/all/{when.grain}/{period}",
        "kpi": name,
        "office": None,
        "service": None,
        "channel": None,
        "grain": when.grain,
        "period_start": when.start,
        "period_end": when.end,
        "value": value,
        "n": 400,
        "numerator": None,
        "lower": None,
        "upper": None,
        "target": None,
        "state": "final",
        "reason": None,
        "coverage": 1.0,
    }
    return Figure(**(known | changes))


MEDIAN = "waiting.median_minutes"


def said(name, now, before=None, *, words=GERMAN, days=None, **changes):
    language = words.language
    return headline(
        words, kpi(name, language=language, **changes), now, before, days=days
    )


def test_a_headline_says_value_and_change():
    now, before = figure(MEDIAN, 14), figure(MEDIAN, 17, "2025-Q3")
    assert said(MEDIAN, now, before) == (
        "Im 3. Quartal 2026 wartete die Hälfte höchstens 14 Minuten,"
        " 3 Minuten weniger als im Vorjahr."
    )
    assert said(MEDIAN, now, before, words=ENGLISH) == (
        "In Q3 2026, half of the visitors waited at most 14 minutes,"
        " 3 minutes less than a year before."
    )


def test_overlapping_intervals_are_no_change():
    now = figure(MEDIAN, 14, lower=12, upper=16)
    before = figure(MEDIAN, 17, "2025-Q3", lower=15, upper=19)
    assert said(MEDIAN, now, before) == (
        "Im 3. Quartal 2026 wartete die Hälfte höchstens 14 Minuten."
        " Im Vorjahr: 17 Minuten. Der Unterschied ist zu klein, um sicher zu sein."
    )
    assert standing(kpi(MEDIAN), now, before) == "unclear"


def test_intervals_that_only_touch_still_overlap():
    now = figure(MEDIAN, 14, lower=12, upper=16)
    assert (
        change_words(
            GERMAN, kpi(MEDIAN), now, figure(MEDIAN, 17, "2025-Q3", lower=16, upper=19)
        )
        is None
    )
    apart = figure(MEDIAN, 19, "2025-Q3", lower=17, upper=21)
    assert change_words(GERMAN, kpi(MEDIAN), now, apart) == (
        "5 Minuten weniger als im Vorjahr"
    )


def test_equal_values_are_equal_whatever_their_intervals():
    now = figure(MEDIAN, 14.2, lower=12, upper=16)
    before = figure(MEDIAN, 13.9, "2025-Q3", lower=12, upper=16)
    assert said(MEDIAN, now, before).endswith(
        "14 Minuten, genauso lange wie im Vorjahr."
    )


def test_the_difference_is_that_of_the_numbers_shown():
    # 14.4 and 15.6 are shown as 14 and 16: a reader subtracts 2, not 1.
    now, before = figure(MEDIAN, 14.4), figure(MEDIAN, 15.6, "2025-Q3")
    assert "2 Minuten weniger" in said(MEDIAN, now, before)


def test_a_wait_that_rounds_to_nothing_is_less_than_a_minute():
    now = figure(MEDIAN, 0.4)
    assert said(MEDIAN, now) == (
        "Im 3. Quartal 2026 wartete die Hälfte weniger als 1 Minute."
    )
    assert value_words(GERMAN, kpi(MEDIAN), now) == "unter 1 Minute"
    name = "processing.expected_days"
    assert said(name, figure(name, 0, "2026-10")).endswith(
        "muss mit weniger als 1 Tag rechnen."
    )


def test_shares_change_by_percentage_points():
    name = "waiting.no_show_share"
    now, before = figure(name, 12), figure(name, 11, "2025-Q3")
    assert said(name, now, before) == (
        "Im 3. Quartal 2026 wurden 12\N{NO-BREAK SPACE}% der Termine nicht"
        " wahrgenommen, 1 Prozentpunkt mehr als im Vorjahr."
    )


def test_a_share_within_the_target_says_the_target():
    name = "waiting.share_within_target"
    assert said(name, figure(name, 82), limit=15.0) == (
        "Im 3. Quartal 2026 kamen 82\N{NO-BREAK SPACE}% innerhalb von 15 Minuten an die"
        " Reihe."
    )
    assert "innerhalb der Zielzeit" in said(name, figure(name, 82))


def test_counts_are_compared_per_opening_day():
    # 6 600 visits on 66 days and 6 400 on 64 days: 100 a day both times.
    name = "waiting.visits"
    now, before = figure(name, 6600), figure(name, 6400, "2025-Q3")
    assert said(name, now, before, days=Days(66, 64)) == (
        "Im 3. Quartal 2026 gab es 6.600 Besuche, etwa so viel wie im Vorjahr."
    )
    # Without the calendar it would look like 3 % more.
    assert "3\N{NO-BREAK SPACE}% mehr" in said(name, now, before)
    fewer = figure(name, 5280)  # 80 a day
    assert "je Öffnungstag 20\N{NO-BREAK SPACE}% weniger als im Vorjahr" in said(
        name, fewer, before, days=Days(66, 64)
    )


def test_what_rounding_could_make_is_no_change():
    name = "waiting.visits"
    now, before = figure(name, 45), figure(name, 50, "2025-Q3")
    assert change_words(GERMAN, kpi(name), now, before) == "etwa so viel wie im Vorjahr"
    stock = "backlog.open"
    now, before = figure(stock, 315), figure(stock, 320, "2025-Q3")
    assert (
        change_words(GERMAN, kpi(stock), now, before) == "etwa so viel wie im Vorjahr"
    )


def test_what_is_open_is_counted_on_a_day_and_not_per_day():
    name = "backlog.open"
    now, before = figure(name, 300), figure(name, 350, "2025-Q3")
    assert said(name, now, before, days=Days(66, 33)) == (
        "Am 30. September 2026 waren 300 Anträge offen,"
        " das sind 50 Anträge weniger als im Vorjahr."
    )
    assert "300 Meldungen offen" in said(name, now, before, noun="reports")


def test_who_applies_now_is_told_first():
    name = "processing.expected_days"
    now = figure(name, 41, "2026-10")
    assert said(name, now) == (
        "Stand 31. Oktober 2026: Wer einen Antrag stellt, muss mit rund 41 Tagen"
        " rechnen."
    )
    assert "Wer etwas meldet" in said(name, now, noun="reports")


def test_provisional_and_few_are_said_in_words():
    now = figure(MEDIAN, 14, n=20, state="provisional")
    assert said(MEDIAN, now).endswith(
        "14 Minuten. Das sind nur wenige Fälle. Der Wert ist vorläufig."
    )


def test_without_a_value_the_headline_says_why():
    hidden = figure(MEDIAN, None, n=None, state="hidden", reason="fewer_than_8")
    assert said(MEDIAN, hidden) == (
        "Mittlere Wartezeit (Median), 3. Quartal 2026: Zu wenige Fälle (unter 8)."
    )
    missing = figure(MEDIAN, None, n=None, state="no_data", reason="no_rows")
    assert said(MEDIAN, missing).endswith("Keine Daten.")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": 5.0, "reason": "below"}, "unter 5\N{NO-BREAK SPACE}%"),
        ({"value": 95.0, "reason": "above"}, "über 95\N{NO-BREAK SPACE}%"),
        (
            {"value": None, "state": "hidden", "reason": "fewer_than_8"},
            "Zu wenige Fälle (unter 8)",
        ),
        (
            {"value": None, "state": "hidden", "reason": "sealed"},
            "Nicht veröffentlicht",
        ),
        ({"value": None, "state": "no_data", "reason": "sealed"}, "Keine Daten"),
    ],
)
def test_bounds_and_gaps_are_words(changes, expected):
    name = "waiting.left_share"
    value = changes.pop("value")
    assert value_words(GERMAN, kpi(name), figure(name, value, **changes)) == expected


def test_a_bound_is_not_subtracted_from():
    name = "waiting.left_share"
    now = figure(name, 5, reason="below")
    before = figure(name, 9, "2025-Q3")
    assert change_words(GERMAN, kpi(name), now, before) is None
    assert year_before_words(GERMAN, kpi(name), now, before) == (
        "Vorjahr: 9\N{NO-BREAK SPACE}%"
    )


def test_a_cell_says_the_comparison_in_few_words():
    now = figure(MEDIAN, 14, lower=12, upper=16)
    before = figure(MEDIAN, 15, "2025-Q3", lower=13, upper=17)
    assert year_before_words(GERMAN, kpi(MEDIAN), now, before) == (
        "Vorjahr: 15 Minuten, Unterschied nicht sicher"
    )
    assert (
        year_before_words(GERMAN, kpi(MEDIAN), now, None) == "Kein Wert aus dem Vorjahr"
    )
    hidden = figure(MEDIAN, None, "2025-Q3", state="hidden", reason="fewer_than_8")
    assert year_before_words(GERMAN, kpi(MEDIAN), now, hidden) == (
        "Vorjahr: Zu wenige Fälle (unter 8)"
    )
    unknown = figure(MEDIAN, None, "2025-Q3", state="no_data", reason="no_rows")
    assert year_before_words(GERMAN, kpi(MEDIAN), now, unknown) == (
        "Kein Wert aus dem Vorjahr"
    )


def test_what_is_provisional_is_compared_with_nothing():
    now, before = figure(MEDIAN, 4), figure(MEDIAN, 15, "2025-Q3")
    early = figure(MEDIAN, 4, state="provisional")
    assert change_words(GERMAN, kpi(MEDIAN), now, before) is not None
    assert change_words(GERMAN, kpi(MEDIAN), early, before) is None
    assert year_before_words(GERMAN, kpi(MEDIAN), early, before) == (
        "Noch kein Vergleich"
    )


@pytest.mark.parametrize(
    ("name", "now", "before", "expected"),
    [
        (MEDIAN, 10, 14, "better"),
        (MEDIAN, 14, 10, "worse"),
        (MEDIAN, 14, 14, "same"),
        ("processing.share_within_deadline", 90, 80, "better"),
        ("waiting.visits", 90, 80, "different"),
        (MEDIAN, None, 80, "unclear"),
    ],
)
def test_how_a_figure_stands_follows_the_direction(name, now, before, expected):
    here, then = figure(name, now), figure(name, before, "2025-Q3")
    assert standing(kpi(name), here, then) == expected


def test_a_target_names_who_set_it():
    since = date(2025, 1, 1)
    wait = figure(MEDIAN, 14, target=15.0)
    assert target_sentence(GERMAN, kpi(MEDIAN), wait, "Stadtrat", since) == (
        "Das Ziel (höchstens 15 Minuten) ist erreicht. Gesetzt: Stadtrat, gültig seit"
        " 1. Januar 2025."
    )
    name = "waiting.share_within_target"
    share = figure(name, 72, target=80.0)
    assert target_sentence(GERMAN, kpi(name), share, "Stadtrat", since) == (
        "Das Ziel (mindestens 80\N{NO-BREAK SPACE}%) ist nicht erreicht. Gesetzt:"
        " Stadtrat, gültig seit 1. Januar 2025."
    )


def test_a_chart_is_described_by_its_ends_extremes_and_gaps():
    series = [
        figure(MEDIAN, 20, "2026-Q1"),
        figure(MEDIAN, None, "2026-Q2", state="no_data", reason="no_rows"),
        figure(MEDIAN, 14, "2026-Q3"),
    ]
    assert chart_description(GERMAN, kpi(MEDIAN), "Wartezeit", series) == (
        "Wartezeit, 1. Quartal 2026 bis 3. Quartal 2026."
        " Niedrigster Wert 14 Minuten (3. Quartal 2026), höchster 20 Minuten"
        " (1. Quartal 2026), letzter 14 Minuten (3. Quartal 2026)."
        " Für 1 Zeitraum gibt es keinen Wert."
    )


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("words", [GERMAN, ENGLISH], ids=["de", "en"])
def test_every_kpi_has_a_sentence_of_its_own(name, words):
    sentence = said(name, figure(name, 42), words=words)
    assert "42" in sentence
    label = kpi(name, language=words.language).label
    assert f", {label}: " not in sentence
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("name", "now", "before", "told"),
    [
        ("sold_out.days", 0.0, 12.0, "im Vorjahr 12 Öffnungstage"),
        ("sold_out.days", 12.0, 0.0, "im Vorjahr 0 Öffnungstage"),
        ("estimate.bias_minutes", -16.0, -20.0, "im Vorjahr −20 Minuten"),
        ("estimate.bias_minutes", -16.0, 2.0, "im Vorjahr 2 Minuten"),
    ],
)
def test_a_change_from_nothing_or_across_zero_is_told_by_both_values(
    name, now, before, told
):
    then = figure(name, before, "2025-Q3")
    assert change_words(GERMAN, kpi(name), figure(name, now), then) == told
