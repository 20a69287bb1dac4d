"""How far ahead appointments are: one function per KPI.

Over visits (how long before it an appointment was booked), over searches for a free one
and over days of capacity; see metrics/visits.py, metrics/searches.py, metrics/slots.py.
"""

import polars as pl

from metrics.measure import (
    Measure,
    percent,
    percentile,
    percentile_measure,
    share_measure,
)

WITHIN_DAYS = 14  # what Berlin and Hamburg promise; a political aim, no law

_LEAD = pl.col("lead_days")
_TO_FREE = pl.col("days_to_free")


def median_lead_days() -> Measure:
    return percentile_measure("visits", _LEAD, 0.5, reason=_why_no_lead())


def p90_lead_days() -> Measure:
    return percentile_measure("visits", _LEAD, 0.9, reason=_why_no_lead())


def share_booked_within_14_days() -> Measure:
    is_soon = _LEAD <= WITHIN_DAYS
    return share_measure("visits", is_soon.sum(), _LEAD.count(), reason=_why_no_lead())


def median_days_to_next_free() -> Measure:
    # No interval: one search after the other sees the same free appointment.
    return Measure(
        facts="searches",
        value=percentile(_TO_FREE, 0.5),
        n=_TO_FREE.count(),
        reason=pl.lit("nothing_offered"),
    )


def share_offered_within_14_days() -> Measure:
    return _share_of_searches(_TO_FREE <= WITHIN_DAYS)


def search_success_share() -> Measure:
    return _share_of_searches(_TO_FREE.is_not_null())


def capacity_used_percent() -> Measure:
    planned, booked = pl.col("planned_minutes"), pl.col("booked_minutes")
    is_known = planned.is_not_null() & booked.is_not_null()
    return Measure(
        facts="slots",
        value=percent(booked.filter(is_known).sum(), planned.filter(is_known).sum()),
        n=is_known.sum(),
        reason=pl.when(is_known.any())
        .then(pl.lit("nothing_planned"))
        .otherwise(pl.lit("not_recorded")),
    )


def _share_of_searches(is_met: pl.Expr) -> Measure:
    return Measure(
        facts="searches",
        value=percent(is_met.sum(), pl.len()),
        n=pl.len(),
        numerator=is_met.sum(),
    )


def _why_no_lead() -> pl.Expr:
    has_any = (pl.col("appointment") > 0).any()
    return (
        pl.when(has_any)
        .then(pl.lit("not_recorded"))
        .otherwise(pl.lit("no_appointments"))
    )
