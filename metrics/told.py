"""Of which days the sources told, without reading what: how far an office's data reach.

Rows of a delivery are never edited, so the deliveries behind the rows of a day tell
whether these are the same rows as they were before.
"""

from typing import Final

import polars as pl

from ingest.warehouse import read_frame
from metrics.reading import Reading
from metrics.small_offices import rows_of_office, with_merged_offices

TOLD: Final = pl.Schema(
    {
        "source": pl.String,
        "office": pl.String,
        "day": pl.Date,
        "key": pl.UInt64,  # another one where the day's rows are others
    }
)
_GROUP: Final = ("office", "service", "channel")
# Every time zone is off by whole quarters of an hour, and there are far fewer of them
# than rows.
_QUARTER_HOUR: Final = 15 * 60


def told_days(
    reading: Reading, table: str, moment: str, where: str = "TRUE"
) -> pl.DataFrame:
    """List the local days of a table's rows, by source and office.

    `moment` is the time that counts, as SQL; rows without one are left out.
    """
    offices, bound = rows_of_office(reading.city, reading.office)
    statement = f"""
        SELECT source, office, epoch_us({moment}) // {_QUARTER_HOUR * 1_000_000} AS at,
            (sum(hash(delivery_id)) % 4611686018427387904)::UBIGINT AS key
        FROM {table} JOIN deliveries USING (delivery_id)
        WHERE superseded_at IS NULL AND {moment} IS NOT NULL AND ({where})
            AND {offices}
        GROUP BY ALL
    """  # noqa: S608 - names of the schema, conditions of our own
    rows = read_frame(reading.connection, statement, bound)
    at = pl.from_epoch(pl.col("at") * _QUARTER_HOUR).dt.replace_time_zone("UTC")
    known = [office.id for office in reading.city.offices]
    return (
        with_merged_offices(rows, reading.city)
        .filter(pl.col("office").is_in(known))
        .group_by(
            "source",
            "office",
            day=at.dt.convert_time_zone(reading.city.info.timezone).dt.date(),
        )
        .agg(pl.col("key").sum())
        .select(pl.col(name).cast(kind) for name, kind in TOLD.items())
    )


def keys_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over its rows, in whatever order they are."""
    return keys_of_hashes(hashes_of_rows(rows))


def hashes_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each day and group a hash of its rows; those of several parts add up."""
    named = [name for name in _GROUP if name in rows.columns]
    said = rows.select(pl.all().exclude(*named, "day")).columns
    return (
        rows.filter(pl.col("day").is_not_null())
        .group_by("day", *named)
        .agg(pl.struct(said).hash(seed=1).sum().alias("key"), count=pl.len())
        # As texts: the number behind a word is another one in another table.
        .with_columns(pl.col(named).cast(pl.String))
    )


def keys_of_hashes(hashes: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over all groups."""
    named = [name for name in _GROUP if name in hashes.columns]
    return (
        hashes.group_by("day", *named)
        .agg(pl.col("key", "count").sum())
        .group_by("day")
        .agg(pl.struct(*named, "key", "count").hash(seed=1).sum().alias("key"))
        .sort("day")
    )


def keys_of(told: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over all sources and offices."""
    # Of an office that was moved to another the same deliveries tell something else.
    key = pl.struct("source", "office", "key").hash(seed=1)
    return told.group_by("day").agg(key.sum().alias("key")).sort("day")
