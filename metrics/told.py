"""Of which days the sources told, without reading what: how far an office's data reach.

Rows of a delivery are never edited, so the deliveries behind the rows of a day tell
whether these are the same rows as they were before.
"""

from typing import Final

import polars as pl

from ingest.warehouse import read_frame
from metrics.looked import days_of_deleted
from metrics.reading import Reading
from metrics.said import SAID, where_they_are
from metrics.small_offices import rows_of_office, with_merged_offices

TOLD: Final = pl.Schema(
    {
        "source": pl.String,
        "office": pl.String,
        "day": pl.Date,
        "key": pl.UInt64,  # another one where the day's rows are others
    }
)
# Every time zone is off by whole quarters of an hour, and there are far fewer of them
# than rows.
_QUARTER_HOUR: Final = 15 * 60
# Numbers stand for deliveries, of which a live feed has as many as rows.
_DELIVERIES: Final = """
    SELECT delivery_id, hash(delivery_id) AS delivery, source FROM deliveries
    WHERE superseded_at IS NULL AND rows_deleted_at IS NULL AND table_name = ?
"""
_ALL: Final = "SELECT delivery_id FROM deliveries WHERE superseded_at IS NULL"


def told_days(reading: Reading, table: str, of: str) -> pl.DataFrame:
    """List the local days of the rows that tell of something, by source and office.

    What they may tell of is in SAID; rows without a moment are left out.
    """
    rows = reading.whole.once(f"days of {table}", lambda whole: _days(whole, table))
    there = rows.filter(pl.col(of) > 0).select(
        *("source", "office", "day"),
        key=pl.col("delivery") * pl.col(of).cast(pl.UInt64),
    )
    return (
        pl.concat([there, days_of_deleted(reading, of)])
        .group_by("source", "office", "day")
        .agg(pl.col("key").sum())
        .select(pl.col(name).cast(kind) for name, kind in TOLD.items())
    )


def told_by(reading: Reading, table: str) -> list[str]:
    """List the deliveries that tell of a reading's days."""
    rows = reading.whole.once(f"days of {table}", lambda whole: _days(whole, table))
    if reading.days is not None:
        rows = rows.filter(pl.col("day").is_between(*reading.days))
    return rows["delivery_id"].unique().to_list()


def _days(reading: Reading, table: str) -> pl.DataFrame:
    """Count the rows of each source, delivery, office and day, by what they tell of."""
    counting = read_frame(reading.connection, _DELIVERIES, [table])
    days = _kept_and_new(reading, table, counting)
    known = [office.id for office in reading.city.offices]
    return (
        with_merged_offices(days, reading.city)
        .filter(pl.col("office").is_in(known))
        .join(counting, on="delivery")
    )


def _kept_and_new(reading: Reading, table: str, counting: pl.DataFrame) -> pl.DataFrame:
    """Read the rows of deliveries that came since the last time, and no others."""
    if reading.shelf is None or reading.office is not None:
        return _read(reading, table)
    name = f"days_of_{table}"
    before = reading.shelf.latest(name)
    if before is None:
        before = pl.DataFrame(schema=_schema(table))
    still = before.join(counting, on="delivery", how="semi")
    new = counting.join(still, on="delivery", how="anti")
    if new.is_empty() and still.height == before.height:
        return before
    if still.is_empty():
        read = _read(reading, table)
    else:
        read = _read(reading, table, new["delivery_id"].to_list())
    # One without any row that counts is known as well.
    silent = new.select("delivery").join(read, on="delivery", how="anti")
    days = pl.concat([still, read, silent], how="diagonal")
    reading.shelf.keep(name, days)
    return days


def _read(
    reading: Reading, table: str, deliveries: list[str] | None = None
) -> pl.DataFrame:
    offices, bound = rows_of_office(reading.city, reading.office)
    moment = SAID[table].at
    counts = ", ".join(
        f"count(*) FILTER ({condition}) AS {of}"
        for of, condition in SAID[table].of.items()
    )
    meant, given = _meant(reading, table, deliveries)
    statement = f"""
        SELECT hash(delivery_id) AS delivery, office,
            epoch_us({moment}) // {_QUARTER_HOUR * 1_000_000} AS at, {counts}
        FROM {table}
        WHERE {meant} AND {moment} IS NOT NULL AND {offices}
        GROUP BY ALL
    """  # noqa: S608 - names of the schema, conditions of our own
    rows = read_frame(reading.connection, statement, [*given, *bound])
    at = pl.from_epoch(pl.col("at") * _QUARTER_HOUR).dt.replace_time_zone("UTC")
    day = at.dt.convert_time_zone(reading.city.info.timezone).dt.date()
    return (
        rows.group_by("delivery", "office", day=day)
        .agg(pl.col(*SAID[table].of).sum())
        .select(pl.col(name).cast(kind) for name, kind in _schema(table).items())
    )


def _meant(
    reading: Reading, table: str, deliveries: list[str] | None
) -> tuple[str, list[object]]:
    """Give the condition for the rows of these deliveries, or of all that count."""
    if deliveries is None:
        return f"delivery_id IN ({_ALL})", []
    near, numbers = where_they_are(reading.connection, table, deliveries)
    return f"{near} AND delivery_id IN (SELECT unnest(?))", [*numbers, deliveries]


def _schema(table: str) -> pl.Schema:
    names = {"delivery": pl.UInt64, "office": pl.String, "day": pl.Date}
    return pl.Schema(names | dict.fromkeys(SAID[table].of, pl.Int64))


def keys_of(told: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over all sources and offices."""
    # Of an office that was moved to another the same deliveries tell something else.
    key = pl.struct("source", "office", "key").hash(seed=1)
    return told.group_by("day").agg(key.sum().alias("key")).sort("day")
