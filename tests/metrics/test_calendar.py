"""Holidays of every state, opening days, working days."""

from datetime import date, time

import pytest

from metrics.calendar import Calendar, days_between
from metrics.periods import parse_period

# By hand from the states' laws; Easter is on 5 April 2026 and 28 March 2027.
ALL_STATES = {
    2026: "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26",
    2027: "01-01 03-26 03-29 05-01 05-06 05-17 10-03 12-25 12-26",
}
NAMED = {
    "epiphany": {2026: "01-06", 2027: "01-06"},
    "women": {2026: "03-08", 2027: "03-08"},
    "easter": {2026: "04-05", 2027: "03-28"},
    "whitsun": {2026: "05-24", 2027: "05-16"},
    "corpus_christi": {2026: "06-04", 2027: "05-27"},
    "assumption": {2026: "08-15", 2027: "08-15"},
    "children": {2026: "09-20", 2027: "09-20"},
    "reformation": {2026: "10-31", 2027: "10-31"},
    "all_saints": {2026: "11-01", 2027: "11-01"},
    "repentance": {2026: "11-18", 2027: "11-17"},
}
BESIDES = {
    "BB": "easter whitsun reformation",
    "BE": "women",
    "BW": "epiphany corpus_christi all_saints",
    "BY": "epiphany corpus_christi all_saints",
    "HB": "reformation",
    "HE": "corpus_christi",
    "HH": "reformation",
    "MV": "women reformation",
    "NI": "reformation",
    "NW": "corpus_christi all_saints",
    "RP": "corpus_christi all_saints",
    "SH": "reformation",
    "SL": "corpus_christi assumption all_saints",
    "SN": "reformation repentance",
    "ST": "epiphany reformation",
    "TH": "children reformation",
}
# The days on which all of a year's quarters' Mondays to Fridays would be working days.
WEEKDAYS = {2026: (64, 65, 66, 66), 2027: (64, 65, 66, 66)}


def holidays_of(state: str, year: int) -> set[date]:
    days = ALL_STATES[year].split()
    days += [NAMED[name][year] for name in BESIDES[state].split()]
    return {date.fromisoformat(f"{year}-{day}") for day in days}


def in_quarter(days: set[date], year: int, quarter: int) -> int:
    """Count those from Monday to Friday."""
    return sum(
        day.year == year and (day.month + 2) // 3 == quarter and day.weekday() < 5
        for day in days
    )


def quarter_of(year: int, number: int) -> tuple[date, date]:
    period = parse_period(f"{year}-Q{number}")
    return period.start, period.end


@pytest.mark.parametrize("year", ALL_STATES)
@pytest.mark.parametrize("state", BESIDES)
def test_a_state_has_its_holidays(make_city, state, year) -> None:
    calendar = Calendar(make_city(info={"state": state}))
    found = {
        day
        for day in days_between(date(year, 1, 1), date(year, 12, 31))
        if calendar.holiday(day)
    }
    assert found == holidays_of(state, year)


def test_a_city_without_a_state_has_no_holidays(make_city) -> None:
    calendar = Calendar(make_city(info={"state": "none"}))
    year = days_between(date(2026, 1, 1), date(2026, 12, 31))
    assert not any(map(calendar.holiday, year))


@pytest.mark.parametrize("year", ALL_STATES)
@pytest.mark.parametrize("state", BESIDES)
def test_a_quarter_has_its_working_days_in_every_state(make_city, state, year) -> None:
    """What counts are compared by: weekdays less the holidays of the list above."""
    calendar = Calendar(make_city(info={"state": state}))
    known = holidays_of(state, year)
    for number, weekdays in enumerate(WEEKDAYS[year], 1):
        expected = weekdays - in_quarter(known, year, number)
        first, last = quarter_of(year, number)
        assert len(calendar.working_days(first, last)) == expected
        opening = calendar.opening_days(first, last)
        assert len(opening.filter(office="meldeamt")) == expected


def test_the_days_of_adjacent_quarters_add_up_to_the_year(make_city) -> None:
    calendar = Calendar(make_city())
    quarters = [calendar.working_days(*quarter_of(2026, n)) for n in (1, 2, 3, 4)]
    whole = calendar.working_days(date(2026, 1, 1), date(2026, 12, 31))
    assert [day for days in quarters for day in days] == whole


def test_a_holiday_has_its_name_in_both_languages(make_city) -> None:
    name = Calendar(make_city()).holiday(date(2026, 10, 3))
    assert name is not None
    assert (name.de, name.en) == ("Tag der Deutschen Einheit", "German Unity Day")


@pytest.mark.parametrize(
    ("year", "second_quarter", "fourth_quarter"),
    [(2023, 59, 62), (2024, 60, 63), (2025, 59, 63), (2026, 59, 65)],
)
def test_working_days_of_hessen(
    make_city, year, second_quarter, fourth_quarter
) -> None:
    calendar = Calendar(make_city())
    spring = calendar.working_days(date(year, 4, 1), date(year, 6, 30))
    autumn = calendar.working_days(date(year, 10, 1), date(year, 12, 31))
    assert (len(spring), len(autumn)) == (second_quarter, fourth_quarter)


def closure(first: str, last: str, *offices: str) -> dict[str, object]:
    reason = {"de": "Betriebsausflug", "en": "Staff outing"}
    return {"first_on": first, "last_on": last, "offices": offices, "reason": reason}


def test_a_closure_of_one_office_is_no_opening_day_there_and_a_working_day(
    make_city,
) -> None:
    city = make_city(closure=[closure("2026-06-08", "2026-06-09", "bauamt")])
    calendar = Calendar(city)
    week = calendar.opening_days(date(2026, 6, 8), date(2026, 6, 14))
    assert len(week.filter(office="meldeamt")) == 5
    assert len(week.filter(office="bauamt")) == 3
    assert calendar.is_working_day(date(2026, 6, 8))
    reason = calendar.closure("bauamt", date(2026, 6, 8))
    assert reason is not None
    assert reason.de == "Betriebsausflug"
    assert calendar.closure("meldeamt", date(2026, 6, 8)) is None


def test_a_closure_of_the_whole_city_is_no_working_day(make_city) -> None:
    city = make_city(closure=[closure("2026-06-08", "2026-06-08")])
    calendar = Calendar(city)
    assert not calendar.is_working_day(date(2026, 6, 8))
    assert not calendar.is_open("meldeamt", date(2026, 6, 8))


def test_an_office_opens_on_the_weekdays_of_its_hours(make_city) -> None:
    hours = {
        "thu": [
            {"opens": time(8), "closes": time(12, 30)},
            {"opens": time(14), "closes": time(18)},
        ]
    }
    name = {"de": "Bauamt", "en": "Building office"}
    offices = [{"id": "bauamt", "name": name, "hours": hours}]
    calendar = Calendar(make_city(office=offices, service=[]))
    # Corpus Christi is a Thursday: nothing is open in that week.
    assert calendar.opening_days(date(2026, 6, 1), date(2026, 6, 7)).is_empty()
    second = calendar.opening_days(date(2026, 6, 8), date(2026, 6, 14))
    assert second["day"].to_list() == [date(2026, 6, 11)]
    # 12:30 is within the hour of 12, and 18:00 ends the hour of 17.
    assert calendar.opening_hours("bauamt", 4) == [8, 9, 10, 11, 12, 14, 15, 16, 17]
    assert calendar.opening_hours("bauamt", 5) == []


def test_an_office_without_hours_is_taken_to_open_monday_to_friday(make_city) -> None:
    offices = [{"id": "amt", "name": {"de": "Amt", "en": "Office"}}]
    calendar = Calendar(make_city(office=offices, service=[]))
    week = calendar.opening_days(date(2026, 6, 8), date(2026, 6, 14))
    assert len(week) == 5
