"""When no tickets are left: one function per KPI, over opening hours.

See metrics/ticket_hours.py for the columns.
"""

import polars as pl

from metrics.measure import Measure, percentile_measure

_MINUTES = pl.col("minutes_after_opening")


def share_of_hours() -> Measure:
    # Each hour counts once, however often somebody looked.
    return Measure(
        facts="ticket_hours", value=pl.col("share_sold_out").mean() * 100, n=pl.len()
    )


def median_minutes_after_opening() -> Measure:
    return percentile_measure(
        "ticket_hours",
        _MINUTES,
        0.5,
        reason=pl.when(pl.col("is_first").any())
        .then(pl.lit("moment_unknown"))
        .otherwise(pl.lit("never_sold_out")),
    )


def days() -> Measure:
    happened = pl.col("is_first").sum()
    return Measure(facts="ticket_hours", value=happened, n=happened)
