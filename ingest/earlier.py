"""What earlier runs brought, as far as the next one has to know it."""

from datetime import timedelta
from typing import Final

import duckdb
import polars as pl

from ingest.adapters.base import Download, Loaded, Parsed, Seen
from ingest.sources import Source
from ingest.warehouse import read_frame, read_rows

_LOOKS: Final = "queue_samples"
_LOOK: Final = timedelta(milliseconds=1)  # what a single look covers, at most
_LOOK_BACK: Final = timedelta(days=1)  # a display is watched for frozenness by the day
_OF_SOURCE: Final = (
    "delivery_id IN (SELECT delivery_id FROM deliveries WHERE source = ?)"
)


def seen(connection: duckdb.DuckDBPyConnection, source: str, read_with: str) -> Seen:
    """Return the deliveries that count, by name, for an adapter to ask less.

    What was read with another mapping is asked for again, unless its rows were deleted.
    """
    counting = read_frame(
        connection,
        "SELECT name, received_at, covers_from, covers_to, etag, last_modified"
        " FROM deliveries WHERE source = ? AND superseded_at IS NULL"
        " AND (read_with = ? OR rows_deleted_at IS NOT NULL)"
        " QUALIFY received_at = max(received_at) OVER (PARTITION BY name)",
        [source, read_with],
    )
    return Seen(
        {
            row["name"]: Loaded(
                row["received_at"],
                None
                if row["covers_from"] is None
                else (row["covers_from"], row["covers_to"]),
                row["etag"],
                row["last_modified"],
            )
            for row in counting.iter_rows(named=True)
        }
    )


def is_known(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    download: Download,
    sha256: str,
    read_with: str,
    by_hand: bool,
) -> bool:
    """Tell whether these bytes were read before and would change nothing.

    In a folder, a file that a corrected one superseded still lies there: the last
    delivery of its name says that it was read. Who hands it in wants it back.
    """
    first, end = download.covers or (None, None)
    same = read_frame(
        connection,
        """
        SELECT count(*) AS found FROM (
            SELECT name, content_sha256, superseded_at,
                row_number() OVER (PARTITION BY name ORDER BY received_at DESC) AS nth,
                covers_from, covers_to, read_with, rows_deleted_at
            FROM deliveries WHERE source = ? AND (name = ? OR content_sha256 = ?)
        )
        WHERE content_sha256 = ?
            AND (read_with = ? OR rows_deleted_at IS NOT NULL)
            AND (? IS NULL OR covers_from = ? AND covers_to = ?)
            AND (superseded_at IS NULL OR NOT ? AND name = ? AND nth = 1)
        """,
        [
            *(source, download.name, sha256),
            *(sha256, read_with, first, first, end, by_hand, download.name),
        ],
    )
    return bool(same["found"][0])


def shows_nothing_new(
    connection: duckdb.DuckDBPyConnection, source: str, parsed: Parsed
) -> bool:
    """Tell whether a live queue's own clock stands where it stood at the last look.

    A feed without a clock that shows the same values was still looked at.
    """
    if not _is_look(parsed) or "source_time_at" not in parsed.rows.columns:
        return False
    clocks = parsed.rows["source_time_at"]
    if clocks.is_empty() or clocks.has_nulls():
        return False
    last = read_rows(
        connection,
        _LOOKS,
        where="delivery_id = (SELECT delivery_id FROM deliveries WHERE source = ?"
        " AND superseded_at IS NULL ORDER BY received_at DESC LIMIT 1)",
        parameters=[source],
    )
    display = [
        name
        for name in ("office", "service", "queue", "source_time_at")
        if name in parsed.rows.columns
    ]
    return parsed.rows.join(last, on=display, how="anti", nulls_equal=True).is_empty()


def earlier_looks(
    connection: duckdb.DuckDBPyConnection, source: Source, parsed: Parsed
) -> pl.DataFrame | None:
    """Return what the same displays showed in the day before a single look."""
    if not _is_look(parsed) or source.checks.frozen_after is None:
        return None
    if parsed.covers is None:
        return None
    return read_rows(
        connection,
        _LOOKS,
        where=f"{_OF_SOURCE} AND observed_at >= ? AND observed_at < ?",
        parameters=[source.id, parsed.covers[0] - _LOOK_BACK, parsed.covers[0]],
    )


def _is_look(parsed: Parsed) -> bool:
    return (
        parsed.table == _LOOKS
        and parsed.covers is not None
        and parsed.covers[1] - parsed.covers[0] <= _LOOK
    )
