"""The book of cases: what came in, what was closed and what is open, day by day.

Built from the events of each day and their running sums, so that its cost grows with
the days and not with how long cases stay open. A row is one day of a group:

received, decided        cases that came in and that were closed on the day
open, overdue            cases open, and open past their deadline, at the day's end
over_3_months            cases open for longer than three months
with_applicant, ...      open cases that wait for their applicant, or for others
traced                   open cases of offices that record for whom they wait
aged_31, aged_91 ...     cases open for at least so many days
ever_with_deadline       cases with a deadline received so far; so for the other ever_
window_decided           cases closed in the last 30 working days; null: book too short
window_days              calendar days of these 30 working days
year_decided             cases closed in the last 12 months; null: book too short

Offices that report only sums have no single cases: what they add to received, decided
and open is told by the columns of metrics/case_counts.py, and is in nothing else.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from metrics.calendar import Calendar
from metrics.case_counts import CaseCounts, count_events, counts_of
from metrics.case_events import AGED
from metrics.case_rows import cases_of
from metrics.case_sums import case_sums
from metrics.hashes import hash_of_each
from metrics.reading import Reading
from metrics.spans import ALL_SPANS, POPULATIONS, Counted, by_population

WINDOW_WORKING_DAYS: Final = 30

_ONE_DAY: Final = timedelta(days=1)
_STOCKS: Final = (
    *("open", "counted_open", "overdue", "over_3_months", *AGED),
    *("traced", "with_applicant", "with_third_party"),
)
_EVER: Final = ("with_deadline", "of_case", "traced_case")
_LACKS: Final = ("lacks_received", "lacks_decided", "lacks_open")
_FLOWS: Final = (
    *("received", "decided", "counted_decided", "from_counts", *_EVER, *_LACKS),
)
_EVENTS: Final = {
    "channel": pl.Categorical,
    **dict.fromkeys((*_FLOWS, *_STOCKS), pl.Int64),
    "whole_from": pl.Date,
    "whole_to": pl.Date,
}


def keep_book(reading: Reading) -> Counted | None:
    """Keep the book of every group."""
    return reading.whole.once("book", _keep_book)


def _keep_book(reading: Reading) -> Counted | None:
    cases, counts = cases_of(reading), counts_of(reading)
    parts = [part for part in (cases, counts) if part is not None]
    if not parts:
        return None
    spans = _together([part.spans for part in parts])
    windows = _windows(spans, reading.calendar)
    events = _all_events(case_sums(reading).get("events"), counts)
    rows = {
        population: _daily(those, population, spans, windows)
        for population, those in by_population(events, reading.city).items()
    }
    return Counted(
        rows=rows,
        spans=spans,
        covered=pl.concat(part.covered for part in parts).unique(),
        events=pl.col("received").sum() + pl.col("decided").sum(),
        keys=_keys(rows),
    )


def _keys(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give each day one key over the rows of all groups."""
    hashes = pl.concat(
        those.select(
            "day", key=hash_of_each(those.with_columns(pl.lit(population).alias("of")))
        )
        for population, those in rows.items()
    )
    return hashes.group_by("day").agg(pl.col("key").sum()).sort("day")


def _together(spans: list[pl.DataFrame]) -> pl.DataFrame:
    """Join the spans; an office has two where a small one that counts is part of it."""
    return pl.concat(spans).group_by("office").agg(ALL_SPANS)


def _all_events(cases: pl.DataFrame | None, counts: CaseCounts | None) -> pl.DataFrame:
    events = [pl.DataFrame(schema=_EVENTS)]
    if cases is not None:
        events.append(_with_traced(cases))
    if counts is not None:
        events += count_events(counts)
    return pl.concat(events, how="diagonal").with_columns(
        pl.col(*_FLOWS, *_STOCKS).fill_null(0)
    )


def _with_traced(events: pl.DataFrame) -> pl.DataFrame:
    """Count the cases of offices that record for whom they wait."""
    tracing = events.filter(pl.col("stops") > 0)["office"].unique()
    is_traced = pl.col("office").is_in(tracing.implode())
    return events.drop("stops").with_columns(
        traced=pl.when(is_traced).then("open"),
        traced_case=pl.when(is_traced).then("of_case"),
    )


def _daily(
    events: pl.DataFrame, population: str, spans: pl.DataFrame, windows: pl.DataFrame
) -> pl.DataFrame:
    keys = POPULATIONS[population]
    by_day = (
        events.group_by(*keys, "day")
        .agg(
            pl.col(*_FLOWS, *_STOCKS).sum(),
            pl.col("whole_from").min(),
            pl.col("whole_to").max(),
        )
        .with_columns(pl.col(name).cast(pl.String) for name in keys)
    )
    groups = by_day.select(keys).unique() if keys else None
    days = _days(groups, keys, spans)
    running = (
        days.join(by_day, on=[*keys, "day"], how="left")
        .with_columns(pl.col(*_FLOWS, *_STOCKS).fill_null(0))
        .sort(*keys, "day")
        .with_columns(
            _running(pl.col(*_STOCKS), keys),
            _running(pl.col(*_EVER), keys).name.prefix("ever_"),
            decided_so_far=_running(
                pl.col("decided") - pl.col("counted_decided"), keys
            ),
        )
    )
    return _with_window(running, keys, windows)


def _days(
    groups: pl.DataFrame | None, keys: tuple[str, ...], spans: pl.DataFrame
) -> pl.DataFrame:
    """List every group's days, from the day before its book begins."""
    if "office" in keys and groups is not None:
        begun = groups.join(spans, on="office")
    else:
        whole = spans.select(pl.col("first_on").min(), pl.col("last_on").max())
        begun = whole if groups is None else groups.join(whole, how="cross")
    return begun.select(
        *keys, "first_on", day=pl.date_ranges("first_on", "last_on")
    ).explode("day")


def _running(changes: pl.Expr, keys: tuple[str, ...]) -> pl.Expr:
    return changes.cum_sum().over(keys) if keys else changes.cum_sum()


def _with_window(
    running: pl.DataFrame, keys: tuple[str, ...], windows: pl.DataFrame
) -> pl.DataFrame:
    before = running.select(*keys, day_before="day", decided_before="decided_so_far")
    day, first_on = pl.col("day"), pl.col("first_on")
    year_before = day.dt.offset_by("-12mo")
    known = running.join(windows, on="day", how="left")
    for name, begins in (
        ("window_decided", pl.col("before_window")),
        ("year_decided", year_before),
    ):
        # What was decided before the book began is not in it.
        earlier = pl.when(pl.col("day_before") == first_on - _ONE_DAY).then(0)
        known = (
            known.with_columns(day_before=begins)
            .join(before, on=[*keys, "day_before"], how="left")
            .with_columns(
                (
                    pl.col("decided_so_far")
                    - earlier.otherwise(pl.col("decided_before"))
                ).alias(name)
            )
            .drop("day_before", "decided_before")
        )
    return known.drop("first_on", "before_window", "decided_so_far").sort(*keys, "day")


def _windows(spans: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Say for each day where the last 30 working days begin, and how long they were."""
    first, last = spans.select(pl.col("first_on").min(), pl.col("last_on").max()).row(0)
    # 30 working days span six weeks, and more around holidays.
    working = calendar.working_days(first - timedelta(weeks=16), last)
    rows: list[tuple[date, date, int]] = []
    for index, (day, next_day) in enumerate(pairwise([*working, last + _ONE_DAY])):
        if index < WINDOW_WORKING_DAYS:
            continue
        before = working[index - WINDOW_WORKING_DAYS]
        length = (day - before).days
        rows += [
            (day + timedelta(days=offset), before, length)
            for offset in range((next_day - day).days)
        ]
    return pl.DataFrame(
        rows,
        {"day": pl.Date, "before_window": pl.Date, "window_days": pl.Int64},
        orient="row",
    )
