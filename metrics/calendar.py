"""When offices are open, and which days are working days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final

import holidays
import polars as pl

from ingest.city import WEEKDAYS, City, Hours, Office, Text

_HOLIDAY_LANGUAGES: Final = {"de": "de", "en": "en_US"}
_ONE_DAY: Final = timedelta(days=1)
OPENING: Final = pl.Schema({"office": pl.String, "day": pl.Date})


class Calendar:
    """A city's holidays, closures and opening hours."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._working: dict[date, bool] = {}  # asked for again and again
        self._days_off: dict[int, frozenset[date]] = {}
        self._opening: dict[int, pl.DataFrame] = {}

    def holiday(self, day: date) -> Text | None:
        """Name the state's public holiday on this day."""
        if day not in self._holidays_of(day.year):
            return None
        names = {language: known.get(day) for language, known in self._holidays.items()}
        if names["de"] is None or names["en"] is None:
            return None
        return Text(de=names["de"], en=names["en"])

    def closure(self, office: str, day: date) -> Text | None:
        """Say why the office is closed on a day on which it would be open."""
        return self.holiday(day) or self._closures.get((office, day))

    def is_open(self, office: str, day: date) -> bool:
        return (
            day.weekday() in self._weekdays[office]
            and day not in self._holidays_of(day.year)
            and (office, day) not in self._closures
        )

    def opening_hours(self, office: str, weekday: int) -> list[int]:
        """List the clock hours in which the office is open; 1 is Monday."""
        intervals = self._hours[office][weekday - 1]
        return sorted(
            {
                hour
                for interval in intervals
                for hour in range(interval.opens.hour, interval.closes.hour + 1)
                if hour < interval.closes.hour or interval.closes.minute
            }
        )

    def open_from_to(
        self, office: str, day: date
    ) -> Iterator[tuple[datetime, datetime]]:
        """Give the moments (UTC) between which the office is open on a day."""
        if self.is_open(office, day):
            for interval in self._hours[office][day.weekday()]:
                opens_at, closes_at = (
                    datetime.combine(day, clock, self._city.timezone).astimezone(UTC)
                    for clock in (interval.opens, interval.closes)
                )
                yield opens_at, closes_at

    @property
    def offices_with_hours(self) -> list[str]:
        """List the offices whose opening hours the city file states."""
        return [office.id for office in self._city.offices if office.hours]

    def opening_days(self, first: date, last: date) -> pl.DataFrame:
        """List every office's opening days."""
        years = range(first.year, last.year + 1)
        found = [pl.DataFrame(schema=OPENING), *map(self._opening_days_of, years)]
        return pl.concat(found).filter(pl.col("day").is_between(first, last))

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday, no holiday, not closed in the whole city.

        Offices work on applications on days without opening hours, too.
        """
        known = self._working.get(day)
        if known is None:
            known = self._working[day] = (
                day.weekday() < 5
                and self.holiday(day) is None
                and day not in self._closed_everywhere
            )
        return known

    def working_days(self, first: date, last: date) -> list[date]:
        return [day for day in days_between(first, last) if self.is_working_day(day)]

    def _opening_days_of(self, year: int) -> pl.DataFrame:
        if year not in self._opening:
            days = pl.DataFrame(
                [
                    (office.id, day)
                    for day in _days_of(year)
                    for office in self._city.offices
                    if self.is_open(office.id, day)
                ],
                OPENING,
                orient="row",
            )
            self._opening[year] = days
        return self._opening[year]

    def _holidays_of(self, year: int) -> frozenset[date]:
        if year not in self._days_off:
            known = self._holidays["de"]
            self._days_off[year] = frozenset(d for d in _days_of(year) if d in known)
        return self._days_off[year]

    @cached_property
    def _holidays(self) -> dict[str, dict[date, str]]:
        state = self._city.info.state
        if state == "none":
            return {"de": {}, "en": {}}
        # Grows by itself with each year that is asked for.
        return {
            ours: holidays.country_holidays("DE", subdiv=state, language=theirs)
            for ours, theirs in _HOLIDAY_LANGUAGES.items()
        }

    @cached_property
    def _hours(self) -> dict[str, list[tuple[Hours, ...]]]:
        hours: dict[str, list[tuple[Hours, ...]]] = {}
        for office in self._city.offices:
            named = {str(weekday): each for weekday, each in office.hours.items()}
            hours[office.id] = [named.get(weekday, ()) for weekday in WEEKDAYS]
        return hours

    @cached_property
    def _weekdays(self) -> dict[str, frozenset[int]]:
        return {office.id: _weekdays_of(office) for office in self._city.offices}

    @cached_property
    def _closures(self) -> dict[tuple[str, date], Text]:
        every_office = tuple(office.id for office in self._city.offices)
        return {
            (office, day): closure.reason
            for closure in self._city.closures
            for office in closure.offices or every_office
            for day in days_between(closure.first_on, closure.last_on)
        }

    @cached_property
    def _closed_everywhere(self) -> frozenset[date]:
        return frozenset(
            day
            for closure in self._city.closures
            if not closure.offices
            for day in days_between(closure.first_on, closure.last_on)
        )


def days_between(first: date, last: date) -> Iterator[date]:
    """Walk from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _days_of(year: int) -> Iterator[date]:
    return days_between(date(year, 1, 1), date(year, 12, 31))


def _weekdays_of(office: Office) -> frozenset[int]:
    # Where the city file names no hours, offices are taken to open as most do.
    if not office.hours:
        return frozenset(range(5))
    return frozenset(WEEKDAYS.index(weekday) for weekday in office.hours)
