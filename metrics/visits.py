"""The rows behind the waiting KPIs: visits, or hours of customers with a mean."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.city import City
from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.spans import (
    Counted,
    by_population,
    local_day,
    since_first_day,
    spans_of,
)
from metrics.targets import limit_on_day
from metrics.told import keys_of, told_days

_READ: Final = (
    *("office", "service", "channel", "outcome", "persons"),
    *("booked_at", "appointment_at", "arrived_at"),
    *("called_at", "shown_at", "finished_at"),
)
MICROSECONDS: Final = 60_000_000  # in a minute
# Multiplied, since Polars divides one value by a number otherwise than many.
MINUTES: Final = 1 / MICROSECONDS
_CHANNELS: Final = pl.Enum(["walk_in", "appointment", "kiosk"])


def count_visits(reading: Reading) -> Counted | None:
    """Read what was counted at the offices; None where nothing ever was."""
    told = reading.whole.once("told visits", _told)
    if told.is_empty():
        return None
    city = reading.city
    rows = since_first_day(_rows(reading), city)
    return Counted(
        # Sorted once, so that the percentiles of every group are found faster.
        rows=by_population(rows.sort("wait_minutes"), city),
        spans=reading.whole.once("spans of visits", _spans),
        covered=reading.whole.once("days of visits", _covered),
        events=pl.len(),
        keys=reading.whole.once("keys of visits", _keys),
    )


def _spans(reading: Reading) -> pl.DataFrame:
    return spans_of(reading, reading.once("told visits", _told))


def _covered(reading: Reading) -> pl.DataFrame:
    told = since_first_day(reading.once("told visits", _told), reading.city)
    return told.select("office", "day").unique()


def _keys(reading: Reading) -> pl.DataFrame:
    told = since_first_day(reading.once("told visits", _told), reading.city)
    return keys_of(_with_outcomes(told, reading))


def _told(reading: Reading) -> pl.DataFrame:
    """List the days with visits; of hours, those that no visits are told of."""
    tickets = told_days(reading, "tickets", "visit")
    hours = told_days(reading, "queue_hours", "visits")
    hours = hours.filter(pl.col("office").is_in(offices_counting_customers(reading)))
    by_visit = tickets.select("office", "day").unique()
    return pl.concat([tickets, hours.join(by_visit, on=["office", "day"], how="anti")])


def offices_counting_customers(reading: Reading) -> list[str]:
    """List the offices that ever said how many people an hourly mean is of."""
    found = reading.whole.once("counting customers", _counting_customers)
    return found["office"].to_list()


def _counting_customers(reading: Reading) -> pl.DataFrame:
    return told_days(reading, "queue_hours", "customers")


def _rows(reading: Reading) -> pl.DataFrame:
    city = reading.city
    rows = read_said(reading, "tickets", columns=_READ)
    outcomes = reading.whole.once("outcomes", _outcomes)
    tickets = _tickets(rows, outcomes, city)
    hours = _customer_hours(
        read_said(reading, "queue_hours"), offices_counting_customers(reading), city
    )
    # An office that tells visit by visit is not counted by the hour as well.
    hours = hours.join(tickets, on=["office", "day"], how="anti")
    return pl.concat([tickets, hours.select(tickets.columns)])


def _with_outcomes(told: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Give an office's days other keys once its source reports an outcome.

    The first who left turns "not recorded" into 0 % on all days before.
    """
    reported = [
        pl.col("office").is_in(offices).alias(outcome)
        for outcome, offices in reading.whole.once("outcomes", _outcomes).items()
    ]
    return told.with_columns(key=pl.struct("key", *reported).hash(seed=1))


def _outcomes(reading: Reading) -> Mapping[str, list[str]]:
    """Say for each outcome which offices' sources ever report it."""
    return {
        outcome: told_days(reading, "tickets", outcome)["office"].unique().to_list()
        for outcome in ("no_show", "left")
    }


def _tickets(
    rows: pl.DataFrame, outcomes: Mapping[str, list[str]], city: City
) -> pl.DataFrame:
    called, came = (
        pl.col("called_at"),
        pl.max_horizontal("appointment_at", "arrived_at"),
    )
    wait = (called - came).dt.total_microseconds() * MINUTES
    outcome = pl.col("outcome")
    return (
        rows.with_columns(
            channel=pl.col("channel").cast(_CHANNELS, strict=False),
            wait_minutes=pl.when(outcome == "served").then(wait.clip(0)),
            at=_moment_that_counts(),
        )
        .filter(pl.col("at").is_not_null())
        .select(
            "office",
            "service",
            "channel",
            "wait_minutes",
            day=local_day("at", city),
            came_at=came,
            waited=pl.col("wait_minutes").is_not_null().cast(pl.Int64),
            wait_sum=in_microseconds(pl.col("wait_minutes")),
            person_wait=in_microseconds(pl.col("wait_minutes")) * _persons(),
            served=(outcome == "served").cast(pl.Int64),
            no_show=_if_recorded("no_show", outcomes),
            left=_if_recorded("left", outcomes),
            appointment=_has_appointment().cast(pl.Int64),
            lead_days=_days_before(city),
            walk_minutes=_minutes_of_served("called_at", "shown_at"),
            desk_minutes=_minutes_of_served("shown_at", "finished_at"),
            is_mean=pl.lit(value=False),
        )
        .with_columns(limit=limit_on_day(city, "waiting.share_within_target"))
        .with_columns(is_within=pl.col("wait_minutes") <= pl.col("limit"))
    )


def _customer_hours(
    rows: pl.DataFrame, counting: list[str], city: City
) -> pl.DataFrame:
    """Take hourly means of offices that also say for how many people."""
    customers, mean = pl.col("customers"), pl.col("mean_wait_minutes")
    # An hour without customers has no wait, though some systems store 0 minutes.
    waited = pl.when(mean.is_not_null()).then(customers).otherwise(0)
    return rows.filter(
        pl.col("office").is_in(counting),
        customers.is_not_null() | mean.is_not_null(),
    ).select(
        "office",
        "service",
        channel=pl.col("channel").cast(_CHANNELS, strict=False),
        wait_minutes=pl.lit(None, pl.Float64),
        day=local_day("hour_at", city),
        came_at=pl.lit(None, pl.Datetime("us", "UTC")),
        waited=waited.cast(pl.Int64),
        wait_sum=in_microseconds(mean) * waited,
        person_wait=in_microseconds(mean) * waited,
        served=customers.cast(pl.Int64),
        no_show=pl.lit(None, pl.Int64),
        left=pl.lit(None, pl.Int64),
        appointment=pl.lit(None, pl.Int64),
        lead_days=pl.lit(None, pl.Int64),
        walk_minutes=pl.lit(None, pl.Float64),
        desk_minutes=pl.lit(None, pl.Float64),
        is_mean=pl.lit(value=True),
        limit=pl.lit(None, pl.Float64),
        is_within=pl.lit(None, pl.Boolean),
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


def _days_before(city: City) -> pl.Expr:
    """Give the calendar days from the day of booking to that of the appointment."""
    lead = local_day("appointment_at", city) - local_day("booked_at", city)
    return lead.dt.total_days()


def _minutes_of_served(start: str, end: str) -> pl.Expr:
    minutes = (pl.col(end) - pl.col(start)).dt.total_microseconds() * MINUTES
    return pl.when(pl.col("outcome") == "served").then(minutes)


def _persons() -> pl.Expr:
    # Unknown is not nobody: there was at least the one who held the ticket.
    return pl.col("persons").fill_null(1).clip(1)


def _if_recorded(outcome: str, outcomes: Mapping[str, list[str]]) -> pl.Expr:
    """Null for offices whose source never reports it: that is not 0 percent."""
    is_recorded = pl.col("office").is_in(outcomes[outcome])
    return pl.when(is_recorded).then((pl.col("outcome") == outcome).cast(pl.Int64))


def in_microseconds(minutes: pl.Expr) -> pl.Expr:
    """Give whole microseconds: their sum is the same in whatever order."""
    return (minutes * MICROSECONDS).round().cast(pl.Int64)


def _has_appointment() -> pl.Expr:
    return pl.col("appointment_at").is_not_null() | (
        pl.col("channel").cast(pl.String) == "appointment"
    ).fill_null(value=False)
