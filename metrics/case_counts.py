"""Offices that report only sums of their cases: what came in and was closed, and when.

A series is what one office reports of one service. Its events are rows of the book of
cases (see metrics/book.py): the sums of a period stand on its last day, and every day
of the series says of which period it is, so that no part of one passes for a whole:

from_counts              how many series there are on the day
whole_from, whole_to     the period that the day belongs to
lacks_received, ...      series whose sums for the day's period nobody told
lacks_open               series whose open cases on the day nobody told
counted_open             changes of the open cases; also in `open`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from ingest.city import City
from ingest.warehouse import read_frame, read_rows
from metrics.frames import UNBALANCED
from metrics.latest import told_last
from metrics.reading import Reading
from metrics.small_offices import hidden_offices, with_merged_offices
from metrics.spans import of_known_offices, spans_of

_SERIES: Final = ("told_by", "office", "service")
_SUMS: Final = ("received", "decided", "open_at_end")
_HAVE_CASES: Final = """
    SELECT DISTINCT office FROM cases JOIN deliveries USING (delivery_id)
    WHERE superseded_at IS NULL
"""


@dataclass(frozen=True)
class CaseCounts:
    """The sums of a city's offices, period by period."""

    periods: pl.DataFrame  # _SERIES, from_on, to_on (inclusive), _SUMS
    spans: pl.DataFrame
    covered: pl.DataFrame


def counts_of(reading: Reading) -> CaseCounts | None:
    """Read them once for all that is made of them; None: every office tells cases."""
    return reading.once("case_counts", _read_counts)


def _read_counts(reading: Reading) -> CaseCounts | None:
    rows = _told_last(reading)
    # An office that tells case by case is not counted by its sums as well.
    known = read_frame(reading.connection, _HAVE_CASES)["office"]
    rows = _without_overlaps(rows.filter(~pl.col("office").is_in(known.implode())))
    rows = rows.with_columns(told_by="office")
    rows = of_known_offices(with_merged_offices(rows, reading.city), reading.city)
    if rows.is_empty():
        return None
    ends = [rows.with_columns(day=name) for name in ("from_on", "to_on")]
    spans = spans_of(reading, pl.concat(ends))
    days = rows.select("office", day=pl.date_ranges("from_on", "to_on")).explode("day")
    return CaseCounts(
        periods=rows.select(*_SERIES, "from_on", "to_on", *_SUMS).sort(
            *_SERIES, "from_on"
        ),
        spans=spans,
        covered=days.with_columns(pl.col("office").cast(pl.String)).unique(),
    )


def count_events(counts: CaseCounts) -> Iterator[pl.DataFrame]:
    """Give what happened on each day of each series."""
    periods = counts.periods.with_columns(
        change=pl.col("open_at_end").fill_null(strategy="forward").over(_SERIES)
    ).with_columns(
        pl.col("change").fill_null(0)
        - pl.col("change").fill_null(0).shift(fill_value=0).over(_SERIES)
    )
    at_end = periods.select(
        *_SERIES[1:],
        day="to_on",
        received=pl.col("received").fill_null(0),
        decided=pl.col("decided").fill_null(0),
        counted_decided=pl.col("decided").fill_null(0),
        lacks_received=pl.col("received").is_null().cast(pl.Int64),
        lacks_decided=pl.col("decided").is_null().cast(pl.Int64),
        open="change",
        counted_open="change",
    )
    of_offices = counts.spans.select(
        pl.col("office").cast(periods.schema["office"]), "first_on"
    )
    for events in (at_end, _days(periods, counts.periods)):
        yield (
            events.join(of_offices, on="office")
            # What was open before the figures begin is in their opening balance.
            .with_columns(is_before=pl.col("day") < pl.col("first_on"))
            .with_columns(
                pl.when(~pl.col("is_before"))
                .then(pl.col(name))
                .otherwise(pl.lit(None))
                .alias(name)
                for name in events.columns
                if name not in ("office", "service", "day", "open", "counted_open")
            )
            .with_columns(day=pl.max_horizontal("day", "first_on"))
            .drop("first_on", "is_before")
        )


def unbalanced(reading: Reading) -> pl.DataFrame:
    """Find the periods whose sums do not add up with the one before.

    What is open at the end must be what was open before, and what came in, without
    what was closed.
    """
    counts = counts_of(reading)
    if counts is None:
        return pl.DataFrame(schema=UNBALANCED)
    before = pl.col("open_at_end").shift().over(_SERIES)
    follows = pl.col("from_on") == pl.col("to_on").shift().over(_SERIES).dt.offset_by(
        "1d"
    )
    expected = before + pl.col("received") - pl.col("decided")
    return (
        counts.periods.filter(follows & (pl.col("open_at_end") != expected))
        .select("office", "service", period_start=pl.col("from_on"), period_end="to_on")
        .cast(UNBALANCED)
        .unique()
        .sort("office", "service", "period_start", nulls_last=False)
    )


def protect_unbalanced(
    periods: pl.DataFrame, city: City, now: datetime
) -> pl.DataFrame:
    """Say of which closed periods it is, but not of sensitive services."""
    sensitive = [service.id for service in city.services if service.sensitive]
    kept_back = {
        office.id
        for office in city.offices
        if (services := city.services_of(office.id))
        and all(service.sensitive for service in services)
    }
    today = now.astimezone(city.timezone).date()
    return periods.filter(
        pl.col("period_end") < today,
        ~pl.col("office").is_in([*kept_back, *hidden_offices(city)]),
        ~pl.col("service").is_in(sensitive).fill_null(value=False),
    )


def _told_last(reading: Reading) -> pl.DataFrame:
    rows = read_rows(reading.connection, "case_counts")
    sums = ("office", "service", "period_from", "period_to")
    return (
        told_last(reading.connection, rows, sums)
        .with_columns(
            from_on="period_from", to_on=pl.col("period_to").dt.offset_by("-1d")
        )
        .filter(pl.col("from_on") <= pl.col("to_on"))
    )


def _without_overlaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Prefer months to the quarter that holds them: together they would count twice."""
    length = (pl.col("to_on") - pl.col("from_on")).alias("length")
    ordered = rows.sort(length, "from_on", "office", "service", nulls_last=True)
    taken: dict[tuple[str, str | None], list[tuple[date, date]]] = {}
    keep = []
    for row in ordered.select("office", "service", "from_on", "to_on").iter_rows():
        office, service, first, last = row
        spans = taken.setdefault((office, service), [])
        is_free = all(last < begun or ended < first for begun, ended in spans)
        keep.append(is_free)
        if is_free:
            spans.append((first, last))
    return ordered.filter(pl.Series(keep, dtype=pl.Boolean))


def _days(periods: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Say of each day of each series what is known of it.

    A series lasts as long as its office reports: what it then lacks is missing, not 0.
    """
    lasts = told.group_by(_SERIES).agg(first_on=pl.col("from_on").min())
    ends = told.group_by("told_by").agg(last_on=pl.col("to_on").max())
    days = (
        lasts.join(ends, on="told_by")
        .select(*_SERIES, day=pl.date_ranges("first_on", "last_on"))
        .explode("day")
    )
    of_periods = periods.select(
        *_SERIES,
        day=pl.date_ranges("from_on", "to_on"),
        whole_from="from_on",
        whole_to="to_on",
        is_open_told=pl.col("open_at_end").is_not_null(),
    ).explode("day")
    is_gap = pl.col("whole_to").is_null().cast(pl.Int64)
    is_told = pl.col("is_open_told") & (pl.col("day") == pl.col("whole_to"))
    return days.join(
        of_periods, on=[*_SERIES, "day"], how="left", nulls_equal=True
    ).select(
        "office",
        "service",
        "day",
        "whole_from",
        "whole_to",
        from_counts=pl.lit(1, pl.Int64),
        lacks_received=is_gap,
        lacks_decided=is_gap,
        lacks_open=(~is_told.fill_null(value=False)).cast(pl.Int64),
    )
