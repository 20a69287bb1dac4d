"""Cases with what follows from the city file and the deliveries: deadlines, stops."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from metrics.cohorts import Cohort, cohorts_of, told_receipts
from metrics.deadlines import due_on, longest
from metrics.hashes import digest_of
from metrics.reading import Reading
from metrics.spans import days_of, spans_of
from metrics.stops import net_days, stops_of, told_stops

_GROUP: Final = ("office", "service", "channel")
_LEFT_OVER: Final = timedelta(days=365)


@dataclass(frozen=True)
class Cases:
    """All cases of a city, cohort by cohort; see `rows` for one's columns."""

    reading: Reading
    cohorts: Sequence[Cohort]
    spans: pl.DataFrame
    covered: pl.DataFrame
    stops: pl.DataFrame  # of all cohorts, see metrics/stops.py
    recorded: Collection[str]  # services of which it is said when a case was complete

    def rows(self, cohort: Cohort, rows: pl.DataFrame) -> pl.DataFrame:
        """Give rows of a cohort, with the local days of what happened to the cases.

        Of their office they say when its book begins (`first_on`), and how far the
        deliveries reach (`reached_on`).
        """
        city, calendar = self.reading.city, self.reading.calendar
        rows = rows.with_columns(
            due_on=due_on(rows, self.recorded, city, calendar),
            net_days=net_days(rows, stops_of(rows, self._stops(cohort))),
        )
        return self._with_reach(rows.drop("delivery_id", "complete_on"))

    def applicants(self, cohort: Cohort) -> pl.DataFrame:
        """Give the cases in the book, with nothing that has to be worked out."""
        rows = cohort.rows.select(*_GROUP, "received_on", "decided_on", "ended_on")
        is_in_book = pl.col("received_on") >= pl.col("first_on")
        return self._with_reach(rows.collect()).filter(is_in_book)

    def stops_of(self, cohort: Cohort, rows: pl.DataFrame) -> pl.DataFrame:
        """Give the days on which a case's office waited for others."""
        stops = stops_of(rows, self._stops(cohort))
        begun = rows.select("office", "first_on").unique()
        return stops.join(begun, on="office")

    def made_of(self, cohort: Cohort) -> str:
        """Tell these rows of a cohort from others, without reading them."""
        latest = cohort.rows.select(
            pl.max_horizontal(pl.col("received_on").max(), pl.col("complete_on").max())
        ).collect()
        # Once all deadlines have run out, nothing changes by waiting longer. (A cohort
        # that all cases have left has no latest day.)
        settled_on = (latest.item() or date.min) + longest(self.reading.city)
        spans = self.spans.select(
            "office", "first_on", pl.min_horizontal("complete_on", pl.lit(settled_on))
        )
        stops = digest_of(self._stops(cohort))
        return f"{cohort.key} {stops} {digest_of(spans)} {sorted(self.recorded)}"

    def _with_reach(self, rows: pl.DataFrame) -> pl.DataFrame:
        reach = self.spans.select(
            pl.col("office").cast(rows.schema["office"]),
            "first_on",
            reached_on="complete_on",
        )
        return rows.join(reach, on="office")

    def _stops(self, cohort: Cohort) -> pl.DataFrame:
        return self.stops.filter(pl.col("year") == cohort.year)


def cases_of(reading: Reading) -> Cases | None:
    """Find all cases, once for all that is counted from them; None: there are none."""
    return reading.whole.once("cases", _find_cases)


def _find_cases(of_one: Reading) -> Cases | None:
    # Whose case a stop is of depends on the numbers that other offices give.
    reading = replace(of_one, office=None)
    told = told_receipts(reading)
    if told.is_empty():
        return None
    spans = spans_of(reading, _in_book(told))
    if spans.is_empty():  # nothing since the first day that figures are made of
        return None
    cohorts = cohorts_of(reading)
    return Cases(
        reading=reading,
        cohorts=cohorts,
        spans=spans,
        # A day of the span without a case is a day on which nobody applied.
        covered=days_of(spans),
        stops=told_stops(reading, cohorts),
        recorded=_recorded(cohorts),
    )


def _recorded(cohorts: Sequence[Cohort]) -> list[str]:
    found = pl.concat(
        cohort.rows.filter(pl.col("complete_on").is_not_null()).select(
            pl.col("service").cast(pl.String).unique()
        )
        for cohort in cohorts
    )
    return found.unique().drop_nulls().sort("service").collect()["service"].to_list()


def _in_book(told: pl.DataFrame) -> pl.DataFrame:
    """Leave out left-overs from before each office's book begins.

    Exports hold old cases that are still open; their receipt long ago says nothing
    about what else came in then. So a book begins after the last year without any.
    """
    begins = (
        told.select("office", "day")
        .unique()
        .sort("office", "day")
        .filter(
            (pl.col("day") - pl.col("day").shift() > _LEFT_OVER)
            .over("office")
            .fill_null(value=True)
        )
        .group_by("office")
        .agg(begins_on=pl.col("day").max())
    )
    return told.join(begins, on="office").filter(pl.col("day") >= pl.col("begins_on"))
