"""Waiting as a queue tells it: one function per KPI, over the office hours of a group.

`at_least` and `at_most` are what is known about the wait in an hour. They differ, the
latter being infinite, where the source only said "more than an hour".
"""

import polars as pl

from metrics.measure import Measure, percentile, percentile_bounds, percentile_measure

_AT_LEAST = pl.col("at_least")
_AT_MOST = pl.col("at_most")
_PEOPLE = pl.col("waiting")


def median_wait_minutes() -> Measure:
    lower, upper = (_if_certain(bounds) for bounds in _bounds(0.5))
    return Measure(
        facts="hours",
        value=_certain_percentile(0.5),
        n=_AT_LEAST.count(),
        lower=lower,
        upper=upper,
        reason=_why_no_wait(),
    )


def p90_wait_minutes() -> Measure:
    lower, upper = (_if_certain(bounds) for bounds in _bounds(0.9))
    return Measure(
        facts="hours",
        value=_certain_percentile(0.9),
        n=_AT_LEAST.count(),
        lower=lower,
        upper=upper,
        reason=_why_no_wait(),
    )


def median_waiting_people() -> Measure:
    return percentile_measure("hours", _PEOPLE, 0.5, reason=pl.lit("not_recorded"))


def hours_observed() -> Measure:
    is_observed = _AT_LEAST.is_not_null() | _PEOPLE.is_not_null()
    return Measure(facts="hours", value=is_observed.sum(), n=is_observed.sum())


def _certain_percentile(p: float) -> pl.Expr:
    """Give the percentile if it is the same whatever the censored waits really were."""
    return _if_certain((percentile(_AT_LEAST, p), percentile(_AT_MOST, p)))


def _if_certain(bounds: tuple[pl.Expr, pl.Expr]) -> pl.Expr:
    lowest, highest = bounds
    return pl.when(lowest == highest).then(lowest)


def _bounds(p: float) -> list[tuple[pl.Expr, pl.Expr]]:
    lowest, highest = percentile_bounds(_AT_LEAST, p), percentile_bounds(_AT_MOST, p)
    return list(zip(lowest, highest, strict=True))


def _why_no_wait() -> pl.Expr:
    return (
        pl.when(_AT_LEAST.count() == 0)
        .then(pl.lit("no_waits"))
        .otherwise(pl.lit("censored"))
    )
