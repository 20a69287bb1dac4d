"""The rows behind the sold-out KPIs: office hours in which tickets were, or had been.

A row is one opening hour of a group in which somebody looked:

share_sold_out           of the looks in it those that said "no tickets left"
is_first                 tickets ran out in this hour, for the first time on the day
minutes_after_opening    and so long after opening; null: not known well enough
"""

from datetime import timedelta
from typing import Final

import polars as pl

from metrics.counting import count_told, hours_by_population
from metrics.looks import while_open
from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.spans import (
    Counted,
    local_day,
    since_first_day,
)
from metrics.told import told_days
from metrics.visits import MINUTES

# The moment lies between two looks; farther apart they say too little of it.
LARGEST_GAP: Final = timedelta(minutes=30)


def count_ticket_hours(reading: Reading) -> Counted | None:
    """Read what queues showed while open; None where none ever had no tickets left."""
    told = reading.whole.once("told ticket hours", _told)
    if told.is_empty():
        return None
    return count_told(reading, "ticket hours", told, _rows(reading, told))


def _told(reading: Reading) -> pl.DataFrame:
    """List the days with looks, of offices whose display ever says "sold out".

    One that knows no such state would else seem to say that there always were tickets.
    """
    looks = told_days(reading, "queue_samples", "tickets")
    sold_out = told_days(reading, "queue_samples", "sold_out")
    return looks.filter(pl.col("office").is_in(sold_out["office"].implode()))


def _rows(reading: Reading, told: pl.DataFrame) -> dict[str, pl.DataFrame]:
    looks = since_first_day(_looks(reading, told), reading.city)
    return hours_by_population(looks, _hours, ("office_service",))


def _looks(reading: Reading, told: pl.DataFrame) -> pl.DataFrame:
    city = reading.city
    samples = read_said(reading, "queue_samples", "tickets")
    looks = samples.select(
        pl.col("office").cast(pl.String),
        pl.col("service").cast(pl.String),
        at="observed_at",
        day=local_day("observed_at", city),
        is_sold_out=pl.col("state") == "sold_out",
    )
    return while_open(
        looks.filter(pl.col("office").is_in(told["office"].implode())), reading.calendar
    )


def _hours(looks: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    hour = (*keys, "day", "hour_at")
    return (
        _with_first(looks, keys)
        .group_by(*keys, "day", hour_at=pl.col("at").dt.truncate("1h"))
        .agg(
            share_sold_out=pl.col("is_sold_out").mean(),
            is_first=pl.col("is_first").any(),
            minutes_after_opening=pl.col("minutes_after_opening").max(),
        )
        .sort(hour)
    )


def _with_first(looks: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Mark the look at which tickets were first gone on a day, and say how late."""
    day = (*keys, "day")
    gone_at = pl.col("at").filter("is_sold_out").min().over(day)
    # At the same moment other queues of the office may still have had tickets.
    is_before = pl.col("at") < pl.col("gone_at")
    seen_before = pl.col("at").filter(is_before).max().over(*day, "opens_at")
    since = pl.max_horizontal("opens_at", "seen_before")
    is_first = pl.col("is_sold_out") & (pl.col("at") == pl.col("gone_at"))
    minutes = (pl.col("at") - pl.col("opens_at")).dt.total_microseconds() * MINUTES
    return (
        looks.with_columns(gone_at=gone_at)
        .with_columns(seen_before=seen_before, is_first=is_first)
        .with_columns(
            minutes_after_opening=pl.when(
                "is_first", pl.col("at") - since <= LARGEST_GAP
            ).then(minutes)
        )
    )
