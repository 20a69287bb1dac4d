"""Whether a queue was open: as the source says, else by the office's opening hours."""

from datetime import time
from typing import Final

import holidays
import polars as pl

from ingest.city import WEEKDAYS, City

_SHOWN_WHILE_OPEN: Final = ("waiting", "wait_minutes", "wait_minutes_at_least")
_LOOK: Final = ("office", "observed_at")


def with_states(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Give every look a state; drop what a closed queue still shows.

    A display often keeps its last value, or 0, over night: closed is never 0 minutes.
    """
    if "state" not in rows.columns:
        rows = rows.with_columns(state=pl.lit(None, pl.String))
    if rows["state"].null_count():
        rows = _by_opening_hours(rows, city)
    shown = [name for name in _SHOWN_WHILE_OPEN if name in rows.columns]
    is_closed = pl.col("state") == "closed"
    return rows.with_columns(pl.when(~is_closed).then(pl.col(name)) for name in shown)


def _by_opening_hours(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    local = pl.col("observed_at").dt.convert_time_zone(city.info.timezone)
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    is_inside = minute.is_between("opens", "closes", closed="left")
    looks = (
        rows.select(_LOOK)
        .unique()
        .with_columns(weekday=local.dt.weekday().cast(pl.Int32))
        .join(_hours(city), on=["office", "weekday"], how="left")
        .group_by(_LOOK)
        .agg(is_open=is_inside.fill_null(value=False).any())
    )
    looks = looks.with_columns(
        pl.col("is_open")
        & ~_is_closure(city, local.dt.date())
        & ~_is_holiday(city, looks, local.dt.date())
    )
    known = [office.id for office in city.offices if office.hours]
    by_hours = (
        pl.when(~pl.col("office").is_in(known))
        .then(pl.lit("unknown"))
        .when("is_open")
        .then(pl.lit("open"))
        .otherwise(pl.lit("closed"))
    )
    return (
        rows.join(looks, on=_LOOK, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(state=pl.coalesce("state", by_hours))
        .drop("is_open")
    )


def _is_holiday(city: City, looks: pl.DataFrame, day: pl.Expr) -> pl.Expr:
    years = looks["observed_at"].dt.year().drop_nulls().unique().to_list()
    if city.info.state == "none":
        return pl.lit(value=False)
    # A look on New Year's Eve by the world's clock can be one of the next year here.
    known = holidays.country_holidays(
        "DE", subdiv=city.info.state, years={*years, *(year + 1 for year in years)}
    )
    return day.is_in(list(known))


def _is_closure(city: City, day: pl.Expr) -> pl.Expr:
    closed = [
        day.is_between(closure.first_on, closure.last_on)
        & (pl.col("office").is_in(closure.offices) | pl.lit(not closure.offices))
        for closure in city.closures
    ]
    return pl.any_horizontal(pl.lit(value=False), *closed)


def _hours(city: City) -> pl.DataFrame:
    intervals = [
        (office.id, WEEKDAYS.index(day) + 1, _minute(span.opens), _minute(span.closes))
        for office in city.offices
        for day, spans in office.hours.items()
        for span in spans
    ]
    numbers = dict.fromkeys(("weekday", "opens", "closes"), pl.Int32)
    schema = {"office": pl.String, **numbers}
    return pl.DataFrame(intervals, schema=schema, orient="row")


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
