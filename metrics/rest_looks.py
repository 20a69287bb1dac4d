"""Single looks at an office's queue on its open hours, and what came hours later."""

from typing import Final, NamedTuple

import polars as pl

from ingest.city import City
from metrics.looks import count_hours
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.small_numbers import nearest
from metrics.usual_week import MOST_WEEKS, count_lately, last_weeks, opening_hours

AHEAD: Final = 4  # hours; later than that only what is usual is known

_LOOK: Final = ("office", "day", "hour")
_QUARTER_HOUR: Final = 15


class Lately(NamedTuple):
    """The last weeks, numbered from 0; minutes are null if only "more than" is known.

    `hours` have the middle of what the looks of an hour showed. `pairs` have what a
    look showed, rounded as live queues are, and what that hour came to: at most one
    look of a quarter of an hour, however often the queue is looked at.
    """

    hours: pl.DataFrame  # office, week, day, weekday, hour, at_least, at_most
    pairs: pl.DataFrame  # … and hours_ahead, now; came: the hour's minutes
    windows: pl.DataFrame  # office, window_start, window_end


def read_lately(reading: Reading) -> Lately | None:
    """Read the looks of the last weeks; None where none said how long the wait was."""
    counted = count_lately(count_hours, reading)
    if counted is None:
        return None
    windows = last_weeks(counted, MOST_WEEKS)
    first, last = windows.select(
        pl.col("window_start").min(), pl.col("window_end").max()
    ).row(0)
    rows = read_said(reading.whole.of_days(first, last), "queue_samples", "queue")
    waits = rows.filter(pl.any_horizontal(_is_known()))
    if waits.is_empty():
        return None
    looks = _when_open(_of_offices(waits, reading.city), windows, reading)
    return lately_of(looks, windows, reading.city.publish.live_wait_base_minutes)


def lately_of(looks: pl.DataFrame, windows: pl.DataFrame, base: int) -> Lately:
    """Pair looks with what the hours after them came to."""
    hours = looks.group_by("office", "week", "day", "weekday", "hour").agg(
        percentile(pl.col("at_least"), 0.5), percentile(pl.col("at_most"), 0.5)
    )
    came = hours.select(*_LOOK, came=if_certain())
    quarter = pl.col("at").dt.minute() // _QUARTER_HOUR
    pairs = (
        looks.sort("at")
        .with_columns(quarter=quarter)
        .unique([*_LOOK, "quarter"], keep="last", maintain_order=True)
        .filter(pl.col("at_least") == pl.col("at_most"))
        .with_columns(nearest("at_most", base).alias("now"), from_hour="hour")
        .drop("hour", "at_least", "at_most", "quarter")
        .join(came, on=["office", "day"])
        .with_columns(hours_ahead=pl.col("hour") - pl.col("from_hour"))
        .filter(pl.col("hours_ahead").is_between(1, AHEAD))
    )
    return Lately(hours, pairs, windows)


def if_certain() -> pl.Expr:
    """Give the minutes, if they are the same whatever "more than" stands for."""
    return pl.when(pl.col("at_least") == pl.col("at_most")).then("at_least")


def _is_known() -> list[pl.Expr]:
    return [
        pl.col(name).is_not_null() for name in ("wait_minutes", "wait_minutes_at_least")
    ]


def _of_offices(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Tell several queues of an office as one, as live queues are: the longest wait."""
    is_whole = pl.col("service").is_null() & pl.col("queue").is_null()
    longest, least = (
        pl.coalesce(pl.col(name).filter(is_whole).max(), pl.col(name).max())
        for name in ("wait_minutes", "wait_minutes_at_least")
    )
    is_certain = longest.is_not_null() & (least.is_null() | (least < longest))
    local = pl.col("at").dt.convert_time_zone(city.info.timezone)
    return (
        rows.group_by(pl.col("office").cast(pl.String), at="observed_at")
        .agg(
            at_least=pl.max_horizontal(longest, least),
            at_most=pl.when(is_certain).then(longest).otherwise(float("inf")),
        )
        .with_columns(day=local.dt.date(), hour=local.dt.hour())
        .with_columns(weekday=pl.col("day").dt.weekday())
    )


def _when_open(
    looks: pl.DataFrame, windows: pl.DataFrame, reading: Reading
) -> pl.DataFrame:
    """Leave out closed days and hours, in which some displays go on showing a wait."""
    days = looks["day"].sort()
    calendar = reading.calendar
    since = (pl.col("day") - pl.col("window_start")).dt.total_days()
    return (
        looks.join(windows, on="office")
        .filter(pl.col("day").is_between("window_start", "window_end"))
        .join(
            calendar.opening_days(days[0], days[-1]), on=["office", "day"], how="semi"
        )
        .join(
            opening_hours(reading.city, calendar),
            on=["office", "weekday", "hour"],
            how="semi",
        )
        .with_columns(week=since // 7)
        .drop("window_start", "window_end")
    )
