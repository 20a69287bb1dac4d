"""From rows of ZMS to hours of a queue, and to days of appointment minutes."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.adapters import columns
from ingest.adapters.base import REFUSED
from ingest.interface_mappings import ZmsMapping
from ingest.mappings import Column

Rows = tuple[pl.DataFrame, pl.DataFrame]  # of the table, and REFUSED

# The names without an ending are those of people without an appointment.
_CHANNELS: Final = (("walk_in", ""), ("appointment", "_termin"))
_MEASURES: Final[Mapping[str, str]] = {
    "customers": "waitingcount",
    "mean_wait_minutes": "waitingtime",
    "mean_walk_minutes": "waytime",
    "estimated_wait_minutes": "waitingcalculated",
}
_MINUTES: Final[Mapping[str, str]] = {
    "booked_minutes": "bookedminutes",
    "planned_minutes": "plannedminutes",
}
_DAY: Final = ("row_number", "office", "slots_on")
_DAY_OF: Final = r"^(\d{4}-\d{2}-\d{2})"


def numbers(nth: int) -> pl.Expr:
    """Tell the two rows apart that one of ZMS's becomes: of the fourth, 7 and 8."""
    return (pl.col("row_number") * 2 - 1 + nth).alias("row_number")


def hours_of(raw: pl.DataFrame, mapping: ZmsMapping, reading: columns.Reading) -> Rows:
    """Give a row per hour and channel; where ZMS writes 0 for "nothing", NULL."""
    raw = raw.filter(_somebody_came())
    found, refused = [], []
    for nth, (channel, ending) in enumerate(_CHANNELS):
        numbered = raw.with_columns(numbers(nth))
        measures = {
            name: Column(column=f"{theirs}{ending}")
            for name, theirs in _MEASURES.items()
        }
        mapped = {
            "office": Column(column="subjectid", values=dict(mapping.offices)),
            "channel": Column(value=channel),
            "hour_at": Column(column=("date", "hour"), format="%Y-%m-%d %H"),
            **measures,
        }
        filled = columns.fill(numbered, "queue_hours", mapped, reading)
        rows, nobody = _without_nobody(filled.rows)
        found.append(_without_zeros(rows))
        refused += [filled.refused, _refused(numbered, nobody, mapped, reading)]
    return pl.concat(found).sort("row_number", maintain_order=True), pl.concat(refused)


def days_of_slots(
    raw: pl.DataFrame, mapping: ZmsMapping, reading: columns.Reading
) -> Rows:
    """Give a row per day; where the internet's share is told, one for each channel."""
    mapped = {
        "office": Column(column="subjectid", values=dict(mapping.offices)),
        "slots_on": Column(column="day"),
        **{name: Column(column=theirs) for name, theirs in _MINUTES.items()},
    }
    public = {
        **mapped,
        **{
            name: Column(column=f"{theirs}_public") for name, theirs in _MINUTES.items()
        },
    }
    again = ~pl.struct(pl.exclude("row_number")).is_first_distinct()
    raw = raw.filter(~((pl.col("period") == "hour") & again)).with_columns(
        day=pl.col("date").str.extract(_DAY_OF)
    )
    all_slots = columns.fill(raw, "slots", mapped, reading)
    online = columns.fill(raw, "slots", public, reading)
    unread = pl.concat([all_slots.refused, online.refused]).unique(
        "row_number", keep="first", maintain_order=True
    )
    rows = all_slots.rows.join(
        online.rows.select(
            "row_number", *(pl.col(name).alias(f"{name}_online") for name in _MINUTES)
        ),
        on="row_number",
        maintain_order="left",
    )
    too_much = rows.filter(
        pl.any_horizontal(
            pl.col(f"{name}_online") > pl.col(name) for name in _MINUTES
        ).fill_null(value=False)
    )["row_number"]
    wrong = _refused(raw, too_much, mapped, reading, "part_exceeds_whole")
    refused = pl.concat([unread, wrong])
    rows = rows.filter(~pl.col("row_number").is_in(too_much.implode()))
    return _summed(raw, rows, refused)


def _somebody_came() -> pl.Expr:
    """Leave hours out in which all is 0: nobody came, or nothing was recorded."""
    said = [
        pl.col(f"{name}{ending}").fill_null("").str.strip_chars()
        for name in _MEASURES.values()
        for _, ending in _CHANNELS
    ]
    return pl.any_horizontal(~one.str.contains(r"^[0.,]*$") for one in said)


def _without_nobody(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Take out the means of nobody: a time, but no people to have waited."""
    nobody = (
        (pl.col("customers").fill_null(0) == 0) & (pl.col("mean_wait_minutes") > 0)
    ).fill_null(value=False)
    return rows.filter(~nobody), rows.filter(nobody)["row_number"]


def _without_zeros(rows: pl.DataFrame) -> pl.DataFrame:
    """Read a time of 0 as "not known".

    ZMS leaves waits of 0 minutes out before it takes the mean, and writes 0 where it
    has none: a mean of 0 is never one that was measured.
    """
    times = [name for name in _MEASURES if name != "customers"]
    return rows.with_columns(
        pl.when(pl.col(name) != 0).then(pl.col(name)).alias(name) for name in times
    )


def _summed(raw: pl.DataFrame, rows: pl.DataFrame, refused: pl.DataFrame) -> Rows:
    """Sum hours to days; a day of which an hour is refused or doubtful has no sum."""
    place = raw.select("row_number", "subjectid", "date", "day", "period")
    placed = rows.join(place, on="row_number", maintain_order="left")
    by_hour = placed.filter(pl.col("period") == "hour")
    twice = by_hour.filter(pl.struct("subjectid", "date").is_duplicated())
    gaps = place.join(refused.select("row_number"), on="row_number", how="semi")
    days = ["subjectid", "day"]
    doubtful = pl.concat([twice.select(days), gaps.select(days)])
    torn = by_hour.join(doubtful, on=days, how="semi")
    summed = (
        by_hour.join(doubtful, on=days, how="anti", maintain_order="left")
        .group_by("office", "slots_on", maintain_order=True)
        .agg(
            pl.col("row_number").min(),
            *(_sum_of_known(name) for name in rows.columns if name not in _DAY),
        )
    )
    by_day = placed.filter(pl.col("period") != "hour").select(summed.columns)
    left_out = torn.select(
        "row_number",
        pl.lit(None, pl.String).alias("field"),
        pl.lit("broken_row").alias("reason"),
        pl.lit("{}").alias("row_json"),
    )
    refused = pl.concat([refused, left_out]).with_columns(numbers(0))
    return _by_channel(pl.concat([by_day, summed])), refused


def _sum_of_known(name: str) -> pl.Expr:
    known = pl.col(name).is_not_null().all()
    return pl.when(known).then(pl.col(name).sum()).otherwise(None).alias(name)


def _by_channel(rows: pl.DataFrame) -> pl.DataFrame:
    """Split a day into the internet's minutes and the rest, where both are known."""
    both = pl.all_horizontal(
        pl.col(f"{name}_online").is_not_null() & pl.col(name).is_not_null()
        for name in _MINUTES
    )
    key = list(_DAY)
    parts = [
        rows.filter(~both).select(numbers(0), *key[1:],
                                  pl.lit(None, pl.String).alias("channel"),
                                  *_MINUTES),
        rows.filter(both).select(
            numbers(1),
            *key[1:],
            pl.lit("online").alias("channel"),
            *(pl.col(f"{name}_online").alias(name) for name in _MINUTES),
        ),
        rows.filter(both).select(
            numbers(0),
            *key[1:],
            pl.lit("internal").alias("channel"),
            *(pl.col(name) - pl.col(f"{name}_online") for name in _MINUTES),
        ),
    ]  # fmt: skip
    return pl.concat(parts).sort("row_number", "channel", maintain_order=True)


def _refused(
    raw: pl.DataFrame,
    numbers: pl.Series,
    mapped: Mapping[str, Column],
    reading: columns.Reading,
    reason: str = "mean_of_nobody",
) -> pl.DataFrame:
    rows = raw.filter(pl.col("row_number").is_in(numbers.implode()))
    return pl.DataFrame(
        {
            "row_number": rows["row_number"],
            "field": None,
            "reason": reason,
            "row_json": columns.as_json(rows, mapped, reading.pseudonym),
        },
        schema=REFUSED,
    )
