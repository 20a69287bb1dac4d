"""Pages say of a forecast how often such forecasts came true, or why there is none."""

import dataclasses
from datetime import date

import polars as pl
import pytest

from dashboard.blocks.forecast_record import record_note, record_words
from dashboard.selection import figures
from metrics.derived import EXPECTED, RECORD
from metrics.figures import FIGURES
from metrics.frames import CROWD
from metrics.hours_saved import HOURS_SAVED
from metrics.periods import period_of
from metrics.published import open_current
from metrics.snapshot_folder import write_snapshot

OFFICE = "wohngeld"


def row(kpi, start, grain, value, **content):
    period = period_of(start, grain)
    return dict.fromkeys(FIGURES) | {
        "figure_id": f"{kpi}/{OFFICE}/all/all/{grain}/{period.id}",
        "kpi": kpi,
        "office": OFFICE,
        "grain": grain,
        "period_start": period.start,
        "period_end": period.end,
        "value": value,
        "state": "no_data" if value is None else "final",
        **content,
    }


def record(year, quarter, hits, judged):
    start = date(year, 3 * quarter - 2, 1)
    share = 100 * hits / judged
    return row(RECORD, start, "quarter", share, n=judged, numerator=hits)


# The last quarter that was over at the end of October is the third.
QUARTERS = [
    record(2025, 3, 0, 13),
    record(2025, 4, 8, 13),
    record(2026, 1, 13, 13),
    record(2026, 2, 10, 13),
    record(2026, 3, 9, 12),
]
OCTOBER = date(2026, 10, 1)
OPEN = row("backlog.open", OCTOBER, "month", 400.0, n=400)


@pytest.fixture
def shown(full, tmp_path):
    """Publish these figures in place of the others."""

    def of(*rows):
        snapshot = full.snapshot
        write_snapshot(
            tmp_path,
            snapshot.checked_at,
            figures=pl.DataFrame(list(rows), schema=FIGURES, orient="row"),
            catalogue=snapshot.catalogue,
            sources=snapshot.sources,
            calendar=snapshot.calendar,
            frames=snapshot.frames,
        )
        return dataclasses.replace(full, snapshot=open_current(tmp_path), known={})

    return of


def said_of(stage, figure_row, language="de"):
    view = stage.view("/rueckstand", language)
    (figure,) = figures(view, EXPECTED, office=OFFICE, grain="month")
    assert figure.figure_id == figure_row["figure_id"]
    return record_words(view, figure), record_note(view, figure)


def test_the_record_adds_up_the_four_quarters_that_were_over(shown):
    october = row(EXPECTED, OCTOBER, "month", 32.0, n=700, numerator=600)
    stage = shown(*QUARTERS, october, OPEN)
    assert said_of(stage, october) == (
        "Im letzten Jahr zugetroffen: 40 von 51 Vorhersagen (± 30\xa0%).",
        "Zugetroffen: 40 von 51 Vorhersagen",
    )
    assert said_of(stage, october, "en")[0] == (
        "Came true in the last year: 40 of 51 forecasts (± 30%)."
    )
    text = stage.page("/rueckstand").text
    assert "40 von 51 Vorhersagen" in text
    assert "78 %" in text
    told = stage.page("/rueckstand", amt=OFFICE).text
    assert "muss mit rund 32 Tagen rechnen" in told
    assert "Im letzten Jahr zugetroffen: 40 von 51 Vorhersagen" in told


def test_a_forecast_that_failed_is_not_shown_but_spoken_of(shown):
    october = row(EXPECTED, OCTOBER, "month", None, reason="forecast_failed")
    quarter = row(EXPECTED, date(2026, 7, 1), "quarter", None, reason="forecast_failed")
    failing = [record(2026, n, 3, 13) for n in (1, 2, 3)]
    stage = shown(*failing, october, quarter, OPEN)
    for path, query in (("/rueckstand", {"amt": OFFICE}), (f"/amt/{OFFICE}", {})):
        text = stage.page(path, **query).text
        assert "Zu unsicher" in text
        assert (
            "Nicht gezeigt. Im letzten Jahr zugetroffen: nur 9 von 39 Vorhersagen"
            in text
        )
        assert "rechnen (" not in text


def test_an_untested_forecast_says_so(shown):
    october = row(EXPECTED, OCTOBER, "month", 32.0, n=700, reason="not_yet_tested")
    stage = shown(record(2026, 3, 2, 3), october, OPEN)
    assert said_of(stage, october) == (
        "Diese Vorhersage ist noch nicht überprüft.",
        "Noch nicht überprüft",
    )
    assert "Noch nicht überprüft" in stage.page("/rueckstand").text


@pytest.mark.parametrize(
    ("value", "heading", "said"),
    [
        (12_340.0, "Gesparte Lebenszeit", "zusammen 12.340 Stunden weniger gewartet"),
        (-560.0, "Verlorene Lebenszeit", "zusammen 560 Stunden länger gewartet"),
        (0.0, "Gesparte Lebenszeit", "etwa so lange gewartet wie im Vorjahr"),
    ],
)
def test_the_start_page_says_whether_time_of_life_was_saved_or_lost(
    shown, value, heading, said
):
    saved = row(HOURS_SAVED, date(2026, 7, 1), "quarter", value, office=None)
    text = shown(saved).page("/").text
    assert heading in text
    assert said in text


def crowd_of(*hours):
    """Give the registration office these typical hours; Wednesdays end at 12:30."""
    shared = {
        "office": "einwohnermeldeamt",
        "window_start": date(2026, 8, 31),
        "window_end": date(2026, 11, 22),
        "days": 12,
        "state": "final",
    }
    rows = [
        shared | dict(zip(("weekday", "hour", "median_visits"), each, strict=True))
        for each in hours
    ]
    return pl.DataFrame(rows, schema=CROWD)


def office_with(full, crowd):
    frames = {**full.snapshot.frames, "crowd": crowd}
    snapshot = dataclasses.replace(full.snapshot, frames=frames)
    stage = dataclasses.replace(full, snapshot=snapshot, known={})
    return stage.page("/amt/einwohnermeldeamt").text


def test_an_office_says_when_most_and_when_fewest_come(full):
    """Half an hour is no emptier hour, and an hour that is hidden is neither."""
    said = office_with(
        full, crowd_of((1, 8, 105.0), (2, 9, 80.0), (3, 12, 20.0), (4, 10, None))
    )
    assert (
        "Am meisten Andrang ist meist montags von 8 bis 9 Uhr: rund 105 Besuche in der"
        " Stunde. Am wenigsten dienstags von 9 bis 10 Uhr: rund 80." in said
    )
    assert "mitten in der Stunde" in said
    assert "zu wenige Fälle" in said


def test_hours_that_hardly_differ_are_said_to_be_alike(full):
    said = office_with(full, crowd_of((1, 8, 85.0), (2, 9, 80.0)))
    assert "zu allen Zeiten etwa gleich viele: rund 85 Besuche in der Stunde" in said


def test_an_office_of_which_too_few_come_says_nothing_of_it(full):
    assert "Typischer Andrang" not in office_with(full, crowd_of((1, 8, None)))
