"""What a snapshot says of its own origin: code, city file, deliveries, calendar."""

import hashlib
from collections.abc import Mapping, Sequence
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
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in read_frame(connection, _DELIVERIES).iter_rows(named=True):
        by_source.setdefault(row["source"], []).append(_entry(row))
    return [
        entry
        for entries in by_source.values()
        for entry in (
            entries if len(entries) <= LISTED_ONE_BY_ONE else _by_month(entries)
        )
    ]


def calendar_document(
    city: City, figures: pl.DataFrame, now: datetime
) -> dict[str, Any]:
    """Say which days offices open, from the first figure to the end of next year."""
    today = now.astimezone(city.timezone).date()
    first = city.info.first_day or _first_day(figures) or today
    first, last = date(min(first, today).year, 1, 1), date(today.year + 1, 12, 31)
    calendar = Calendar(city)
    opening: dict[str, list[str]] = {office.id: [] for office in city.offices}
    for office, day in calendar.opening_days(first, last).iter_rows():
        opening[office].append(day.isoformat())
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
        "opening_days": opening,
    }


def _first_day(figures: pl.DataFrame) -> date | None:
    if figures.is_empty():
        return None
    first: date = figures.select(pl.col("period_start").min()).item()
    return first


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{
            name: iso(value) if isinstance(value, datetime) else value
            for name, value in row.items()
        },
        "deliveries": 1,
    }


def _by_month(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put the many deliveries of a feed together, with one hash over all of theirs."""
    months: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        months.setdefault(entry["received_at"][:7], []).append(entry)
    return [_month(month, those) for month, those in months.items()]


def _month(month: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, last = entries[0], entries[-1]
    hashes = "\n".join(sorted(entry["content_sha256"] for entry in entries))
    starts = [each["covers_from"] for each in entries if each["covers_from"]]
    ends = [each["covers_to"] for each in entries if each["covers_to"]]
    counts = ("rows_read", "rows_loaded", "rows_quarantined")
    return {
        **first,
        **{name: sum(each[name] for each in entries) for name in counts},
        "delivery_id": f"{first['source']}/{month}",
        "content_sha256": hashlib.sha256(hashes.encode()).hexdigest(),
        "covers_from": min(starts, default=None),
        "covers_to": max(ends, default=None),
        "received_at": last["received_at"],
        "deliveries": len(entries),
    }


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
