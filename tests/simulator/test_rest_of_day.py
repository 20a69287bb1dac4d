"""The sample city's queues: in some offices a rush goes on, and that can be told."""

import csv
from datetime import UTC, date, datetime, timedelta

import polars as pl

from data.simulator.live import log
from metrics.rest_forecast import WEEKS, forecasts, judged, lately_of, verdicts_of

FIRST = date(2026, 8, 31)  # a Monday
LAST = FIRST + timedelta(weeks=WEEKS, days=-1)


def looks_in(exports, month):
    """Read what the displays showed, in the local time that they write."""
    rows = log(exports, month, LAST).decode("utf-8-sig").split("\r\n")
    for row in csv.DictReader(rows, delimiter=";"):
        at = datetime.strptime(row["Zeit"], "%d.%m.%Y %H:%M").replace(tzinfo=UTC)
        if row["Zustand"] == "offen" and at.date() >= FIRST:
            yield {
                "office": row["Anzeige"],
                "week": (at.date() - FIRST).days // 7,
                "day": at.date(),
                "weekday": at.isoweekday(),
                "hour": at.hour,
                "at": at,
                "at_least": float(row["Wartezeit"]),
                "at_most": float(row["Wartezeit"]),
            }


def test_some_offices_of_the_sample_city_can_tell_of_the_hours_to_come(systems):
    months = [date(2026, month, 1) for month in (8, 9, 10, 11)]
    looks = pl.DataFrame(
        [look for month in months for look in looks_in(systems.tickets, month)]
    )
    windows = looks.select(
        "office", window_start=pl.lit(FIRST), window_end=pl.lit(LAST)
    ).unique()
    made = forecasts(lately_of(looks, windows, 5))
    assert made is not None
    verdicts = verdicts_of(judged(made, 5)).sort("office", "hours_ahead")
    told = verdicts.filter(pl.col("state") == "final")
    assert set(told["office"]) == {"Einwohnermeldeamt", "Kfz-Zulassung"}
    assert told.filter(office="Kfz-Zulassung")["hours_ahead"].to_list() == [2, 3, 4]
    wohngeld = verdicts.filter(office="Wohngeld")
    assert set(wohngeld["reason"]) == {"too_few"}  # open three days a week
    assert (told["held_percent"].is_between(70, 90)).all()
