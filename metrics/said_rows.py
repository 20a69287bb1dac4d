"""The rows of a big table in some days, without looking at those of all others."""

from collections.abc import Collection

import polars as pl

from ingest.warehouse import read_rows
from metrics.reading import Reading
from metrics.said import SAID, where_they_are
from metrics.small_offices import with_merged_offices
from metrics.spans import of_known_offices
from metrics.told import told_by


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
        deliveries = told_by(reading, table)
        near, numbers = where_they_are(reading.connection, table, deliveries)
        conditions, bound = [near, *conditions], [*numbers, *bound]
    rows = read_rows(
        reading.connection,
        table,
        columns=columns,
        where=" AND ".join(conditions),
        parameters=bound,
    )
    return of_known_offices(with_merged_offices(rows, reading.city), reading.city)
