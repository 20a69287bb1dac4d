"""How far the deliveries of each source reach, and how far they should."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.opening import last_open
from ingest.rules import MAY_LIE_AHEAD
from ingest.sources import QueueFeedSource
from ingest.warehouse import columns_of, read_frame
from metrics.reading import Reading

REACHES: Final = pl.Schema(
    {
        "source": pl.String,
        "begins_on": pl.Date,  # the first day that they cover
        "reaches_on": pl.Date,  # the last day that deliveries reach, perhaps in part
        "complete_on": pl.Date,  # the last day that they cover to its end
        "due_on": pl.Date,  # later where the source has fallen silent: days of a gap
    }
)
# An export of everything does not say when it was made. Fewer working days without
# anything happening are believed, since small offices have them.
_SILENT_WORKING_DAYS: Final = 3
_MOMENT: Final = timedelta(microseconds=1)
_ONE_DAY: Final = timedelta(days=1)

_DELIVERIES: Final = """
    SELECT delivery_id, source, table_name, covers_from, covers_to, received_at
    FROM deliveries
    WHERE superseded_at IS NULL
"""


def reaches(reading: Reading) -> pl.DataFrame:
    """Say for each delivery how far its source's deliveries reach."""
    city, now = reading.city, reading.now
    deliveries = read_frame(reading.connection, _DELIVERIES)
    told = _told_until(reading, deliveries)
    # A month's file that arrived on the 12th covers the month, and reaches the 12th.
    until = pl.min_horizontal(
        "covers_to",
        "received_at",
        pl.lit(now),
        pl.col("delivery_id").replace_strict(
            told, default=None, return_dtype=deliveries.schema["received_at"]
        ),
    )
    by_source = deliveries.group_by("source").agg(
        pl.col("covers_from").min(), until=until.max()
    )
    rows = (
        _reach(source, begins, until, city, now)
        for source, begins, until in by_source.rows()
    )
    return deliveries.select("delivery_id", "source").join(
        pl.DataFrame(rows, REACHES, orient="row"), on="source"
    )


def _reach(
    source: str, begins: datetime | None, until: datetime, city: City, now: datetime
) -> tuple[Any, ...]:
    begins_on = begins.astimezone(city.timezone).date() if begins else date.min
    reaches_on = (until - _MOMENT).astimezone(city.timezone).date()
    complete_on = until.astimezone(city.timezone).date() - _ONE_DAY
    today = now.astimezone(city.timezone).date()
    due_on = today if _is_late(source, until, city, now) else reaches_on
    return source, begins_on, reaches_on, complete_on, max(due_on, reaches_on)


def _is_late(source: str, until: datetime, city: City, now: datetime) -> bool:
    """Tell whether a source of the city file no longer delivers as it promises.

    An archive promises nothing: it says so by a max_age of many years.
    """
    for each in city.sources:
        if each.id == source:
            is_feed = isinstance(each, QueueFeedSource)
            asked = (is_feed and last_open(city, now)) or now
            return asked - until > each.max_age
    return False


def _told_until(reading: Reading, deliveries: pl.DataFrame) -> dict[str, datetime]:
    """Say how far the deliveries reach that cover everything there is."""
    everything = deliveries.filter(pl.col("covers_to").is_null())
    return {
        delivery["delivery_id"]: latest + _MOMENT
        for (table,), those in everything.partition_by(
            "table_name", as_dict=True
        ).items()
        for delivery, latest in _with_latest(reading.connection, str(table), those)
        if _is_an_end(latest, delivery["received_at"], reading)
    }


def _with_latest(
    connection: duckdb.DuckDBPyConnection, table: str, deliveries: pl.DataFrame
) -> Iterator[tuple[Mapping[str, Any], datetime]]:
    """Find the latest moment that the rows of each delivery tell of."""
    columns = columns_of(table).items()
    moments = ", ".join(
        [
            f"max({name})"
            for name, column in columns
            if isinstance(column.dtype, pl.Datetime) and name not in MAY_LIE_AHEAD
        ]
        # Where only days are known, their noon: in every time zone of ours that day.
        or [
            f"max({name})::TIMESTAMPTZ + INTERVAL 12 HOUR"
            for name, column in columns
            if column.dtype == pl.Date
        ]
    )
    if not moments:  # sums of months and the like have days only
        return
    latest = read_frame(
        connection,
        f"SELECT delivery_id, greatest({moments}) AS latest FROM {table}"  # noqa: S608 - names of the schema
        " WHERE list_contains(?, delivery_id) GROUP BY delivery_id",
        [deliveries["delivery_id"].to_list()],
    )
    for row in deliveries.join(latest, on="delivery_id").iter_rows(named=True):
        if row["latest"] is not None:
            yield row, row["latest"]


def _is_an_end(latest: datetime, received_at: datetime, reading: Reading) -> bool:
    """Tell whether so long nothing happened that the data must have ended."""
    first, last = (
        moment.astimezone(reading.city.timezone).date()
        for moment in (latest, received_at)
    )
    silent = reading.calendar.working_days(first + _ONE_DAY, last - _ONE_DAY)
    return len(silent) >= _SILENT_WORKING_DAYS
