"""Numbers that tell rows from others, so that what was made of the same stays."""

from typing import Final

import polars as pl

_GROUP: Final = ("office", "service", "channel")


def hash_of_each(rows: pl.DataFrame) -> pl.Series:
    """Give a number per row; of two rows that differ it is hardly ever the same."""
    # Column by column: a struct's hash writes every row out first.
    return rows.hash_rows(seed=1)


def digest_of(rows: pl.DataFrame) -> int:
    """Give a number over rows, in whatever order they are."""
    return 0 if rows.is_empty() else int(hash_of_each(rows).sum())


def keys_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over its rows, in whatever order they are."""
    return keys_of_hashes(hashes_of_rows(rows))


def hashes_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each day and group a hash of its rows; those of several parts add up."""
    named = [name for name in _GROUP if name in rows.columns]
    dated = rows.filter(pl.col("day").is_not_null())
    return (
        dated.select("day", *named, key=hash_of_each(dated.drop("day", *named)))
        .group_by("day", *named)
        .agg(pl.col("key").sum(), count=pl.len())
        # As texts: the number behind a word is another one in another table.
        .with_columns(pl.col(named).cast(pl.String))
    )


def keys_of_hashes(hashes: pl.DataFrame) -> pl.DataFrame:
    """Give each day one key over all groups."""
    named = [name for name in _GROUP if name in hashes.columns]
    summed = hashes.group_by("day", *named).agg(pl.col("key", "count").sum())
    return (
        summed.select("day", key=hash_of_each(summed.drop("day")))
        .group_by("day")
        .agg(pl.col("key").sum())
        .sort("day")
    )
