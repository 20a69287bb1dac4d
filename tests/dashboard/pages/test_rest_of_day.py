"""Pages say what the wait will be later today, where that has proved right."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.frames import REST_OF_DAY
from metrics.published import HourToCome, Live, LiveQueue

NOW = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
OFFICE = "einwohnermeldeamt"  # open until 16 o'clock today, a Tuesday; it is 10:05
HEADING = "Heute noch zu erwarten"
HOURS = (
    HourToCome(10, 30, 20, 45),  # has begun
    HourToCome(11, 15, 10, 25),
    HourToCome(12, 5, 0, 15),
    HourToCome(13, 0, 0, 5),
)


def row(hours_ahead, **changes):
    return {
        "office": OFFICE,
        "weekday": 2,
        "hour": 11,
        "hours_ahead": hours_ahead,
        "window_start": date(2026, 8, 31),
        "window_end": date(2026, 11, 22),
        "judged_from": date(2026, 10, 12),
        "judged_days": 30,
        "judged": 300,
        "error_minutes": 4.3,
        "error_as_now_minutes": 6.0,
        "error_as_usual_minutes": 5.5,
        "held_percent": 80.0,
        "state": "final",
        **changes,
    }


ROWS = (
    row(1),
    row(2, held_percent=86.0, judged=100),
    row(3, state="no_data", reason="not_better", held_percent=75.0),
    row(1, office="kfz-zulassung", state="no_data", reason="too_few"),
    row(2, office="kfz-zulassung", state="no_data", reason="not_held"),
)


@pytest.fixture
def stage(full):
    def of(*rows, hours=HOURS, seen=NOW - timedelta(minutes=2), **changes):
        queue = LiveQueue(
            OFFICE, "open", seen, None, 15, None, 10, None, is_stale=False,
            rest_of_day=hours,
        )  # fmt: skip
        queue = dataclasses.replace(queue, **changes)
        frame = pl.DataFrame(list(rows), REST_OF_DAY)
        frames = {**full.snapshot.frames, "rest_of_day": frame}
        snapshot = dataclasses.replace(full.snapshot, frames=frames)
        live = Live(NOW, (queue,), {})
        return dataclasses.replace(full, snapshot=snapshot, live=live, known={})

    return of


def text(stage, path, language="de", **changes):
    drawn = stage.page(path, language, **changes).text
    return drawn.replace("\N{NO-BREAK SPACE}", " ")


def test_the_hours_to_come_are_said_with_their_span_and_how_often_it_held(stage):
    said = text(stage(*ROWS), f"/amt/{OFFICE}")
    assert HEADING in said
    assert "10 bis 11 Uhr" not in said.split(HEADING)[1].split("Wie wir")[0]
    assert "11 bis 12 Uhr: etwa 15 Minuten (meist 10 bis 25 Minuten)" in said
    assert "12 bis 13 Uhr: etwa 5 Minuten (meist höchstens 15 Minuten)" in said
    assert "13 bis 14 Uhr: unter 5 Minuten (meist höchstens 5 Minuten)" in said
    assert "Anzeige am 24. November 2026, 10:03 Uhr" in said
    # (300 * 80 + 100 * 86) / 400 = 81.5, of what is told alone.
    assert (
        "Vom 12. Oktober 2026 bis zum 22. November 2026 lag die angezeigte Wartezeit in"
        " 82 von 100 Fällen in einer solchen Spanne." in said
    )


def test_it_is_said_in_english_too(stage):
    said = text(stage(*ROWS), f"/amt/{OFFICE}", "en")
    assert "Expected later today" in said
    assert "11:00–12:00: about 15 minutes (mostly 10 to 25 minutes)" in said
    assert "the displayed wait lay in such a range in 82 of 100 cases" in said


def test_the_page_leads_to_how_it_is_checked(stage):
    html = stage(*ROWS).page(f"/amt/{OFFICE}").html
    assert 'href="/methodik#rest-des-tages"' in html
    assert 'id="rest-des-tages"' in stage(*ROWS).page("/methodik").html


@pytest.mark.parametrize(
    "changes",
    [
        {"hours": ()},
        {"hours": HOURS[:1]},
        {"state": "sold_out"},
        {"is_stale": True},
        {"seen": NOW - timedelta(minutes=61)},
        {"seen": NOW - timedelta(days=1)},
        {"seen": None},
    ],
)
def test_where_nothing_is_known_nothing_appears(stage, changes):
    assert HEADING not in text(stage(*ROWS, **changes), f"/amt/{OFFICE}")


def test_where_no_back_test_held_nothing_appears(stage):
    assert HEADING not in text(stage(*ROWS[2:]), f"/amt/{OFFICE}")
    assert HEADING not in text(stage(), f"/amt/{OFFICE}")
    assert HEADING not in text(stage(*ROWS), "/amt/kfz-zulassung")


def test_of_an_hour_that_is_cut_short_the_open_part_is_named(stage):
    """On Fridays the office closes at 12:30."""
    friday = NOW + timedelta(days=3)
    shown = stage(*ROWS, seen=friday - timedelta(minutes=2))
    said = text(shown, f"/amt/{OFFICE}", now=friday)
    assert "12 bis 12:30 Uhr: etwa 5 Minuten" in said


def test_the_method_page_tells_of_all_how_far_off_they_were(stage):
    said = text(stage(*ROWS), "/methodik")
    assert "an den letzten 6 Wochen" in said
    assert "mindestens 5 % genauer" in said
    assert "12. Oktober 2026 bis 22. November 2026:" in said
    assert "Einwohnermeldeamt 1 4,3 6,0 5,5 80 % ja" in said
    assert "Einwohnermeldeamt 3 4,3 6,0 5,5 75 % nein, nicht genauer" in said
    assert "Kfz-Zulassung 1 4,3 6,0 5,5 80 % nein, zu wenige Tage" in said
    assert "Kfz-Zulassung 2 4,3 6,0 5,5 80 % nein, die Spanne passt nicht" in said
    assert "yes" in text(stage(*ROWS), "/methodik", "en")


def test_without_looks_at_queues_the_method_page_has_no_such_part(stage):
    assert "Wartezeit später am Tag" not in text(stage(), "/methodik")


# How right the display is -------------------------------------------------------------


def displayed(stage, value, **changes):
    """Let the display have been so many minutes too high in the newest quarter."""
    shown = stage(*ROWS, **changes)
    is_bias = pl.col("kpi") == "estimate.bias_minutes"
    of_office = (pl.col("office") == OFFICE) & pl.col("channel").is_null()
    figures = shown.snapshot.figures.with_columns(
        value=pl.when(is_bias & of_office).then(pl.lit(value)).otherwise("value")
    )
    keys = ["kpi", "office", "service", "channel", "grain"]
    series = figures.sort("period_start").partition_by(keys, as_dict=True)
    snapshot = dataclasses.replace(shown.snapshot, figures=figures, _series=series)
    shown = dataclasses.replace(shown, snapshot=snapshot, known={})
    return text(shown, f"/amt/{OFFICE}").split("Wann ist es")[1]


def test_where_displays_are_far_off_it_is_said_beside_the_wait(stage):
    said = displayed(stage, -25.0)
    assert (
        "Im 3. Quartal 2026 wartete, wer ohne Termin kam, im Mittel 25 Minuten länger"
        " als angezeigt." in said
    )
    assert "im Mittel 6 Minuten kürzer als angezeigt" in displayed(stage, 6.0)


def test_where_they_are_about_right_or_nothing_is_displayed_nothing_is_said(stage):
    assert "als angezeigt" not in displayed(stage, -4.0)
    assert "als angezeigt" not in displayed(stage, -25.0, is_stale=True)
    assert "als angezeigt" not in displayed(
        stage, -25.0, state="sold_out", wait_minutes=None
    )
