"""What a city's sources would bring, column by column: for its first day."""

from dataclasses import dataclass

import duckdb

from ingest.sources import Source
from ingest.warehouse import columns_of, read_frame


@dataclass(frozen=True)
class FirstLook:
    """What came of one source's mapping."""

    source: str
    table: str
    filled: dict[str, float]  # column of the warehouse -> percent of rows with a value
    empty: tuple[str, ...]  # figures that need these will say "no data"
    dropped: tuple[str, ...]  # columns of the source that are dropped unread


def first_look(connection: duckdb.DuckDBPyConnection, source: Source) -> FirstLook:
    """Count, in a warehouse that this source was loaded into, what it fills."""
    names = [name for name in columns_of(source.table) if name != "delivery_id"]
    shares = ", ".join(
        f"100 * count({name}) / nullif(count(*), 0) AS {name}" for name in names
    )
    (row,) = read_frame(
        connection,
        f"SELECT {shares} FROM {source.table} WHERE delivery_id IN"  # noqa: S608
        " (SELECT delivery_id FROM deliveries"
        " WHERE source = ? AND superseded_at IS NULL)",
        [source.id],
    ).to_dicts()
    return FirstLook(
        source=source.id,
        table=source.table,
        filled={name: round(share, 1) for name, share in row.items() if share},
        empty=tuple(name for name, share in row.items() if not share),
        dropped=tuple(getattr(source.mapping, "ignored_columns", ())),
    )
