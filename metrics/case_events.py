"""What cases change in their office's book, day by day; see metrics/book.py."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import polars as pl

from metrics.stops import HOLDERS

AGE_BANDS: Final = (0, 31, 91, 181)  # days since receipt from which a band begins
AGED: Final = tuple(f"aged_{days}" for days in AGE_BANDS[1:])

_GROUP: Final = ("office", "service", "channel")
_ONE_DAY: Final = timedelta(days=1)


def events_of(cases: pl.DataFrame, stops: pl.DataFrame) -> pl.DataFrame:
    """Add up what cases change, by group and day; those of several parts add up."""
    events = pl.concat(_events(cases, stops), how="diagonal")
    return events.group_by(*_GROUP, "day").agg(pl.all().sum())


def _events(cases: pl.DataFrame, stops: pl.DataFrame) -> Iterator[pl.DataFrame]:
    received, ended, due = (
        pl.col(f"{name}_on") for name in ("received", "ended", "due")
    )
    is_in_book = pl.col("day") >= pl.col("first_on")
    yield _named("received", _per_day(cases, received).filter(is_in_book))
    yield _named("decided", _per_day(cases, ended).filter(is_in_book))
    with_deadline = cases.filter(due.is_not_null())
    yield _named("with_deadline", _per_day(with_deadline, received))
    yield _ever("of_case", cases, received)
    yield _ever("stops", stops, pl.col("from_on"))
    yield from _stock("open", cases, received)
    yield from _stock("overdue", cases, due + _ONE_DAY)
    after_3_months = received.dt.offset_by("3mo") + _ONE_DAY  # § 188 BGB
    yield from _stock("over_3_months", cases, after_3_months)
    for days in AGE_BANDS[1:]:
        yield from _stock(f"aged_{days}", cases, received + timedelta(days=days))
    for holder in HOLDERS:
        held = stops.filter(pl.col("holder") == holder)
        yield from _stock(
            f"with_{holder}", held, pl.col("from_on"), leaves_on=pl.col("to_on")
        )


def _ever(name: str, things: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Count what there ever was, from the first day of the book."""
    begun = pl.max_horizontal(day, "first_on")
    return _named(name, _per_day(things, begun))


def _named(name: str, counts: pl.DataFrame) -> pl.DataFrame:
    return counts.select(*_GROUP, "day", pl.col("count").alias(name))


def _stock(
    name: str,
    cases: pl.DataFrame,
    enters_on: pl.Expr,
    leaves_on: pl.Expr = pl.col("ended_on"),  # noqa: B008 - an expression never changes
) -> Iterator[pl.DataFrame]:
    """Count cases in on a day, and out again on the day on which they leave."""
    enters, leaves = pl.col("enters_on"), pl.col("leaves_on")
    # No more than is needed: there may be millions of them.
    members = cases.select(
        *_GROUP, "first_on", enters_on=enters_on, leaves_on=leaves_on
    ).filter(enters.is_not_null(), leaves.is_null() | (leaves > enters))
    for day, change in ((enters, pl.col("count")), (leaves, -pl.col("count"))):
        yield (
            # What happened before the book began is in its opening balance.
            _per_day(members, day)
            .with_columns(day=pl.max_horizontal("day", "first_on"))
            .select(*_GROUP, "day", change.alias(name))
        )


def _per_day(things: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    return (
        things.group_by(*_GROUP, "first_on", day=day)
        .agg(count=pl.len().cast(pl.Int64))
        .filter(pl.col("day").is_not_null())
    )
