"""How many people usually come, counted by hand and protected as counts are."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.crowd import crowd
from metrics.frames import CROWD
from metrics.protect_crowd import protect_crowd
from metrics.reading import Reading

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)  # a Tuesday; the window ends on the 22nd
MONDAYS = [date(2026, 11, 16) - timedelta(weeks=n) for n in range(12)]
CLOSED = MONDAYS[3]
WITHOUT_DATA = MONDAYS[5]
LISTED = {
    "cells": [{"kpis": ["waiting.*"], "by": ["office"], "grains": ["hour_of_week"]}]
}


def visits(day: date, count: int, **fields: object):
    """So many come at half past nine in Kleinstadt."""
    nine = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    came = nine.replace(hour=8 if day >= date(2026, 10, 25) else 7, minute=30)
    for number in range(count):
        yield {
            "office": "meldeamt",
            "channel": "walk_in",
            "arrived_at": came,
            "called_at": came + timedelta(minutes=5),
            "outcome": "served",
            "ticket_key": f"{day}-{number}",
            **fields,
        }


@pytest.fixture
def counted(make_city, connection, deliver):
    def of(rows, **parts):
        deliver("tickets", list(rows), until=NOW)
        city = make_city(**{"publish": LISTED, **parts})
        return city, crowd(Reading(connection, city, NOW))

    return of


def hour(frame: pl.DataFrame, clock: int = 9) -> dict:
    return frame.row(
        by_predicate=(pl.col("weekday") == 1) & (pl.col("hour") == clock), named=True
    )


def all_mondays():
    """Ten come on the newest Monday, eleven on the one before, and so on."""
    for number, day in enumerate(MONDAYS):
        if day not in (CLOSED, WITHOUT_DATA):
            yield from visits(day, 10 + number)


CLOSURE = {
    "first_on": CLOSED,
    "last_on": CLOSED,
    "reason": {"de": "Betriebsausflug", "en": "Outing"},
}


def test_quantiles_are_over_open_days_with_data_in_local_hours(counted):
    """Left are 10, 11, 12, 14, 16, 17, 18, 19, 20, 21: ranks 3, 5 and 8 of ten."""
    _, found = counted(all_mondays(), closure=[CLOSURE])
    row = hour(found)
    assert row["days"] == 10
    assert (row["low_visits"], row["median_visits"], row["high_visits"]) == (12, 16, 19)
    assert row["window_start"] == MONDAYS[-1]
    assert row["window_end"] == date(2026, 11, 22)


def test_an_hour_in_which_nobody_came_counts_as_nobody(counted):
    _, found = counted(all_mondays())
    assert (hour(found, 8)["median_visits"], hour(found, 8)["days"]) == (0, 10 + 0)


def test_who_did_not_come_is_no_crowd(counted):
    missed = visits(
        MONDAYS[0],
        50,
        outcome="no_show",
        arrived_at=None,
        called_at=None,
        appointment_at=datetime(2026, 11, 16, 8, 30, tzinfo=UTC),
    )
    renamed = ({**row, "ticket_key": f"x{row['ticket_key']}"} for row in missed)
    _, found = counted([*all_mondays(), *renamed])
    assert hour(found)["high_visits"] < 50


def frame_of(**content: float | int) -> pl.DataFrame:
    row = {
        "office": "meldeamt",
        "weekday": 1,
        "hour": 9,
        "window_start": date(2026, 8, 31),
        "window_end": date(2026, 11, 22),
        "days": 12,
        "state": "final",
        "reason": None,
        **content,
    }
    return pl.DataFrame([row], schema=CROWD)


def said(city, **content):
    frame = protect_crowd(frame_of(**content), city, NOW)
    assert frame.height == 1
    row = frame.row(0, named=True)
    parts = (row["low_visits"], row["median_visits"], row["high_visits"])
    return *parts, row["state"], row["reason"]


def test_each_quantile_is_rounded_and_hidden_by_itself(make_city):
    city = make_city(publish=LISTED)
    many = {"low_visits": 12.0, "median_visits": 18.0, "high_visits": 23.0}
    assert said(city, **many) == (10, 20, 25, "final", None)
    assert said(city, **many | {"low_visits": 7.0}) == (None, 20, 25, "final", None)


def test_a_typical_hour_of_few_is_hidden_and_so_is_one_of_few_days(make_city):
    city = make_city(publish=LISTED)
    few = {"low_visits": 0.0, "median_visits": 7.0, "high_visits": 12.0}
    assert said(city, **few) == (None, None, None, "hidden", "fewer_than_8")
    many = {"low_visits": 12.0, "median_visits": 18.0, "high_visits": 23.0}
    assert said(city, **many, days=5) == (None, None, None, "hidden", "too_few")


def test_only_what_the_city_file_lists_of_weeks_that_are_over_is_published(make_city):
    many = {"low_visits": 12.0, "median_visits": 18.0, "high_visits": 23.0}
    unlisted = make_city()
    assert protect_crowd(frame_of(**many), unlisted, NOW).is_empty()
    listed = make_city(publish=LISTED)
    during = NOW - timedelta(days=2)
    assert protect_crowd(frame_of(**many), listed, during).is_empty()


def test_an_office_of_sensitive_services_alone_or_of_few_staff_is_left_out(make_city):
    many = {"low_visits": 12.0, "median_visits": 18.0, "high_visits": 23.0}
    secret = make_city(publish=LISTED)
    services = [
        service.model_copy(update={"sensitive": True}) for service in secret.services
    ]
    secret = secret.model_copy(update={"services": tuple(services)})
    assert protect_crowd(frame_of(**many), secret, NOW).is_empty()
    small = make_city(publish=LISTED)
    offices = [office.model_copy(update={"staff": 3}) for office in small.offices]
    small = small.model_copy(update={"offices": tuple(offices)})
    assert protect_crowd(frame_of(**many), small, NOW).is_empty()
