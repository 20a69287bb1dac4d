"""Finds frozen displays: values or clocks that stand still in opening hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Final

import polars as pl

from ingest.city import WEEKDAYS, City

_MOMENT: Final = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class _Display:
    """What a table shows of one display, and when it should move."""

    moment: str
    group: tuple[str, ...]  # what freezes together
    shown: tuple[str, ...]
    lasts: timedelta  # how long one row speaks for
    clock: str | None = None  # the source's own time


_DISPLAYS: Final[Mapping[str, _Display]] = {
    "queue_samples": _Display(
        moment="observed_at",
        group=("office",),
        shown=(
            "service", "queue", "waiting", "wait_minutes", "wait_minutes_at_least",
            "counters_open", "state",
        ),
        lasts=timedelta(0),
        clock="source_time_at",
    ),
    "queue_hours": _Display(
        moment="hour_at",
        group=("office", "service", "channel"),
        shown=(
            "customers", "mean_wait_minutes", "mean_walk_minutes",
            "estimated_wait_minutes",
        ),
        lasts=timedelta(hours=1),
    ),
}  # fmt: skip


def frozen_rows(
    table: str,
    rows: pl.DataFrame,
    previous: pl.DataFrame,
    city: City,
    longest: timedelta,
) -> pl.Series:
    """Tell for each row whether its display stood still for longer than `longest`.

    `previous` are earlier looks at the same displays: a single look cannot tell.
    """
    display = _DISPLAYS.get(table)
    if display is None or rows.is_empty():
        return pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    looks = _looks(pl.concat([previous.select(rows.columns), rows]), display)
    moment = pl.col(display.moment)
    run = pl.struct(*display.group, "day", "shown").rle_id()
    stood = (
        _while_open(looks, display, city)
        .with_columns(
            stood_for=pl.when(pl.len().over(run) > 1).then(
                (moment.max() - moment.min()).over(run) + display.lasts
            ),
            clock_stood_for=moment - pl.col("clock"),
        )
        .filter(pl.max_horizontal("stood_for", "clock_stood_for") > longest)
        .select(*display.group, display.moment, frozen=pl.lit(True))
    )
    return rows.join(
        stood,
        on=[*display.group, display.moment],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )["frozen"].fill_null(False)


def _looks(rows: pl.DataFrame, display: _Display) -> pl.DataFrame:
    """One row per look at a display: what it showed, as one number."""
    clock = pl.col(display.clock).max() if display.clock else pl.lit(None, _MOMENT)
    return (
        rows.with_columns(shown=pl.struct(display.shown).hash())
        .group_by([*display.group, display.moment])
        # The order of queues within a look does not matter, so their hashes are added.
        .agg(pl.col("shown").sum(), clock=clock)
        .sort(*display.group, display.moment, nulls_last=True)
    )


def _while_open(looks: pl.DataFrame, display: _Display, city: City) -> pl.DataFrame:
    """Keep the looks within opening hours; an office without hours is always open."""
    local = pl.col(display.moment).dt.convert_time_zone(city.info.timezone)
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    hours = _opening_minutes(city)
    is_open = pl.any_horizontal(
        ~pl.col("office").is_in([office for office, *_ in hours]),
        *(
            (pl.col("office") == office)
            & (local.dt.weekday() == weekday)
            & minute.is_between(opens, closes, closed="left")
            for office, weekday, opens, closes in hours
        ),
    )
    return looks.with_columns(day=local.dt.date()).filter(is_open, ~_is_closure(city))


def _opening_minutes(city: City) -> Sequence[tuple[str, int, int, int]]:
    return [
        (office.id, 1 + WEEKDAYS.index(day), _minute(span.opens), _minute(span.closes))
        for office in city.offices
        for day, spans in office.hours.items()
        for span in spans
    ]


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _is_closure(city: City) -> pl.Expr:
    closed = [
        pl.col("day").is_between(closure.first_on, closure.last_on)
        & (pl.col("office").is_in(closure.offices) if closure.offices else pl.lit(True))
        for closure in city.closures
    ]
    return pl.any_horizontal(pl.lit(False), *closed)
