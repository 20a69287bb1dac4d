"""Whether an office is open now, until when, and when it opens next."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from ingest.city import WEEKDAYS, City, Closure, Hours, Office

_LOOK_AHEAD_DAYS: Final = 30  # longer than any closure between the years


@dataclass(frozen=True)
class Opening:
    """An office at one moment, by its opening hours in the city file."""

    is_open: bool
    closes: time | None = None  # today, if open
    next_on: date | None = None
    next_opens: time | None = None
    closure: Closure | None = None  # why it is closed today, out of turn


def opening(
    city: City, office: Office, holidays: Collection[date], now: datetime
) -> Opening | None:
    """Look an office up in its opening hours; None where it has none."""
    if not office.hours:
        return None
    local = now.astimezone(city.timezone)
    today = local.date()
    intervals = hours_on(city, office, holidays, today)
    for interval in intervals:
        if interval.opens <= local.time() < interval.closes:
            return Opening(is_open=True, closes=interval.closes)
    later = [each for each in intervals if each.opens > local.time()]
    closure = closure_on(city, office, today)
    if later:
        return Opening(is_open=False, next_on=today, next_opens=later[0].opens)
    for days in range(1, _LOOK_AHEAD_DAYS + 1):
        day = today + timedelta(days=days)
        intervals = hours_on(city, office, holidays, day)
        if intervals:
            return Opening(
                is_open=False,
                next_on=day,
                next_opens=intervals[0].opens,
                closure=closure,
            )
    return Opening(is_open=False, closure=closure)


def hours_on(
    city: City, office: Office, holidays: Collection[date], day: date
) -> tuple[Hours, ...]:
    """Give an office's hours on a day, in order; none on holidays and closures."""
    if day in holidays or closure_on(city, office, day) is not None:
        return ()
    hours = office.hours.get(WEEKDAYS[day.weekday()], ())  # type: ignore[call-overload]
    return tuple(sorted(hours, key=lambda interval: interval.opens))


def open_part(office: Office, weekday: int, first: int, end: int) -> tuple[time, time]:
    """Cut clock hours of a weekday (1 is Monday) to when the office is open."""
    begins, ends = time(first), time(end % 24)
    hours = office.hours.get(WEEKDAYS[weekday - 1], ())  # type: ignore[call-overload]
    intervals = [
        each for each in hours if each.opens.hour < end and each.closes > begins
    ]
    if not intervals:
        return begins, ends
    closes = max(each.closes for each in intervals)
    return (
        max(begins, min(each.opens for each in intervals)),
        closes if end == 24 else min(ends, closes),
    )


def opens_in(office: Office, weekday: int, hour: int) -> bool:
    """Tell whether the office is open in any part of a clock hour."""
    hours = office.hours.get(WEEKDAYS[weekday - 1], ())  # type: ignore[call-overload]
    return any(
        each.opens < time(hour, 59, 59) and each.closes > time(hour) for each in hours
    )


def open_parts(
    office: Office, weekdays: Iterable[int], hour: int
) -> set[tuple[time, time]]:
    """Cut a clock hour to when the office is open on some weekdays: mostly one part."""
    parts = {
        open_part(office, weekday, hour, hour + 1)
        for weekday in weekdays
        if opens_in(office, weekday, hour)
    }
    return parts or {(time(hour), time((hour + 1) % 24))}


def working_days(
    city: City, holidays: Collection[date], first: date, last: date
) -> int:
    """Count the days from first to last on which the city as a whole works."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    closures = [closure for closure in city.closures if not closure.offices]
    return sum(
        day.weekday() < 5
        and day not in holidays
        and not any(each.first_on <= day <= each.last_on for each in closures)
        for day in days
    )


def closure_on(city: City, office: Office, day: date) -> Closure | None:
    for closure in city.closures:
        concerns = not closure.offices or office.id in closure.offices
        if concerns and closure.first_on <= day <= closure.last_on:
            return closure
    return None
