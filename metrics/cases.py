"""The rows behind the processing KPIs: each case once, as the city last told of it."""

from collections.abc import Callable, Iterator

import polars as pl

from metrics.case_rows import Cases, cases_of
from metrics.case_sums import case_sums, decision_rows, receipt_rows
from metrics.hashes import keys_of_hashes
from metrics.reading import Reading
from metrics.spans import Counted, by_population


def count_decisions(reading: Reading) -> Counted | None:
    """Count cases by the day on which they were decided."""
    # Sorted once, so that the percentiles of every group are found faster.
    return _counted(reading, "decided", decision_rows, sort_by="days")


def count_receipts(reading: Reading) -> Counted | None:
    """Count cases by the day on which they were received."""
    return _counted(reading, "received", receipt_rows)


def _counted(
    reading: Reading,
    done: str,
    rows_of: Callable[[pl.DataFrame], pl.DataFrame],
    sort_by: str | None = None,
) -> Counted | None:
    cases = cases_of(reading)
    if cases is None:
        return None
    sums = case_sums(reading)
    # That there is a group is known, too, where none of its cases was decided.
    groups = sums["groups"].with_columns(day=pl.lit(None, pl.Date))
    parts = [rows_of(part) for part in _parts(cases, reading, f"{done}_on")]
    rows = pl.concat([groups, *parts], how="diagonal")
    if sort_by in rows.columns:
        rows = rows.sort(sort_by)
    return Counted(
        rows=by_population(rows, reading.city),
        spans=cases.spans,
        covered=cases.covered,
        events=pl.len(),
        keys=reading.whole.once(
            f"keys of {done}", lambda _: keys_of_hashes(sums[done])
        ),
    )


def _parts(cases: Cases, reading: Reading, day: str) -> Iterator[pl.DataFrame]:
    """Yield the cases of each cohort to which this happened on the reading's days."""
    where = pl.lit(value=True)
    if reading.days is not None:
        first, last = reading.days
        if first > last:
            return
        where = pl.col(day).is_between(first, last)
    for cohort in cases.cohorts:
        found = cohort.rows.filter(where).collect()
        # Of most cohorts there are none; of one they are needed for their columns.
        if found.height or cohort is cases.cohorts[-1]:
            yield cases.rows(cohort, found)
