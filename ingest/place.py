"""Where a city's things lie: its file, its folder, its warehouse."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ingest.city import City, read_city
from ingest.errors import UnknownSource
from ingest.sources import Source
from ingest.warehouse import open_warehouse


@dataclass(frozen=True)
class Place:
    """One city, its file, and its folder below the data folder."""

    city: City
    city_file: Path
    folder: Path

    @classmethod
    def of(cls, city_file: Path, data: Path) -> "Place":
        city = read_city(city_file)
        return cls(city, city_file, data / city.id)

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def sources(self, names: Sequence[str]) -> list[Source]:
        known = [source.id for source in self.city.sources]
        unknown = [name for name in names if name not in known]
        if unknown:
            message = (
                f"{self.city_file} has no source {', '.join(unknown)};"
                f" it has: {', '.join(known)}"
            )
            raise UnknownSource(message)
        return [self.city.source(name) for name in names or known]

    @contextmanager
    def on_trial(self) -> Iterator["Place"]:
        """Lend a folder that is thrown away, with the same files to read from."""
        with tempfile.TemporaryDirectory() as scratch:
            for source in self.city.sources:
                if source.folder is not None:
                    link = Path(scratch) / source.folder
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to((self.folder / source.folder).absolute())
            yield replace(self, folder=Path(scratch))

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = open_warehouse(self.folder / "warehouse.duckdb")
        try:
            yield connection
        finally:
            connection.close()
