"""What may be said of how long the wait will be later today."""

from datetime import date, datetime
from typing import Final

import polars as pl

from ingest.city import City
from metrics.lattice import WAITS, hours_are_listed
from metrics.rest_forecast import FEWEST_HOURS
from metrics.small_numbers import IS_SHOWN, hide, whole
from metrics.small_offices import hidden_offices, sensitive_offices

_MADE_OF: Final = (
    "n",
    "usual_minutes",
    "usual_now_minutes",
    "share",
    "low_minutes",
    "high_minutes",
)
_ERRORS: Final = ("error_minutes", "error_as_now_minutes", "error_as_usual_minutes")


def protect_rest(rows: pl.DataFrame, city: City, now: datetime) -> pl.DataFrame:
    """Tell it of the offices and hours of when to go; looks at a queue are no people.

    How forecasts fared is told of those, too, that are not shown for it.
    """
    today: date = now.astimezone(city.timezone).date()
    return (
        rows.filter(
            pl.col("window_end") < today,
            hours_are_listed(city, WAITS),
            ~pl.col("office").is_in(sensitive_offices(city)),
            ~pl.col("office").is_in(list(hidden_offices(city))),
        )
        .pipe(hide, pl.col("n").fill_null(0) < FEWEST_HOURS, "too_few")
        .with_columns(
            whole("usual_minutes"),
            whole("usual_now_minutes"),
            whole("held_percent"),
            pl.col(*_ERRORS).round(1),
        )
        .with_columns(pl.when(IS_SHOWN).then(pl.col(name)) for name in _MADE_OF)
        .sort("office", "weekday", "hour", "hours_ahead")
    )
