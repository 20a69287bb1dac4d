"""Frames kept from one publication to the next, each with what it was made of.

Nothing here is needed: what is not on the shelf is made again, and comes to the same.
What other code, another city file or other libraries made counts as nothing.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from metrics.snapshot_folder import write_atomically

# Small enough to read only the groups whose rows can be meant.
_ROW_GROUP: Final = 32_768


@dataclass(frozen=True)
class Shelf:
    """A folder of Parquet files; `guard` says for which code and city they hold."""

    folder: Path
    guard: str

    def scan(self, name: str, made_of: str) -> pl.LazyFrame | None:
        """Return what is kept under a name, if it was made of the same."""
        file = self._file(name, made_of)
        try:
            pl.read_parquet_schema(file)
        except (OSError, pl.exceptions.PolarsError):
            return None
        return pl.scan_parquet(file)

    def put(self, name: str, made_of: str, frame: pl.DataFrame) -> pl.LazyFrame:
        """Keep a frame in the place of what had its name, and return it from there."""
        file = self._file(name, made_of)
        buffer = io.BytesIO()
        frame.write_parquet(
            buffer, compression="lz4", statistics=True, row_group_size=_ROW_GROUP
        )
        write_atomically(file, buffer.getvalue())
        for other in self.folder.glob(f"{name}.*.parquet"):
            if other != file:
                other.unlink()
        return pl.scan_parquet(file)

    def _file(self, name: str, made_of: str) -> Path:
        # Named by what it was made of: a file of one name never gets other content.
        digest = hashlib.sha256(f"{self.guard} {made_of}".encode()).hexdigest()
        return self.folder / f"{name}.{digest[:20]}.parquet"
