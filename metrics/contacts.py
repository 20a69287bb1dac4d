"""The rows behind the contact KPIs: calls, chats and mails of one line and interval."""

from typing import Final

import polars as pl

from ingest.city import City
from ingest.warehouse import read_rows
from metrics.counting import count_rows
from metrics.reading import Reading
from metrics.small_offices import with_merged_offices
from metrics.spans import (
    Counted,
    local_day,
    of_known_offices,
)

_LINES: Final = pl.Enum(["phone", "chat", "mail"])
_OF_OFFERED: Final = ("answered", "abandoned")
_OF_ANSWERED: Final = ("answered_in_target", "solved_first")
_SECONDS: Final = ("wait_seconds", "handling_seconds")  # of answered, too
MICROSECONDS_A_SECOND: Final = 1_000_000


def count_contacts(reading: Reading) -> Counted | None:
    """Read what came in by phone, chat and mail; None where no source tells of it."""
    city = reading.city
    where, bound = reading.where("interval_at")
    rows = _contacts(
        read_rows(reading.connection, "contacts", where=where, parameters=bound), city
    )
    # Exchanges list the intervals of closed days as well, with 0 calls.
    return count_rows(reading, rows, pl.col("offered").sum(), _covered)


def _contacts(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    merged = with_merged_offices(rows, city).with_columns(
        service=pl.lit(None, pl.String), line=pl.col("line").cast(_LINES)
    )
    return (
        of_known_offices(merged, city)
        .with_columns(_none_of_nothing(_OF_OFFERED, "offered"))
        .with_columns(_none_of_nothing((*_OF_ANSWERED, *_SECONDS), "answered"))
        .select(
            "delivery_id",
            "office",
            "service",
            "line",  # once more, for groups that are of all lines
            "offered",
            *_OF_OFFERED,
            *_OF_ANSWERED,
            *(_exact(name) for name in _SECONDS),
            channel=pl.col("line"),
            day=local_day("interval_at", city),
        )
    )


def _covered(rows: pl.DataFrame) -> pl.DataFrame:
    """List the days on which no line of an office is missing that there was then.

    Of two lines one may fall silent: that is a gap, though the other has data.
    """
    seen = rows.select(pl.col("office").cast(pl.String), "line", "day").unique()
    lines = seen.group_by("office", "line").agg(
        first_on=pl.col("day").min(), last_on=pl.col("day").max()
    )
    days = seen.select("office", "day").unique()
    missing = (
        days.join(lines, on="office")
        .filter(pl.col("day").is_between("first_on", "last_on"))
        .join(seen, on=["office", "line", "day"], how="anti")
    )
    return days.join(missing, on=["office", "day"], how="anti")


def _exact(seconds: str) -> pl.Expr:
    """Give whole microseconds: their sum is the same in whatever order."""
    return (pl.col(seconds) * MICROSECONDS_A_SECOND).round().cast(pl.Int64)


def _none_of_nothing(names: tuple[str, ...], whole: str) -> list[pl.Expr]:
    """Fill in what must be 0 since there was nothing: exports then leave a blank."""
    nothing = pl.when(pl.col(whole) == 0).then(0)
    return [pl.col(name).fill_null(nothing) for name in names]
