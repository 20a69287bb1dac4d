"""What a snapshot says of its own origin: code, city file, deliveries, calendar."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import read_frame
from metrics.calendar import Calendar, days_between
from metrics.moments import iso

# A source with more deliveries than this (a live feed) is listed by month.
LISTED_ONE_BY_ONE: Final = 500

_ROOT: Final = Path(__file__).resolve().parents[1]
_DELIVERIES: Final = """
    SELECT delivery_id, source, table_name AS "table", name, content_sha256,
           covers_from, covers_to, received_at, rows_read, rows_loaded, rows_quarantined
    FROM deliveries
    WHERE superseded_at IS NULL
    ORDER BY source, received_at, delivery_id
"""


def manifest_of(city: City, city_file: Path) -> dict[str, Any]:
    info = city.info
    return {
        "city": info.id,
        "publisher": info.publisher,
        "licence": info.licence,
        "sample_data": info.sample_data,
        "rounding_base": city.publish.rounding_base,
        "code_version": code_version(),
        "city_file_sha256": hashlib.sha256(city_file.read_bytes()).hexdigest(),
    }


@cache
def code_version() -> str:
    """Name the version of this code, and its commit where it runs from a checkout."""
    try:
        release = version("amtspuls")
    except PackageNotFoundError:
        release = "unreleased"
    commit = _commit(_ROOT / ".git")
    return f"{release}+{commit[:12]}" if commit else release


def deliveries_used(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """List the deliveries that count, with what they cover and their hashes."""
    deliveries = read_frame(connection, _DELIVERIES).with_columns(
        deliveries=pl.lit(1, pl.Int64)
    )
    return [
        _entry(row)
        for those in deliveries.partition_by("source", maintain_order=True)
        for row in (
            those if those.height <= LISTED_ONE_BY_ONE else _by_month(those)
        ).iter_rows(named=True)
    ]


def calendar_document(
    city: City, figures: pl.DataFrame, now: datetime
) -> dict[str, Any]:
    """Say which days offices open, from the first figure to the end of next year."""
    today = now.astimezone(city.timezone).date()
    first = city.info.first_day or _first_day(figures) or today
    first, last = date(min(first, today).year, 1, 1), date(today.year + 1, 12, 31)
    calendar = Calendar(city)
    opening = calendar.opening_days(first, last).group_by("office")
    days = dict(opening.agg(pl.col("day").sort().dt.to_string()).iter_rows())
    return {
        "state": city.info.state,
        "timezone": city.info.timezone,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "holidays": [
            {"on": day.isoformat(), "name": name.model_dump(mode="json")}
            for day in days_between(first, last)
            if (name := calendar.holiday(day)) is not None
        ],
        "closures": [each.model_dump(mode="json") for each in city.closures],
        "events": [each.model_dump(mode="json") for each in city.events],
        "opening_days": {office.id: days.get(office.id, []) for office in city.offices},
    }


def _first_day(figures: pl.DataFrame) -> date | None:
    if figures.is_empty():
        return None
    first: date = figures.select(pl.col("period_start").min()).item()
    return first


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _by_month(deliveries: pl.DataFrame) -> pl.DataFrame:
    """Put the many deliveries of a feed together, with one hash over all of theirs."""
    month = pl.col("received_at").dt.strftime("%Y-%m")
    return (
        deliveries.group_by(month=month, maintain_order=True)
        .agg(
            pl.col("source", "table", "name").first(),
            pl.col("rows_read", "rows_loaded", "rows_quarantined").sum(),
            pl.col("deliveries").sum(),
            pl.col("content_sha256").sort().str.join("\n"),
            pl.col("covers_from").min(),
            pl.col("covers_to").max(),
            pl.col("received_at").last(),
        )
        .with_columns(
            pl.col("content_sha256").map_elements(_sha256, pl.String),
            delivery_id=pl.format("{}/{}", "source", "month"),
        )
        .drop("month")
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _commit(git: Path) -> str | None:
    """Read the commit without asking git, which a server need not have."""
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).is_file():
            return (git / name).read_text(encoding="ascii").strip()
        packed = (git / "packed-refs").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = (line.split()[0] for line in packed if line.endswith(f" {name}"))
    return next(found, None)
