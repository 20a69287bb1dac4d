"""The cells that a city may ever publish: which KPI, of whom, in which grain."""

import fnmatch
from collections.abc import Iterable

import polars as pl

from ingest.city import City


def in_lattice(city: City, kpis: Iterable[str]) -> pl.Expr:
    """One of the cells that the city file lists, for a KPI that exists."""
    known = list(kpis)
    cells = [
        pl.col("kpi").is_in(matching(known, cell.kpis))
        & pl.col("grain").cast(pl.String).is_in(list(cell.grains))
        & _population().is_in(list(cell.by))
        for cell in city.publish.cells
    ]
    return pl.any_horizontal(pl.lit(value=False), *cells)


def matching(kpis: Iterable[str], patterns: Iterable[str]) -> list[str]:
    wanted = list(patterns)
    return [
        kpi for kpi in kpis if any(fnmatch.fnmatchcase(kpi, name) for name in wanted)
    ]


def _population() -> pl.Expr:
    """Which population a row is about, in the words of the city file."""
    office, service, channel = (
        pl.col(name).is_not_null() for name in ("office", "service", "channel")
    )
    # A service belongs to one office, so a row of a service alone is as fine as both.
    return (
        pl.when(service & channel)
        .then(pl.lit("finer"))
        .when(service)
        .then(pl.lit("office_service"))
        .when(office & channel)
        .then(pl.lit("office_channel"))
        .when(channel)
        .then(pl.lit("finer"))
        .when(office)
        .then(pl.lit("office"))
        .otherwise(pl.lit("city"))
    )
