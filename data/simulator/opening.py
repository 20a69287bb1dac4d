"""When the sample city's offices are open: hours, holidays and closures of its file."""

import tomllib
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

import holidays

CITY_FILE = Path(__file__).parents[1] / "cities" / "musterstadt.toml"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Interval = tuple[int, int]  # seconds of the local day


@cache
def intervals(office: str, day: date) -> tuple[Interval, ...]:
    """Return the opening intervals of a day; none on holidays and closures."""
    if is_holiday(day) or _is_closed(office, day):
        return ()
    hours = _city()["office"][office].get("hours", {})
    return tuple(
        (_seconds(interval["opens"]), _seconds(interval["closes"]))
        for interval in hours.get(_WEEKDAYS[day.weekday()], ())
    )


def is_working_day(office: str, day: date) -> bool:
    """Say whether cases are worked on: also on weekdays without opening hours."""
    return day.weekday() < 5 and not is_holiday(day) and not _is_closed(office, day)


@cache
def is_holiday(day: date) -> bool:
    return day in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv="HE", years=year))


def _is_closed(office: str, day: date) -> bool:
    return any(
        closure["first_on"] <= day <= closure["last_on"]
        and office in closure.get("offices", (office,))
        for closure in _city()["closure"]
    )


@cache
def _city() -> Mapping[str, Any]:
    document = tomllib.loads(CITY_FILE.read_text(encoding="utf-8"))
    offices = {office["id"]: office for office in document["office"]}
    return {"office": offices, "closure": document["closure"]}


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60
