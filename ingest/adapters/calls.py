"""From single calls to counts per interval: what one person did is never stored."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.adapters.base import REFUSED
from ingest.mappings import Calls

CALLS: Final[dict[str, pl.DataType]] = {
    "office": pl.String(),
    "line": pl.String(),
    "entered_at": pl.Datetime("us", "UTC"),  # when it asked for somebody
    "outcome": pl.String(),  # one of OUTCOMES
    "wait_seconds": pl.Float64(),  # until it was answered or given up
    "handling_seconds": pl.Float64(),  # of answered calls
}
# other: sent elsewhere, turned away; no_contact: phantom and test calls
OUTCOMES: Final = ("answered", "abandoned", "other", "no_contact")
_REQUIRED: Final = ("office", "line", "entered_at", "outcome")


@dataclass(frozen=True)
class Intervals:
    rows: pl.DataFrame  # of contacts, and row_number: that of the first call
    refused: pl.DataFrame  # REFUSED


def intervals(calls: pl.DataFrame, how: Calls) -> Intervals:
    """Count calls (CALLS and row_number) by the interval in which they came."""
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in CALLS.items()
        if name not in calls.columns
    ]
    judged = calls.with_columns(missing).with_columns(_fault(how))
    good = judged.filter(pl.col("reason").is_null())
    bad = judged.filter(pl.col("reason").is_not_null())
    return Intervals(_counted(good, how), _refused(bad))


def _fault(how: Calls) -> pl.Expr:
    """Give the first rule that a call breaks, with its field: a struct's two fields."""
    outcome, wait = pl.col("outcome"), pl.col("wait_seconds")
    is_answered, is_abandoned = outcome == "answered", outcome == "abandoned"
    at_once = is_abandoned & (wait < how.abandoned_from_seconds)
    is_timed = is_answered | (is_abandoned & pl.lit(how.abandoned_from_seconds > 0))
    tests = [
        *((pl.col(name).is_null(), "missing_value", name) for name in _REQUIRED),
        (~outcome.is_in(OUTCOMES), "unknown_category", "outcome"),
        (outcome == "no_contact", "no_contact", "outcome"),
        (is_timed & wait.is_null(), "missing_value", "wait_seconds"),
        (wait < 0, "negative_value", "wait_seconds"),
        (pl.col("handling_seconds") < 0, "negative_value", "handling_seconds"),
        (at_once, "no_contact", "wait_seconds"),
    ]
    found = pl.lit(None, pl.Struct({"reason": pl.String, "field": pl.String}))
    for broken, reason, field in reversed(tests):
        code = pl.struct(reason=pl.lit(reason), field=pl.lit(field))
        found = pl.when(broken).then(code).otherwise(found)
    return found.struct.unnest()


def _counted(calls: pl.DataFrame, how: Calls) -> pl.DataFrame:
    is_answered = pl.col("outcome") == "answered"
    in_target = pl.col("wait_seconds") <= how.target_seconds
    return (
        calls.with_columns(
            interval_at=pl.col("entered_at").dt.truncate(f"{how.interval_minutes}m")
        )
        .group_by("office", "line", "interval_at")
        .agg(
            row_number=pl.col("row_number").min(),
            interval_minutes=pl.lit(how.interval_minutes, pl.Int32),
            offered=pl.len().cast(pl.Int64),
            answered=is_answered.sum().cast(pl.Int64),
            answered_in_target=(is_answered & in_target).sum().cast(pl.Int64),
            abandoned=(pl.col("outcome") == "abandoned").sum().cast(pl.Int64),
            wait_seconds=_sum_if_known("wait_seconds"),
            handling_seconds=_sum_if_known("handling_seconds"),
        )
        .sort("row_number")
    )


def _sum_if_known(name: str) -> pl.Expr:
    """Sum over answered calls; where one of them is unknown the sum is, too."""
    values = pl.col(name).filter(pl.col("outcome") == "answered")
    return pl.when(values.null_count() == 0).then(values.sum())


def _refused(calls: pl.DataFrame) -> pl.DataFrame:
    shown = pl.struct("office", "line", "outcome").struct.json_encode()
    return calls.select(
        "row_number", "field", "reason", row_json=shown
    ).match_to_schema(REFUSED)
