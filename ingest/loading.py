"""How a delivery gets into the warehouse and replaces what it covers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import duckdb
import polars as pl

from ingest.checks import Checked
from ingest.closing import covers_deleted, deleted_before
from ingest.errors import DeliveryRefused, IngestError
from ingest.parts import CheckedParts
from ingest.warehouse import Rows, columns_of, insert_rows, read_frame

Span = tuple[datetime, datetime]

# NULL bounds mean everything.
_TOUCHED: Final = """
    SELECT delivery_id, name, rows_loaded,
        $first IS NULL
            OR coalesce(covers_from >= $first AND covers_to <= $end, FALSE) AS is_inside
    FROM deliveries
    WHERE source = $source AND superseded_at IS NULL
        AND ($first IS NULL OR covers_from IS NULL
            OR covers_from < $end AND covers_to > $first)
"""


@dataclass(frozen=True)
class Delivery:
    """What is known about a delivery besides its rows."""

    source: str
    table: str
    covers: Span | None
    content_sha256: str
    read_with: str
    name: str
    etag: str | None
    last_modified: str | None
    received_at: datetime
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    warned_by_rule: Mapping[str, int] = field(default_factory=dict)  # loaded rows

    @property
    def id(self) -> str:
        return f"{self.source}-{self.received_at:%Y%m%dT%H%M%S%f}"


def next_moment(
    connection: duckdb.DuckDBPyConnection, source: str, now: datetime
) -> datetime:
    """Return now, or just after the source's last delivery where clocks went back."""
    latest = read_frame(
        connection,
        "SELECT max(received_at) AS latest FROM deliveries WHERE source = ?",
        [source],
    )["latest"][0]
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def load(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    checked: Checked | CheckedParts,
    shrink_to: float,
) -> None:
    """Load rows within the caller's transaction, and supersede what they cover."""
    _refuse_deleted(connection, delivery)
    replaced = _replaced_by(connection, delivery)
    _refuse_shrinking(delivery, replaced, shrink_to)
    write(connection, delivery, checked.rows, checked.refused)
    supersede(connection, delivery, replaced["delivery_id"].to_list())


def write(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    rows: Rows,
    refused: Rows,
) -> None:
    """Insert the delivery, its rows and its refused rows; raise where some are not."""
    insert_rows(connection, "deliveries", _as_row(delivery))
    counted = [*delivery.warned_by_rule.items()]
    warned = pl.DataFrame(counted, schema=["reason", "rows"], orient="row")
    insert_rows(connection, "warnings", warned, delivery.id)
    inserted = (
        insert_rows(connection, delivery.table, rows, delivery.id),
        insert_rows(connection, "quarantine", refused, delivery.id),
    )
    if inserted != (delivery.rows_loaded, delivery.rows_quarantined):
        message = (
            f"{delivery.id} has {inserted[0]} rows and {inserted[1]} refused ones, not"
            f" {delivery.rows_loaded} and {delivery.rows_quarantined}; is a file lost?"
        )
        raise IngestError(message)


def supersede(
    connection: duckdb.DuckDBPyConnection, by: Delivery, deliveries: list[str]
) -> None:
    if deliveries:
        connection.execute(
            "UPDATE deliveries SET superseded_at = ?, superseded_by = ?"
            " WHERE list_contains(?, delivery_id)",
            [by.received_at, by.id, deliveries],
        )


def touched_by(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery
) -> pl.DataFrame:
    """Find the deliveries that count and share time with this one."""
    first, end = delivery.covers or (None, None)
    bound = {"source": delivery.source, "first": first, "end": end}
    touched: pl.DataFrame = connection.sql(_TOUCHED, params=bound).pl()
    return touched


def _refuse_deleted(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Refuse looks of a time whose looks were deleted: their figures are closed."""
    source, covers = delivery.source, delivery.covers
    until = deleted_before(connection, source)
    if until is None or not covers_deleted(connection, source, covers):
        return
    message = (
        f"it covers {_span(covers)}, but looks before {until:%Y-%m-%d %H:%M}"
        " UTC were deleted, as keep_months in the city file says, and the figures"
        " from then are closed; hand in one that begins later"
    )
    raise DeliveryRefused(message)


def _replaced_by(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery
) -> pl.DataFrame:
    touched = touched_by(connection, delivery)
    partly = touched.filter(~pl.col("is_inside"))
    if partly.height:
        message = (
            f"it covers {_span(delivery.covers)} and so only a part of"
            f" {partly.height} earlier"
            f" {'delivery' if partly.height == 1 else 'deliveries'}"
            f" ({partly['name'][0]}); hand in one that covers those as a whole"
        )
        raise DeliveryRefused(message)
    return touched


def _refuse_shrinking(
    delivery: Delivery, replaced: pl.DataFrame, shrink_to: float
) -> None:
    before = int(replaced["rows_loaded"].sum())
    if delivery.rows_loaded < shrink_to * before:
        message = (
            f"it has {delivery.rows_loaded} rows, what it would replace has {before};"
            f" less than checks.shrink_to = {shrink_to:g} of that is not believed"
        )
        raise DeliveryRefused(message)


def _span(covers: Span | None) -> str:
    if covers is None:
        return "everything"
    return f"{covers[0]:%Y-%m-%d %H:%M} to {covers[1]:%Y-%m-%d %H:%M} UTC"


def _as_row(delivery: Delivery) -> pl.DataFrame:
    first, end = delivery.covers or (None, None)
    row = {
        **vars(delivery),
        "delivery_id": delivery.id,
        "table_name": delivery.table,
        "covers_from": first,
        "covers_to": end,
    }
    columns = columns_of("deliveries")
    return pl.DataFrame(
        {
            name: pl.Series([row[name]], dtype=column.dtype)
            for name, column in columns.items()
            if name in row
        }
    )
