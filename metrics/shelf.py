"""Frames kept from one publication to the next, so that only what changed is made anew.

Nothing here is needed: what is not on the shelf is made again, and comes to the same.
What other code, another city file or other libraries made counts as nothing.
"""

import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

import duckdb
import polars as pl

from ingest.city import City
from metrics.snapshot_folder import write_atomically

_CODE: Final = (Path(__file__).parent, Path(__file__).parents[1] / "ingest")
# Small enough to read only the groups whose rows can be meant.
_ROW_GROUP: Final = 32_768


@dataclass(frozen=True)
class Shelf:
    """A folder of Parquet files; `guard` says for which code and city they hold."""

    folder: Path
    guard: str

    @classmethod
    def of(cls, folder: Path, city: City) -> Self:
        text = f"{_code()} {city.model_dump_json()}"
        return cls(folder, hashlib.sha256(text.encode()).hexdigest())

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
        # Named by what it was made of: a file of one name never gets other content.
        file = self._file(name, made_of)
        self._write(name, file, frame)
        return pl.scan_parquet(file)

    def latest(self, name: str) -> pl.DataFrame | None:
        """Return what was kept last under a name, whatever it was made of."""
        try:
            return pl.read_parquet(self._file(name), memory_map=False)
        except (OSError, pl.exceptions.PolarsError):
            return None

    def keep(self, name: str, frame: pl.DataFrame) -> None:
        """Keep a frame in the place of the latest."""
        self._write(name, self._file(name), frame)

    def keep_of(self, start: str, names: Collection[str]) -> None:
        """Remove what has a name that begins so, but like none of these."""
        for file in self.folder.glob(f"{start}*.parquet"):
            if not file.name.startswith(tuple(names)):
                file.unlink()

    def forget(self) -> None:
        self.keep_of("", [])

    def _write(self, name: str, file: Path, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(
            buffer, compression="lz4", statistics=True, row_group_size=_ROW_GROUP
        )
        write_atomically(file, buffer.getvalue())
        # What a kill left half written is hidden, and its name never comes again.
        half = self.folder.glob(f".{name}.*.parquet.new")
        for other in (*self.folder.glob(f"{name}.*.parquet"), *half):
            if other != file:
                other.unlink()

    def _file(self, name: str, made_of: str = "whatever") -> Path:
        digest = hashlib.sha256(f"{self.guard} {made_of}".encode()).hexdigest()
        return self.folder / f"{name}.{digest[:20]}.parquet"


@cache
def _code() -> str:
    """Tell this code and its libraries from others."""
    # Of holidays too: deadlines and opening hours are counted by its calendar.
    libraries = (pl.__version__, duckdb.__version__, version("holidays"))
    digest = hashlib.sha256(" ".join(libraries).encode())
    for root in _CODE:
        for file in sorted((*root.rglob("*.py"), *root.rglob("*.toml"))):
            digest.update(file.read_bytes())
    return digest.hexdigest()
