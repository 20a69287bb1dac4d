"""The rows behind the estimate KPIs: the wait that was told, and the one that came.

A visit without appointment is held against the last look at its office's queue before
it came, on the same day. Where there are hourly means alone, an hour's estimate is held
against its mean wait, as often as people waited in it.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.spans import (
    Counted,
    by_population,
    local_day,
    since_first_day,
)
from metrics.told import keys_of, told_days
from metrics.visits import (
    count_visits,
    in_microseconds,
    offices_counting_customers,
)

LOOKED_WITHIN: Final = timedelta(minutes=10)  # before one came; older looks say little

_KEPT: Final = ("office", "service", "channel", "day", "error", "people")


def count_estimates(reading: Reading) -> Counted | None:
    """Pair what was told with what came; None where nothing was ever told."""
    told = reading.whole.once("told estimates", _told)
    visits = None if told.is_empty() else count_visits(reading)
    if visits is None or visits.keys is None:
        return None
    spans = visits.spans.join(told, on="office", how="semi")
    return Counted(
        rows=by_population(_rows(visits, reading), reading.city),
        spans=spans,
        covered=visits.covered.join(told, on=["office", "day"], how="semi"),
        events=pl.len(),
        keys=pl.concat([visits.keys, keys_of(told)])
        .group_by("day")
        .agg(pl.col("key").sum())
        .sort("day"),
    )


def _told(reading: Reading) -> pl.DataFrame:
    """List the days of which a wait was told before it came."""
    looks = told_days(reading, "queue_samples", "wait")
    hours = told_days(reading, "queue_hours", "estimate")
    counting = offices_counting_customers(reading)
    return pl.concat([looks, hours.filter(pl.col("office").is_in(counting))])


def _rows(visits: Counted, reading: Reading) -> pl.DataFrame:
    rows = _of_hours(reading)
    if "office" in visits.rows:
        one_by_one = visits.rows["office"].filter(~pl.col("is_mean"))
        rows = rows.join(one_by_one, on=["office", "day"], how="anti")
        rows = pl.concat([_of_visits(one_by_one, reading), rows])
    return since_first_day(rows, reading.city)


def _of_visits(visits: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    came = visits.filter(
        pl.col("wait_minutes").is_not_null(),
        pl.col("came_at").is_not_null(),
        # Who has an appointment is not told the wait of those who have none.
        pl.col("appointment") == 0,
    )
    return (
        came.sort("came_at")
        .join_asof(
            _looks(reading),
            left_on="came_at",
            right_on="observed_at",
            by="office",
            tolerance=LOOKED_WITHIN,
            check_sortedness=False,
        )
        .filter(pl.col("told_on") == pl.col("day"))
        .with_columns(
            error=in_microseconds(pl.col("told_minutes") - pl.col("wait_minutes")),
            people=pl.lit(1, pl.Int64),
        )
        .select(_KEPT)
    )


def _looks(reading: Reading) -> pl.DataFrame:
    """Give what was told at each look: of several queues the longest wait."""
    columns = ("office", "service", "observed_at", "wait_minutes")
    rows = read_said(reading, "queue_samples", "wait", columns)
    return (
        rows.group_by("office", "observed_at")
        .agg(told_minutes=pl.col("wait_minutes").max())
        .with_columns(told_on=local_day("observed_at", reading.city))
        .sort("observed_at")
    )


def _of_hours(reading: Reading) -> pl.DataFrame:
    city = reading.city
    rows = read_said(reading, "queue_hours", "estimate")
    error = pl.col("estimated_wait_minutes") - pl.col("mean_wait_minutes")
    channels = pl.Enum(["walk_in", "appointment", "kiosk"])
    return rows.filter(
        pl.col("office").is_in(offices_counting_customers(reading)),
        # Without customers there is no wait, though some systems store 0 minutes.
        (pl.col("customers") != 0).fill_null(value=True),
    ).select(
        "office",
        "service",
        pl.col("channel").cast(channels, strict=False),
        day=local_day("hour_at", city),
        error=in_microseconds(error),
        people=pl.col("customers").cast(pl.Int64),
    )
