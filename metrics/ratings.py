"""The rows behind the satisfaction KPIs: the answers of one office, service and day."""

from typing import Final

import polars as pl

from ingest.city import City
from ingest.warehouse import read_rows
from metrics.counting import count_rows
from metrics.reading import Reading
from metrics.small_offices import rows_of_office, with_merged_offices
from metrics.spans import Counted, of_known_offices

ANSWERS: Final = range(1, 6)  # 1 very dissatisfied to 5 very satisfied
_DAY: Final = ("delivery_id", "office", "service", "rated_on")


def count_answers(reading: Reading) -> Counted | None:
    """Read what visitors answered, day by day; None where nobody is asked."""
    city = reading.city
    where, offices = rows_of_office(city, reading.office)
    rows = _days(
        read_rows(reading.connection, "ratings", where=where, parameters=offices), city
    )
    return count_rows(reading, rows, pl.col("answers").sum())


def _days(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Give each day one row: an answer that is not listed was given by nobody."""
    counts = {
        f"answers_{answer}": pl.col("count").filter(pl.col("answer") == answer).sum()
        for answer in ANSWERS
    }
    # Before small offices are merged: each asks people of its own.
    by_day = rows.group_by(_DAY).agg(
        # Every row of a day repeats how many were asked.
        asked=pl.col("asked").max(),
        answers=pl.col("count").sum(),
        **counts,
    )
    is_known = pl.col("asked") >= pl.col("answers")
    days = with_merged_offices(by_day, city)
    return of_known_offices(days, city).select(
        "delivery_id",
        "office",
        "service",
        *counts,
        "answers",
        channel=pl.lit(None, pl.String),
        day=pl.col("rated_on"),
        # More answers than people asked: then nobody knows how many were asked.
        asked=pl.when(is_known).then("asked"),
        answers_of_asked=pl.when(is_known).then("answers"),
    )
