"""The way from the call to the end of a visit: one function per KPI, over visits.

See metrics/visits.py for the columns.
"""

import polars as pl

from metrics.measure import Measure, median_bounds, percentile

_WALK = pl.col("walk_minutes")
_DESK = pl.col("desk_minutes")


def median_walk_minutes() -> Measure:
    return _median(_WALK)


def median_desk_minutes() -> Measure:
    return _median(_DESK)


def p90_desk_minutes() -> Measure:
    return Measure(
        facts="visits",
        value=percentile(_DESK, 0.9),
        n=_DESK.count(),
        reason=_why_none(),
    )


def _median(minutes: pl.Expr) -> Measure:
    lower, upper = median_bounds(minutes)
    return Measure(
        facts="visits",
        value=percentile(minutes, 0.5),
        n=minutes.count(),
        lower=lower,
        upper=upper,
        reason=_why_none(),
    )


def _why_none() -> pl.Expr:
    return (
        pl.when(pl.col("is_mean").any())
        .then(pl.lit("only_means"))
        .otherwise(pl.lit("not_recorded"))
    )
