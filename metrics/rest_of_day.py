"""What is said of the wait later on the same day, read from looks at the queues."""

import polars as pl

from ingest.city import City
from metrics.frames import REST_OF_DAY
from metrics.looks import count_hours, while_open
from metrics.reading import Reading
from metrics.rest_forecast import (
    AHEAD,
    OFTEN_PERCENT,
    PLACE,
    SERIES,
    WEEKS,
    Lately,
    as_learnt,
    bands_of,
    forecasts,
    judged,
    lately_of,
    learn,
    verdicts_of,
)
from metrics.said_rows import read_said
from metrics.small_numbers import whole
from metrics.usual_week import count_lately, last_weeks
from metrics.when_to_go import sold_out


def rest_of_day(reading: Reading) -> pl.DataFrame:
    """Give what forecasts are made of, and how they fared, of offices with looks."""
    lately = _read_lately(reading)
    made = None if lately is None else forecasts(lately)
    if lately is None or made is None:
        return pl.DataFrame(schema=REST_OF_DAY)
    verdicts = verdicts_of(judged(made, reading.city.publish.live_wait_base_minutes))
    learnt = learn(lately, WEEKS)
    steps = pl.DataFrame({"hours_ahead": range(1, AHEAD + 1)})
    places = _with_tickets(learnt.usual.select(*PLACE), lately.windows, reading)
    return (
        as_learnt(places.join(steps, how="cross"), learnt)
        .join(bands_of(made), on=SERIES)
        .join(verdicts, on=SERIES)
        .join(lately.windows, on="office")
        .select(pl.col(name).cast(kind) for name, kind in REST_OF_DAY.items())
        .sort(*PLACE, "hours_ahead")
    )


def _read_lately(reading: Reading) -> Lately | None:
    """Read the looks of the last weeks; None where none said how long the wait was."""
    counted = count_lately(count_hours, reading)
    if counted is None:
        return None
    windows = last_weeks(counted, WEEKS)
    first, last = windows.select(
        pl.col("window_start").min(), pl.col("window_end").max()
    ).row(0)
    rows = read_said(reading.whole.of_days(first, last), "queue_samples", "queue")
    waits = rows.filter(pl.any_horizontal(_is_known()))
    if waits.is_empty():
        return None
    looks = _when_open(_of_offices(waits, reading.city), windows, reading)
    return lately_of(looks, windows, reading.city.publish.live_wait_base_minutes)


def _is_known() -> list[pl.Expr]:
    return [
        pl.col(name).is_not_null() for name in ("wait_minutes", "wait_minutes_at_least")
    ]


def _of_offices(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Tell several queues of an office as one, as live queues are: the longest wait."""
    is_whole = pl.col("service").is_null() & pl.col("queue").is_null()
    longest, least = (
        pl.coalesce(pl.col(name).filter(is_whole).max(), pl.col(name).max())
        for name in ("wait_minutes", "wait_minutes_at_least")
    )
    is_certain = longest.is_not_null() & (least.is_null() | (least < longest))
    local = pl.col("at").dt.convert_time_zone(city.info.timezone)
    return (
        rows.group_by(pl.col("office").cast(pl.String), at="observed_at")
        .agg(
            at_least=pl.max_horizontal(longest, least),
            at_most=pl.when(is_certain).then(longest).otherwise(float("inf")),
        )
        .with_columns(day=local.dt.date(), hour=local.dt.hour())
        .with_columns(weekday=pl.col("day").dt.weekday())
    )


def _when_open(
    looks: pl.DataFrame, windows: pl.DataFrame, reading: Reading
) -> pl.DataFrame:
    """Leave out what displays go on showing when closed, to the minute."""
    calendar = reading.calendar
    has_hours = pl.col("office").is_in(calendar.offices_with_hours)
    since = (pl.col("day") - pl.col("window_start")).dt.total_days()
    return (
        while_open(looks.filter(has_hours), calendar)
        .join(windows, on="office")
        .filter(pl.col("day").is_between("window_start", "window_end"))
        .with_columns(week=since // 7)
        .drop("window_start", "window_end", "opens_at", "closes_at")
    )


def _with_tickets(
    places: pl.DataFrame, windows: pl.DataFrame, reading: Reading
) -> pl.DataFrame:
    """Leave out hours in which there often are no tickets, be the wait short."""
    often = whole("sold_out_percent") >= OFTEN_PERCENT
    return places.join(sold_out(windows, reading).filter(often), on=PLACE, how="anti")
