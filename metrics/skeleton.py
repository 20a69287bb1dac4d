"""Which figures there must be: every group in every period, so that gaps are seen."""

from datetime import date
from typing import Final

import polars as pl

from metrics.calendar import Calendar
from metrics.periods import PeriodGrain, period_of, periods_between, start_of
from metrics.spans import POPULATIONS, Counted

DIMENSIONS: Final = ("office", "service", "channel")


class Skeleton:
    """The groups and periods of counted rows, with how much of each is covered."""

    def __init__(self, counted: Counted, calendar: Calendar) -> None:
        self._counted = counted
        self._opening = _opening_days(counted, calendar)

    def groups(self, population: str) -> pl.DataFrame:
        """List the groups of a population, each with its office's span."""
        dims = POPULATIONS[population]
        rows = self._counted.rows[population]
        spans = self._counted.spans
        if "office" in dims:
            groups = rows.select(pl.col(name).cast(pl.String) for name in dims).unique()
            return groups.join(spans, on="office")
        whole = spans.select(
            pl.col("first_on").min(),
            pl.col("last_on").max(),
            pl.col("complete_on").min(),
        )
        if not dims:
            return whole
        groups = rows.select(pl.col(name).cast(pl.String) for name in dims).unique()
        return groups.join(whole, how="cross")

    def periods(self, grain: PeriodGrain) -> pl.DataFrame:
        """List the periods that the data touch."""
        first, last = _bounds(self._counted.spans)
        periods = periods_between(first, last, grain)
        return pl.DataFrame(
            {
                "period_start": [period.start for period in periods],
                "period_end": [period.end for period in periods],
                "period": [period.id for period in periods],
            },
            schema_overrides={"period_start": pl.Date, "period_end": pl.Date},
        )

    def cells(self, population: str, grain: PeriodGrain) -> pl.DataFrame:
        """Give every group in every period of its span, with opening days and state."""
        cells = (
            self.groups(population)
            .join(self.periods(grain), how="cross")
            .filter(
                pl.col("period_start") <= pl.col("last_on"),
                pl.col("period_end") >= pl.col("first_on"),
            )
        )
        by_office = "office" in POPULATIONS[population]
        keys = ["office", "period_start"] if by_office else ["period_start"]
        covered = self._opening.group_by(
            *(["office"] if by_office else []),
            period_start=start_of(pl.col("day"), grain),
        ).agg(opening_days=pl.len(), covered_days=pl.col("is_covered").sum())
        return cells.join(covered, on=keys, how="left").select(
            *POPULATIONS[population],
            "period_start",
            "period_end",
            "period",
            is_complete=pl.col("period_end") <= pl.col("complete_on"),
            opening_days=pl.col("opening_days").fill_null(0),
            coverage=pl.col("covered_days") / pl.col("opening_days"),
        )


def _opening_days(counted: Counted, calendar: Calendar) -> pl.DataFrame:
    """List the opening days of the years touched, and which of them have data."""
    first, last = _bounds(counted.spans)
    covered = counted.covered.with_columns(is_covered=pl.lit(value=True))
    return (
        calendar.opening_days(period_of(first, "week").start, _end_of_year(last))
        .join(counted.spans, on="office", how="semi")
        .join(covered, on=["office", "day"], how="left")
        .with_columns(pl.col("is_covered").fill_null(value=False))
    )


def _bounds(spans: pl.DataFrame) -> tuple[date, date]:
    first: date
    last: date
    first, last = spans.select(pl.col("first_on").min(), pl.col("last_on").max()).row(0)
    return first, last


def _end_of_year(day: date) -> date:
    return max(period_of(day, "year").end, period_of(day, "week").end)
