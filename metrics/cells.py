"""What published figures say of true counts: each a cell, with its bounds.

20 is 18 to 22, "fewer than 8" is 0 to 7, "below 16 %" is at most 7 of at least 50.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import polars as pl

from metrics.catalogue import CATALOGUE
from metrics.kpis import KPI_FUNCTIONS
from metrics.small_numbers import (
    EDGES,
    FEWEST,
    FEWEST_FOR_PERCENTILE,
    FEWEST_FOR_SHARE,
    IS_SHOWN,
    THINGS,
)

UNBOUNDED: Final = 1_000_000_000
PLACE: Final = ("office", "service", "channel")
SIDES: Final = ("numerator", "rest")  # of a share
AGED: Final = "aged"  # cells of the open cases by age, named with its first day
TURNOVER: Final = "turnover"  # what was open before, and what came in
CELL: Final = ("name", *PLACE, "grain", "period_start")
BOUNDS: Final = ("lower", "upper", "true", "is_shown")

_COUNTED: Final = ("count", "stock")  # their value is their n
_OF_FEW: Final = (*_COUNTED, "quantile", "mean", "share", "sum", "price")
_NOBODY: Final = ("no_rows", "no_decisions", "no_receipts", "no_appointments")


def cells_of(published: pl.DataFrame, figures: pl.DataFrame, base: int) -> pl.DataFrame:
    """Give all counts that published figures say anything of: CELL, BOUNDS, figure_id.

    `figures` are the same before they were protected; `true` is null where they do not
    say how many it were.
    """
    about_people = [kpi.id for kpi in CATALOGUE.values() if kpi.counts not in THINGS]
    rows = published.filter(pl.col("kpi").is_in(about_people)).join(
        figures.select(
            "figure_id",
            true_n=_n(),
            true_numerator="numerator",
            true_state="state",
            true_reason="reason",
        ),
        on="figure_id",
        how="left",
    )
    kinds = {kpi.id: kpi.kind for kpi in CATALOGUE.values()}
    rows = rows.with_columns(kind=pl.col("kpi").replace_strict(kinds)).with_columns(
        true_n=pl.when(_is_nobody()).then(0).otherwise("true_n")
    )
    names = same_names()
    sides = [_whole(rows, base), *_sides(rows.filter(pl.col("kind") == "share"), base)]
    ratios = rows.filter(pl.col("kind").is_in(["ratio", "difference"]), IS_SHOWN)
    sides.append(
        _cells(ratios, "numerator", "true_numerator", _near("numerator", base))
    )
    return (
        pl.concat(sides)
        .filter(pl.col("lower") <= pl.col("upper"))
        .with_columns(pl.col("name").replace(names))
        .with_columns(pl.col("grain").cast(pl.String))
    )


@cache
def same_names() -> Mapping[str, str]:
    """Name once what several KPIs count by the same expression."""
    seen: list[tuple[str, pl.Expr, str]] = []
    names = {}
    for kpi, function in KPI_FUNCTIONS.items():
        measure = function()
        for part, name in (("n", kpi), ("numerator", f"{kpi}:numerator")):
            counted: pl.Expr | None = getattr(measure, part)
            if counted is None:
                continue
            for facts, other, first in seen:
                if facts == measure.facts and counted.meta.eq(other):
                    names[name] = first
                    break
            else:
                seen.append((measure.facts, counted, name))
    return names


def _n() -> pl.Expr:
    counted = [kpi.id for kpi in CATALOGUE.values() if kpi.kind in _COUNTED]
    return (
        pl.when(pl.col("kpi").is_in(counted)).then(pl.col("value").cast(pl.Int64))
    ).otherwise("n")


def _is_nobody() -> pl.Expr:
    return (pl.col("true_state") == "no_data") & pl.col("true_reason").is_in(_NOBODY)


def _whole(rows: pl.DataFrame, base: int) -> pl.DataFrame:
    kind = pl.col("kind")
    said = pl.when(kind.is_in(_COUNTED)).then("value").otherwise("n")
    is_few = (pl.col("reason") == "fewer_than_8") & kind.is_in(_OF_FEW)
    lower, upper = _rounded(said, base)
    # Of shares told as limits the limit says of how many at least, and at most.
    edge = pl.when(pl.col("value") > 50).then(100 - pl.col("value")).otherwise("value")
    bounds = [
        pl.when(IS_SHOWN & said.is_not_null())
        .then(pl.when(kind == "share").then(share).otherwise(other))
        .when(IS_SHOWN & (kind == "share"))
        .then(edge.replace_strict(edges, default=None, return_dtype=pl.Int64))
        .when(is_few)
        .then(few)
        .when(pl.col("reason") == "too_few")
        .then(pl.when(kind == "quantile").then(too_few).otherwise(too_few_for_share))
        .when(pl.col("reason") == "tells_of_few")
        .then(hidden)
        for share, other, edges, few, too_few, too_few_for_share, hidden in (
            (
                pl.max_horizontal(lower, FEWEST_FOR_SHARE),
                *(lower, _at_least(base), 0, FEWEST, FEWEST, 0),
            ),
            (
                *(upper, upper, _at_most(base), FEWEST - 1),
                *(FEWEST_FOR_PERCENTILE - 1, FEWEST_FOR_SHARE - 1, UNBOUNDED),
            ),
        )
    ]
    return _cells(rows, None, "true_n", (bounds[0], bounds[1]))


def _at_least(base: int) -> dict[float, int]:
    return {float(percent): fewest - base // 2 for fewest, percent in EDGES}


def _at_most(base: int) -> dict[float, int]:
    following = [UNBOUNDED, *(fewest + base // 2 for fewest, _ in EDGES)]
    return {
        float(percent): most
        for (_, percent), most in zip(EDGES, following, strict=False)
    }


def _sides(shares: pl.DataFrame, base: int) -> Iterator[pl.DataFrame]:
    shown = shares.filter(IS_SHOWN)
    true_rest = pl.col("true_n") - pl.col("true_numerator")
    shown = shown.with_columns(true_rest=true_rest)
    is_exact = pl.col("numerator").is_not_null()
    # "Below 5 %" is of so many that no number follows from it.
    is_some = pl.col("value").is_between(6, 94)
    few = pl.when(is_some).then(FEWEST - 1).otherwise(UNBOUNDED)
    below, above = pl.col("reason") == "below", pl.col("reason") == "above"
    low, high = _near("numerator", base)
    yield _cells(
        shown,
        "numerator",
        "true_numerator",
        (
            pl.when(is_exact).then(low).otherwise(0),
            pl.when(is_exact).then(high).when(below).then(few).otherwise(UNBOUNDED),
        ),
    )
    yield _cells(
        shown,
        "rest",
        "true_rest",
        (
            pl.when(is_exact).then(FEWEST).otherwise(0),
            pl.when(is_exact | ~above).then(UNBOUNDED).otherwise(few),
        ),
    )


def _near(name: str, base: int) -> tuple[pl.Expr, pl.Expr]:
    return _rounded(pl.col(name), base)


def _rounded(said: pl.Expr, base: int) -> tuple[pl.Expr, pl.Expr]:
    """Give what may have been rounded to this; fewer than 8 would not be told."""
    lower = (said - base / 2).ceil().cast(pl.Int64)
    return pl.max_horizontal(lower, FEWEST), lower + (base - 1)


def _cells(
    rows: pl.DataFrame,
    part: str | None,
    true: str,
    bounds: tuple[pl.Expr, pl.Expr],
) -> pl.DataFrame:
    suffix = "" if part is None else f":{part}"
    return rows.select(
        *PLACE,
        *("grain", "period_start", "figure_id"),
        name=pl.col("kpi") + suffix,
        lower=bounds[0].cast(pl.Int64),
        upper=bounds[1].cast(pl.Int64),
        true=pl.col(true).cast(pl.Int64),
        is_shown=IS_SHOWN,
    ).select(*CELL, *BOUNDS, "figure_id")


def cells_of_ageing(
    published: pl.DataFrame, ageing: pl.DataFrame, base: int
) -> pl.DataFrame:
    """Give the counts of open cases by age; `figure_id` is null."""
    keys = ["office", "service", "at", "band_from_days"]
    lower, upper = _near("count", base)
    is_few = pl.col("reason") == "fewer_than_8"
    return (
        published.join(
            ageing.select(*keys, true="count"), on=keys, how="left", nulls_equal=True
        )
        .select(
            *("office", "service", "true"),
            channel=pl.lit(None, pl.String),
            grain=pl.lit("month"),
            period_start=pl.col("at").dt.month_start(),
            name=pl.format(f"{AGED} {{}}", "band_from_days"),
            lower=pl.when(IS_SHOWN).then(lower).otherwise(pl.when(is_few).then(0)),
            upper=pl.when(IS_SHOWN)
            .then(upper)
            .otherwise(pl.when(is_few).then(FEWEST - 1)),
            is_shown=IS_SHOWN,
            figure_id=pl.lit(None, pl.String),
        )
        .filter(pl.col("lower") <= pl.col("upper"))
        .select(*CELL, *BOUNDS, "figure_id")
    )


def cells_of_turnover(cells: pl.DataFrame) -> pl.DataFrame:
    """Give what was open or decided in each period, of which nothing is published."""
    sums = cells.filter(pl.col("name").is_in(["backlog.open", "backlog.decided"]))
    is_known = pl.col("true").is_not_null().all() & (pl.col("name").n_unique() == 2)
    return (
        sums.unique(CELL)
        .group_by(*PLACE, "grain", "period_start")
        .agg(is_known=is_known, true=pl.col("true").sum())
        .filter("is_known")
        .select(
            *PLACE,
            *("grain", "period_start", "true"),
            name=pl.lit(TURNOVER),
            lower=pl.lit(0, pl.Int64),
            upper=pl.lit(UNBOUNDED, pl.Int64),
            is_shown=pl.lit(value=False),
            figure_id=pl.lit(None, pl.String),
        )
        .select(*CELL, *BOUNDS, "figure_id")
    )
