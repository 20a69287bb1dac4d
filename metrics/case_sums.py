"""What the cases of a cohort add up to: kept, so that few cohorts are read again."""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from metrics.case_events import events_of
from metrics.case_rows import Cases, cases_of
from metrics.cohorts import Cohort
from metrics.hashes import hashes_of_rows
from metrics.periods import start_of
from metrics.reading import Reading

# What a cohort is asked: how many were decided after so many days?
DAYS: Final = (7, 14, 30, 60, 90, 180, 365)

_GROUP: Final = ("office", "service", "channel")


def case_sums(reading: Reading) -> Mapping[str, pl.DataFrame]:
    """Give what all cohorts add up to; nothing where there are no cases."""
    return reading.whole.once("case sums", _case_sums)


def _case_sums(reading: Reading) -> Mapping[str, pl.DataFrame]:
    cases = cases_of(reading)
    if cases is None:
        return {}
    of_cohorts = [_sums_of(cohort, cases) for cohort in cases.cohorts]
    return {
        name: pl.concat(sums[name] for sums in of_cohorts).collect() for name in _SUMS
    }


def _sums_of(cohort: Cohort, cases: Cases) -> Mapping[str, pl.LazyFrame]:
    shelf = cases.reading.shelf
    if shelf is None:
        return {name: sums.lazy() for name, sums in _made(cohort, cases).items()}
    made_of = cases.made_of(cohort)
    kept = {name: shelf.scan(f"{cohort}-{name}", made_of) for name in _SUMS}
    found = {name: sums for name, sums in kept.items() if sums is not None}
    if len(found) == len(_SUMS):
        return found
    return {
        name: shelf.put(f"{cohort}-{name}", made_of, sums)
        for name, sums in _made(cohort, cases).items()
    }


def _made(cohort: Cohort, cases: Cases) -> dict[str, pl.DataFrame]:
    rows = cases.rows(cohort, cohort.rows.collect())
    stops = cases.stops_of(cohort, rows)
    return {name: made(rows, stops) for name, made in _SUMS.items()}


def decision_rows(cases: pl.DataFrame) -> pl.DataFrame:
    """Give cases the day on which they were decided."""
    is_in_book = pl.col("decided_on") >= pl.col("first_on")
    return cases.select(
        *_GROUP,
        # Without a day a case counts nowhere, but its group is known.
        day=pl.when(is_in_book).then("decided_on"),
        days=(pl.col("decided_on") - pl.col("received_on")).dt.total_days(),
        net_days="net_days",
        is_online=_is_online(),
        is_end_to_end=pl.when(_is_online()).then("is_end_to_end"),
    )


def receipt_rows(cases: pl.DataFrame) -> pl.DataFrame:
    """Give cases the day on which they were received."""
    is_given_up = pl.col("decided_on").is_null() & pl.col("ended_on").is_not_null()
    is_in_time = pl.col("decided_on").is_not_null() & (
        pl.col("decided_on") <= pl.col("due_on")
    )
    is_in_book = pl.col("received_on") >= pl.col("first_on")
    return cases.select(
        *_GROUP,
        day=pl.when(is_in_book).then("received_on"),
        # Whoever gave up waits for no decision: for deadlines they do not count.
        is_awaited=~is_given_up,
        is_met=pl.when(pl.col("due_on").is_not_null() & ~is_given_up).then(is_in_time),
        is_deadline_over=pl.when(~is_given_up).then(
            pl.col("due_on") <= pl.col("reached_on")
        ),
        is_online=_is_online(),
    )


def _is_online() -> pl.Expr:
    """Null where nobody says by which way a case came."""
    return pl.col("channel") == "online"


def _groups(cases: pl.DataFrame, _stops: pl.DataFrame) -> pl.DataFrame:
    return cases.select(_GROUP).unique()


def _decided(cases: pl.DataFrame, _stops: pl.DataFrame) -> pl.DataFrame:
    return hashes_of_rows(decision_rows(cases))


def _received(cases: pl.DataFrame, _stops: pl.DataFrame) -> pl.DataFrame:
    return hashes_of_rows(receipt_rows(cases))


def _curves(cases: pl.DataFrame, _stops: pl.DataFrame) -> pl.DataFrame:
    """Count who was decided after so many days, by the quarter of receipt."""
    is_given_up = pl.col("decided_on").is_null() & pl.col("ended_on").is_not_null()
    received = pl.col("received_on")
    after = (pl.col("decided_on") - received).dt.total_days()
    return (
        cases.filter(~is_given_up, received >= pl.col("first_on"))
        .group_by(
            *_GROUP,
            cohort_start=start_of(received, "quarter"),
        )
        .agg(n=pl.len(), **{str(days): (after <= days).sum() for days in DAYS})
    )


_Sums = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
_SUMS: Final[Mapping[str, _Sums]] = {
    "groups": _groups,
    "decided": _decided,
    "received": _received,
    "events": events_of,
    "curves": _curves,
}
