"""By when a case must be decided, as the city file's deadlines say."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import polars as pl

from ingest.city import City, Deadline
from metrics.calendar import Calendar, days_between


def due_on(
    cases: pl.DataFrame, recorded: Collection[str], city: City, calendar: Calendar
) -> pl.Expr:
    """Give the last day of each case's deadline; null where none runs.

    Where several deadlines hold for a service, the earliest day counts. `recorded` are
    the services of which it is ever said when a case was complete.
    """
    days_off = _days_off(cases, city, calendar)
    due = [
        _due_by(deadline, days_off, is_recorded=deadline.service in recorded)
        for deadline in city.deadlines
    ]
    return pl.min_horizontal(pl.lit(None, pl.Date), *due)


def longest(city: City) -> timedelta:
    """Give a time in which every deadline of the city has run out."""
    lengths = (_at_most(deadline) for deadline in city.deadlines)
    return max(lengths, default=timedelta(0))


def _at_most(deadline: Deadline) -> timedelta:
    match deadline.unit:
        case "days":
            return timedelta(days=deadline.duration)
        case "months":
            return timedelta(days=31 * deadline.duration)
        case "working_days":
            # A year has more than 200 of them.
            return timedelta(days=366 * (deadline.duration // 200 + 1))


def _due_by(
    deadline: Deadline, days_off: Sequence[date], *, is_recorded: bool
) -> pl.Expr:
    start = pl.col("received_on")
    if deadline.starts_at != "received":
        start = _complete_on(is_recorded=is_recorded)
    holds = (pl.col("service") == deadline.service) & (start >= deadline.valid_from)
    if deadline.valid_to is not None:
        holds &= start <= deadline.valid_to
    return pl.when(holds).then(_after(start, deadline, days_off))


def _after(start: pl.Expr, deadline: Deadline, days_off: Sequence[date]) -> pl.Expr:
    """Count from the day after the start, as § 187 BGB does; months end as in § 188."""
    match deadline.unit:
        case "days":
            return start + pl.duration(days=deadline.duration)
        case "months":
            return start.dt.offset_by(f"{deadline.duration}mo")
        case "working_days":
            return start.dt.add_business_days(
                deadline.duration, holidays=days_off, roll="backward"
            )


def _complete_on(*, is_recorded: bool) -> pl.Expr:
    """Give the day on which the clock of "complete" starts.

    A case without it is incomplete where its service records completeness and it is
    open; the clock does not run. Otherwise nobody knows, and it runs from receipt: to
    leave such cases out would count only those that went well.
    """
    is_incomplete = pl.col("ended_on").is_null() & is_recorded
    return pl.coalesce(
        "complete_on", pl.when(~is_incomplete).then(pl.col("received_on"))
    )


def _days_off(cases: pl.DataFrame, city: City, calendar: Calendar) -> list[date]:
    """List the weekdays that are no working days, as far as any deadline reaches."""
    if not any(each.unit == "working_days" for each in city.deadlines):
        return []
    first, last = cases.select(
        first=pl.col("received_on").min(),
        # Cases are complete some time after they were received.
        last=pl.max_horizontal(
            pl.col("received_on").max(), pl.col("complete_on").max()
        ),
    ).row(0)
    if first is None:
        return []
    return [
        day
        for day in days_between(first, last + longest(city))
        if day.weekday() < 5 and not calendar.is_working_day(day)
    ]
