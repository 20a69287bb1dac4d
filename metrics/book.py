"""The book of cases: what came in, what was closed and what is open, day by day.

Built from the events of each day and their running sums, so that its cost grows with
the days and not with how long cases stay open. A row is one day of a group:

received, decided        cases that came in and that were closed on the day
open, overdue            cases open, and open past their deadline, at the day's end
aged_31, aged_91 ...     cases open for at least so many days
ever_with_deadline       cases with a deadline received so far
window_decided           cases closed in the last 30 working days; null: book too short
window_days              calendar days of these 30 working days
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from metrics.calendar import Calendar
from metrics.cases import cases_of
from metrics.frames import AGEING
from metrics.reading import Reading
from metrics.spans import POPULATIONS, Counted, by_population

WINDOW_WORKING_DAYS: Final = 30
AGE_BANDS: Final = (0, 31, 91, 181)  # days since receipt from which a band begins

_GROUP: Final = ("office", "service", "channel")
_ONE_DAY: Final = timedelta(days=1)
_STOCKS: Final = ("open", "overdue", *(f"aged_{days}" for days in AGE_BANDS[1:]))
_FLOWS: Final = ("received", "decided", "with_deadline")


def keep_book(reading: Reading) -> Counted | None:
    """Keep the book of every group."""
    return reading.once("book", _keep_book)


def _keep_book(reading: Reading) -> Counted | None:
    cases = cases_of(reading)
    if cases is None:
        return None
    events = pl.concat(_events(cases.rows), how="diagonal").with_columns(
        pl.col(*_FLOWS, *_STOCKS).fill_null(0)
    )
    windows = _windows(cases.spans, reading.calendar)
    return Counted(
        rows={
            population: _daily(rows, population, cases.spans, windows)
            for population, rows in by_population(events, reading.city).items()
        },
        spans=cases.spans,
        covered=cases.covered,
        events=pl.col("received").sum() + pl.col("decided").sum(),
    )


def ageing(reading: Reading) -> pl.DataFrame:
    """Give how old the open cases were at the end of each month, in bands."""
    book = keep_book(reading)
    if book is None:
        return pl.DataFrame(schema=AGEING)
    frames = [
        pl.concat(_bands(_at_month_ends(rows, book.spans)), how="vertical")
        for population, rows in book.rows.items()
        if population != "office_channel"
    ]
    return pl.concat([pl.DataFrame(schema=AGEING), *frames]).sort(
        "office", "service", "at", "band_from_days"
    )


def _events(cases: pl.DataFrame) -> Iterator[pl.DataFrame]:
    received, ended, due = (
        pl.col(f"{name}_on") for name in ("received", "ended", "due")
    )
    is_in_book = pl.col("day") >= pl.col("first_on")
    yield _per_day(cases, received).filter(is_in_book).rename({"count": "received"})
    yield _per_day(cases, ended).filter(is_in_book).rename({"count": "decided"})
    yield _per_day(cases.filter(due.is_not_null()), received).rename(
        {"count": "with_deadline"}
    )
    yield from _stock("open", cases, received)
    yield from _stock("overdue", cases, due + _ONE_DAY)
    for days in AGE_BANDS[1:]:
        yield from _stock(f"aged_{days}", cases, received + timedelta(days=days))


def _stock(
    name: str, cases: pl.DataFrame, enters_on: pl.Expr
) -> Iterator[pl.DataFrame]:
    """Count cases in on a day, and out again on the day on which they end."""
    leaves_on = pl.col("ended_on")
    members = cases.filter(
        enters_on.is_not_null(), leaves_on.is_null() | (leaves_on > enters_on)
    )
    for day, change in ((enters_on, pl.col("count")), (leaves_on, -pl.col("count"))):
        yield (
            # What happened before the book began is in its opening balance.
            _per_day(members, day)
            .with_columns(day=pl.max_horizontal("day", "first_on"))
            .select(*_GROUP, "day", change.alias(name))
        )


def _per_day(cases: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    return (
        cases.group_by(*_GROUP, "first_on", day=day)
        .agg(count=pl.len().cast(pl.Int64))
        .filter(pl.col("day").is_not_null())
    )


def _daily(
    events: pl.DataFrame, population: str, spans: pl.DataFrame, windows: pl.DataFrame
) -> pl.DataFrame:
    keys = POPULATIONS[population]
    by_day = (
        events.group_by(*keys, "day")
        .agg(pl.col(*_FLOWS, *_STOCKS).sum())
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
            ever_with_deadline=_running(pl.col("with_deadline"), keys),
            decided_so_far=_running(pl.col("decided"), keys),
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
    before = running.select(*keys, before_window="day", decided_before="decided_so_far")
    begins_with_book = pl.col("before_window") == pl.col("first_on") - _ONE_DAY
    return (
        running.join(windows, on="day", how="left")
        .join(before, on=[*keys, "before_window"], how="left")
        .with_columns(
            window_decided=pl.col("decided_so_far")
            - pl.when(begins_with_book).then(0).otherwise(pl.col("decided_before"))
        )
        .drop("first_on", "before_window", "decided_before", "decided_so_far")
        .sort(*keys, "day")
    )


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


def _at_month_ends(rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    is_month_end = pl.col("day") == pl.col("day").dt.month_end()
    at_end = rows.filter(is_month_end)
    if "office" in rows.columns:
        return at_end.join(spans.select("office", "complete_on"), on="office")
    complete_on = spans.select(pl.col("complete_on").min())
    return at_end.join(complete_on, how="cross")


def _bands(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    columns = ["open", *_STOCKS[2:]]
    for index, column in enumerate(columns):
        is_last = index + 1 == len(columns)
        older = pl.lit(0) if is_last else pl.col(columns[index + 1])
        content = {
            "at": pl.col("day"),
            "band_from_days": pl.lit(AGE_BANDS[index]),
            "band_to_days": pl.lit(None if is_last else AGE_BANDS[index + 1] - 1),
            "count": pl.col(column) - older,
            "state": pl.when(pl.col("day") <= pl.col("complete_on"))
            .then(pl.lit("final"))
            .otherwise(pl.lit("provisional")),
        }
        for name in ("office", "service", "reason"):
            content[name] = pl.col(name) if name in rows.columns else pl.lit(None)
        yield rows.select(
            content[name].cast(kind).alias(name) for name, kind in AGEING.items()
        )
