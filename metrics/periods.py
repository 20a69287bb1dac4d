"""Days, ISO weeks, months, quarters and years: bounds, ids and the year before."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, Self

import polars as pl

PeriodGrain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: Final[tuple[PeriodGrain, ...]] = ("day", "week", "month", "quarter", "year")

LENGTHS: Final[Mapping[PeriodGrain, str]] = {  # as Polars writes them
    "day": "1d",
    "week": "1w",
    "month": "1mo",
    "quarter": "1q",
    "year": "1y",
}
_IDS: Final[dict[PeriodGrain, re.Pattern[str]]] = {
    "day": re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
    "week": re.compile(r"(\d{4})-W(\d{2})"),
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "quarter": re.compile(r"(\d{4})-Q([1-4])"),
    "year": re.compile(r"(\d{4})"),
}
_ONE_DAY: Final = timedelta(days=1)


class Period(NamedTuple):
    """A closed span of days; sorts by its start."""

    start: date
    end: date  # inclusive
    grain: PeriodGrain

    @property
    def id(self) -> str:
        return period_id(self.start, self.grain)

    @property
    def before(self) -> Self:
        return type(self)(*period_of(self.start - _ONE_DAY, self.grain))

    @property
    def after(self) -> Self:
        return type(self)(*period_of(self.end + _ONE_DAY, self.grain))

    @property
    def year_before(self) -> Self | None:
        """Give the same period a year before.

        A day is compared with the same weekday 52 weeks before; week 53 has no
        counterpart after a year of 52 weeks.
        """
        if self.grain == "day":
            return type(self)(*period_of(self.start - timedelta(weeks=52), "day"))
        if self.grain == "week":
            year, week, _ = self.start.isocalendar()
            if week > _weeks_of(year - 1):
                return None
            start = date.fromisocalendar(year - 1, week, 1)
            return type(self)(*period_of(start, "week"))
        start = self.start.replace(year=self.start.year - 1)
        return type(self)(*period_of(start, self.grain))


def period_of(day: date, grain: PeriodGrain) -> Period:
    """Find the period that a day lies in."""
    match grain:
        case "day":
            return Period(day, day, grain)
        case "week":
            monday = day - timedelta(days=day.weekday())
            return Period(monday, monday + timedelta(days=6), grain)
        case "month":
            return _months(day.replace(day=1), 1, grain)
        case "quarter":
            return _months(
                day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3, grain
            )
        case "year":
            return Period(date(day.year, 1, 1), date(day.year, 12, 31), grain)


def periods_between(first: date, last: date, grain: PeriodGrain) -> list[Period]:
    """List the periods that touch the days from first to last."""
    periods = []
    period = period_of(first, grain)
    while period.start <= last:
        periods.append(period)
        period = period.after
    return periods


def period_id(start: date, grain: PeriodGrain) -> str:
    """Write a period as in figure ids: 2026-09-30, 2026-W38, 2026-09, 2026-Q3, 2026."""
    match grain:
        case "day":
            return start.isoformat()
        case "week":
            year, week, _ = start.isocalendar()
            return f"{year:04}-W{week:02}"
        case "month":
            return f"{start.year:04}-{start.month:02}"
        case "quarter":
            return f"{start.year:04}-Q{(start.month + 2) // 3}"
        case "year":
            return f"{start.year:04}"


def parse_period(text: str) -> Period:
    """Read a period's id; the form says which grain it is."""
    for grain, pattern in _IDS.items():
        match = pattern.fullmatch(text)
        if match:
            try:
                return period_of(
                    _first_day(grain, [int(part) for part in match.groups()]), grain
                )
            except ValueError:
                break
    message = (
        f"{text!r} is no period; expected e.g. 2026-Q3, 2026-09, 2026-W38 or 2026-09-30"
    )
    raise ValueError(message)


def start_of(day: pl.Expr, grain: PeriodGrain) -> pl.Expr:
    """Give the first day of each day's period."""
    return day if grain == "day" else day.dt.truncate(LENGTHS[grain])


def _first_day(grain: PeriodGrain, numbers: list[int]) -> date:
    match grain:
        case "week":
            return date.fromisocalendar(numbers[0], numbers[1], 1)
        case "quarter":
            return date(numbers[0], numbers[1] * 3 - 2, 1)
        case _:
            year, month, day = (*numbers, 1, 1)[:3]
            return date(year, month, day)


def _months(start: date, count: int, grain: PeriodGrain) -> Period:
    years, month = divmod(start.month - 1 + count, 12)
    return Period(start, date(start.year + years, month + 1, 1) - _ONE_DAY, grain)


def _weeks_of(year: int) -> int:
    return (
        date(year, 12, 28).isocalendar().week
    )  # 28 December is always in the last week
