"""The rows behind the queue KPIs: office hours with a look at the queue."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from metrics.calendar import Calendar
from metrics.counting import count_told, hours_by_population
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.said_rows import read_said
from metrics.spans import (
    Counted,
    local_day,
    since_first_day,
)
from metrics.told import told_days
from metrics.visits import offices_counting_customers

_UTC: Final = pl.Datetime("us", "UTC")


def count_hours(reading: Reading) -> Counted | None:
    """Read what queues showed, hour by hour; None where no source ever showed one."""
    told = reading.whole.once("told hours", _told)
    if told.is_empty():
        return None
    return count_told(reading, "hours", told, _rows(reading))


def while_open(looks: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Keep looks within opening hours, which some displays outlive, with their begin.

    Of offices whose hours nobody has stated every look counts, but no opening is known.
    """
    intervals = pl.DataFrame(
        list(_intervals(looks, calendar)),
        {"office": pl.String, "day": pl.Date, "opens_at": _UTC, "closes_at": _UTC},
        orient="row",
    )
    has_hours = pl.col("office").is_in(calendar.offices_with_hours)
    within = looks.join(intervals, on=["office", "day"]).filter(
        pl.col("at") >= pl.col("opens_at"), pl.col("at") < pl.col("closes_at")
    )
    at_any_time = looks.filter(~has_hours).with_columns(
        pl.lit(None, _UTC).alias(name) for name in ("opens_at", "closes_at")
    )
    return pl.concat([within, at_any_time])


def _intervals(looks: pl.DataFrame, calendar: Calendar) -> Iterator[tuple[object, ...]]:
    for office, day in looks.select("office", "day").unique().rows():
        for opens_at, closes_at in calendar.open_from_to(office, day):
            yield office, day, opens_at, closes_at


def _told(reading: Reading) -> pl.DataFrame:
    looks = told_days(reading, "queue_samples", "queue")
    means = told_days(reading, "queue_hours", "mean")
    counting = offices_counting_customers(reading)
    return pl.concat([looks, means.filter(~pl.col("office").is_in(counting))])


def _rows(reading: Reading) -> dict[str, pl.DataFrame]:
    city = reading.city
    looks = since_first_day(
        _looks(reading).with_columns(
            day=local_day("at", city), hour_at=pl.col("at").dt.truncate("1h")
        ),
        city,
    )
    return hours_by_population(looks, _hours, ("office_service", "office_channel"))


def _looks(reading: Reading) -> pl.DataFrame:
    samples = read_said(reading, "queue_samples", "queue")
    hours = read_said(reading, "queue_hours")
    counting = offices_counting_customers(reading)
    return pl.concat(
        [
            _while_open(_samples(samples), reading),
            _hourly_means(hours, counting),
        ]
    )


def _samples(rows: pl.DataFrame) -> pl.DataFrame:
    """Take looks at queues that were open: closed or sold out is no wait of 0."""
    wait, at_least = pl.col("wait_minutes"), pl.col("wait_minutes_at_least")
    return rows.select(
        "office",
        "service",
        channel=pl.lit(None, pl.String),
        at=pl.col("observed_at"),
        at_least=pl.coalesce(wait, at_least),
        at_most=pl.coalesce(wait, pl.when(at_least.is_not_null()).then(float("inf"))),
        waiting=pl.col("waiting").cast(pl.Int64),
    )


def _while_open(samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Leave out what a display goes on showing behind a closed door."""
    dated = samples.with_columns(
        pl.col("office").cast(pl.String), day=local_day("at", reading.city)
    )
    kept = while_open(dated, reading.calendar).select(samples.columns)
    return kept.cast({"office": samples.schema["office"]})


def _hourly_means(rows: pl.DataFrame, counting: list[str]) -> pl.DataFrame:
    """Take hourly means of offices that never say for how many people."""
    mean = pl.col("mean_wait_minutes")
    return rows.filter(~pl.col("office").is_in(counting), mean.is_not_null()).select(
        "office",
        "service",
        "channel",
        at=pl.col("hour_at"),
        at_least=mean,
        at_most=mean,
        waiting=pl.lit(None, pl.Int64),
    )


def _hours(looks: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Give each hour one value, however many looks there were: their median."""
    hour = (*keys, "hour_at")
    # Several queues of an office are seen at one moment: together they are its queue.
    people = (
        looks.filter(pl.col("waiting").is_not_null())
        .group_by(*hour, "at")
        .agg(pl.col("waiting").sum())
        .group_by(hour)
        .agg(percentile(pl.col("waiting"), 0.5))
    )
    return (
        looks.group_by(hour)
        .agg(
            pl.col("day").first(),
            percentile(pl.col("at_least"), 0.5),
            percentile(pl.col("at_most"), 0.5),
        )
        .join(people, on=hour, how="left")
        .with_columns(pl.col(name).cast(pl.String) for name in keys)
        .sort("at_most")
    )
