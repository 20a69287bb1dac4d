"""Which span a delivery covers: local days, weeks, months, quarters and years."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from ingest.adapters.base import Download, Span
from ingest.city import City
from ingest.errors import SourceChanged
from ingest.mappings import Covers
from ingest.sources import Source
from ingest.warehouse import schema_of

Period = Literal["day", "week", "month", "quarter", "year"]

_MOMENTS: Final = {  # of tables whose first time is not the one that counts
    "tickets": ("called_at", "appointment_at", "arrived_at"),
}
_GROUPS: Final = ("from", "to")


def period_start(day: date, period: Period) -> date:
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)


def next_period(start: date, period: Period) -> date:
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[period]
    return period_start(start + timedelta(days=longest), period)


def periods(first: date, last: date, period: Period) -> Iterator[date]:
    """Yield the first days of all periods from that of `first` to that of `last`."""
    start = period_start(first, period)
    while start <= last:
        yield start
        start = next_period(start, period)


def span_of_period(start: date, period: Period, zone: ZoneInfo) -> Span:
    return _midnight(start, zone), _midnight(next_period(start, period), zone)


def span_of_rows(
    rows: pl.DataFrame,
    table: str,
    period: Period,
    zone: ZoneInfo,
    believed: tuple[date, date],
) -> Span:
    """Give the whole periods that the rows lie in.

    Days outside of `believed` are left aside: one row of 2062 would otherwise claim
    that the delivery replaces everything until then.
    """
    names = _times_of(rows, table)
    days = rows.select(day=pl.coalesce(pl.lit(None), *names))["day"].drop_nulls()
    if isinstance(days.dtype, pl.Datetime):
        days = days.dt.convert_time_zone(zone.key).dt.date()
    likely = days.filter(days.is_between(*believed)) if len(days) else days
    counted = likely if len(likely) else days
    first, last = counted.min(), counted.max()
    if not isinstance(first, date) or not isinstance(last, date):
        times = [name for name, kind in schema_of(table).items() if kind.is_temporal()]
        message = f"no row of this delivery says when it was ({', '.join(times)})"
        raise SourceChanged(message)
    start, end = period_start(first, period), period_start(last, period)
    return _midnight(start, zone), _midnight(next_period(end, period), zone)


def a_row_per_hour(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Keep of the rows what tells which periods they lie in, and that once an hour."""
    times = rows.select(_times_of(rows, table))
    if not times.columns:
        return times
    hour = pl.coalesce(times.columns)
    if times.schema[times.columns[0]] != pl.Date:
        hour = hour.dt.truncate("1h")
    return times.filter(hour.is_first_distinct())


def _times_of(rows: pl.DataFrame, table: str) -> list[str]:
    times = [name for name, dtype in schema_of(table).items() if dtype.is_temporal()]
    return [name for name in _MOMENTS.get(table, times[:1]) if name in rows.columns]


def covers_of(
    download: Download, rows: pl.DataFrame, source: Source, city: City, covers: Covers
) -> Span | None:
    """Give the span that a delivery replaces, as its mapping says; None: everything."""
    if download.covers is not None:
        return download.covers
    if covers.by == "all":
        return None
    zone = ZoneInfo(covers.timezone) if covers.timezone else city.timezone
    if covers.by == "file_name":
        return span_of_file_name(download.name, covers, zone)
    today = download.fetched_at.astimezone(zone).date()
    # An export of visits may well hold those that are booked for later.
    ahead = date.max if source.table == "tickets" else today
    believed = (source.checks.not_before, source.checks.not_after or ahead)
    return span_of_rows(rows, source.table, covers.period, zone, believed)


def span_of_file_name(name: str, covers: Covers, zone: ZoneInfo) -> Span:
    """Read the span from the file name; without a group "to" it is one period."""
    found = re.search(covers.pattern or "", name)
    if found is None or not found.groupdict().get("from"):
        message = (
            f"{name} does not match covers.pattern = {covers.pattern!r}, which must"
            ' find the first day as the group "from"'
        )
        raise SourceChanged(message)
    days = [_day(name, found.groupdict().get(group)) for group in _GROUPS]
    first, last = days[0] or date.min, days[1] or days[0] or date.min
    start, end = period_start(first, covers.period), period_start(last, covers.period)
    return _midnight(start, zone), _midnight(next_period(end, covers.period), zone)


def _day(name: str, text: str | None) -> date | None:
    """Read 2026-03-14, 20260314, 2026-03 and 202603 (the first day of the month)."""
    if text is None:
        return None
    digits = re.sub(r"\D", "", text)
    try:
        if len(digits) == len("202603"):
            digits += "01"
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 - a day
    except ValueError as error:
        message = f"{name}: covers.pattern finds {text!r}, which is no day"
        raise SourceChanged(message) from error


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))
