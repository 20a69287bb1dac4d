"""The way from the call to the end of a visit: one function per KPI, over visits.

See metrics/visits.py for the columns.
"""

import polars as pl

from metrics.measure import Measure, percentile_measure

_WALK = pl.col("walk_minutes")
_DESK = pl.col("desk_minutes")


def median_walk_minutes() -> Measure:
    return _at(_WALK, 0.5)


def median_desk_minutes() -> Measure:
    return _at(_DESK, 0.5)


def p90_desk_minutes() -> Measure:
    return _at(_DESK, 0.9)


def _at(minutes: pl.Expr, p: float) -> Measure:
    return percentile_measure("visits", minutes, p, reason=_why_none())


def _why_none() -> pl.Expr:
    return (
        pl.when(pl.col("is_mean").any())
        .then(pl.lit("only_means"))
        .otherwise(pl.lit("not_recorded"))
    )
