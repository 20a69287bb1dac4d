"""What was told last of a thing that several deliveries tell of."""

from collections.abc import Sequence

import duckdb
import polars as pl

from ingest.warehouse import read_frame

_TOLD_AT = "SELECT delivery_id, received_at AS told_at FROM deliveries"


def told_last(
    connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame, thing: Sequence[str]
) -> pl.DataFrame:
    """Keep one row of each thing, which these columns name."""
    return (
        rows.join(read_frame(connection, _TOLD_AT), on="delivery_id")
        .sort("told_at", "delivery_id")
        .unique(thing, keep="last")
        .drop("told_at")
    )
