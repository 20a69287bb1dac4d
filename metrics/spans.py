"""How far an office's data reach, and which populations and periods are counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from ingest.city import City
from metrics.reach import reaches
from metrics.reading import Reading

# What a group is, beside its period. A service's own row, without its office, exists
# for sensitive services only, which are never shown by office.
POPULATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "city": (),
    "office": ("office",),
    "office_service": ("office", "service"),
    "office_channel": ("office", "channel"),
    "service": ("service",),
}
SPANS: Final = pl.Schema(
    {
        "office": pl.String,
        "first_on": pl.Date,
        "begins_on": pl.Date,  # deliveries say that nothing is missing from this day on
        "last_on": pl.Date,  # the last day that deliveries reach, perhaps in part
        "complete_on": pl.Date,  # the last day that they cover to its end
        "due_on": pl.Date,  # the last day that there must be figures for, be it gaps
    }
)
# Of several spans: how far any of them reaches, and how far all of them are known.
ALL_SPANS: Final = (
    pl.col("first_on", "begins_on").min(),
    pl.col("last_on").max(),
    pl.col("complete_on").min(),
    pl.col("due_on").max(),
)
# A source that begins this close to another's end has replaced it.
_HANDOVER: Final = timedelta(days=31)


@dataclass(frozen=True)
class Counted:
    """Rows to be counted, for each population, and the days that they stand for."""

    rows: Mapping[str, pl.DataFrame]
    spans: pl.DataFrame
    covered: pl.DataFrame  # office, day: days with data
    events: pl.Expr  # how much happened in a group; on a closed day nothing does
    keys: pl.DataFrame | None = None  # day, key: what has another key is other rows


def spans_of(reading: Reading, rows: pl.DataFrame) -> pl.DataFrame:
    """Find how far each office's data reach.

    Rows have office and day, and the source that told of them or their delivery_id.
    """
    reached = reading.whole.once("reaches", reaches)
    if "source" not in rows.columns:
        rows = (
            rows.group_by("office", "delivery_id")
            .agg(pl.col("day").min(), last_on=pl.col("day").max())
            .join(reached.select("delivery_id", "source"), on="delivery_id")
        )
    last_on = pl.col("last_on" if "last_on" in rows.columns else "day")
    by_source = (
        rows.group_by("office", "source")
        .agg(first_on=pl.col("day").min(), last_on=last_on.max())
        .with_columns(pl.col("source").cast(pl.String))
        .join(reached.drop("delivery_id").unique(), on="source")
    )
    return (
        by_source.with_columns(_is_replaced(by_source))
        .group_by("office")
        .agg(
            pl.col("first_on").min(),
            pl.min_horizontal("first_on", "begins_on").min().alias("begins_on"),
            pl.max_horizontal("last_on", "reaches_on").max().alias("last_on"),
            pl.col("complete_on").filter(~pl.col("is_replaced")).min(),
            pl.col("due_on").filter(~pl.col("is_replaced")).max(),
        )
        .with_columns(pl.max_horizontal("due_on", "last_on"))
        .with_columns(
            pl.max_horizontal(name, pl.lit(reading.city.info.first_day, pl.Date))
            for name in ("first_on", "begins_on")
        )
        .filter(pl.col("first_on") <= pl.col("last_on"))
        .select(pl.col(name).cast(kind) for name, kind in SPANS.items())
    )


def days_of(spans: pl.DataFrame) -> pl.DataFrame:
    """List every day of every office's span."""
    return (
        spans.select("office", day=pl.date_ranges("first_on", "last_on"))
        .explode("day")
        .select(pl.col("office"), pl.col("day"))
    )


def local_day(moment: str | pl.Expr, city: City) -> pl.Expr:
    """Give the day that people in the city call it."""
    column = pl.col(moment) if isinstance(moment, str) else moment
    return column.dt.convert_time_zone(city.info.timezone).dt.date()


def since_first_day(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Leave out what the city file says there are to be no figures of."""
    first_day = city.info.first_day
    return rows if first_day is None else rows.filter(pl.col("day") >= first_day)


def of_known_offices(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """Leave out offices that the city file does not name, and unknown services.

    A row of a service that the city file does not name counts for its office.
    """
    offices = pl.Enum([office.id for office in city.offices])
    services = pl.Enum([service.id for service in city.services])
    return rows.with_columns(
        pl.col("office").cast(offices, strict=False),
        pl.col("service").cast(services, strict=False),
    ).filter(pl.col("office").is_not_null())


def by_population(rows: pl.DataFrame, city: City) -> dict[str, pl.DataFrame]:
    """Give each population the rows that belong to one of its groups."""
    sensitive = [service.id for service in city.services if service.sensitive]
    populations = {
        "city": rows,
        "office": rows,
        "office_service": _with_known(rows, "service"),
        "office_channel": _with_known(rows, "channel"),
        "service": rows.filter(pl.col("service").is_in(sensitive)),
    }
    return {name: part for name, part in populations.items() if not part.is_empty()}


def _with_known(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Leave out rows without it; millions of rows are not copied for nothing."""
    is_known = rows[name].is_not_null()
    return rows if is_known.all() else rows.filter(is_known)


def _is_replaced(by_source: pl.DataFrame) -> pl.Expr:
    """Mark sources whose data end about where another's of the same office begin."""
    ends: list[tuple[str, str, date, date, date]] = by_source.select(
        pl.col("office").cast(pl.String), "source", "first_on", "last_on", "complete_on"
    ).rows()
    replaced = [
        f"{office}/{source}"
        for office, source, _, last_on, complete_on in ends
        if any(
            office == other_office
            and first_on > last_on - _HANDOVER
            and other_complete_on > complete_on
            for other_office, _, first_on, _, other_complete_on in ends
        )
    ]
    key = pl.concat_str(pl.col("office").cast(pl.String), "source", separator="/")
    return key.is_in(replaced).alias("is_replaced")
