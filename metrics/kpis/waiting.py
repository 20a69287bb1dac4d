"""Waiting at the office: one function per KPI, over the visits of a group.

A row is one visit or, where a source has only hourly means, one hour of customers. See
metrics/visits.py for the columns.
"""

import polars as pl

from metrics.measure import (
    Measure,
    percentile_measure,
    share_measure,
)
from metrics.visits import MICROSECONDS

# Multiplied, since Polars divides one value by a number otherwise than many.
_HOURS = 1 / (60 * MICROSECONDS)
_WAIT = pl.col("wait_minutes")
_WAITED = pl.col("waited")  # how many have a known wait; null: not counted
_SERVED = pl.col("served")
_HAS_MEANS = pl.col("is_mean").any()
_IS_COUNTED = _WAITED.null_count() == 0


def median_minutes() -> Measure:
    return percentile_measure("visits", _WAIT, 0.5, reason=_why_no_percentile())


def p90_minutes() -> Measure:
    return percentile_measure("visits", _WAIT, 0.9, reason=_why_no_percentile())


def mean_minutes() -> Measure:
    return Measure(
        facts="visits",
        value=_if_counted(pl.col("wait_sum").sum() / (_WAITED.sum() * MICROSECONDS)),
        n=_WAITED.sum(),
        reason=_why_no_mean(),
    )


def share_within_target() -> Measure:
    is_within = pl.col("is_within")
    has_no_limit = pl.col("limit").count() == 0
    return share_measure(
        "visits",
        is_within.sum(),
        is_within.count(),
        reason=pl.when(has_no_limit)
        .then(pl.lit("no_target"))
        .otherwise(_why_no_percentile()),
    )


def visits() -> Measure:
    return Measure(
        facts="visits",
        value=pl.when(_SERVED.null_count() == 0).then(_SERVED.sum()),
        n=_SERVED.sum(),
        reason=pl.lit("no_counts"),
    )


def no_show_share() -> Measure:
    missed = pl.col("no_show")
    # Where no-shows are not recorded, their column is null, and so is the share.
    appointments = pl.col("appointment").filter(missed.is_not_null()).sum()
    return share_measure(
        "visits",
        missed.sum(),
        appointments,
        reason=pl.when(missed.count() == 0)
        .then(pl.lit("not_recorded"))
        .otherwise(pl.lit("no_appointments")),
    )


def left_share() -> Measure:
    left = pl.col("left")
    came = left.sum() + _SERVED.filter(left.is_not_null()).sum()
    return share_measure(
        "visits",
        left.sum(),
        came,
        reason=pl.when(left.count() == 0)
        .then(pl.lit("not_recorded"))
        .otherwise(pl.lit("no_rows")),
    )


def hours_waited() -> Measure:
    return Measure(
        facts="visits",
        value=_if_counted(pl.col("person_wait").sum() * _HOURS),
        n=_WAITED.sum(),
        reason=_why_no_mean(),
    )


def _if_counted(value: pl.Expr) -> pl.Expr:
    return pl.when(_IS_COUNTED & (_WAITED.sum() > 0)).then(value)


def _why_no_percentile() -> pl.Expr:
    return pl.when(_HAS_MEANS).then(pl.lit("only_means")).otherwise(pl.lit("no_waits"))


def _why_no_mean() -> pl.Expr:
    return pl.when(_IS_COUNTED).then(pl.lit("no_waits")).otherwise(pl.lit("no_counts"))
