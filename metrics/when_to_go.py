"""When to go: how long people waited, by weekday and hour of the last weeks.

A look that says "sold out" is no wait, so it is in none of the medians. How often an
hour was sold out stands beside them: then a short wait is no reason to come.
"""

from typing import Final

import polars as pl

from ingest.city import City
from metrics.calendar import Calendar
from metrics.frames import WAIT_BY_HOUR
from metrics.looks import count_hours
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.spans import Counted
from metrics.ticket_hours import count_ticket_hours
from metrics.usual_week import count_lately, last_weeks, opening_hours
from metrics.visits import count_visits

WEEKS: Final = 8
_FEWEST_HOURS: Final = 3  # looked at, to say how often an hour was sold out

_KEYS: Final = ("office", "weekday", "hour")
_WINDOW: Final = ("window_start", "window_end")


def wait_by_hour(reading: Reading) -> pl.DataFrame:
    """Give each office's opening hours of the week; tickets are better than looks."""
    city, calendar = reading.city, reading.calendar
    visits = count_lately(count_visits, reading)
    hours = count_lately(count_hours, reading)
    frames = []
    if visits is not None:
        rows = _on_open_days(_of_visits(visits, city), calendar)
        frames.append(_by_hour(rows, visits, "tickets"))
    if hours is not None:
        rows = _on_open_days(_of_looks(hours, city), calendar)
        frames.append(_by_hour(rows, hours, "queue"))
    measured = [frame for frame in frames if not frame.is_empty()]
    if not measured:
        return pl.DataFrame(schema=WAIT_BY_HOUR)
    is_best = pl.col("basis") == pl.col("basis").max().over("office")
    best = pl.concat(measured).filter(is_best)  # "tickets" sorts after "queue"
    gone = sold_out(best.select("office", *_WINDOW).unique(), reading)
    return _with_gaps(best, gone, city, calendar)


def _of_visits(visits: Counted, city: City) -> pl.DataFrame:
    """Take the hour at which the wait began: that is when one would have to come.

    Appointments are left out where one can come without: who has one cannot choose.
    """
    rows = visits.rows["office"].filter(pl.col("wait_minutes").is_not_null())
    only_appointments = [
        office.id for office in city.offices if office.appointment_only
    ]
    can_choose = pl.col("appointment") == 0
    return rows.filter(
        can_choose | pl.col("office").cast(pl.String).is_in(only_appointments)
    ).select(
        pl.col("office").cast(pl.String),
        "day",
        hour=_local_hour("came_at", city),
        at_least="wait_minutes",
        at_most="wait_minutes",
    )


def _of_looks(hours: Counted, city: City) -> pl.DataFrame:
    return (
        hours.rows["office"]
        .filter(pl.col("at_least").is_not_null())
        .select(
            "office",
            "day",
            "at_least",
            "at_most",
            hour=_local_hour("hour_at", city),
        )
    )


def _on_open_days(rows: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Leave out holidays and closures, on which some displays go on showing a wait."""
    if rows.is_empty():
        return rows
    has_hours = pl.col("office").is_in(calendar.offices_with_hours)
    days = rows["day"].sort()
    open_days = calendar.opening_days(days[0], days[-1])
    when_open = rows.filter(has_hours).join(open_days, on=["office", "day"], how="semi")
    return pl.concat([when_open, rows.filter(~has_hours)])


def sold_out(windows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Say how often no tickets were left, in the weeks that the waits are of."""
    keys = {"office": pl.String, "weekday": pl.Int8, "hour": pl.Int8}
    first, last = windows.select(
        first=pl.col("window_start").min(), last=pl.col("window_end").max()
    ).row(0)
    counted = count_ticket_hours(reading.of_days(first, last))
    if counted is None:
        return pl.DataFrame(schema={**keys, "sold_out_percent": pl.Float64})
    share = pl.when(pl.len() >= _FEWEST_HOURS).then(pl.col("share_sold_out").mean())
    return (
        counted.rows["office"]
        .join(windows, on="office")
        .filter(pl.col("day").is_between(*_WINDOW))
        .group_by(
            "office",
            weekday=pl.col("day").dt.weekday(),
            hour=_local_hour("hour_at", reading.city),
        )
        .agg(sold_out_percent=share * 100)
    )


def _by_hour(rows: pl.DataFrame, counted: Counted, basis: str) -> pl.DataFrame:
    """Measure the last closed weeks of each office."""
    return (
        rows.join(last_weeks(counted, WEEKS), on="office")
        .filter(pl.col("day").is_between(*_WINDOW))
        .group_by(
            *_KEYS[:1],
            *_WINDOW,
            weekday=pl.col("day").dt.weekday(),
            hour=pl.col("hour"),
        )
        .agg(
            n=pl.len(),
            median_minutes=_if_certain(0.5),
            p90_minutes=_if_certain(0.9),
            basis=pl.lit(basis).first(),
        )
    )


def _with_gaps(
    measured: pl.DataFrame, gone: pl.DataFrame, city: City, calendar: Calendar
) -> pl.DataFrame:
    """Add the opening hours of which nothing is known."""
    opening = opening_hours(city, calendar)
    windows = measured.select("office", *_WINDOW, "basis").unique()
    # Who comes before the office opens waits for that, too; it is no time to go.
    has_hours = pl.col("office").is_in(calendar.offices_with_hours)
    at_any_time = measured.filter(~has_hours)
    when_open = measured.join(opening, on=_KEYS, how="semi")
    measured = pl.concat([at_any_time, when_open])
    has_value = pl.col("median_minutes").is_not_null()
    return (
        opening.join(windows, on="office")
        .join(measured, on=[*_KEYS, *_WINDOW, "basis"], how="full", coalesce=True)
        .join(gone, on=_KEYS, how="left")
        .with_columns(
            state=pl.when(has_value).then(pl.lit("final")).otherwise(pl.lit("no_data")),
            reason=pl.when(pl.col("n").is_null())
            .then(pl.lit("no_rows"))
            .when(~has_value)
            .then(pl.lit("censored")),
        )
        .with_columns(
            pl.when(has_value).then(pl.col("n", "p90_minutes")),
        )
        .select(pl.col(name).cast(kind) for name, kind in WAIT_BY_HOUR.items())
        .sort(_KEYS)
    )


def _if_certain(p: float) -> pl.Expr:
    lowest = percentile(pl.col("at_least"), p)
    return pl.when(lowest == percentile(pl.col("at_most"), p)).then(lowest)


def _local_hour(moment: str, city: City) -> pl.Expr:
    return pl.col(moment).dt.convert_time_zone(city.info.timezone).dt.hour()
