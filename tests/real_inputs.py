"""Real open data that are no part of this repository: where they are, and a loader."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.city import read_city
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse, read_frame, read_rows

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("AMTSPULS_REAL_DATA", ROOT.parent / "shared" / "data"))
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

ONLY_WITH_DATA = pytest.mark.skipif(
    not (DATA / "INDEX.md").exists(), reason=f"the real data are not in {DATA}"
)


class Loaded:
    """The warehouse of one city after its files were handed in."""

    def __init__(self, folder, city, source, files):
        self.city = read_city(ROOT / "data" / "cities" / f"{city}.toml")
        self.connection = open_warehouse(folder / "warehouse.duckdb")
        self.folder = folder
        self.runs = self.load(source, files)

    def load(self, source, files):
        return run_source(
            self.connection,
            self.city,
            self.city.source(source),
            data_dir=self.folder,
            now=NOW,
            files=files,
        )

    def rows(self, table):
        return read_rows(self.connection, table)

    def refused(self):
        counted = read_frame(
            self.connection,
            "SELECT reason, count(*) AS rows FROM quarantine GROUP BY reason",
        )
        return dict(counted.iter_rows())

    def stored(self):
        return b"".join(p.read_bytes() for p in self.folder.rglob("*") if p.is_file())
