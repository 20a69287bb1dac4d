"""Hours saved against the year before, worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.calendar import Calendar
from metrics.compute import compute
from metrics.explain import explain

NOW = datetime(2026, 1, 10, 6, tzinfo=UTC)
SAVED = "waiting.hours_saved/meldeamt/all/all/quarter/2025-Q2"


def visits(calendar, first, last, minutes, per_day, persons=1, office="meldeamt"):
    for day in calendar.working_days(first, last):
        came = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        for number in range(per_day):
            yield {
                "office": office,
                "service": "ausweis",
                "channel": "walk_in",
                "arrived_at": came,
                "called_at": came + timedelta(minutes=minutes),
                "outcome": "served",
                "persons": persons,
                "ticket_key": f"{day}-{number}",
            }


@pytest.fixture
def saved(make_city, connection, deliver):
    city = make_city()
    calendar = Calendar(city)

    def of(*rows, figure_id=SAVED):
        found = [row for each in rows for row in visits(calendar, *each)]
        deliver("tickets", found, until=NOW, first=datetime(2024, 1, 1, tzinfo=UTC))
        figures = compute(connection, city, NOW).figures
        told = explain(connection, city, figure_id, NOW)
        assert told.agrees
        row = figures.row(by_predicate=pl.col("figure_id") == figure_id, named=True)
        return row["value"], row["n"], row["numerator"], row["state"], row["reason"]

    return of


SPRING = (date(2024, 4, 1), date(2024, 6, 30)), (date(2025, 4, 1), date(2025, 6, 30))
# Of Hessen's second quarters both years have 60 and 59 working days.
DAYS = {2024: 60, 2025: 59}


def test_the_visits_of_now_are_measured_by_the_waits_of_a_year_before(saved):
    """59 x 3 visits, each of 2 persons who wait 30 instead of 45 minutes."""
    found = saved((*SPRING[0], 45, 4, 2), (*SPRING[1], 30, 3, 2))
    n, before = 3 * DAYS[2025], 4 * DAYS[2024]
    assert found[1:] == (n, before, "final", None)
    assert found[0] == pytest.approx(n * 2 * 15 / 60)


def test_fewer_visits_with_the_same_wait_save_nothing(saved):
    assert saved((*SPRING[0], 20, 4), (*SPRING[1], 20, 1))[0] == pytest.approx(0)


def test_longer_waits_are_a_negative_saving(saved):
    value, n, *_ = saved((*SPRING[0], 10, 2), (*SPRING[1], 40, 2))
    assert value == pytest.approx(-n * 30 / 60)


def test_a_year_before_with_a_gap_is_no_measure(saved):
    half = (date(2024, 5, 10), SPRING[0][1])
    assert saved((*half, 45, 4), (*SPRING[1], 30, 4)) == (
        None,
        None,
        None,
        "no_data",
        "no_year_before",
    )


CITY = SAVED.replace("meldeamt", "all")


def test_visitors_who_move_to_an_office_with_short_waits_save_nobody_anything(saved):
    """Both offices are as slow as the year before; only the visitors are others."""
    value, n, before, *_ = saved(
        (*SPRING[0], 60, 4, 1, "meldeamt"),
        (*SPRING[0], 5, 1, 1, "bauamt"),
        (*SPRING[1], 60, 1, 1, "meldeamt"),
        (*SPRING[1], 5, 4, 1, "bauamt"),
        figure_id=CITY,
    )
    assert value == pytest.approx(0)
    assert (n, before) == (5 * DAYS[2025], 5 * DAYS[2024])


def test_the_city_saves_what_its_offices_save_together(saved):
    value, n, *_ = saved(
        (*SPRING[0], 45, 2, 1, "meldeamt"),
        (*SPRING[0], 10, 3, 1, "bauamt"),
        (*SPRING[1], 30, 3, 1, "meldeamt"),  # 15 minutes less, 3 a day
        (*SPRING[1], 20, 1, 1, "bauamt"),  # 10 minutes more, 1 a day
        figure_id=CITY,
    )
    assert value == pytest.approx(DAYS[2025] * (3 * 15 - 10) / 60)
    assert n == 4 * DAYS[2025]


def test_an_office_that_is_new_leaves_the_city_without_a_measure(saved):
    value, _, _, state, reason = saved(
        (*SPRING[0], 45, 2, 1, "meldeamt"),
        (*SPRING[1], 30, 3, 1, "meldeamt"),
        (*SPRING[1], 20, 1, 1, "bauamt"),
        figure_id=CITY,
    )
    assert (value, state, reason) == (None, "no_data", "no_year_before")
