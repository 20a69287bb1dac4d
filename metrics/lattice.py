"""The cells that a city may ever publish: which KPI, of whom, in which grain."""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import polars as pl

from ingest.city import City
from metrics.figures import FIGURES

_NO_ROW: Final = pl.lit(value=False)
_OFFICE, _SERVICE, _CHANNEL = (
    pl.col(name).is_not_null() for name in ("office", "service", "channel")
)
# Which population a row is about, in the words of the city file. What is finer than
# these is in none of them.
_POPULATIONS: Final[Mapping[str, pl.Expr]] = {
    "city": ~_OFFICE & ~_SERVICE & ~_CHANNEL,
    "office": _OFFICE & ~_SERVICE & ~_CHANNEL,
    # A service belongs to one office, so a row of a service alone is as fine as both.
    "office_service": _SERVICE & ~_CHANNEL,
    "office_channel": _OFFICE & ~_SERVICE & _CHANNEL,
}

# Either is published by hour of week: tickets where there are any, else looks.
WAITS: Final = ("waiting.median_minutes", "queue.median_wait_minutes")


def in_lattice(city: City, kpis: Iterable[str]) -> pl.Expr:
    """One of the cells that the city file lists, for a KPI that exists."""
    known, grain = list(kpis), pl.col("grain").cast(FIGURES["grain"])
    cells = [
        pl.col("kpi").is_in(matching(known, cell.kpis))
        & grain.is_in(list(cell.grains))
        & pl.any_horizontal(_NO_ROW, *(_POPULATIONS[name] for name in cell.by))
        for cell in city.publish.cells
    ]
    return pl.any_horizontal(_NO_ROW, *cells)


def matching(kpis: Iterable[str], patterns: Iterable[str]) -> list[str]:
    wanted = list(patterns)
    return [
        kpi for kpi in kpis if any(fnmatch.fnmatchcase(kpi, name) for name in wanted)
    ]


def hours_are_listed(city: City, kpis: Sequence[str]) -> pl.Expr:
    """Tell whether the city file publishes any of them by office and hour of week."""
    listed = any(
        "hour_of_week" in cell.grains
        and "office" in cell.by
        and matching(kpis, cell.kpis)
        for cell in city.publish.cells
    )
    return pl.lit(listed)
