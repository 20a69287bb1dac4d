"""The rows behind KPIs from bands: how many waits lie between two bounds.

A row is one band of one span of days, such as a month; it counts in periods that hold
all of these days. For the columns:

day, last_day            the first and the last day that the count stands for
band_from, band_to       in the unit of the source; infinite where the band is open
count                    waits or durations from band_from to below band_to
limit                    the limit of the target, if one was valid throughout
"""

from functools import partial

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import read_rows
from metrics.reading import Reading
from metrics.small_offices import rows_of_office, with_merged_offices
from metrics.spans import (
    Counted,
    by_population,
    of_known_offices,
    since_first_day,
    spans_of,
)
from metrics.targets import limit_on_day


def count_minute_bands(reading: Reading) -> Counted | None:
    return reading.once("minute_bands", partial(_count, unit="minutes"))


def count_day_bands(reading: Reading) -> Counted | None:
    return reading.once("day_bands", partial(_count, unit="days"))


def _count(reading: Reading, unit: str) -> Counted | None:
    """Read the bands of one unit; None where no source has any."""
    city = reading.city
    rows = _bands(reading.connection, city, unit, reading.office)
    if rows.is_empty():
        return None
    last_days = rows.with_columns(day="last_day")
    spans = spans_of(reading, pl.concat([rows, last_days]))
    rows = since_first_day(rows, city)
    days = rows.select(
        pl.col("office").cast(pl.String), day=pl.date_ranges("day", "last_day")
    )
    return Counted(
        rows=by_population(rows.drop("delivery_id"), city),
        spans=spans,
        covered=days.explode("day").unique(),
        events=pl.col("count").sum(),
    )


def _bands(
    connection: duckdb.DuckDBPyConnection, city: City, unit: str, office: str | None
) -> pl.DataFrame:
    where, offices = rows_of_office(city, office)
    rows = read_rows(
        connection,
        "wait_bands",
        where=f"unit = ? AND {where}",
        parameters=[unit, *offices],
    )
    known = of_known_offices(with_merged_offices(rows, city), city).select(
        "delivery_id",
        "office",
        "service",
        "band_from",
        "count",
        channel=pl.lit(None, pl.String),
        day=pl.col("period_from"),
        last_day=pl.col("period_to").dt.offset_by("-1d"),
        band_to=pl.col("band_to").fill_null(float("inf")),
    )
    return _with_limit(known, city)


def _with_limit(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Add the limit in force on the first day, if it is that of the last day, too."""
    limit = limit_on_day(city, "waiting.share_within_target")
    at_end = rows.with_columns(day="last_day").select(limit=limit).to_series()
    return rows.with_columns(limit=limit).with_columns(
        limit=pl.when(pl.col("limit") == at_end).then("limit")
    )
