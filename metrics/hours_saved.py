"""Hours of people's lives that shorter waits saved, against the year before."""

from typing import Final

import polars as pl

from metrics.figures import FIGURES
from metrics.periods import period_of

HOURS_WAITED: Final = "waiting.hours_waited"
HOURS_SAVED: Final = "waiting.hours_saved"
NO_YEAR_BEFORE: Final = "no_year_before"
# With fewer of the opening days on record a year is not the year that it is called.
FULLEST_GAP: Final = 0.1

_DIMENSIONS: Final = ("office", "service", "channel")
_GROUP: Final = (*_DIMENSIONS, "grain")


def hours_saved(figures: pl.DataFrame) -> pl.DataFrame:
    """Say how much longer the same visits would have taken at last year's waits.

    Visits now times (waiting per visit a year before, minus now): so fewer visitors
    are no saving. It is negative where people waited longer. Both periods must be over
    and known. The city's is the sum of its offices': that more people come to an office
    where waits are short saves nobody anything.
    """
    waited = figures.filter(
        pl.col("kpi") == HOURS_WAITED, pl.col("grain").cast(pl.String) != "day"
    )
    before = waited.select(
        *_GROUP,
        year_before=pl.col("period_start"),
        hours_before="value",
        n_before="n",
        is_known_before=_is_known(),
    )
    both = waited.join(
        _year_before(waited), on=["grain", "period_start"], how="left"
    ).join(before, on=[*_GROUP, "year_before"], how="left", nulls_equal=True)
    has_both = (_is_known() & pl.col("is_known_before")).fill_null(value=False)
    then_hours = pl.col("hours_before") / pl.col("n_before") * pl.col("n")
    of_groups = both.with_columns(
        saved=pl.when(has_both).then(then_hours - pl.col("value"))
    )
    return _figures(_with_sum_of_offices(of_groups))


def _with_sum_of_offices(saved: pl.DataFrame) -> pl.DataFrame:
    """Take for the whole city what its offices saved; null unless it is all of them."""
    is_city = pl.all_horizontal(pl.col(*_DIMENSIONS).is_null())
    is_office = pl.col("office").is_not_null() & pl.all_horizontal(
        pl.col("service", "channel").is_null()
    )
    is_known = pl.col("saved").is_not_null()
    offices = (
        saved.filter(is_office, is_known)
        .group_by("grain", "period_start")
        .agg(
            # In one order: the sum is then the same to the last digit.
            pl.col("saved").sort_by("office").sum().alias("saved_by_offices"),
            pl.col("n").sum().alias("n_of_offices"),
            pl.col("n_before").sum().alias("n_before_of_offices"),
        )
    )
    is_all = pl.col("n") == pl.col("n_of_offices")
    return saved.join(offices, on=["grain", "period_start"], how="left").with_columns(
        saved=pl.when(is_city)
        .then(pl.when(is_known & is_all).then("saved_by_offices"))
        .otherwise("saved"),
        n_before=pl.when(is_city).then("n_before_of_offices").otherwise("n_before"),
    )


def _figures(saved: pl.DataFrame) -> pl.DataFrame:
    has_both = pl.col("saved").is_not_null()
    return saved.select(
        *_GROUP,
        "period_start",
        "period_end",
        "coverage",
        figure_id=pl.col("figure_id").str.replace(HOURS_WAITED, HOURS_SAVED),
        kpi=pl.lit(HOURS_SAVED),
        value="saved",
        n=pl.when(has_both).then("n"),
        numerator=pl.when(has_both).then("n_before"),
        lower=pl.lit(None),
        upper=pl.lit(None),
        target=pl.lit(None),
        state=pl.when(has_both).then(pl.lit("final")).otherwise(pl.lit("no_data")),
        reason=pl.when(~has_both).then(pl.lit(NO_YEAR_BEFORE)),
    ).select(pl.col(name).cast(kind) for name, kind in FIGURES.items())


def _is_known() -> pl.Expr:
    is_final = pl.col("state").cast(pl.String) == "final"
    return is_final & (pl.col("coverage") > 1 - FULLEST_GAP) & (pl.col("n") > 0)


def _year_before(waited: pl.DataFrame) -> pl.DataFrame:
    """Name the first day of the same week, month ... of the year before, if any."""
    periods = waited.select("grain", "period_start").unique()
    before = [
        period_of(start, grain).year_before for grain, start in periods.iter_rows()
    ]
    return periods.with_columns(
        year_before=pl.Series([each and each.start for each in before], dtype=pl.Date)
    )
