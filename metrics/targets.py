"""Which target or limit holds for a row: the most specific one that is valid."""

from collections.abc import Sequence

import polars as pl

from ingest.city import City, Target
from metrics.catalogue import CATALOGUE


def limit_on_day(city: City, kpi: str) -> pl.Expr:
    """Give the limit that a share counts, e.g. 15 minutes, for a visit's day."""
    return _most_specific(_targets(city, kpi), "limit", pl.col("day"), is_total=False)


def target_at_end(city: City, kpi: str) -> pl.Expr:
    """Give the target valid on a figure's last day."""
    # A sum that the whole city should reach says nothing about one office's sum.
    is_total = CATALOGUE[kpi].kind in {"count", "stock", "sum"}
    targets = _targets(city, kpi)
    return _most_specific(targets, "value", pl.col("period_end"), is_total=is_total)


def _targets(city: City, kpi: str) -> list[Target]:
    return sorted(
        (target for target in city.targets if target.kpi == kpi),
        key=lambda target: (
            target.channel is not None,
            target.service is not None,
            target.office is not None,
            target.valid_from,
        ),
    )


def _most_specific(
    targets: Sequence[Target], field: str, on: pl.Expr, *, is_total: bool
) -> pl.Expr:
    chosen = pl.lit(None, pl.Float64)
    for target in targets:
        value = getattr(target, field)
        if value is not None:
            holds = _is_valid(target, on) & _is_meant(target, is_total=is_total)
            chosen = pl.when(holds).then(pl.lit(float(value))).otherwise(chosen)
    return chosen


def _is_valid(target: Target, on: pl.Expr) -> pl.Expr:
    begun = on >= pl.lit(target.valid_from)
    return begun if target.valid_to is None else begun & (on <= pl.lit(target.valid_to))


def _is_meant(target: Target, *, is_total: bool) -> pl.Expr:
    condition = pl.lit(value=True)
    for name in ("office", "service", "channel"):
        wanted = getattr(target, name)
        if wanted is not None:
            condition &= pl.col(name).cast(pl.String) == wanted
        elif is_total:
            condition &= pl.col(name).is_null()
    return condition
