"""Holidays of every state, opening days, working days."""

from datetime import date, time

import pytest

from metrics.calendar import Calendar, days_between

ALL_STATES = {
    date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1),
    date(2026, 5, 14), date(2026, 5, 25), date(2026, 10, 3), date(2026, 12, 25),
    date(2026, 12, 26),
}  # fmt: skip
EPIPHANY, WOMEN, EASTER = date(2026, 1, 6), date(2026, 3, 8), date(2026, 4, 5)
WHITSUN, CORPUS_CHRISTI = date(2026, 5, 24), date(2026, 6, 4)
ASSUMPTION, CHILDREN = date(2026, 8, 15), date(2026, 9, 20)
REFORMATION, ALL_SAINTS = date(2026, 10, 31), date(2026, 11, 1)
REPENTANCE = date(2026, 11, 18)
BESIDES = {
    "BB": {EASTER, WHITSUN, REFORMATION},
    "BE": {WOMEN},
    "BW": {EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS},
    "BY": {EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS},
    "HB": {REFORMATION},
    "HE": {CORPUS_CHRISTI},
    "HH": {REFORMATION},
    "MV": {WOMEN, REFORMATION},
    "NI": {REFORMATION},
    "NW": {CORPUS_CHRISTI, ALL_SAINTS},
    "RP": {CORPUS_CHRISTI, ALL_SAINTS},
    "SH": {REFORMATION},
    "SL": {CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS},
    "SN": {REFORMATION, REPENTANCE},
    "ST": {EPIPHANY, REFORMATION},
    "TH": {CHILDREN, REFORMATION},
    "none": None,
}


@pytest.mark.parametrize("state", BESIDES)
def test_a_state_has_its_holidays(make_city, state) -> None:
    calendar = Calendar(make_city(info={"state": state}))
    found = {
        day
        for day in days_between(date(2026, 1, 1), date(2026, 12, 31))
        if calendar.holiday(day)
    }
    besides = BESIDES[state]
    assert found == (set() if besides is None else ALL_STATES | besides)


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
