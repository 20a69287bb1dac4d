"""How every source is doing: when it last came, how old it is, what was refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import duckdb
import polars as pl

from ingest import schedule
from ingest.city import City
from ingest.closing import deleted_before
from ingest.opening import last_open
from ingest.rules import MAY_LIE_AHEAD
from ingest.sources import QueueFeedSource, Source
from ingest.warehouse import columns_of, read_frame

# Of several outcomes of one attempt (a file each) the worst one is told.
_WORST_FIRST: Final = ("failed", "refused", "loaded", "unchanged")


@dataclass(frozen=True)
class SourceStatus:
    """What can be said of a source without looking into its rows."""

    id: str
    adapter: str
    publisher: str
    licence: str
    table: str
    schedule: Mapping[str, str]  # in words, by language
    max_age_hours: float
    last_run_at: datetime | None
    last_outcome: str | None
    last_error: str | None
    last_loaded_at: datetime | None
    data_until: datetime | None  # the latest moment, not ahead, that its rows tell of
    deliveries: int  # that count
    rows_loaded: int
    rows_quarantined: int
    refused_by_rule: dict[str, int]
    is_late: bool
    warned_by_rule: dict[str, int] = field(default_factory=dict)  # loaded all the same
    keep_months: int | None = None  # of single looks; None: for ever
    deleted_before: datetime | None = None  # up to when looks were deleted
    is_by_day: bool = False  # its rows tell of days, not of moments


def source_status(
    connection: duckdb.DuckDBPyConnection, city: City, now: datetime
) -> list[SourceStatus]:
    """Return the status of every source of the city file, in its order."""
    runs = _last_attempts(connection)
    loaded = _loaded(connection)
    refused = _by_rule(connection, "quarantine", "count(*)")
    warned = _by_rule(connection, "warnings", "sum(rows)::BIGINT")
    found = []
    for source in city.sources:
        run = runs.get(source.id, {})
        sums = loaded.get(source.id, {})
        data_until = _data_until(connection, source, city)
        if data_until is not None:
            # Planned days lie ahead: what is known of them is as of the delivery.
            data_until = min(data_until, sums["last_loaded_at"])
        found.append(
            SourceStatus(
                id=source.id,
                adapter=source.adapter,
                publisher=source.publisher,
                licence=source.licence,
                table=source.table,
                schedule=schedule.in_words(source),
                max_age_hours=source.max_age.total_seconds() / 3600,
                last_run_at=run.get("started_at"),
                last_outcome=run.get("outcome"),
                last_error=run.get("error"),
                last_loaded_at=sums.get("last_loaded_at"),
                data_until=data_until,
                deliveries=sums.get("deliveries", 0),
                rows_loaded=int(sums.get("rows_loaded", 0)),
                rows_quarantined=int(sums.get("rows_quarantined", 0)),
                refused_by_rule=refused.get(source.id, {}),
                is_late=_is_late(source, city, data_until, now),
                warned_by_rule=warned.get(source.id, {}),
                keep_months=source.keep_months,
                deleted_before=deleted_before(connection, source.id),
                is_by_day=not any(
                    _is_moment(source.table, name) for name in _times(source)
                ),
            )
        )
    return found


def _is_late(
    source: Source, city: City, data_until: datetime | None, now: datetime
) -> bool:
    """Tell whether the data are older than promised; closed offices have no queues."""
    if data_until is None:
        return True
    asked = now
    if isinstance(source, QueueFeedSource):
        asked = last_open(city, now) or now
    return asked - data_until > source.max_age


def _last_attempts(
    connection: duckdb.DuckDBPyConnection,
) -> dict[str, dict[str, Any]]:
    last = read_frame(
        connection,
        """
        SELECT source, started_at, outcome, error FROM runs
        QUALIFY started_at = max(started_at) OVER (PARTITION BY source)
        ORDER BY source, list_position(?, outcome)
        """,
        [list(_WORST_FIRST)],
    )
    by_source: dict[str, dict[str, Any]] = {}
    for row in last.iter_rows(named=True):
        by_source.setdefault(row["source"], row)
    return by_source


def _loaded(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    sums = read_frame(
        connection,
        """
        SELECT source, max(received_at) AS last_loaded_at,
            count(*) FILTER (superseded_at IS NULL) AS deliveries,
            coalesce(sum(rows_loaded) FILTER (superseded_at IS NULL), 0)::BIGINT
                AS rows_loaded,
            coalesce(sum(rows_quarantined) FILTER (superseded_at IS NULL), 0)::BIGINT
                AS rows_quarantined
        FROM deliveries GROUP BY source
        """,
    )
    return {row["source"]: row for row in sums.iter_rows(named=True)}


def _by_rule(
    connection: duckdb.DuckDBPyConnection, table: str, count: str
) -> dict[str, dict[str, int]]:
    counted = read_frame(
        connection,
        f"""
        SELECT source, reason, {count} AS counted
        FROM {table} JOIN deliveries USING (delivery_id)
        WHERE superseded_at IS NULL
        GROUP BY source, reason ORDER BY source, counted DESC, reason
        """,  # noqa: S608 - words of ours
    )
    by_source: dict[str, dict[str, int]] = {}
    for source, reason, rows in counted.iter_rows():
        by_source.setdefault(source, {})[reason] = rows
    return by_source


def _data_until(
    connection: duckdb.DuckDBPyConnection, source: Source, city: City
) -> datetime | None:
    columns = _times(source)
    latest = ", ".join(f"max({name}) AS {name}" for name in columns)
    newest = read_frame(
        connection,
        f"SELECT {latest} FROM {source.table} WHERE delivery_id IN"  # noqa: S608
        " (SELECT delivery_id FROM deliveries"
        " WHERE source = ? AND superseded_at IS NULL)",
        [source.id],
    )
    moments = [_as_moment(name, newest[name][0], city) for name in columns]
    return max((moment for moment in moments if moment is not None), default=None)


def _times(source: Source) -> list[str]:
    """Name the columns that say of when a table's rows tell."""
    return [
        name
        for name, column in columns_of(source.table).items()
        if column.dtype.is_temporal() and name not in MAY_LIE_AHEAD
    ]


def _is_moment(table: str, name: str) -> bool:
    return isinstance(columns_of(table)[name].dtype, pl.Datetime)


def _as_moment(name: str, value: date | None, city: City) -> datetime | None:
    """Give the moment up to which it tells: of a day its last one in the city."""
    if value is None or isinstance(value, datetime):
        return value
    # The day on which a period ends is no longer part of it.
    following = value if name.endswith("_to") else value + timedelta(days=1)
    midnight = datetime.combine(following, time(), city.timezone)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)
