"""How one KPI is measured: Polars expressions over the rows of one group."""

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from metrics.periods import GRAINS, PeriodGrain

Facts = Literal[
    "visits", "searches", "slots", "hours", "ticket_hours", "decisions", "receipts",
    "book", "contacts", "answers", "visit_costs", "case_costs", "services",
    "minute_bands", "day_bands", "estimates", "verdicts",
]  # fmt: skip

Z_95: Final = 1.959964
PARTS: Final = ("value", "n", "numerator", "lower", "upper", "reason", "mark")
_FEWEST_FOR_BOUNDS: Final = 6  # even the extremes of five miss a median too often


@dataclass(frozen=True)
class Measure:
    """What a KPI function returns; every expression is an aggregation."""

    facts: Facts  # the rows that are counted, see metrics/facts.py
    value: pl.Expr  # null: no value, and `reason` says why
    n: pl.Expr  # how many visits, cases, hours ... the value stands on
    numerator: pl.Expr | None = None
    lower: pl.Expr | None = None  # 95 % interval
    upper: pl.Expr | None = None
    reason: pl.Expr | None = None  # code, where the group has rows but no value
    mark: pl.Expr | None = None  # code beside a value that is none like the others
    absent: str = "no_rows"  # code, where the group has no rows
    grains: tuple[PeriodGrain, ...] = GRAINS  # of these there are figures


def percentile_measure(
    facts: Facts,
    values: pl.Expr,
    p: float,
    *,
    reason: pl.Expr | None = None,
    absent: str = "no_rows",
) -> Measure:
    """Measure a percentile of the values that are known, with its interval."""
    lower, upper = percentile_bounds(values, p)
    return Measure(
        facts=facts,
        value=percentile(values, p),
        n=values.count(),
        lower=lower,
        upper=upper,
        reason=reason,
        absent=absent,
    )


def share_measure(
    facts: Facts,
    part: pl.Expr,
    whole: pl.Expr,
    *,
    reason: pl.Expr | None = None,
    absent: str = "no_rows",
) -> Measure:
    """Measure which share of a count another is, in percent, with its interval."""
    lower, upper = share_bounds(part, whole)
    return Measure(
        facts=facts,
        value=percent(part, whole),
        n=whole,
        numerator=part,
        lower=lower,
        upper=upper,
        reason=reason,
        absent=absent,
    )


def percentile(values: pl.Expr, p: float) -> pl.Expr:
    """Nearest rank, `ceil(p * n)`: always a value that was observed.

    The only percentile here; the defaults of Polars, DuckDB and others all differ.
    """
    return values.quantile(p, interpolation="equiprobable")


def percentile_bounds(values: pl.Expr, p: float) -> tuple[pl.Expr, pl.Expr]:
    """Give the 95 % interval of a percentile by order statistics; null if n is small.

    It supposes nothing about the distribution.
    """
    below, above = percentile_ranks(values.count(), p)
    ordered = values.sort(nulls_last=True)
    return (
        ordered.get(below - 1, null_on_oob=True),
        ordered.get(above - 1, null_on_oob=True),
    )


def percentile_ranks(n: pl.Expr, p: float) -> tuple[pl.Expr, pl.Expr]:
    """Give the ranks that enclose the percentile of n values in 95 of 100 samples.

    They come from the Cornish-Fisher approximation with continuity correction, which is
    never narrower than the exact binomial ranks and at most one rank wider (a test
    compares them). Too few values have none: they would lie beyond the extremes.
    """
    z, variance = Z_95, n * p * (1 - p)
    deviation = variance.sqrt()
    skewness, excess = (1 - 2 * p) / deviation, (1 - 6 * p * (1 - p)) / variance
    shift = n * p + 0.5 + (1 - 2 * p) * (z**2 - 1) / 6
    curve = (z**3 - 3 * z) / 24 * excess - (2 * z**3 - 5 * z) / 36 * skewness**2
    half = deviation * (z + curve)
    # What the approximation errs by at most: 36 values do have an interval of p90.
    slack = 0.6 / n
    below, above = (shift - half + slack).floor(), (shift + half - slack).ceil()
    is_known = (n >= _FEWEST_FOR_BOUNDS) & (below >= 1) & (above <= n)
    return (
        pl.when(is_known).then(below.cast(pl.Int64, strict=False)),
        pl.when(is_known).then(above.cast(pl.Int64, strict=False)),
    )


def share_bounds(part: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Give Wilson's 95 % interval of a share, in percent; of nothing there is none."""
    share, z = part / whole, Z_95
    middle = (share + z**2 / (2 * whole)) / (1 + z**2 / whole)
    # Rounding must not take it below 0, where a root would be none.
    variance = (share * (1 - share) / whole).clip(0) + z**2 / (4 * whole**2)
    half = z * variance.sqrt() / (1 + z**2 / whole)
    lower, upper = 100 * (middle - half), 100 * (middle + half)
    return (
        pl.when(whole > 0).then(lower.clip(0, 100)),
        pl.when(whole > 0).then(upper.clip(0, 100)),
    )


def percent(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Give a share in percent; of nothing there is none."""
    return pl.when(whole > 0).then(part / whole * 100)
