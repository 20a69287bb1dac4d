"""What is open, what came in, what was closed: one function per KPI, over the book.

A row of the book is one day of a group; see metrics/book.py for the columns.
"""

import polars as pl

from metrics.book import WINDOW_WORKING_DAYS
from metrics.kpis.processing import (
    ONLY_COUNTS,
    at_this_pace,
    open_cases,
    why_no_pace,
)
from metrics.measure import Measure, percent, share_measure

_HAS_CASES = pl.col("ever_of_case").last() > 0
# An office that reports by the month has no sum for a week.
_IS_CUT = (
    (pl.col("whole_from").min() < pl.col("day").min())
    | (pl.col("whole_to").max() > pl.col("day").max())
).fill_null(value=False)


def received() -> Measure:
    return _flow("received")


def decided() -> Measure:
    return _flow("decided")


def open() -> Measure:  # noqa: A001  # named as the KPI
    is_told = pl.col("lacks_open").last() == 0
    value = pl.when(is_told).then(pl.col("open").last())
    return Measure(
        facts="book",
        value=value,
        n=value,
        # Told for the end of a longer period, or for none at all.
        reason=pl.when(pl.col("whole_to").last() > pl.col("day").last())
        .then(pl.lit("longer_periods"))
        .otherwise(pl.lit("not_recorded")),
    )


def older_than_deadline() -> Measure:
    has_deadlines = pl.col("ever_with_deadline").last() > 0
    return _stock("overdue", has_deadlines, "no_deadline")


def older_than_3_months() -> Measure:
    return _stock("over_3_months", _HAS_CASES, "only_counts")


def old_case_percent() -> Measure:
    old, decisions = pl.col("over_3_months").last(), pl.col("year_decided").last()
    everything = open_cases() + decisions  # null before a year is in the book
    return share_measure(
        "book", old, everything, reason=_unless_counts("year_too_short")
    )


def with_office() -> Measure:
    waiting = pl.col("with_applicant") + pl.col("with_third_party")
    return _held(pl.col("traced").last() - waiting.last())


def with_applicant() -> Measure:
    return _held(pl.col("with_applicant").last())


def with_third_party() -> Measure:
    return _held(pl.col("with_third_party").last())


def clearance_percent() -> Measure:
    inflow, outflow = _told("received"), _told("decided")
    return Measure(
        facts="book",
        value=percent(outflow, inflow),
        n=inflow,
        numerator=outflow,
        reason=pl.when(inflow.is_null() | outflow.is_null())
        .then(_why_no_sum("received", "decided"))
        .otherwise(pl.lit("no_receipts")),
    )


def reach_working_days() -> Measure:
    return Measure(
        facts="book",
        value=at_this_pace(pl.lit(WINDOW_WORKING_DAYS)),
        n=pl.col("window_decided").last(),
        numerator=open_cases(),
        reason=why_no_pace(),
    )


def _flow(name: str) -> Measure:
    value = _told(name)
    return Measure(facts="book", value=value, n=value, reason=_why_no_sum(name))


def _told(name: str) -> pl.Expr:
    """Add up what came in or was closed; null where a part of it was not told."""
    is_told = pl.col(f"lacks_{name}").sum() == 0
    return pl.when(is_told & ~_IS_CUT).then(pl.col(name).sum())


def _why_no_sum(*names: str) -> pl.Expr:
    lacking = pl.sum_horizontal(pl.col(f"lacks_{name}").sum() for name in names)
    return (
        pl.when(lacking > 0)
        .then(pl.lit("not_recorded"))
        .otherwise(pl.lit("longer_periods"))
    )


def _stock(name: str, is_known: pl.Expr, why_not: str) -> Measure:
    value = pl.col(name).last()
    return Measure(
        facts="book",
        value=pl.when(is_known).then(value),
        n=value,
        reason=_unless_counts(why_not),
    )


def _held(value: pl.Expr) -> Measure:
    return Measure(
        facts="book",
        value=pl.when(pl.col("ever_traced_case").last() > 0).then(value),
        n=value,
        reason=pl.lit("not_recorded"),
    )


def _unless_counts(reason: str) -> pl.Expr:
    return pl.when(ONLY_COUNTS).then(pl.lit("only_counts")).otherwise(pl.lit(reason))
