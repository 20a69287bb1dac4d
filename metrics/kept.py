"""What was measured at the last publication, so that only what changed is anew.

Nothing here is needed: without it everything is measured, and comes to the same. What
was measured by other code, for another city file or with other libraries counts as
nothing.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from metrics.measured import Measured, Task
from metrics.shelf import Shelf
from metrics.snapshot_folder import write_atomically

_CODE: Final = (Path(__file__).parent, Path(__file__).parents[1] / "ingest")


@dataclass(frozen=True)
class Kept:
    """A folder with one file per kind of facts; `guard` says what they hold for."""

    folder: Path
    guard: str

    @classmethod
    def of(cls, folder: Path, city: City) -> "Kept":
        text = f"{_code()} {city.model_dump_json()}"
        return cls(folder, hashlib.sha256(text.encode()).hexdigest())

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.folder, self.guard)

    def load(self, facts: str, task: Task) -> Measured:
        """Return what was measured the last time; nothing if it holds no longer."""
        file = self.folder / f"{facts}.parquet"
        try:
            if pl.read_parquet_metadata(file).get("guard") != self.guard:
                return task.nothing()
            frame = pl.read_parquet(file, memory_map=False)
            days = json.loads(pl.read_parquet_metadata(file)["keys"])
        except (OSError, pl.exceptions.PolarsError):
            return task.nothing()
        texts = pl.DataFrame(days, {"day": pl.String, "key": pl.UInt64}, orient="row")
        return Measured(frame, texts.with_columns(pl.col("day").str.to_date()))

    def forget(self) -> None:
        for file in self.folder.glob("*.parquet"):
            file.unlink()

    def save(self, facts: str, measured: Measured) -> None:
        keys = json.dumps(
            [[day.isoformat(), key] for day, key in measured.keys.iter_rows()]
        )
        buffer = io.BytesIO()
        measured.values.write_parquet(
            buffer, metadata={"guard": self.guard, "keys": keys}
        )
        write_atomically(self.folder / f"{facts}.parquet", buffer.getvalue())


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
