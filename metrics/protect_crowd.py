"""What may be said of how many people usually come to an office."""

from datetime import date, datetime
from typing import Final

import polars as pl

from ingest.city import City
from metrics.crowd import QUANTILES
from metrics.lattice import hours_are_listed
from metrics.small_numbers import FEWEST, IS_SHOWN, hide, nearest
from metrics.small_offices import hidden_offices, sensitive_offices

FEWEST_DAYS: Final = 6  # of one weekday


def protect_crowd(crowd: pl.DataFrame, city: City, now: datetime) -> pl.DataFrame:
    """Round as counts are, each by itself; a typical hour of a few says too much.

    The quantiles are counts of single days, so that small ones are hidden as others.
    """
    today: date = now.astimezone(city.timezone).date()
    base = city.publish.rounding_base
    enough = {name: pl.col(name) >= FEWEST for name in QUANTILES}
    return (
        crowd.filter(
            pl.col("window_end") < today,
            hours_are_listed(city, ("waiting.visits",)),
            ~pl.col("office").is_in(sensitive_offices(city)),
            ~pl.col("office").is_in(list(hidden_offices(city))),
        )
        .pipe(hide, ~enough["median_visits"], "fewer_than_8")
        .pipe(hide, pl.col("days") < FEWEST_DAYS, "too_few")
        .with_columns(
            pl.when(IS_SHOWN & enough[name]).then(nearest(name, base)).alias(name)
            for name in QUANTILES
        )
        .sort("office", "weekday", "hour")
    )
