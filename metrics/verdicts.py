"""The rows behind the forecast record: what was said, and what then became of it.

On each Friday evening it can be said what who applies next must expect; on a Sunday
the receipts of the weekend, which nobody has worked on yet, would make fast offices
seem slower than on other days. Whether it came true for those who applied in the seven
days that follow is judged on one day: when the time said, and as much more as is
allowed, has run out for the last of them. So a verdict needs nothing that happens
later, every week gets one whatever the outcome, and a week of which half is still open
by then is a miss; leaving it out would flatter.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import polars as pl

from ingest.city import City
from metrics.book import keep_book
from metrics.case_rows import Cases, cases_of
from metrics.cohorts import Cohort, forecast_evening
from metrics.derived import ALLOWED
from metrics.hashes import digest_of
from metrics.kpis.processing import reach
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.spans import POPULATIONS, Counted, by_population

ALLOWED_DAYS: Final = 1  # it may always be off by so much: it is said in whole days
FEWEST_APPLICANTS: Final = 5  # in a week; the median of fewer is chance

_WEEK: Final = timedelta(days=7)
_NEVER: Final = 1_000_000  # days; longer than any case takes
_FRIDAY: Final = 5
_SAID: Final = pl.Schema(
    {
        "population": pl.String,
        **dict.fromkeys(("office", "service", "channel"), pl.String),
        "said_on": pl.Date,
        "said_days": pl.Float64,
        "due_on": pl.Date,
    }
)
_WEEKS: Final = pl.Schema(
    {
        **dict.fromkeys(("population", "office", "service", "channel"), pl.String),
        "due_on": pl.Date,
        "is_hit": pl.Boolean,
    }
)


def count_verdicts(reading: Reading) -> Counted | None:
    """Judge each week's forecast of every group, on the day on which it is due."""
    cases, book = cases_of(reading), keep_book(reading)
    if cases is None or book is None:
        return None
    said = pl.concat(_said(rows, population) for population, rows in book.rows.items())
    weeks = pl.concat(
        _weeks_of(
            cohort, cases, said.filter(pl.col("said_on").dt.year() == cohort.year)
        )
        for cohort in cases.cohorts
    )
    return Counted(
        rows={
            str(population): _judged(part, str(population), book.spans)
            for (population,), part in weeks.partition_by(
                "population", as_dict=True
            ).items()
        },
        spans=book.spans,
        covered=book.covered,
        events=pl.len(),
    )


def _judged(weeks: pl.DataFrame, population: str, spans: pl.DataFrame) -> pl.DataFrame:
    """Give each week the day of its verdict, if so much is known yet."""
    keys = POPULATIONS[population]
    known_until = spans.select("office", known_until="complete_on")
    if "office" in keys:
        known = weeks.join(known_until, on="office")
    else:
        known = weeks.join(known_until.select(pl.col("known_until").min()), how="cross")
    is_over = pl.col("due_on") <= pl.col("known_until")
    # Without a day a week counts nowhere, but its group is known.
    return known.select(*keys, day=pl.when(is_over).then("due_on"), is_hit="is_hit")


def _weeks_of(cohort: Cohort, cases: Cases, said: pl.DataFrame) -> pl.DataFrame:
    """Compare what was said each week with what it came to, be it over or not."""
    city, shelf = cases.reading.city, cases.reading.shelf

    def compare() -> pl.DataFrame:
        weeks = _weeks(cases.applicants(cohort), said, city)
        return pl.concat([pl.DataFrame(schema=_WEEKS), *weeks])

    if shelf is None:
        return compare()
    name = f"{cohort}-weeks"
    made_of = f"{cases.made_of(cohort)} {digest_of(said)}"
    kept = shelf.scan(name, made_of)
    return (shelf.put(name, made_of, compare()) if kept is None else kept).collect()


def _weeks(
    cases: pl.DataFrame, said: pl.DataFrame, city: City
) -> Iterator[pl.DataFrame]:
    applicants = cases.select(
        *("office", "service", "channel", "received_on", "decided_on", "ended_on"),
        said_on=forecast_evening(pl.col("received_on")),
    )
    for population, rows in by_population(applicants, city).items():
        of_population = said.filter(pl.col("population") == population)
        keys = POPULATIONS[population]
        what_was_said = of_population.select(
            *(pl.col(name).cast(rows.schema[name]) for name in keys),
            *("said_on", "said_days", "due_on"),
        )
        compared = _compared(rows.join(what_was_said, on=[*keys, "said_on"]), keys)
        yield compared.select(
            pl.lit(population).alias("population")
            if name == "population"
            else (pl.col(name) if name in compared.columns else pl.lit(None))
            .cast(kind)
            .alias(name)
            for name, kind in _WEEKS.items()
        )


def _compared(applicants: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    is_given_up = pl.col("decided_on").is_null() & (
        pl.col("ended_on") <= pl.col("due_on")
    )
    days = (pl.col("decided_on") - pl.col("received_on")).dt.total_days()
    is_decided = pl.col("decided_on") <= pl.col("due_on")
    came_to = percentile(
        pl.when(is_decided.fill_null(value=False)).then(days).otherwise(_NEVER), 0.5
    )
    said = pl.col("said_days").first()
    return (
        applicants.filter(~is_given_up.fill_null(value=False))
        .group_by(*keys, "said_on")
        .agg(
            pl.col("due_on").first(),
            applicants=pl.len(),
            is_hit=(came_to - said).abs()
            <= pl.max_horizontal(said * ALLOWED, pl.lit(ALLOWED_DAYS)),
        )
        .filter(pl.col("applicants") >= FEWEST_APPLICANTS)
    )


def _said(book: pl.DataFrame, population: str) -> pl.DataFrame:
    """Give what was said on each Friday evening, and when that must have come true."""
    told_one_by_one = pl.col("open") - pl.col("counted_open")
    said = reach(told_one_by_one, pl.col("window_decided"), pl.col("window_days"))
    longest = (said * (1 + ALLOWED)).ceil().cast(pl.Int64)
    fridays = (
        book.filter(pl.col("day").dt.weekday() == _FRIDAY)
        .with_columns(said_days=said)
        .filter(pl.col("said_days").is_not_null())
    )
    columns = {
        "population": pl.lit(population),
        "said_on": pl.col("day"),
        "said_days": pl.col("said_days"),
        "due_on": pl.col("day") + _WEEK + pl.duration(days=longest),
        **{name: pl.col(name) for name in POPULATIONS[population]},
    }
    return fridays.select(
        columns.get(name, pl.lit(None)).cast(kind).alias(name)
        for name, kind in _SAID.items()
    )
