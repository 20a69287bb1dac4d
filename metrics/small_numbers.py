"""What may be said of few people: one rule for each kind of KPI.

What a published count may say is one of two things: fewer than eight (none included),
or a multiple of the rounding base, each cell rounded by itself. A share is what the
rounded counts say; a time needs enough people behind it and is told in whole units.
"""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from metrics.catalogue import Kpi
from metrics.measure import share_bounds

FEWEST: Final = 8  # people behind any count, median or mean
FEWEST_FOR_PERCENTILE: Final = 20  # p80, p90
FEWEST_FOR_SHARE: Final = 50  # in the denominator
# From so many on, the share of fewer than eight is below so many percent. In steps: one
# for each denominator would be as good as the denominator.
EDGES: Final = ((160, 5), (80, 10), (FEWEST_FOR_SHARE, 16))
# With fewer, the ends of an interval are the shortest and the longest time themselves.
FEWEST_FOR_INTERVAL_OF_MEDIAN: Final = 20
FEWEST_FOR_INTERVAL: Final = 60

# What nobody is behind: however few, they tell nothing of a person.
THINGS: Final = frozenset(
    {"services", "opening_hours", "opening_days", "searches", "slot_days", "weeks"}
)
# Of these only some were looked at: a share of a few proves nothing.
_SAMPLED: Final = frozenset({"opening_hours", "searches"})

SHOWN: Final = ("final", "provisional")  # states
IS_SHOWN: Final = pl.col("state").is_in(SHOWN)
_IS_BELOW: Final = pl.col("reason") == "below"
_IS_ABOVE: Final = pl.col("reason") == "above"
_IS_SAID_AS_EDGE: Final = (_IS_BELOW | _IS_ABOVE).fill_null(value=False)
_NO_INTERVAL: Final = {
    "lower": pl.lit(None, pl.Float64),
    "upper": pl.lit(None, pl.Float64),
}

Rule = Callable[[pl.DataFrame, Kpi, int], pl.DataFrame]


def say(figures: pl.DataFrame, kpi: Kpi, base: int) -> pl.DataFrame:
    """Apply to figures of one KPI the rule of its kind, with this rounding base."""
    rule = RULES[kpi.kind] if kpi.counts not in THINGS else _things
    return rule(figures, kpi, base)


def nearest(name: str, base: int) -> pl.Expr:
    """Round to the nearest multiple, halves up."""
    return (pl.col(name) / base + 0.5).floor() * base


def whole(name: str) -> pl.Expr:
    return (pl.col(name) + 0.5).floor()


def hide(rows: pl.DataFrame, where: pl.Expr, reason: str) -> pl.DataFrame:
    """Hide what is shown so far and meets a condition."""
    meets = IS_SHOWN & where.fill_null(value=False)
    return rows.with_columns(
        state=pl.when(meets).then(pl.lit("hidden")).otherwise(pl.col("state")),
        reason=pl.when(meets).then(pl.lit(reason)).otherwise(pl.col("reason")),
    ).with_columns(pl.col("state").cast(rows.schema["state"]))


def _percent(base: int) -> pl.Expr:
    share = nearest("numerator", base) / nearest("n", base)
    return (100 * share + 0.5).floor()


def _few(name: str, fewest: int | None = None) -> pl.Expr:
    """Fewer than so many; not knowing how many counts as few."""
    return pl.col(name).fill_null(0) < (FEWEST if fewest is None else fewest)


def _rounded_counts(base: int) -> dict[str, pl.Expr]:
    return {
        name: nearest(name, base).cast(pl.Int64, strict=False)
        for name in ("n", "numerator")
    }


def _count(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    few = _few("value") | (pl.col("n") < FEWEST)
    return hide(figures, few, "fewer_than_8").with_columns(
        value=nearest("value", base), **_rounded_counts(base), **_NO_INTERVAL
    )


def _sum(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    """Round as counts are: sums, too, add up over months and offices."""
    little = pl.col("value") < base
    return (
        hide(figures, _few("n"), "fewer_than_8")
        .with_columns(
            reason=pl.when(IS_SHOWN & little)
            .then(pl.lit("below"))
            .otherwise(pl.col("reason"))
        )
        .with_columns(
            value=pl.when(little).then(float(base)).otherwise(nearest("value", base)),
            **_rounded_counts(base),
            **_NO_INTERVAL,
        )
    )


def _difference(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    """Two sums, one less the other: of enough people each, rounded as sums are."""
    few = _few("n") | _few("numerator")
    return hide(figures, few, "fewer_than_8").with_columns(
        value=nearest("value", base), **_rounded_counts(base), **_NO_INTERVAL
    )


def _mean(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    return hide(figures, _few("n"), "fewer_than_8").with_columns(
        value=whole("value"),
        lower=pl.col("lower").floor(),
        upper=pl.col("upper").ceil(),
        **_rounded_counts(base),
    )


def _quantile(figures: pl.DataFrame, kpi: Kpi, base: int) -> pl.DataFrame:
    hidden = hide(figures, _few("n"), "fewer_than_8")
    fewest = FEWEST_FOR_INTERVAL_OF_MEDIAN
    if not _is_median(kpi):
        hidden = hide(hidden, _few("n", FEWEST_FOR_PERCENTILE), "too_few")
        fewest = FEWEST_FOR_INTERVAL
    return hidden.with_columns(
        value=whole("value"),
        lower=pl.when(pl.col("n") >= fewest).then(pl.col("lower").floor()),
        upper=pl.when(pl.col("n") >= fewest).then(pl.col("upper").ceil()),
        **_rounded_counts(base),
    )


def _ratio(figures: pl.DataFrame, kpi: Kpi, base: int) -> pl.DataFrame:
    """One stock or flow over another: both must be large enough to be told."""
    few = _few("n") | (pl.col("numerator") < FEWEST)
    hidden = hide(figures, few, "fewer_than_8")
    value = whole("value")
    if kpi.unit == "percent":
        hidden = hide(hidden, _few("n", FEWEST_FOR_SHARE), "too_few")
        hidden = hide(hidden, pl.col("numerator").is_null(), "no_counts")
        value = _percent(base)
    return hidden.with_columns(value=value, **_rounded_counts(base), **_NO_INTERVAL)


def _price(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    """Divide the public amount by the rounded count: the exact one must not follow."""
    hidden = hide(figures, _few("n"), "fewer_than_8")
    hidden = hide(hidden, _few("n", FEWEST_FOR_SHARE), "too_few")
    amount = pl.col("value") * pl.col("n")
    return hidden.with_columns(
        value=(amount / nearest("n", base) + 0.5).floor(),
        **_rounded_counts(base),
        **_NO_INTERVAL,
    )


def _things(figures: pl.DataFrame, kpi: Kpi, _base: int) -> pl.DataFrame:
    """Hide what says little: hours are no secret, but few of them prove nothing."""
    hidden = figures
    if kpi.kind == "quantile":
        fewest = FEWEST if _is_median(kpi) else FEWEST_FOR_PERCENTILE
        hidden = hide(hidden, _few("n", fewest), "too_few")
    if kpi.kind == "share" and kpi.counts in _SAMPLED:
        hidden = hide(hidden, _few("n", FEWEST_FOR_SHARE), "too_few")
    return hidden.with_columns(
        value=whole("value"),
        lower=pl.col("lower").floor(),
        upper=pl.col("upper").ceil(),
    )


def _share(figures: pl.DataFrame, _kpi: Kpi, base: int) -> pl.DataFrame:
    """Say in percent what the rounded counts say.

    With fewer than eight on one side a share is told as the largest that this could be:
    seven of sixty as "below 16 %", seven of a thousand as "below 5 %". Of how many is
    not said: less the count of the other side that would be how many are on this one.
    """
    # It was told so before: the same again is as much as is known.
    is_told = pl.col("n").is_null() & _IS_SAID_AS_EDGE
    unknown = pl.col("numerator").is_null()
    percent = _percent(base)
    below = (pl.col("numerator") < FEWEST) | (unknown & _IS_BELOW) | (percent <= 0)
    rest = pl.col("n") - pl.col("numerator")
    above = (rest < FEWEST) | (unknown & _IS_ABOVE) | (percent >= 100)
    edge = _edge(nearest("n", base))
    hidden = hide(figures, _few("n") & ~is_told, "fewer_than_8")
    hidden = hide(hidden, _few("n", FEWEST_FOR_SHARE) & ~is_told, "too_few")
    hidden = hide(hidden, unknown & ~_IS_SAID_AS_EDGE, "no_counts")
    return (
        hidden.with_columns(
            _below=below.fill_null(value=False), _above=above.fill_null(value=False)
        )
        .with_columns(
            value=pl.when(is_told)
            .then("value")
            .when("_below")
            .then(edge)
            .when("_above")
            .then(100 - edge)
            .otherwise(percent),
            **_rounded_counts(base),
        )
        .pipe(_told_as_below_or_above)
        .select(figures.columns)
    )


def _edge(rounded_n: pl.Expr) -> pl.Expr:
    """Say below which percentage fewer than eight of so many surely are."""
    return pl.coalesce(
        pl.when(rounded_n >= fewest).then(pl.lit(percent, pl.Float64))
        for fewest, percent in EDGES
    )


def _told_as_below_or_above(shares: pl.DataFrame) -> pl.DataFrame:
    exact = ~pl.col("_below") & ~pl.col("_above")
    with_interval = exact & pl.col("lower").is_not_null()
    lower, upper = share_bounds(pl.col("numerator"), pl.col("n"))
    return shares.with_columns(
        reason=pl.when(IS_SHOWN & pl.col("_below"))
        .then(pl.lit("below"))
        .when(IS_SHOWN & pl.col("_above"))
        .then(pl.lit("above"))
        .otherwise(pl.col("reason")),
        numerator=pl.when(exact).then(pl.col("numerator")),
        n=pl.when(exact).then(pl.col("n")),
        # From the rounded counts again: the true interval would give the counts away.
        lower=pl.when(with_interval).then(lower.floor()),
        upper=pl.when(with_interval).then(upper.ceil()),
    )


def _is_median(kpi: Kpi) -> bool:
    return kpi.name.startswith("median")


RULES: Final[Mapping[str, Rule]] = {
    "count": _count,
    "stock": _count,
    "sum": _sum,
    "difference": _difference,
    "mean": _mean,
    "quantile": _quantile,
    "share": _share,
    "ratio": _ratio,
    "price": _price,
}
