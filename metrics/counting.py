"""How the rows of a table become a kind of facts."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from metrics.hashes import keys_of_rows
from metrics.reading import Reading
from metrics.spans import POPULATIONS, Counted, by_population, since_first_day, spans_of
from metrics.told import keys_of


def days_with_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("office").cast(pl.String), "day").unique()


def count_rows(
    reading: Reading,
    rows: pl.DataFrame,
    events: pl.Expr,
    covered: Callable[[pl.DataFrame], pl.DataFrame] = days_with_rows,
) -> Counted | None:
    """Count rows that are few enough to be at hand as a whole; None without any.

    They have office, service, channel and day, and the delivery that told of them.
    """
    if rows.is_empty():
        return None
    counted = since_first_day(rows, reading.city).drop("delivery_id")
    return Counted(
        rows=by_population(counted, reading.city),
        spans=spans_of(reading, rows),
        covered=covered(counted),
        events=events,
        keys=keys_of_rows(counted),
    )


def count_told(
    reading: Reading, name: str, told: pl.DataFrame, rows: Mapping[str, pl.DataFrame]
) -> Counted:
    """Count rows that are read in parts; `told` lists the days of all, see told.py."""
    spans = reading.whole.once(f"spans of {name}", lambda whole: spans_of(whole, told))
    known = since_first_day(told, reading.city)
    return Counted(
        rows=rows,
        spans=spans,
        covered=known.select("office", "day").unique(),
        events=pl.len(),
        keys=keys_of(known),
    )


def hours_by_population(
    looks: pl.DataFrame,
    condensed: Callable[[pl.DataFrame, tuple[str, ...]], pl.DataFrame],
    finer: Sequence[str],
) -> dict[str, pl.DataFrame]:
    """Condense looks to hours; those of the city are the hours of its offices."""
    hours = condensed(looks, POPULATIONS["office"])
    populations = {"city": hours, "office": hours}
    for name in finer:
        keys = POPULATIONS[name]
        split = looks.filter(pl.col(keys[-1]).is_not_null())
        if not split.is_empty():
            populations[name] = condensed(split, keys)
    return populations
