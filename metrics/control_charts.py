"""Which series of an office are watched by XmR charts, and how they are made fit.

Counts are taken per day on which they could arise, since Easter is no change in
demand. Durations are charted on a log scale, since they scatter far upwards; `ln(1 +
x)` also takes a wait of 0. Limits come from a fixed baseline: the calendar years before
the current one, or the first 20 points where these have fewer.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import polars as pl

from metrics.calendar import Calendar, days_between
from metrics.catalogue import CATALOGUE
from metrics.frames import SPC
from metrics.small_numbers import FEWEST
from metrics.spc import (
    FEWEST_POINTS,
    Limits,
    assurance,
    class_of,
    limits_of,
    signals,
)

_YEARS_BACK: Final = {"week": 1, "month": 3}  # before the current one


@dataclass(frozen=True)
class _Watched:
    """One KPI of every office, by the week or by the month."""

    kpi: str
    grain: Literal["week", "month"]
    is_log: bool = False
    per: Literal["opening_day", "working_day"] | None = None


_WATCHED: Final = (
    _Watched("waiting.median_minutes", "week", is_log=True),
    _Watched("waiting.visits", "week", per="opening_day"),
    _Watched("queue.median_wait_minutes", "week", is_log=True),
    _Watched("processing.median_days_decided", "month", is_log=True),
    _Watched("backlog.received", "month", per="working_day"),
    _Watched("backlog.decided", "month", per="working_day"),
    _Watched("backlog.open", "month"),
)


def control_charts(figures: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Give every point of every chart, with its limits and the rule that it meets."""
    # The grain first, since it leaves few of very many.
    watched_grains = pl.col("grain").is_in(tuple(_YEARS_BACK))
    of_offices = (
        figures.filter(watched_grains)
        .filter(
            pl.col("kpi").is_in([each.kpi for each in _WATCHED]),
            pl.col("office").is_not_null(),
            pl.col("service").is_null(),
            pl.col("channel").is_null(),
            pl.col("state") == "final",
            pl.col("n") >= FEWEST,
        )
        .sort("office", "period_start")
    )
    rows: list[dict[str, Any]] = []
    for watched in _WATCHED:
        series = of_offices.filter(
            pl.col("kpi") == watched.kpi, pl.col("grain") == watched.grain
        )
        for part in series.partition_by("office", maintain_order=True):
            rows += _chart(watched, part, calendar)
    return pl.DataFrame(rows, schema=SPC, orient="row")


def _chart(
    watched: _Watched, series: pl.DataFrame, calendar: Calendar
) -> Iterator[dict[str, Any]]:
    first_year = series["period_start"][-1].year - _YEARS_BACK[watched.grain]
    lately = series.filter(pl.col("period_start").dt.year() >= first_year)
    points = list(_points(watched, lately, calendar))
    if len(points) < FEWEST_POINTS:
        return
    this_year = points[-1]["period_start"].year
    before = sum(point["period_start"].year < this_year for point in points)
    baseline = max(before, FEWEST_POINTS)
    values = [_scaled(watched, point["value"]) for point in points]
    limits = limits_of(values[:baseline])
    direction = CATALOGUE[watched.kpi].direction
    said = {
        "kpi": watched.kpi,
        "grain": watched.grain,
        "per": watched.per,
        "is_log": watched.is_log,
        **_unscaled(watched, limits),
    }
    found = signals(values, limits)
    for position, (point, signal) in enumerate(zip(points, found, strict=True)):
        yield {
            **said,
            **point,
            "is_baseline": position < baseline,
            "class": class_of(signal, direction),
            "rule": signal and signal.rule,
            "direction": signal and signal.direction,
            "assurance": _assured(watched, point["target"], limits, direction),
        }


def _points(
    watched: _Watched, series: pl.DataFrame, calendar: Calendar
) -> Iterator[dict[str, Any]]:
    """Give the known points; what is missing is no point."""
    for row in series.iter_rows(named=True):
        days = _days(watched, row, calendar)
        if days:
            yield {
                "office": row["office"],
                "period_start": row["period_start"],
                "value": row["value"] / days,
                # A target for a total is none for a day of it.
                "target": None if watched.per else row["target"],
            }


def _days(watched: _Watched, row: Mapping[str, Any], calendar: Calendar) -> int:
    first, last = row["period_start"], row["period_end"]
    if watched.per == "working_day":
        return len(calendar.working_days(first, last))
    if watched.per == "opening_day":
        return len(_opening_days(calendar, row["office"], first, last))
    return 1


def _opening_days(
    calendar: Calendar, office: str, first: date, last: date
) -> list[date]:
    return [day for day in days_between(first, last) if calendar.is_open(office, day)]


def _scaled(watched: _Watched, value: float) -> float:
    return math.log1p(value) if watched.is_log else value


def _unscaled(watched: _Watched, limits: Limits) -> dict[str, float]:
    back: Callable[[float], float] = math.expm1 if watched.is_log else float
    return {name: back(value) for name, value in vars(limits).items()}


def _assured(
    watched: _Watched, target: float | None, limits: Limits, direction: str
) -> str | None:
    if target is None:
        return None
    return assurance(_scaled(watched, target), limits, direction)
