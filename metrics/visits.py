"""The rows behind the waiting KPIs: visits, or hours of customers with a mean."""

from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import read_rows
from metrics.reading import Reading
from metrics.small_offices import rows_of_office, with_merged_offices
from metrics.spans import (
    Counted,
    by_population,
    local_day,
    of_known_offices,
    spans_of,
)
from metrics.targets import limit_on_day

_READ: Final = (
    *("delivery_id", "office", "service", "channel", "outcome", "persons"),
    *("appointment_at", "arrived_at", "called_at", "shown_at", "finished_at"),
)
_CHANNELS: Final = pl.Enum(["walk_in", "appointment", "kiosk"])


def count_visits(reading: Reading) -> Counted | None:
    return reading.once("visits", _count_visits)


def _count_visits(reading: Reading) -> Counted | None:
    """Read what was counted at the offices, or at one; None where nothing was."""
    city = reading.city
    rows = visits(reading.connection, city, reading.office)
    if rows.is_empty():
        return None
    spans = spans_of(reading, rows)
    if city.info.first_day is not None:
        rows = rows.filter(pl.col("day") >= city.info.first_day)
    return Counted(
        # Sorted once, so that the percentiles of every group are found faster.
        rows=by_population(rows.drop("delivery_id").sort("wait_minutes"), city),
        spans=spans,
        covered=rows.select(pl.col("office").cast(pl.String), "day").unique(),
        events=pl.len(),
    )


def visits(
    connection: duckdb.DuckDBPyConnection, city: City, office: str | None = None
) -> pl.DataFrame:
    where, offices = rows_of_office(city, office)
    tickets = _tickets(
        read_rows(
            connection, "tickets", columns=_READ, where=where, parameters=offices
        ),
        city,
    )
    hours = _customer_hours(
        read_rows(connection, "queue_hours", where=where, parameters=offices), city
    )
    # An office that tells visit by visit is not counted by the hour as well.
    hours = hours.join(tickets, on=["office", "day"], how="anti")
    return pl.concat([tickets, hours.select(tickets.columns)])


def _tickets(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    called, came = (
        pl.col("called_at"),
        pl.max_horizontal("appointment_at", "arrived_at"),
    )
    wait = (called - came).dt.total_microseconds() / 60e6
    outcome = pl.col("outcome")
    return (
        of_known_offices(with_merged_offices(rows, city), city)
        .with_columns(
            channel=pl.col("channel").cast(_CHANNELS, strict=False),
            wait_minutes=pl.when(outcome == "served").then(wait.clip(0)),
            at=_moment_that_counts(),
        )
        .filter(pl.col("at").is_not_null())
        .select(
            "delivery_id",
            "office",
            "service",
            "channel",
            "wait_minutes",
            day=local_day("at", city),
            came_at=came,
            waited=pl.col("wait_minutes").is_not_null().cast(pl.Int64),
            wait_sum=pl.col("wait_minutes"),
            person_minutes=pl.col("wait_minutes") * _persons(),
            served=(outcome == "served").cast(pl.Int64),
            no_show=_if_recorded(outcome == "no_show"),
            left=_if_recorded(outcome == "left"),
            appointment=_has_appointment().cast(pl.Int64),
            is_mean=pl.lit(value=False),
        )
        .with_columns(limit=limit_on_day(city, "waiting.share_within_target"))
        .with_columns(is_within=pl.col("wait_minutes") <= pl.col("limit"))
    )


def _customer_hours(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Take hourly means of offices that also say for how many people."""
    customers, mean = pl.col("customers"), pl.col("mean_wait_minutes")
    # An hour without customers has no wait, though some systems store 0 minutes.
    waited = pl.when(mean.is_not_null()).then(customers).otherwise(0)
    return (
        of_known_offices(with_merged_offices(rows, city), city)
        .filter(
            (customers.count() > 0).over("office"),
            customers.is_not_null() | mean.is_not_null(),
        )
        .select(
            "delivery_id",
            "office",
            "service",
            channel=pl.col("channel").cast(_CHANNELS, strict=False),
            wait_minutes=pl.lit(None, pl.Float64),
            day=local_day("hour_at", city),
            came_at=pl.lit(None, pl.Datetime("us", "UTC")),
            waited=waited.cast(pl.Int64),
            wait_sum=mean * waited,
            person_minutes=mean * waited,
            served=customers.cast(pl.Int64),
            no_show=pl.lit(None, pl.Int64),
            left=pl.lit(None, pl.Int64),
            appointment=pl.lit(None, pl.Int64),
            is_mean=pl.lit(value=True),
            limit=pl.lit(None, pl.Float64),
            is_within=pl.lit(None, pl.Boolean),
        )
    )


def _moment_that_counts() -> pl.Expr:
    """Give the call; of no-shows the appointment; of who left, the arrival."""
    return (
        pl.when(pl.col("outcome") == "served")
        .then(pl.coalesce("called_at", "shown_at", "finished_at", "arrived_at"))
        .when(pl.col("outcome") == "no_show")
        .then(pl.col("appointment_at"))
        .otherwise(pl.coalesce("arrived_at", "appointment_at"))
    )


def _persons() -> pl.Expr:
    # Unknown is not nobody: there was at least the one who held the ticket.
    return pl.col("persons").fill_null(1).clip(1)


def _if_recorded(is_so: pl.Expr) -> pl.Expr:
    """Null for offices whose source never reports it: that is not 0 percent."""
    return pl.when(is_so.any().over("office")).then(is_so.cast(pl.Int64))


def _has_appointment() -> pl.Expr:
    return pl.col("appointment_at").is_not_null() | (
        pl.col("channel").cast(pl.String) == "appointment"
    ).fill_null(value=False)
