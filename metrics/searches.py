"""The rows behind the search for an appointment: one look at what is free each."""

import polars as pl

from metrics.counting import count_told
from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.spans import (
    Counted,
    by_population,
    local_day,
    since_first_day,
)
from metrics.told import told_days


def count_searches(reading: Reading) -> Counted | None:
    """Read every search; None where nobody ever looked for free appointments."""
    told = reading.whole.once("told searches", _told)
    if told.is_empty():
        return None
    return count_told(reading, "searches", told, _rows(reading))


def _told(reading: Reading) -> pl.DataFrame:
    return told_days(reading, "slot_offers", "offer")


def _rows(reading: Reading) -> dict[str, pl.DataFrame]:
    city = reading.city
    found = read_said(reading, "slot_offers")
    searched_on = local_day("observed_at", city)
    rows = found.select(
        "office",
        "service",
        channel=pl.lit(None, pl.String),
        day=searched_on,
        # Null: nothing was offered. That is no 0 days, and no very long time either.
        days_to_free=(local_day("first_free_at", city) - searched_on).dt.total_days(),
    )
    # Sorted once, so that the percentiles of every group are found faster.
    return by_population(since_first_day(rows, city).sort("days_to_free"), city)
