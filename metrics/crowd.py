"""How many people usually come, by weekday and hour: quantiles of the last weeks."""

from typing import Final

import polars as pl

from ingest.city import City
from metrics.frames import CROWD
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.spans import Counted
from metrics.usual_week import MOST_WEEKS, count_lately, last_weeks, opening_hours
from metrics.visits import count_visits

WEEKS: Final = MOST_WEEKS
QUANTILES: Final = {"low_visits": 0.25, "median_visits": 0.5, "high_visits": 0.75}

_KEYS: Final = ("office", "weekday", "hour")


def crowd(reading: Reading) -> pl.DataFrame:
    """Count, for each opening hour of the week, the visits of each such day.

    Days on which the office was closed are left out, and so are days without data; on
    the others nobody is 0. Offices that tell of visits by the hour are left out.
    """
    visits = count_lately(count_visits, reading)
    if visits is None:
        return pl.DataFrame(schema=CROWD)
    came = _came(visits, reading.city)
    windows = last_weeks(visits, WEEKS).join(came, on="office", how="semi")
    if windows.is_empty():
        return pl.DataFrame(schema=CROWD)
    hours = _hours_open(windows, visits, reading)
    return (
        hours.join(came, on=["office", "day", "hour"], how="left")
        .with_columns(pl.col("visits").fill_null(0))
        .group_by(*_KEYS, "window_start", "window_end")
        .agg(
            days=pl.len(),
            **{name: percentile(pl.col("visits"), p) for name, p in QUANTILES.items()},
        )
        .with_columns(state=pl.lit("final"), reason=pl.lit(None))
        .select(pl.col(name).cast(kind) for name, kind in CROWD.items())
        .sort(_KEYS)
    )


def _came(visits: Counted, city: City) -> pl.DataFrame:
    """Count who came in each hour, whether served or gone before being called."""
    local = pl.col("came_at").dt.convert_time_zone(city.info.timezone)
    return (
        visits.rows["office"]
        .filter(
            pl.col("came_at").is_not_null(),
            (pl.col("served") == 1) | (pl.col("left") == 1),
        )
        .group_by(
            pl.col("office").cast(pl.String),
            day=local.dt.date(),
            hour=local.dt.hour(),
        )
        .agg(visits=pl.len())
    )


def _hours_open(
    windows: pl.DataFrame, visits: Counted, reading: Reading
) -> pl.DataFrame:
    """List the opening hours of every day in the windows that has data."""
    calendar = reading.calendar
    first, last = windows.select(
        pl.col("window_start").min(), pl.col("window_end").max()
    ).row(0)
    return (
        calendar.opening_days(first, last)
        .join(windows, on="office")
        .filter(pl.col("day").is_between("window_start", "window_end"))
        .join(visits.covered, on=["office", "day"], how="semi")
        .with_columns(weekday=pl.col("day").dt.weekday())
        .join(opening_hours(reading.city, calendar), on=["office", "weekday"])
    )
