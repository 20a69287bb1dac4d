"""Offices with so few staff that their figures would be figures about persons."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.city import City, Office
from metrics.catalogue import Kpi
from metrics.figures import FIGURES

_COARSE_FOR_OFFICES: Final = ("month", "quarter", "year")
_COARSE_FOR_SERVICES: Final = ("quarter", "year")


def merged_offices(city: City) -> Mapping[str, str | None]:
    """Too small an office -> the office it is counted with; None: with none, so hidden.

    A unit of fewer than publish.min_staff people is never shown by itself: its rows are
    counted with its parent's before anything is computed, since a median or a share
    cannot be put together afterwards. Staff nobody has stated counts as enough.
    """
    return {
        office.id: _large_enough_parent(city, office)
        for office in city.offices
        if _is_small(city, office)
    }


def with_merged_offices(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Give the rows of small offices the office that they are counted with."""
    into = {small: parent for small, parent in merged_offices(city).items() if parent}
    if not into:
        return rows
    return rows.with_columns(office=pl.col("office").replace(into))


def rows_of_office(city: City, office: str | None) -> tuple[str, list[str]]:
    """Give the condition for an office's rows, with its small ones'; None: for all."""
    if office is None:
        return "TRUE", []
    merged = merged_offices(city).items()
    names = [office, *(small for small, parent in merged if parent == office)]
    return f"office IN ({', '.join('?' * len(names))})", names


def hidden_offices(city: City) -> frozenset[str]:
    """Small offices without a parent to be counted with."""
    merged = merged_offices(city).items()
    return frozenset(small for small, parent in merged if parent is None)


def sensitive_offices(city: City) -> list[str]:
    """List the offices of which every service is sensitive."""
    return [
        office.id
        for office in city.offices
        if (services := city.services_of(office.id))
        and all(service.sensitive for service in services)
    ]


def tells_of_single_staff(catalogue: Mapping[str, Kpi]) -> pl.Expr:
    """Find figures about the pace of work that are so fine that they may be a person's.

    How long visitors sit at a desk is how fast somebody works. On a single day one
    person may be at the desk, and in a month one may do all of a rare service. So such
    a figure is never said by day, week or channel, and of a service by quarter only,
    whatever the city file lists.
    """
    about_work = [kpi.id for kpi in catalogue.values() if kpi.tells_of_staff]
    grain = pl.col("grain").cast(FIGURES["grain"])
    is_coarse = (
        pl.when(pl.col("channel").is_not_null())
        .then(pl.lit(value=False))
        .when(pl.col("service").is_not_null())
        .then(grain.is_in(_COARSE_FOR_SERVICES))
        .otherwise(grain.is_in(_COARSE_FOR_OFFICES))
    )
    return pl.col("kpi").is_in(about_work) & ~is_coarse


def _is_small(city: City, office: Office) -> bool:
    return office.staff is not None and office.staff < city.publish.min_staff


def _large_enough_parent(city: City, office: Office) -> str | None:
    seen = {office.id}
    parent = office.parent
    while parent is not None and parent not in seen:
        candidate = city.office(parent)
        if not _is_small(city, candidate):
            return parent
        seen.add(parent)
        parent = candidate.parent
    return None
