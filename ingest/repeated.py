"""Finds rows that are there twice, and rows that say something else of the same."""

from typing import Final

import polars as pl

from ingest.rules import KEYS, moment
from ingest.sources import Checks

_ROW: Final = "row_number"


def key_hashes(rows: pl.DataFrame, table: str) -> pl.Series:
    """Give a number per row: rows about the same thing have the same."""
    number = _key(table).hash()
    if table == "tickets":
        # Visits without a number are told apart by all that is known of them.
        everything = pl.struct(pl.exclude(_ROW)).hash()
        is_numbered = pl.col("ticket_key").is_not_null()
        number = pl.when(is_numbered).then(number).otherwise(everything)
    return rows.select(number.alias("number"))["number"]


def repeated(rows: pl.DataFrame, table: str, checks: Checks) -> pl.DataFrame:
    """Mark rows that are there twice, and other rows about the same thing."""
    columns = [name for name in rows.columns if name != _ROW]
    nothing = pl.lit(None, pl.String)
    # Two things may have one number, though hardly ever; the same thing never has two.
    number = key_hashes(rows, table)
    again = rows.filter(number.is_in(seen_twice(number).implode()))
    again = again.filter(_key(table).is_duplicated())
    if again.is_empty():
        return rows.select(_ROW, reason=nothing, field=nothing)
    again = again.with_columns(
        reason=pl.when(~pl.struct(columns).is_first_distinct())
        .then(pl.lit("duplicate"))
        .otherwise(nothing)
    )
    once = again.filter(pl.col("reason").is_null())
    left_out, why = _left_out(once, table, checks)
    reason = (
        pl.when(pl.col(_ROW).is_in(left_out.implode()))
        .then(pl.lit(why))
        .otherwise("reason")
        .alias("reason")
    )
    marked = again.select(_ROW, reason)
    return rows.select(_ROW).join(
        marked.with_columns(field=nothing), on=_ROW, how="left", maintain_order="left"
    )


def seen_twice(numbers: pl.Series) -> pl.Series:
    """Give the numbers that are there more than once; by sorting, which needs least."""
    ordered = numbers.sort()
    return ordered.filter(ordered == ordered.shift(-1)).unique()


def _key(table: str) -> pl.Expr:
    names = KEYS[table]
    parts = [
        moment(table).dt.date() if name == "day" else pl.col(name) for name in names
    ]
    return parts[0] if len(parts) == 1 else pl.struct(parts)


def _left_out(rows: pl.DataFrame, table: str, checks: Checks) -> tuple[pl.Series, str]:
    """Choose between rows that say different things about the same."""
    key = _key(table)
    if table == "cases" and checks.first_counts:
        return rows.filter(~key.is_first_distinct())[_ROW], "seen_before"
    if table in ("cases", "case_pauses"):
        return rows.filter(~key.is_last_distinct())[_ROW], "repeated_key"
    if table == "tickets":
        numbered = rows.filter(pl.col("ticket_key").is_not_null())
        return numbered.filter(~key.is_last_distinct())[_ROW], "repeated_key"
    # A case moves on, so its last row is right; of two measurements nobody knows.
    return rows.filter(key.is_duplicated())[_ROW], "contradiction"
