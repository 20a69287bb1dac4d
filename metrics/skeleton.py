"""Which figures there must be: every group in every period, so that gaps are seen."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from metrics.calendar import Calendar
from metrics.periods import PeriodGrain, period_of, periods_between, start_of
from metrics.spans import ALL_SPANS, POPULATIONS, Counted


class Skeleton:
    """The groups and periods of counted rows, with how much of each is covered."""

    def __init__(
        self, counted: Counted, groups: Mapping[str, pl.DataFrame], calendar: Calendar
    ) -> None:
        self._counted = counted
        self._opening = _opening_days(counted, calendar)
        # The same for every population.
        self._known_periods: dict[PeriodGrain, pl.DataFrame] = {}
        self._known_coverage: dict[tuple[PeriodGrain, bool], pl.DataFrame] = {}
        self._groups = {
            population: _with_spans(those, POPULATIONS[population], counted.spans)
            for population, those in groups.items()
        }

    def cells(self, population: str, grains: Sequence[PeriodGrain]) -> pl.DataFrame:
        """Give every group in every period of its span, with opening days and state."""
        dims = POPULATIONS[population]
        by_office = "office" in dims
        periods = pl.concat(map(self._periods, grains))
        covered = pl.concat(
            self._covered(grain, by_office=by_office) for grain in grains
        )
        cells = (
            self._groups[population]
            .join(periods, how="cross")
            .filter(
                pl.col("period_start") <= pl.col("due_on"),
                pl.col("period_end") >= pl.col("first_on"),
            )
        )
        keys = [*(["office"] if by_office else []), "grain", "period_start"]
        return cells.join(covered, on=keys, how="left").select(
            *dims,
            "grain",
            "period_start",
            "period_end",
            "period",
            # What came before the first delivery is missing, too.
            is_complete=(pl.col("period_end") <= pl.col("complete_on"))
            & (pl.coalesce("first_opening_day", "period_start") >= pl.col("begins_on")),
            is_gap=pl.col("period_start") > pl.col("last_on"),
            opening_days=pl.col("opening_days").fill_null(0),
            coverage=pl.col("covered_days") / pl.col("opening_days"),
        )

    def _periods(self, grain: PeriodGrain) -> pl.DataFrame:
        """List the periods that the data touch, or should."""
        if grain not in self._known_periods:
            first, last = _bounds(self._counted.spans)
            periods = periods_between(first, last, grain)
            self._known_periods[grain] = pl.DataFrame(
                {
                    "grain": [grain] * len(periods),
                    "period_start": [period.start for period in periods],
                    "period_end": [period.end for period in periods],
                    "period": [period.id for period in periods],
                },
                {
                    **dict.fromkeys(("grain", "period"), pl.String),
                    **dict.fromkeys(("period_start", "period_end"), pl.Date),
                },
            )
        return self._known_periods[grain]

    def _covered(self, grain: PeriodGrain, *, by_office: bool) -> pl.DataFrame:
        """Count the opening days of each period, and those with data."""
        if (grain, by_office) not in self._known_coverage:
            keys = ["office"] if by_office else []
            self._known_coverage[grain, by_office] = self._opening.group_by(
                *keys, grain=pl.lit(grain), period_start=start_of(pl.col("day"), grain)
            ).agg(
                opening_days=pl.len(),
                covered_days=pl.col("is_covered").sum(),
                first_opening_day=pl.col("day").min(),
            )
        return self._known_coverage[grain, by_office]


def _with_spans(
    groups: pl.DataFrame, dims: tuple[str, ...], spans: pl.DataFrame
) -> pl.DataFrame:
    """Give groups the span of their office, or of all offices."""
    if "office" in dims:
        return groups.join(spans, on="office")
    whole = spans.select(ALL_SPANS)
    return whole if not dims else groups.join(whole, how="cross")


def _opening_days(counted: Counted, calendar: Calendar) -> pl.DataFrame:
    """List the opening days of the years touched, and which of them have data."""
    first, last = _bounds(counted.spans)
    covered = counted.covered.with_columns(is_covered=pl.lit(value=True))
    return (
        calendar.opening_days(*_whole_periods(first, last))
        .join(counted.spans, on="office", how="semi")
        .join(covered, on=["office", "day"], how="left")
        .with_columns(pl.col("is_covered").fill_null(value=False))
    )


def _bounds(spans: pl.DataFrame) -> tuple[date, date]:
    first: date
    last: date
    first, last = spans.select(pl.col("first_on").min(), pl.col("due_on").max()).row(0)
    return first, last


def _whole_periods(first: date, last: date) -> tuple[date, date]:
    """Widen a span to the years and the weeks that it touches."""
    begin, end = period_of(first, "year"), period_of(last, "year")
    return (
        min(begin.start, period_of(begin.start, "week").start),
        max(end.end, period_of(end.end, "week").end),
    )
