"""Whether offices are open by their weekly hours; holidays are not asked for here."""

from datetime import datetime, time, timedelta

from ingest.city import WEEKDAYS, City

_WEEK = 7


def is_any_open(city: City, moment: datetime, margin: timedelta) -> bool:
    """Tell whether an office is open, or was or will be within the margin."""
    last = last_open(city, moment + margin)
    return last is None or last >= moment - margin


def last_open(city: City, moment: datetime) -> datetime | None:
    """Return the last moment at which an office was open; None: no hours are known."""
    known = [
        min(moment, closes)
        for days in range(_WEEK + 1)
        for opens, closes in _intervals(city, moment, days)
        if opens <= moment
    ]
    return max(known, default=None)


def _intervals(
    city: City, moment: datetime, days_before: int
) -> list[tuple[datetime, datetime]]:
    day = moment.astimezone(city.timezone).date() - timedelta(days=days_before)
    weekday = WEEKDAYS[day.weekday()]

    def at(clock: time) -> datetime:
        return datetime.combine(day, clock, city.timezone)

    return [
        (at(hours.opens), at(hours.closes))
        for office in city.offices
        for hours in office.hours.get(weekday, ())  # type: ignore[call-overload]
    ]
