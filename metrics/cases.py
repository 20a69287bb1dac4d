"""The rows behind the processing KPIs: each case once, as the city last told of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import read_rows
from metrics.deadlines import due_on
from metrics.latest import told_last
from metrics.reach import reaches
from metrics.reading import Reading
from metrics.small_offices import (
    merged_offices,
    rows_of_office,
    with_merged_offices,
)
from metrics.spans import (
    Counted,
    by_population,
    days_of,
    local_day,
    of_known_offices,
    spans_of,
)
from metrics.stops import joined, net_days, stops_in, told_stops
from metrics.told import keys_of_rows

# A case that ends so leaves the backlog, but nothing was decided.
_NOT_DECIDED: Final = ("withdrawn", "duplicate")
_READ: Final = (
    *("delivery_id", "office", "service", "channel", "received_at", "complete_at"),
    *("decided_at", "closed_at", "outcome", "case_key", "digital_end_to_end"),
)
_LEFT_OVER: Final = timedelta(days=365)


@dataclass(frozen=True)
class Cases:
    """All cases of a city; a row has the local days of what happened to it."""

    rows: pl.DataFrame
    spans: pl.DataFrame
    covered: pl.DataFrame
    stops: pl.DataFrame  # when a case's office waited for others, see metrics/stops.py


def cases_of(reading: Reading) -> Cases | None:
    """Read all cases, once for all that is counted from them; None: there are none."""
    return reading.once("cases", _read_cases)


def _read_cases(reading: Reading) -> Cases | None:
    rows, stops = _cases(reading)
    if rows.is_empty():
        return None
    rows = rows.with_columns(due_on=due_on(rows, reading.city, reading.calendar))
    begun = _in_book(rows).select("office", "source", day="received_on")
    spans = spans_of(reading, begun)
    if spans.is_empty():  # nothing since the first day that figures are made of
        return None
    rows = rows.with_columns(net_days=net_days(rows, stops))
    of_offices = spans.with_columns(pl.col("office").cast(rows.schema["office"]))
    return Cases(
        # From here on complete_on says how far the deliveries reach.
        rows=rows.drop("source", "complete_on").join(of_offices, on="office"),
        spans=spans,
        # A day of the span without a case is a day on which nobody applied.
        covered=days_of(spans),
        stops=stops.join(of_offices.select("office", "first_on"), on="office"),
    )


def count_decisions(reading: Reading) -> Counted | None:
    """Count cases by the day on which they were decided."""
    cases = cases_of(reading)
    if cases is None:
        return None
    days = (pl.col("decided_on") - pl.col("received_on")).dt.total_days()
    is_in_book = pl.col("decided_on") >= pl.col("first_on")
    rows = cases.rows.select(
        "office",
        "service",
        "channel",
        # Without a day a case counts nowhere, but its group is known.
        day=pl.when(is_in_book).then("decided_on"),
        days=days,
        net_days="net_days",
        is_online=_is_online(),
        is_end_to_end=pl.when(_is_online()).then("is_end_to_end"),
    )
    return _counted(rows.sort("days"), cases, reading.city)


def count_receipts(reading: Reading) -> Counted | None:
    """Count cases by the day on which they were received."""
    cases = cases_of(reading)
    if cases is None:
        return None
    is_given_up = pl.col("decided_on").is_null() & pl.col("ended_on").is_not_null()
    is_in_time = pl.col("decided_on").is_not_null() & (
        pl.col("decided_on") <= pl.col("due_on")
    )
    is_in_book = pl.col("received_on") >= pl.col("first_on")
    rows = cases.rows.select(
        "office",
        "service",
        "channel",
        day=pl.when(is_in_book).then("received_on"),
        # Whoever gave up waits for no decision: for deadlines they do not count.
        is_awaited=~is_given_up,
        is_met=pl.when(pl.col("due_on").is_not_null() & ~is_given_up).then(is_in_time),
        is_deadline_over=pl.when(~is_given_up).then(
            pl.col("due_on") <= pl.col("complete_on")
        ),
        is_online=_is_online(),
    )
    return _counted(rows, cases, reading.city)


def _is_online() -> pl.Expr:
    """Null where nobody says by which way a case came."""
    return pl.col("channel") == "online"


def _counted(rows: pl.DataFrame, cases: Cases, city: City) -> Counted:
    return Counted(
        rows=by_population(rows, city),
        spans=cases.spans,
        covered=cases.covered,
        events=pl.len(),
        keys=keys_of_rows(rows),
    )


def _cases(reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read office by office: the texts of all cases at once would be gigabytes.

    With the cases come their stops, which name them by the number of their row.
    """
    merged, told = merged_offices(reading.city), told_stops(reading)
    parts, stops, height = list[pl.DataFrame](), list[pl.DataFrame](), 0
    for office in reading.city.offices:
        if merged.get(office.id) is None:
            rows = _of_office(reading, office.id)
            stops.append(stops_in(rows.with_row_index("row", offset=height), told))
            parts.append(rows.drop("case_key"))
            height += rows.height
    return pl.concat(parts), joined(pl.concat(stops))


def _of_office(reading: Reading, office: str) -> pl.DataFrame:
    city = reading.city
    where, bound = rows_of_office(city, office)
    rows = read_rows(
        *(reading.connection, "cases"), columns=_READ, where=where, parameters=bound
    )
    rows = _latest(reading.connection, with_merged_offices(rows, city))
    ended_at = pl.coalesce("decided_at", "closed_at")
    is_decided = ~pl.col("outcome").is_in(_NOT_DECIDED).fill_null(value=False)
    sources = reading.whole.once("reaches", reaches).select("delivery_id", "source")
    return (
        of_known_offices(rows, city)
        .join(sources, on="delivery_id", maintain_order="left")
        .select(
            pl.col("source").cast(pl.Categorical),
            "case_key",
            "office",
            "service",
            pl.col("channel").cast(pl.Categorical),
            is_end_to_end="digital_end_to_end",
            received_on=local_day("received_at", city),
            complete_on=local_day("complete_at", city),
            ended_on=local_day(ended_at, city),
            decided_on=pl.when(is_decided).then(local_day(ended_at, city)),
        )
    )


def _latest(connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> pl.DataFrame:
    """Keep what was told last of a case that several deliveries tell of."""
    if rows["case_key"].hash().n_unique() == rows.height:
        return rows
    return told_last(connection, rows, ("office", "case_key"))


def _in_book(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out left-overs from before each office's book begins.

    Exports hold old cases that are still open; their receipt long ago says nothing
    about what else came in then. So a book begins after the last year without any.
    """
    received = pl.col("received_on")
    begins = (
        rows.select("office", "received_on")
        .unique()
        .sort("office", "received_on")
        .filter(
            (received - received.shift() > _LEFT_OVER)
            .over("office")
            .fill_null(value=True)
        )
        .group_by("office")
        .agg(begins_on=received.max())
    )
    return rows.join(begins, on="office").filter(received >= pl.col("begins_on"))
