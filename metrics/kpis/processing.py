"""How long an application takes: one function per KPI.

Over decisions (a row is a decided case), receipts (a row is a case received), the book
(a row is a day) or verdicts (a row is a week's forecast); see metrics/cases.py,
metrics/book.py and metrics/verdicts.py for the columns.
"""

from typing import Final

import polars as pl

from metrics.measure import (
    Measure,
    percent,
    percentile_measure,
    share_bounds,
)

# Below this a pace is too uncertain: 20 give it within about 40 % (Poisson).
FEWEST_DECISIONS: Final = 20

_DAYS = pl.col("days")
_NET_DAYS = pl.col("net_days")  # null: nobody says when the case was complete
# A group of offices that report only sums.
ONLY_COUNTS = (pl.col("ever_of_case").last() == 0) & (pl.col("from_counts").max() > 0)


def median_days_decided() -> Measure:
    return percentile_measure("decisions", _DAYS, 0.5, absent="no_decisions")


def p80_days_decided() -> Measure:
    return percentile_measure("decisions", _DAYS, 0.8, absent="no_decisions")


def median_net_days_decided() -> Measure:
    return percentile_measure(
        "decisions",
        _NET_DAYS,
        0.5,
        reason=pl.lit("not_recorded"),
        absent="no_decisions",
    )


def p80_net_days_decided() -> Measure:
    return percentile_measure(
        "decisions",
        _NET_DAYS,
        0.8,
        reason=pl.lit("not_recorded"),
        absent="no_decisions",
    )


def share_within_deadline() -> Measure:
    is_met = pl.col("is_met")  # null: no deadline, or given up
    is_over = pl.col("is_deadline_over")
    lower, upper = share_bounds(is_met.sum(), is_met.count())
    return Measure(
        facts="receipts",
        value=pl.when(is_over.all()).then(percent(is_met.sum(), is_met.count())),
        n=is_met.count(),
        numerator=is_met.sum(),
        lower=lower,
        upper=upper,
        reason=pl.when(pl.col("is_awaited").sum() == 0)
        .then(pl.lit("no_receipts"))
        .when(is_met.count() == 0)
        .then(pl.lit("no_deadline"))
        .otherwise(pl.lit("deadline_not_over")),
        absent="no_receipts",
    )


def expected_days() -> Measure:
    decisions = pl.col("window_decided").last()
    return Measure(
        facts="book",
        value=at_this_pace(pl.col("window_days").last()),
        n=decisions,
        numerator=open_cases(),
        reason=why_no_pace(),
    )


def open_cases() -> pl.Expr:
    """Give the open cases without what offices report only as a sum."""
    return pl.col("open").last() - pl.col("counted_open").last()


def expected_days_hit_share() -> Measure:
    is_hit = pl.col("is_hit").filter(pl.col("day").is_not_null())
    return Measure(
        facts="verdicts",
        value=percent(is_hit.sum(), is_hit.count()),
        n=is_hit.count(),
        numerator=is_hit.sum(),
        absent="nothing_judged",
        grains=("month", "quarter", "year"),
    )


def at_this_pace(days_of_window: pl.Expr) -> pl.Expr:
    """Give how long the open cases last: open / (decisions / days of the window)."""
    decisions = pl.col("window_decided").last()
    return reach(open_cases(), decisions, days_of_window)


def reach(still_open: pl.Expr, decisions: pl.Expr, days: pl.Expr) -> pl.Expr:
    is_enough = decisions >= FEWEST_DECISIONS  # null before the window is full
    return pl.when(is_enough).then(still_open * days / decisions)


def why_no_pace() -> pl.Expr:
    return (
        pl.when(ONLY_COUNTS)
        .then(pl.lit("only_counts"))
        .when(pl.col("window_decided").last().is_null())
        .then(pl.lit("history_too_short"))
        .otherwise(pl.lit("too_few_decisions"))
    )
