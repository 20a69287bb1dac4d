"""Figures that come from other figures: a forecast's gate, and hours saved.

Pure: figures in, figures out. `compute` calls it once, when all others are there.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from metrics.figures import FIGURES
from metrics.hours_saved import HOURS_SAVED, HOURS_WAITED, hours_saved
from metrics.small_numbers import IS_SHOWN

EXPECTED: Final = "processing.expected_days"
RECORD: Final = "processing.expected_days_hit_share"
ALLOWED: Final = 0.3  # a forecast is off by at most this share of what was said
FEWEST_JUDGED: Final = 8  # weeks; with fewer a forecast counts as untested
# If errors were normal, a mean error of 30 % would be a hit share of 57 %.
FEWEST_HITS: Final = 0.6

# KPIs without rows of their own to be measured over.
FROM_FIGURES: Final = frozenset({HOURS_SAVED})

_GROUP: Final = ("office", "service", "channel")
_EMPTIED: Final = ("value", "n", "numerator", "lower", "upper")


def derived(frames: Iterable[pl.DataFrame]) -> list[pl.DataFrame]:
    """Take away forecasts that failed, and add what follows from several figures.

    Each frame has one KPI's figures. Those of other KPIs are handed on as they are: of
    many years all of them fill hundreds of megabytes.
    """
    given = [frame for frame in frames if frame.height]

    def of(*kpis: str) -> pl.DataFrame:
        found = (frame for frame in given if frame["kpi"][0] in kpis)
        return pl.concat([pl.DataFrame(schema=FIGURES), *found])

    others = [frame for frame in given if frame["kpi"][0] not in (EXPECTED, RECORD)]
    forecasts = with_gate(of(EXPECTED, RECORD))
    by_kpi = forecasts.partition_by("kpi", maintain_order=True)
    return [*others, *by_kpi, hours_saved(of(HOURS_WAITED)).sort("figure_id")]


def needs_of(kpi: str, grain: str) -> Mapping[str, str]:
    """Say which other KPIs, by which grain, figures of this one come from."""
    if kpi == EXPECTED:
        return {RECORD: "quarter"}
    return {HOURS_WAITED: grain} if kpi == HOURS_SAVED else {}


def with_gate(figures: pl.DataFrame) -> pl.DataFrame:
    """Show a forecast only where the forecasts of the year before it came true.

    It uses only quarters that were over by the end of the figure's own period.
    """
    said = figures.filter(pl.col("kpi") == EXPECTED, IS_SHOWN)
    if said.is_empty():
        return figures
    records = _records(said, figures)
    is_tested = pl.col("judged").fill_null(0) >= FEWEST_JUDGED
    has_failed = is_tested & (pl.col("hits") < FEWEST_HITS * pl.col("judged"))
    is_said = pl.col("figure_id").is_in(said["figure_id"].implode())
    failed = is_said & has_failed
    return (
        figures.join(records, on="figure_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(~failed.fill_null(value=False)).then(pl.col(name)).alias(name)
            for name in _EMPTIED
        )
        .with_columns(
            state=pl.when(failed)
            .then(pl.lit("no_data", FIGURES["state"]))
            .otherwise("state"),
            reason=pl.when(failed)
            .then(pl.lit("forecast_failed"))
            .when(is_said & ~is_tested)
            .then(pl.lit("not_yet_tested"))
            .otherwise("reason"),
        )
        .select(figures.columns)
    )


def _records(said: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Add up, for each forecast, the verdicts of the last year that it may know."""
    quarters = figures.filter(
        pl.col("kpi") == RECORD, pl.col("grain").cast(pl.String) == "quarter", IS_SHOWN
    ).select(*_GROUP, "n", "numerator", judged_until="period_end")
    age = pl.col("judged_until").dt.offset_by("1y") > pl.col("period_end")
    return (
        said.select("figure_id", *_GROUP, "period_end")
        .join(quarters, on=_GROUP, nulls_equal=True)
        .filter(pl.col("judged_until") <= pl.col("period_end"), age)
        .group_by("figure_id")
        .agg(judged=pl.col("n").sum(), hits=pl.col("numerator").sum())
    )
