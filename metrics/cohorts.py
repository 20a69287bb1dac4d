"""Cases, cohort by cohort: all that a year's applications came to, as last told.

Of millions of cases only those of some years are read again after a delivery: the keys
of the days on which a cohort's cases came in tell whether these are the same rows as
before. A cohort's rows are kept on the shelf, where there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from ingest.warehouse import read_rows
from metrics.hashes import digest_of
from metrics.latest import told_last
from metrics.reading import Reading
from metrics.small_offices import with_merged_offices
from metrics.spans import local_day, of_known_offices
from metrics.told import told_days

# A case that ends so leaves the backlog, but nothing was decided.
_NOT_DECIDED: Final = ("withdrawn", "duplicate")
_READ: Final = (
    *("delivery_id", "office", "service", "channel", "received_at", "complete_at"),
    *("decided_at", "closed_at", "outcome", "case_key", "digital_end_to_end"),
)
_CASE: Final = ("office", "number")
_FRIDAY: Final = 4  # as Python counts weekdays
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Cohort:
    """The cases received in one year; `key` is another one where they are others."""

    year: int
    key: str
    rows: pl.LazyFrame

    def __str__(self) -> str:
        return f"cases-{self.year}"


def told_receipts(reading: Reading) -> pl.DataFrame:
    """List the days on which cases were received, see metrics/told.py."""
    return reading.whole.once("told receipts", _told_receipts)


def _told_receipts(reading: Reading) -> pl.DataFrame:
    return told_days(reading, "cases", "receipt")


def cohorts_of(reading: Reading) -> list[Cohort]:
    """Read all cohorts, or take those from the shelf that nothing was told of since."""
    told = told_receipts(reading).with_columns(year=cohort_year(pl.col("day")))
    keys = (
        told.group_by("year")
        .agg(key=pl.struct("source", "office", "day", "key").hash(seed=1).sum())
        .sort("year")
    )
    cohorts = [_cohort(reading, year, str(key)) for year, key in keys.iter_rows()]
    if reading.shelf is not None:  # of a year that has no cases any more none stay
        reading.shelf.keep_of("cases-", [str(cohort) for cohort in cohorts])
    return _without_moved(cohorts, reading)


def forecast_evening(day: pl.Expr) -> pl.Expr:
    """Give the Friday evening on which it was said what who came on a day must expect.

    Who applies from Saturday to Friday is told what was known on the Friday before.
    """
    return day.dt.offset_by("-5d").dt.truncate("1w") + timedelta(days=_FRIDAY)


def cohort_year(received_on: pl.Expr) -> pl.Expr:
    """Give the year of a cohort; it ends with a week of forecasts, to cut none."""
    return forecast_evening(received_on).dt.year()


def number_of(case_key: pl.Expr) -> pl.Expr:
    """Give a number for a case's key: two of a billion cases would share one."""
    return case_key.hash(seed=1)


def _cohort(reading: Reading, year: int, key: str) -> Cohort:
    """Read a cohort's cases as deliveries told of them that count now."""

    def read() -> pl.DataFrame:
        days = _first_day(year), _first_day(year + 1) - _ONE_DAY
        return _rows(reading.of_days(*days))

    name, shelf = f"cases-{year}", reading.shelf
    if shelf is None:
        return Cohort(year, key, read().lazy())
    kept = shelf.scan(name, key)
    return Cohort(year, key, shelf.put(name, key, read()) if kept is None else kept)


def _without_moved(cohorts: list[Cohort], reading: Reading) -> list[Cohort]:
    """Leave out of a cohort what a later delivery tells of another year."""
    numbers = numbers_of(cohorts)["number"]
    if numbers.n_unique() == len(numbers):  # much faster than to look which are not
        return cohorts
    again = numbers.filter(numbers.is_duplicated()).unique().to_frame()
    told = pl.concat(
        cohort.rows.join(again.lazy(), on="number", how="semi").select(
            *_CASE, pl.col("delivery_id").cast(pl.String), year=pl.lit(cohort.year)
        )
        for cohort in cohorts
    ).collect()
    last = told_last(reading.connection, told, _CASE)
    moved = told.join(last, on=[*_CASE, "year"], how="anti")
    return [
        replace(
            cohort,
            key=f"{cohort.key} {digest_of(gone)}",
            rows=cohort.rows.join(gone.lazy().select(_CASE), on=_CASE, how="anti"),
        )
        if (gone := moved.filter(pl.col("year") == cohort.year)).height
        else cohort
        for cohort in cohorts
    ]


def numbers_of(cohorts: Sequence[Cohort]) -> pl.DataFrame:
    """List all cases by their number, and their cohort's year."""
    return pl.concat(
        cohort.rows.select("number", year=pl.lit(cohort.year)) for cohort in cohorts
    ).collect()


def _first_day(year: int) -> date:
    """Give the day after a year's first Friday."""
    new_year = date(year, 1, 1)
    return new_year + timedelta(days=(_FRIDAY - new_year.weekday()) % 7 + 1)


def _rows(reading: Reading) -> pl.DataFrame:
    """Read the cases received on the reading's days."""
    city = reading.city
    where, bound = reading.where("received_at")
    rows = read_rows(
        *(reading.connection, "cases"), columns=_READ, where=where, parameters=bound
    )
    rows = with_merged_offices(rows, city)
    if rows["case_key"].hash().n_unique() < rows.height:
        rows = told_last(reading.connection, rows, ("office", "case_key"))
    ended_at = pl.coalesce("decided_at", "closed_at")
    is_decided = ~pl.col("outcome").is_in(_NOT_DECIDED).fill_null(value=False)
    return (
        of_known_offices(rows, city)
        .select(
            "office",
            "service",
            pl.col("channel", "delivery_id").cast(pl.Categorical),
            number=number_of(pl.col("case_key")),
            is_end_to_end="digital_end_to_end",
            received_on=local_day("received_at", city),
            complete_on=local_day("complete_at", city),
            ended_on=local_day(ended_at, city),
            decided_on=pl.when(is_decided).then(local_day(ended_at, city)),
        )
        # What ended on the same days lies together, and can be read alone.
        .sort("ended_on")
    )
