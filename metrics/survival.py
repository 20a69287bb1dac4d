"""How soon applications are decided: one curve for each quarter of receipt.

A cohort is what came in together, so nothing that is still open can be missing from it:
of those who applied from January to March, which share was decided after 30 days? Open
cases count as not decided. What was withdrawn or handed in twice is left out, as in
`processing.share_within_deadline`. A share is told only once so many days have gone by
for the whole cohort.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

import polars as pl

from metrics.calendar import Calendar
from metrics.case_rows import cases_of
from metrics.case_sums import DAYS, case_sums
from metrics.figures import FIGURES
from metrics.frames import SURVIVAL
from metrics.measure import percent, share_bounds
from metrics.reading import Reading
from metrics.spans import POPULATIONS, by_population

KPI: Final = "processing.share_within_deadline"  # what is published alike

_SHARED: Final = ("office", "service", "n", "lower", "upper", "state", "reason")


class Step(NamedTuple):
    """From this day on, this share is still undecided."""

    days: float
    open_share: float


def kaplan_meier(days: Sequence[float], is_decided: Sequence[bool]) -> list[Step]:
    """Estimate how long cases stay open, some of which were only watched so long.

    For closed cohorts only: where waits grow, the open cases are the slow ones, and of
    all estimates this one is then the furthest off (STANDARDS: 16.6 days, 12 seeds).
    """
    steps, share, left = [], 1.0, len(days)
    watched = sorted(zip(days, is_decided, strict=True))
    for day, those in groupby(watched, key=lambda case: case[0]):
        ends = [decided for _, decided in those]
        if any(ends):
            share *= 1 - sum(ends) / left
            steps.append(Step(day, share))
        left -= len(ends)
    return steps


def median_days(steps: Sequence[Step]) -> float | None:
    """Find the day on which half are decided; None if that is not known yet."""
    return next((step.days for step in steps if step.open_share <= 0.5), None)


def survival(reading: Reading) -> pl.DataFrame:
    """Give the share decided after so many days, of every closed cohort."""
    cases = cases_of(reading)
    empty = pl.DataFrame(schema=SURVIVAL)
    if cases is None:
        return empty
    counts = case_sums(reading)["curves"]
    spans = cases.spans.select("office", "begins_on", "complete_on")
    frames = [
        _curves(part, POPULATIONS[name], spans, reading.calendar)
        for name, part in by_population(counts, reading.city).items()
        if name != "office_channel"
    ]
    return pl.concat([empty, *frames]).sort("office", "service", "cohort_start", "days")


def as_figures(cohorts: pl.DataFrame) -> pl.DataFrame:
    """Give cohorts the form of figures, so that the same rules protect them."""
    said = {
        **{name: pl.col(name) for name in _SHARED},
        "figure_id": pl.concat_str("office", "service", "cohort_start", "days",
                                   separator="/", ignore_nulls=True),
        "kpi": pl.lit(KPI),
        "grain": pl.lit("quarter"),
        "period_start": pl.col("cohort_start"),
        "period_end": pl.col("cohort_end"),
        "value": pl.col("share_percent"),
        "numerator": pl.col("decided"),
    }  # fmt: skip
    return cohorts.select(
        said.get(name, pl.lit(None)).cast(kind).alias(name)
        for name, kind in FIGURES.items()
    )


def from_figures(figures: pl.DataFrame) -> pl.DataFrame:
    said = {
        **{name: pl.col(name) for name in _SHARED},
        "cohort_start": pl.col("period_start"),
        "cohort_end": pl.col("period_end"),
        "days": pl.col("figure_id").str.extract(r"(\d+)$"),
        "decided": pl.col("numerator"),
        "share_percent": pl.col("value"),
    }
    return figures.select(
        said[name].cast(kind).alias(name) for name, kind in SURVIVAL.items()
    ).sort("office", "service", "cohort_start", "days")


def _curves(
    counts: pl.DataFrame,
    dimensions: tuple[str, ...],
    spans: pl.DataFrame,
    calendar: Calendar,
) -> pl.DataFrame:
    keys = [*dimensions, "cohort_start"]
    counted = counts.group_by(keys).agg(pl.col("n", *map(str, DAYS)).sum())
    long = (
        counted.unpivot(
            [str(days) for days in DAYS],
            index=[*keys, "n"],
            variable_name="days",
            value_name="decided",
        )
        .with_columns(
            pl.col("days").cast(pl.Int64),
            *(pl.col(name).cast(pl.String) for name in dimensions),
            cohort_end=pl.col("cohort_start").dt.offset_by("1q").dt.offset_by("-1d"),
        )
        .join(_begin_of_work(counted, calendar), on="cohort_start")
    )
    if "office" in dimensions:
        long = long.join(spans, on="office")
    else:
        long = long.join(
            spans.select(pl.col("begins_on").min(), pl.col("complete_on").min()),
            how="cross",
        )
    return _told(_closed(long))


def _begin_of_work(cohorts: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Give each quarter's first working day: nothing comes in on New Year's Day."""
    starts = cohorts["cohort_start"].unique().to_list()
    first = [
        next(iter(calendar.working_days(start, start.replace(day=15))), start)
        for start in starts
    ]
    return pl.DataFrame(
        {"cohort_start": starts, "first_working_day": first},
        schema={"cohort_start": pl.Date, "first_working_day": pl.Date},
    )


def _closed(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep cohorts that are known from their first day, for as long as is known."""
    known_until = pl.col("cohort_end") + pl.duration(days=pl.col("days"))
    return rows.filter(
        pl.col("first_working_day") >= pl.col("begins_on"),
        known_until <= pl.col("complete_on"),
    )


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    lower, upper = share_bounds(pl.col("decided"), pl.col("n"))
    told = rows.with_columns(
        share_percent=percent(pl.col("decided"), pl.col("n")),
        lower=lower,
        upper=upper,
        state=pl.lit("final"),
    )
    # Of the whole city there is no column of offices, of an office none of services.
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SURVIVAL.items()
    )
