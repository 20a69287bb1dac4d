"""The rows behind the forecast record: what was said, and what then became of it.

On each Friday evening it can be said what who applies next must expect; on a Sunday
the receipts of the weekend, which nobody has worked on yet, would make fast offices
seem slower than on other days. Whether it came true for those who applied in the seven
days that follow is judged on one day: when the time said, and as much more as is
allowed, has run out for the last of them. So a verdict needs nothing that happens
later, every week gets one whatever the outcome, and a week of which half is still open
by then is a miss; leaving it out would flatter.
"""

from datetime import date, timedelta
from typing import Final

import polars as pl

from metrics.book import keep_book
from metrics.cases import Cases, cases_of
from metrics.derived import ALLOWED
from metrics.kpis.processing import reach
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.spans import POPULATIONS, Counted, by_population

ALLOWED_DAYS: Final = 1  # it may always be off by so much: it is said in whole days
FEWEST_APPLICANTS: Final = 5  # in a week; the median of fewer is chance

_MONDAY_TO_FRIDAY: Final = timedelta(days=4)
_WEEK: Final = timedelta(days=7)
_NEVER: Final = 1_000_000  # days; longer than any case takes
_FRIDAY: Final = 5
_OF_A_CASE: Final = (
    *("office", "service", "channel"),
    *("received_on", "decided_on", "ended_on"),
)


def count_verdicts(reading: Reading) -> Counted | None:
    """Judge each week's forecast of every group, on the day on which it is due."""
    cases, book = cases_of(reading), keep_book(reading)
    if cases is None or book is None:
        return None
    applicants = by_population(_applicants(cases, book), reading.city)
    known_until: date = book.spans.select(pl.col("complete_on").min()).item()
    return Counted(
        rows={
            population: _judged(rows, applicants[population], population, known_until)
            for population, rows in book.rows.items()
            if population in applicants
        },
        spans=book.spans,
        covered=book.covered,
        events=pl.len(),
    )


def _applicants(cases: Cases, book: Counted) -> pl.DataFrame:
    """Give each case in the book the evening on which its forecast was made."""
    received = pl.col("received_on")
    # No more than is needed: there may be millions of them.
    in_book = cases.rows.filter(received >= pl.col("first_on")).select(_OF_A_CASE)
    until = book.spans.select(
        pl.col("office").cast(in_book.schema["office"]), "complete_on"
    )
    return in_book.with_columns(
        said_on=received.dt.offset_by("-5d").dt.truncate("1w") + _MONDAY_TO_FRIDAY
    ).join(until, on="office")


def _judged(
    book: pl.DataFrame, cases: pl.DataFrame, population: str, all_known_until: date
) -> pl.DataFrame:
    keys = POPULATIONS[population]
    week = (*keys, "said_on")
    is_of_office = "office" in keys
    known_until = pl.col("complete_on") if is_of_office else pl.lit(all_known_until)
    is_given_up = pl.col("decided_on").is_null() & (
        pl.col("ended_on") <= pl.col("due_on")
    )
    days = (pl.col("decided_on") - pl.col("received_on")).dt.total_days()
    is_decided = pl.col("decided_on") <= pl.col("due_on")
    came_to = percentile(
        pl.when(is_decided.fill_null(value=False)).then(days).otherwise(_NEVER), 0.5
    )
    said = pl.col("said_days").first()
    what_was_said = _said(book, keys).with_columns(
        pl.col(name).cast(cases.schema[name]) for name in keys
    )
    return (
        cases.with_columns(known_until=known_until)
        .join(what_was_said, on=week)
        .filter(~is_given_up.fill_null(value=False))
        .group_by(week)
        .agg(
            pl.col("due_on", "known_until").first(),
            applicants=pl.len(),
            is_hit=(came_to - said).abs()
            <= pl.max_horizontal(said * ALLOWED, pl.lit(ALLOWED_DAYS)),
        )
        .filter(pl.col("applicants") >= FEWEST_APPLICANTS)
        .with_columns(pl.col(name).cast(pl.String) for name in keys)
        # Without a day a week counts nowhere, but its group is known.
        .select(
            *keys,
            day=pl.when(pl.col("due_on") <= pl.col("known_until")).then("due_on"),
            is_hit="is_hit",
        )
        .sort(*keys, "day")
    )


def _said(book: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Give what was said on each Friday evening, and when that must have come true."""
    told_one_by_one = pl.col("open") - pl.col("counted_open")
    said = reach(told_one_by_one, pl.col("window_decided"), pl.col("window_days"))
    longest = (said * (1 + ALLOWED)).ceil().cast(pl.Int64)
    return (
        book.filter(pl.col("day").dt.weekday() == _FRIDAY)
        .with_columns(said_days=said)
        .filter(pl.col("said_days").is_not_null())
        .select(
            *keys,
            "said_days",
            said_on="day",
            due_on=pl.col("day") + _WEEK + pl.duration(days=longest),
        )
    )
