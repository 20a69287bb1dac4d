"""The rows behind the cost KPIs: what a year cost, and how much was done in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final, Literal, NamedTuple

import polars as pl

from ingest.city import Cost
from metrics.cases import count_decisions
from metrics.reading import Reading
from metrics.small_offices import merged_offices
from metrics.spans import SPANS, Counted
from metrics.visits import count_visits

_ROWS: Final = pl.Schema(
    {
        "office": pl.String,
        "service": pl.String,  # null: the whole office
        "day": pl.Date,  # the year's first
        "amount_eur": pl.Float64,
        "transactions": pl.Int64,  # null: not counted
        "is_whole": pl.Boolean,  # nothing of the year is missing
    }
)


class _Stated(NamedTuple):
    """A cost, with the office that it is of, be it by its service."""

    cost: Cost
    office: str

    @property
    def year(self) -> tuple[date, date]:
        return date(self.cost.year, 1, 1), date(self.cost.year, 12, 31)


# What was done, as far as a cost is of it; a row that says how much it stands for.
_Done = Callable[[_Stated], Counted | None]


def count_visit_costs(reading: Reading) -> Counted | None:
    """Set stated costs beside the visits served in their years."""

    def of_year(stated: _Stated) -> Counted | None:
        # Only the rows of one office and year, of which there may be millions.
        part = reading.of_days(*stated.year)
        return count_visits(replace(part, office=stated.office))

    reach = count_visits(reading.without_rows()) if reading.city.costs else None
    return _counted(reading, "visits", reach, of_year, pl.col("served"))


def count_case_costs(reading: Reading) -> Counted | None:
    """Set stated costs beside the cases decided in their years."""

    def of_year(stated: _Stated) -> Counted | None:
        return count_decisions(reading.of_days(*stated.year))

    reach = count_decisions(reading.without_rows()) if reading.city.costs else None
    is_decided = pl.col("day").is_not_null().cast(pl.Int64)
    return _counted(reading, "cases", reach, of_year, is_decided)


def _counted(
    reading: Reading,
    per: Literal["visits", "cases"],
    reach: Counted | None,
    done: _Done,
    each: pl.Expr,
) -> Counted | None:
    stated = [one for one in _stated(reading) if one.cost.per == per]
    if not stated or reach is None:
        return None
    rows = [_row(one, reach, done, each, reading) for one in stated]
    return Counted(
        rows=_by_population(pl.DataFrame(rows, _ROWS, orient="row")),
        spans=_spans(stated),
        covered=reach.covered,
        events=pl.len(),
    )


def _row(
    stated: _Stated, reach: Counted, done: _Done, each: pl.Expr, reading: Reading
) -> tuple[str, str | None, date, float, int | None, bool]:
    cost, office = stated
    is_whole = _is_whole(stated, reach, reading)
    # Of a year with gaps nothing is told, so its rows need not be read.
    count = _transactions(stated, done(stated), each) if is_whole else None
    return office, cost.service, stated.year[0], cost.amount_eur, count, is_whole


def _stated(reading: Reading) -> Iterator[_Stated]:
    """Yield the costs of offices that have figures of their own."""
    city, merged = reading.city, merged_offices(reading.city)
    for cost in city.costs:
        office = cost.office or city.service(cost.service or "").office
        if office not in merged and reading.office in (None, office):
            yield _Stated(cost, office)


def _transactions(stated: _Stated, done: Counted | None, each: pl.Expr) -> int | None:
    """Count what was done; null where one row does not say how much."""
    service = stated.cost.service
    population = "office" if service is None else "office_service"
    rows = None if done is None else done.rows.get(population)
    if rows is None:
        return None
    is_meant = (pl.col("office").cast(pl.String) == stated.office) & pl.col(
        "day"
    ).is_between(*stated.year)
    if service is not None:
        is_meant &= pl.col("service").cast(pl.String) == service
    counts = rows.filter(is_meant).select(each.alias("done"))["done"]
    return None if counts.null_count() else int(counts.sum())


def _is_whole(stated: _Stated, reach: Counted, reading: Reading) -> bool:
    """Tell whether the data reach the year's end and no opening day is missing."""
    first, last = stated.year
    is_office = pl.col("office") == stated.office
    reached = reach.spans.filter(is_office, pl.col("complete_on") >= last)
    opening = reading.calendar.opening_days(first, last).filter(is_office)
    missing = opening.join(reach.covered, on=["office", "day"], how="anti")
    return bool(reached.height) and missing.is_empty()


def _by_population(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tell costs of offices from those of services, which make none of an office."""
    of_service = pl.col("service").is_not_null()
    parts = {
        "office": rows.filter(~of_service),
        "office_service": rows.filter(of_service),
    }
    absent = {"office": ["service"], "office_service": []}
    return {
        name: part.drop(absent[name])
        for name, part in parts.items()
        if not part.is_empty()
    }


def _spans(stated: list[_Stated]) -> pl.DataFrame:
    """Give the years that costs are stated of; there are no figures of others."""
    years: dict[str, list[int]] = {}
    for cost, office in stated:
        years.setdefault(office, []).append(cost.year)
    rows = [
        (office, *[date(min(those), 1, 1)] * 2, *[date(max(those), 12, 31)] * 3)
        for office, those in years.items()
    ]
    return pl.DataFrame(rows, SPANS, orient="row")
