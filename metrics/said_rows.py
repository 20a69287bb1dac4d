"""The rows of a big table in some days, without looking at those of all others."""

from collections.abc import Collection
from typing import Final

import polars as pl

from ingest.warehouse import read_frame, read_rows
from metrics.reading import Reading
from metrics.said import SAID
from metrics.small_offices import with_merged_offices
from metrics.spans import of_known_offices
from metrics.told import told_by

# Of more deliveries it takes longer to look for where they are than to look at all.
_MOST_DELIVERIES: Final = 1000


def read_said(
    reading: Reading, table: str, of: str | None = None, columns: Collection[str] = ()
) -> pl.DataFrame:
    """Read a reading's rows of a table, or those that tell of something, see SAID.

    They are those of offices of the city, small ones counted with their parents.
    """
    said = SAID[table]
    where, bound = reading.where(said.at)
    conditions = [where] if of is None else [said.of[of], where]
    if reading.days is not None and reading.days[0] <= reading.days[1]:
        near, numbers = _where_they_are(reading, table)
        conditions, bound = [near, *conditions], [*numbers, *bound]
    rows = read_rows(
        reading.connection,
        table,
        columns=columns,
        where=" AND ".join(conditions),
        parameters=bound,
    )
    return of_known_offices(with_merged_offices(rows, reading.city), reading.city)


def _where_they_are(reading: Reading, table: str) -> tuple[str, list[object]]:
    """Say between which rows of the table those of the deliveries lie that matter.

    A delivery's rows lie together, and the warehouse skips what is outside.
    """
    deliveries = told_by(reading, table)
    if len(deliveries) > _MOST_DELIVERIES:
        return "TRUE", []
    first, last = read_frame(
        reading.connection,
        f"SELECT min(rowid), max(rowid) FROM {table}"  # noqa: S608 - names of the schema
        " WHERE delivery_id IN (SELECT unnest(?::VARCHAR[]))",
        [deliveries],
    ).row(0)
    return ("FALSE", []) if first is None else ("rowid BETWEEN ? AND ?", [first, last])
