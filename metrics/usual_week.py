"""The last weeks of each office, which show what a week of it is usually like."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import polars as pl

from ingest.city import City
from metrics.calendar import Calendar
from metrics.reading import Reading
from metrics.spans import Counted

MOST_WEEKS: Final = 12  # that anything usual is told of


def count_lately(
    count: Callable[[Reading], Counted | None], reading: Reading
) -> Counted | None:
    """Read the last MOST_WEEKS of each office, once; None without rows of offices."""

    def read(whole: Reading) -> Counted | None:
        counted = count(whole.without_rows())
        if counted is None or counted.spans.is_empty():
            return None
        first, last = (
            last_weeks(counted, MOST_WEEKS)
            .select(pl.col("window_start").min(), pl.col("window_end").max())
            .row(0)
        )
        lately = count(whole.of_days(first, last))
        return lately if lately and "office" in lately.rows else None

    return reading.whole.once(f"lately {count.__name__}", read)


def last_weeks(counted: Counted, weeks: int) -> pl.DataFrame:
    """Give each office's last closed weeks."""
    after_sunday = pl.col("complete_on") + timedelta(days=1)
    window_end = after_sunday.dt.truncate("1w") - timedelta(days=1)
    return counted.spans.select(
        "office",
        window_start=window_end - timedelta(days=7 * weeks - 1),
        window_end=window_end,
    )


def opening_hours(city: City, calendar: Calendar) -> pl.DataFrame:
    """List the hours of the week in which each office is open."""
    rows = [
        (office.id, weekday, hour)
        for office in city.offices
        for weekday in range(1, 8)
        for hour in calendar.opening_hours(office.id, weekday)
    ]
    schema = {"office": pl.String, "weekday": pl.Int8, "hour": pl.Int8}
    return pl.DataFrame(rows, schema, orient="row")
