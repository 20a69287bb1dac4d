"""Figures are compared with the same period a year before, by opening days."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from dashboard.addresses import Addresses
from dashboard.comparable import Days, days_of, is_comparable, year_before
from dashboard.i18n import Words
from dashboard.reading import Figure, KpiWords
from dashboard.sentences import change_words, year_before_words
from dashboard.telling import told
from dashboard.view import View
from ingest.city import City
from metrics.catalogue import CATALOGUE
from metrics.figures import FIGURES, FigureId
from metrics.periods import parse_period
from metrics.provenance import calendar_document
from metrics.published import open_current
from metrics.snapshot_folder import write_snapshot

NOW = datetime(2028, 2, 1, 8, 0, tzinfo=UTC)
NAME = {"de": "Amt", "en": "Office"}
DAY = [{"opens": "08:00", "closes": "12:00"}]
CATALOGUED = {name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()}
VISITS = KpiWords.of(CATALOGUED, "waiting.visits", "de")
OPEN = KpiWords.of(CATALOGUED, "backlog.open", "de")
MEDIAN = KpiWords.of(CATALOGUED, "waiting.median_minutes", "de")


def closure(first, last, *offices):
    return {"first_on": first, "last_on": last, "offices": offices, "reason": NAME}


def city_of(state="HE", closures=()):
    every_day = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY)
    with_weekend = {**every_day, "sat": DAY, "sun": DAY}
    return City.model_validate(
        {
            "city": {
                "id": "kleinstadt", "name": "Kleinstadt", "ars": "0" * 12,
                "state": state, "timezone": "Europe/Berlin",
                "contact": {"name": "Rathaus"}, "publisher": "Stadt", "licence": "x",
            },
            "office": [
                {"id": "amt", "name": NAME, "hours": every_day},
                {"id": "dienstags", "name": NAME, "hours": {"tue": DAY}},
                {"id": "immer", "name": NAME, "hours": with_weekend},
            ],
            "closure": list(closures),
            "publish": {"cells": []},
        }
    )  # fmt: skip


def figure(period, value=100.0, kpi=VISITS, office="amt", **changes):
    when = parse_period(period)
    known = {
        "figure_id": str(FigureId(kpi.id, office, None, None, when.grain, period)),
        "kpi": kpi.id, "office": office, "service": None, "channel": None,
        "grain": when.grain, "period_start": when.start, "period_end": when.end,
        "value": value, "n": 400, "numerator": None, "lower": None, "upper": None,
        "target": None, "state": "final", "reason": None, "coverage": 1.0,
    }  # fmt: skip
    return Figure(**(known | changes))


@pytest.fixture
def view_of(tmp_path):
    """Publish some figures with the calendar of a city of this kind."""

    def publish(*figures, **city_parts):
        city = city_of(**city_parts)
        frame = pl.DataFrame([vars(each) for each in figures], FIGURES)
        spanning = pl.DataFrame({"period_start": [date(2023, 1, 1)]})
        write_snapshot(
            tmp_path,
            NOW,
            figures=frame,
            catalogue=CATALOGUED,
            calendar=calendar_document(city, spanning, NOW),
        )
        return View(
            city=city,
            words=Words("de", city.timezone),
            addresses=Addresses(),
            snapshot=open_current(tmp_path),
            live=None,
            now=NOW,
        )

    return publish


@pytest.mark.parametrize(
    ("period", "now", "before"),
    [
        # Hessen, by hand: weekdays less holidays that fall on one.
        ("2026-Q1", 63, 63),  # less New Year's Day
        ("2026-Q2", 59, 59),  # less Easter to Corpus Christi
        ("2026-Q4", 65, 63),  # 3 October is a Saturday, was a Friday
        ("2027-Q1", 61, 63),  # Easter has moved into March
        ("2027-Q2", 62, 59),  # and out of the second quarter; May Day is a Saturday
        ("2026-12", 22, 21),
        ("2026-04", 20, 20),
        ("2027-03", 21, 22),
        ("2027", 255, 253),
    ],
)
def test_a_period_has_its_days_from_its_first_to_its_last(view_of, period, now, before):
    view = view_of()
    days = Days(now, before)
    assert days_of(view, VISITS, figure(period)) == days
    # The whole city works on these days, too.
    assert days_of(view, VISITS, figure(period, office=None)) == days


def test_of_what_is_no_flow_no_days_are_counted(view_of):
    view = view_of()
    for kpi in (OPEN, MEDIAN):
        assert days_of(view, kpi, figure("2026-Q2", kpi=kpi)) is None


@pytest.mark.parametrize(
    ("week", "days"),
    [
        ("2026-W53", None),  # 2025 had 52 weeks
        ("2026-W01", Days(4, 4)),  # New Year both times
        ("2027-W01", Days(5, 4)),  # a year before, New Year was in it
        ("2027-W52", Days(5, 4)),  # a year before, Christmas was
        ("2026-W38", Days(5, 5)),
    ],
)
def test_a_week_is_compared_with_the_week_of_its_number(view_of, week, days):
    view = view_of()
    now = figure(week)
    found = days_of(view, VISITS, now)
    if days is None:
        assert found is None
        assert now.period.year_before is None
        words = year_before_words(view.words, VISITS, now, year_before(view, now))
        assert words == "Kein Wert aus dem Vorjahr"
        return
    assert found == days


@pytest.mark.parametrize(
    "day", ["2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31"]
)
def test_a_day_of_23_or_25_hours_is_one_day(view_of, day):
    """The clocks change on Sundays; weeks and months around them keep their days."""
    view = view_of(state="none")
    assert days_of(view, VISITS, figure(day, office="immer")) == Days(1, 1)
    month = days_of(view, VISITS, figure(day[:7], office="immer"))
    assert month == Days(31, 31)
    year, week, _ = date.fromisoformat(day).isocalendar()
    of_week = figure(f"{year}-W{week:02}", office="immer")
    assert days_of(view, VISITS, of_week) == Days(7, 7)


def test_an_office_is_compared_by_its_own_weekdays(view_of):
    view = view_of()
    # Tuesdays of March 2026: 3, 10, 17, 24, 31; of March 2025: 4, 11, 18, 25.
    assert days_of(view, VISITS, figure("2026-03", office="dienstags")) == Days(5, 4)


def test_closures_are_no_opening_days(view_of):
    view = view_of(
        closures=[
            closure("2026-06-08", "2026-06-12", "amt"),
            closure("2026-06-15", "2026-06-15"),  # the whole city
        ]
    )
    # June 2026 has 22 weekdays, less Corpus Christi; June 2025 21, less Whit Monday and
    # Corpus Christi.
    assert days_of(view, VISITS, figure("2026-06")) == Days(15, 19)
    assert days_of(view, VISITS, figure("2026-06", office="immer")) == Days(28, 28)
    assert days_of(view, VISITS, figure("2026-06", office=None)) == Days(20, 19)


def test_easter_makes_no_change(view_of):
    """As many visits a day: 61 days in the first quarter of 2027, 63 a year before."""
    now, before = figure("2027-Q1", 6100.0), figure("2026-Q1", 6300.0)
    view = view_of(now, before)
    assert year_before(view, now) == before
    assert told(view, VISITS, now) == (
        "Im 1. Quartal 2027 gab es 6.100 Besuche, etwa so viel wie im Vorjahr."
    )


def test_a_period_in_which_an_office_was_closed_is_compared_with_nothing(view_of):
    now, before = figure("2026-06", 20.0), figure("2025-06", 400.0)
    view = view_of(now, before, closures=[closure("2026-06-01", "2026-06-30", "amt")])
    days = days_of(view, VISITS, now)
    assert days == Days(0, 19)
    assert not is_comparable(VISITS, now, before, days)
    assert change_words(view.words, VISITS, now, before, days=days) is None
    assert "weniger" not in told(view, VISITS, now)
    said = year_before_words(view.words, VISITS, now, before, days=days)
    assert said == "Vorjahr: 400 Besuche, nicht vergleichbar"


def test_a_period_with_fewer_days_of_data_is_not_called_a_quieter_one(view_of):
    now, before = figure("2026-Q3", 3000.0, coverage=0.5), figure("2025-Q3", 6000.0)
    view = view_of(now, before)
    assert told(view, VISITS, now) == (
        "Im 3. Quartal 2026 gab es 3.000 Besuche."
        " Mit dem Vorjahr nicht vergleichbar, weil Daten fehlen."
    )
    # What is no count is not less for having been seen less often.
    waits = (
        figure("2026-Q3", 12.0, MEDIAN, coverage=0.5),
        figure("2025-Q3", 9.0, MEDIAN),
    )
    assert is_comparable(MEDIAN, *waits)
    a_day_less = figure("2026-Q3", 6000.0, coverage=0.98)
    assert is_comparable(VISITS, a_day_less, before)
