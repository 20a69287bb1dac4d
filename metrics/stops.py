"""Who holds a case: the days on which its office waited for others.

A row of the stops is a span of days of one case, from `from_on` up to the day before
`to_on` (null: it lasts); no two of a case overlap.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from ingest.warehouse import read_rows
from metrics.cohorts import Cohort, number_of, numbers_of
from metrics.latest import told_last
from metrics.reading import Reading
from metrics.spans import local_day

HOLDERS: Final = ("applicant", "third_party")
_CASE: Final = ("row", "office", "service", "channel")


def told_stops(reading: Reading, cohorts: Sequence[Cohort]) -> pl.DataFrame:
    """Read all stops, each as it was told last, in local days, with its case's cohort.

    number, year, holder, from_on, to_on
    """
    pauses = read_rows(reading.connection, "case_pauses")
    stops = told_last(reading.connection, pauses, ("case_key", "from_at")).select(
        "holder",
        number=number_of(pl.col("case_key")),
        from_on=local_day("from_at", reading.city),
        to_on=local_day("to_at", reading.city),
    )
    if stops.is_empty():
        return stops.with_columns(year=pl.lit(0))
    cases = numbers_of(cohorts).join(stops, on="number", how="semi")
    # A number that two offices give is of one case of each: nobody knows of which.
    return stops.join(cases.filter(~pl.col("number").is_duplicated()), on="number")


def stops_of(cases: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Cut stops to the days on which their case was open, and join what overlaps.

    A case that waits for both waits for its applicant. `row` is the case's.
    """
    received, ended = pl.col("received_on"), pl.col("ended_on")
    within = (
        cases.with_row_index("row")
        .select(*_CASE, "number", "received_on", "ended_on")
        .join(told, on="number")
        .with_columns(
            from_on=pl.max_horizontal("from_on", received),
            to_on=pl.min_horizontal("to_on", ended),
        )
        .filter(
            ended.is_null() | (pl.col("from_on") < ended),
            pl.col("to_on").is_null() | (pl.col("from_on") < pl.col("to_on")),
        )
    )
    return _one_holder_a_day(within)


def net_days(cases: pl.DataFrame, stops: pl.DataFrame) -> pl.Series:
    """Give the days from complete to decided without those that others held the case.

    Null where nobody says when the case was complete.
    """
    decided = pl.col("decided_on")
    is_known = pl.col("complete_on") <= decided
    begun = cases.with_row_index("row").select(
        "row", "decided_on", start_on=pl.max_horizontal("received_on", "complete_on")
    )
    stopped = (
        stops.join(begun, on="row")
        .group_by("row")
        .agg(
            days=(
                pl.min_horizontal("to_on", decided)
                - pl.max_horizontal("from_on", "start_on")
            )
            .dt.total_days()
            .clip(0)
            .sum()
        )
    )
    days = (decided - pl.col("start_on")).dt.total_days()
    return (
        begun.join(stopped, on="row", how="left", maintain_order="left")
        .with_columns(cases.select(is_known=is_known).to_series())
        .select(net_days=pl.when("is_known").then(days - pl.col("days").fill_null(0)))
        .to_series()
    )


def _one_holder_a_day(stops: pl.DataFrame) -> pl.DataFrame:
    applicant = (pl.col("holder") == "applicant").cast(pl.Int64)
    begins = stops.select(*_CASE, day="from_on", applicant=applicant, all=1)
    ends = stops.filter(pl.col("to_on").is_not_null()).select(
        *_CASE, day="to_on", applicant=-applicant, all=-1
    )
    waits_for = pl.col("applicant", "all").cum_sum().over("row")
    return (
        pl.concat([begins, ends.cast(begins.schema)])
        .group_by(*_CASE, "day")
        .agg(pl.col("applicant", "all").sum())
        .sort("row", "day")
        .with_columns(waits_for)
        .select(
            *_CASE,
            holder=pl.when(pl.col("applicant") > 0)
            .then(pl.lit("applicant"))
            .when(pl.col("all") > 0)
            .then(pl.lit("third_party")),
            from_on="day",
            to_on=pl.col("day").shift(-1).over("row"),
        )
        .filter(pl.col("holder").is_not_null())
    )
