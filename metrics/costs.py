"""The rows behind the cost KPIs: what a year cost, and how much was done in it."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal, NamedTuple

import polars as pl

from ingest.city import Cost
from metrics.cases import count_decisions
from metrics.reading import Reading
from metrics.small_offices import merged_offices
from metrics.spans import POPULATIONS, SPANS, Counted
from metrics.visits import count_visits

_ONE: Final = pl.col("day").is_not_null().cast(pl.Int64)
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


def count_visit_costs(reading: Reading) -> Counted | None:
    """Set stated costs beside the visits served in their years."""
    return _counted(reading, "visits", count_visits(reading), pl.col("served"))


def count_case_costs(reading: Reading) -> Counted | None:
    """Set stated costs beside the cases decided in their years."""
    return _counted(reading, "cases", count_decisions(reading), _ONE)


class _Stated(NamedTuple):
    """A cost, with the office that it is of, be it by its service."""

    cost: Cost
    office: str


def _counted(
    reading: Reading,
    per: Literal["visits", "cases"],
    done: Counted | None,
    each: pl.Expr,
) -> Counted | None:
    stated = [one for one in _stated(reading) if one.cost.per == per]
    if not stated or done is None:
        return None
    rows = pl.DataFrame(
        [_row(one, done, each, reading) for one in stated], _ROWS, orient="row"
    )
    of_service = pl.col("service").is_not_null()
    parts = {
        "office": rows.filter(~of_service),
        "office_service": rows.filter(of_service),
    }
    return Counted(
        rows={
            name: part.select(
                *(*POPULATIONS[name], "day", "amount_eur", "transactions", "is_whole")
            )
            for name, part in parts.items()
            if not part.is_empty()
        },
        spans=_spans(stated),
        covered=done.covered,
        events=pl.len(),
    )


def _stated(reading: Reading) -> Iterator[_Stated]:
    """Yield the costs of offices that have figures of their own."""
    city, merged = reading.city, merged_offices(reading.city)
    for cost in city.costs:
        office = cost.office or city.service(cost.service or "").office
        if office not in merged and reading.office in (None, office):
            yield _Stated(cost, office)


def _row(
    stated: _Stated, done: Counted, each: pl.Expr, reading: Reading
) -> tuple[str, str | None, date, float, int | None, bool]:
    cost, office = stated
    first, last = date(cost.year, 1, 1), date(cost.year, 12, 31)
    return (
        office,
        cost.service,
        first,
        cost.amount_eur,
        _transactions(stated, done, each, first, last),
        _is_whole(office, done, reading, first, last),
    )


def _transactions(
    stated: _Stated, done: Counted, each: pl.Expr, first: date, last: date
) -> int | None:
    """Count what was done; null where one row does not say how much."""
    population = "office" if stated.cost.service is None else "office_service"
    rows = done.rows.get(population)
    if rows is None:
        return None
    is_meant = (pl.col("office").cast(pl.String) == stated.office) & pl.col(
        "day"
    ).is_between(first, last)
    if stated.cost.service is not None:
        is_meant &= pl.col("service").cast(pl.String) == stated.cost.service
    counts = rows.filter(is_meant).select(each.alias("done"))["done"]
    return None if counts.null_count() else int(counts.sum())


def _is_whole(
    office: str, done: Counted, reading: Reading, first: date, last: date
) -> bool:
    """Tell whether the data reach the year's end and no opening day is missing."""
    reached = done.spans.filter(
        pl.col("office") == office, pl.col("complete_on") >= last
    )
    opening = reading.calendar.opening_days(first, last)
    missing = opening.filter(pl.col("office") == office).join(
        done.covered, on=["office", "day"], how="anti"
    )
    return bool(reached.height) and missing.is_empty()


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
