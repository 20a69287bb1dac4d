"""Waits and durations of which only bands are known: one function per KPI.

A row is one band of a span of days; see metrics/bands.py for the columns. What comes
out is an estimate, and in the open last band no more than "more than".
"""

import polars as pl

from metrics.measure import Facts, Measure, percent, percentile_ranks, share_bounds

_FROM = pl.col("band_from")
_TO = pl.col("band_to")
_COUNT = pl.col("count")
_LIMIT = pl.col("limit")
_EXACT = 1e-9  # 0.9 * 10 must not become a little more than 9


def median_minutes() -> Measure:
    return _percentile("minute_bands", 0.5)


def p90_minutes() -> Measure:
    return _percentile("minute_bands", 0.9)


def median_days() -> Measure:
    return _percentile("day_bands", 0.5)


def p90_days() -> Measure:
    return _percentile("day_bands", 0.9)


def share_within_target() -> Measure:
    """Count whole bands: nobody knows how those of a band lie around its middle."""
    is_cut = (_FROM < _LIMIT) & (_TO > _LIMIT) & (_COUNT > 0)
    n = _COUNT.filter(_LIMIT.is_not_null()).sum()
    within = _COUNT.filter(_TO <= _LIMIT).sum()
    lower, upper = share_bounds(within, n)
    return Measure(
        facts="minute_bands",
        value=pl.when(~is_cut.any()).then(percent(within, n)),
        n=n,
        numerator=within,
        lower=lower,
        upper=upper,
        reason=pl.when(_LIMIT.count() == 0)
        .then(pl.lit("no_target"))
        .when(is_cut.any())
        .then(pl.lit("limit_in_band"))
        .otherwise(pl.lit("no_waits")),
        absent="no_bands",
    )


def _percentile(facts: Facts, p: float) -> Measure:
    """Find the band of the percentile; inside it, go as far as the share says."""
    n = _COUNT.sum()
    first = _at_rank(_FROM, p * n - _EXACT)
    last = _TO.filter(first == _FROM).first()
    below = _COUNT.filter(first > _FROM).sum()
    inside = _COUNT.filter(first == _FROM).sum()
    estimate = first + (p * n - below) / inside * (last - first)
    is_known = (n > 0) & ~_are_mixed()
    lower, upper = _interval(n, p)
    return Measure(
        facts=facts,
        value=pl.when(is_known & last.is_infinite())
        .then(first)
        .when(is_known)
        .then(estimate),
        n=n,
        lower=lower,
        upper=upper,
        reason=pl.when(_are_mixed())
        .then(pl.lit("mixed_bands"))
        .otherwise(pl.lit("no_waits")),
        mark=pl.when(last.is_infinite())
        .then(pl.lit("above"))
        .otherwise(pl.lit("estimate")),
        absent="no_bands",
    )


def _at_rank(edge: pl.Expr, rank: pl.Expr) -> pl.Expr:
    """Give an edge of the band that the value of this rank lies in."""
    up_to = _COUNT.sort_by(_FROM).cum_sum()
    return edge.sort_by(_FROM).filter(up_to >= rank).first()


def _interval(n: pl.Expr, p: float) -> tuple[pl.Expr, pl.Expr]:
    """Widen the interval of the percentile to the edges of the bands it ends in."""
    below, above = percentile_ranks(n, p)
    lower, upper = _at_rank(_FROM, below), _at_rank(_TO, above)
    is_known = upper.is_finite()
    return pl.when(is_known).then(lower), pl.when(is_known).then(upper)


def _are_mixed() -> pl.Expr:
    """Tell whether bands overlap, as where two offices divide their waits otherwise."""
    first, last = _FROM.sort_by(_FROM, _TO), _TO.sort_by(_FROM, _TO)
    is_same = (first == first.shift()) & (last == last.shift())
    return ((first < last.shift()) & ~is_same).any()
