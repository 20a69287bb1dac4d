"""How one KPI is measured: Polars expressions over the rows of one group."""

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from metrics.periods import GRAINS, PeriodGrain

Facts = Literal[
    "visits", "searches", "slots", "hours", "ticket_hours", "decisions", "receipts",
    "book", "contacts", "answers", "visit_costs", "case_costs", "services",
]  # fmt: skip

Z_95: Final = 1.959964
PARTS: Final = ("value", "n", "numerator", "lower", "upper", "reason")


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
    absent: str = "no_rows"  # code, where the group has no rows
    grains: tuple[PeriodGrain, ...] = GRAINS  # of these there are figures


def percentile(values: pl.Expr, p: float) -> pl.Expr:
    """Nearest rank, `ceil(p * n)`: always a value that was observed.

    The only percentile here; the defaults of Polars, DuckDB and others all differ.
    """
    return values.quantile(p, interpolation="equiprobable")


def median_bounds(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Give the 95 % interval of a median by order statistics, null below n = 6.

    It supposes nothing about the distribution. The rank is the normal approximation
    with continuity correction, which is never narrower than the exact binomial one
    (a test compares them).
    """
    n = values.count()
    rank = (((n - Z_95 * n.sqrt()) + 1) / 2).floor().cast(pl.Int64)
    ordered = values.sort(nulls_last=True)
    is_known = rank >= 1
    return (
        pl.when(is_known).then(ordered.get(rank - 1, null_on_oob=True)),
        pl.when(is_known).then(ordered.get(n.cast(pl.Int64) - rank, null_on_oob=True)),
    )


def share_bounds(part: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Give the 95 % interval of a share in percent, after Wilson."""
    share = part / whole
    middle = (share + Z_95**2 / (2 * whole)) / (1 + Z_95**2 / whole)
    spread = (share * (1 - share) / whole + Z_95**2 / (4 * whole**2)).sqrt()
    half = Z_95 * spread / (1 + Z_95**2 / whole)
    is_some = whole > 0
    return (
        pl.when(is_some).then(100 * (middle - half)),
        pl.when(is_some).then(100 * (middle + half)),
    )


def percent(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Give a share in percent; of nothing there is none."""
    return pl.when(whole > 0).then(part / whole * 100)
