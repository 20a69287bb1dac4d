"""The days that each delivery tells of, as they were read at the last publication.

The rows of a delivery are never edited, so only those of new deliveries are read again.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from metrics.shelf import Shelf
from metrics.snapshot_folder import write_atomically


@dataclass(frozen=True)
class KeptDays:
    """One file per table on the shelf, which each new delivery adds to."""

    shelf: Shelf

    def load(self, table: str, schema: pl.Schema) -> pl.DataFrame:
        """Return what was read the last time; nothing if it holds no longer."""
        file = self._file(table)
        try:
            if pl.read_parquet_metadata(file).get("guard") == self.shelf.guard:
                return pl.read_parquet(file, memory_map=False)
        except (OSError, pl.exceptions.PolarsError):
            pass
        return pl.DataFrame(schema=schema)

    def save(self, table: str, days: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        days.write_parquet(buffer, metadata={"guard": self.shelf.guard})
        write_atomically(self._file(table), buffer.getvalue())

    def _file(self, table: str) -> Path:
        return self.shelf.folder / f"days_of_{table}.parquet"
