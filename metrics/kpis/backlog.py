"""What is open, what came in, what was closed: one function per KPI, over the book.

A row of the book is one day of a group; see metrics/book.py for the columns.
"""

import polars as pl

from metrics.book import WINDOW_WORKING_DAYS
from metrics.kpis.processing import at_this_pace, why_no_pace
from metrics.measure import Measure, percent


def received() -> Measure:
    return _count(pl.col("received").sum())


def decided() -> Measure:
    return _count(pl.col("decided").sum())


def open() -> Measure:  # noqa: A001  # named as the KPI
    return _count(pl.col("open").last())


def older_than_deadline() -> Measure:
    has_deadlines = pl.col("ever_with_deadline").last() > 0
    overdue = pl.col("overdue").last()
    return Measure(
        facts="book",
        value=pl.when(has_deadlines).then(overdue),
        n=overdue,
        reason=pl.lit("no_deadline"),
    )


def clearance_percent() -> Measure:
    inflow, outflow = pl.col("received").sum(), pl.col("decided").sum()
    return Measure(
        facts="book",
        value=percent(outflow, inflow),
        n=inflow,
        numerator=outflow,
        reason=pl.lit("no_receipts"),
    )


def reach_working_days() -> Measure:
    return Measure(
        facts="book",
        value=at_this_pace(pl.lit(WINDOW_WORKING_DAYS)),
        n=pl.col("window_decided").last(),
        numerator=pl.col("open").last(),
        reason=why_no_pace(),
    )


def _count(value: pl.Expr) -> Measure:
    return Measure(facts="book", value=value, n=value)
