"""Into the warehouse: Amtspuls' ingest beside DuckDB's own reader of the same files."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from ingest.place import Place
from ingest.sources import TableFileSource
from ingest.terminal import run_sources
from ingest.warehouse import open_warehouse
from tests.bench.exports import CITY_FILE, city, csv_sources, files_of

# What a reader without checks would make of the exports' columns.
_TIMES = {
    "tickets": ["Termin gebucht am", "Termin", "Ankunft", "Aufruf", "Bedienbeginn",
                "Bedienende"],
    "cases": ["Eingang", "Vollständig", "Entschieden", "Abgeschlossen"],
}  # fmt: skip
_FORMATS = {"tickets": "%d.%m.%Y %H:%M:%S", "cases": "%d.%m.%Y %H:%M"}


def amtspuls(address: str, data: str) -> Callable[[], int]:
    """Fetch, decode, check, pseudonymise, load and archive, a transaction per file."""
    sample, folder = city(address), Path(data)
    place = Place(sample, CITY_FILE, folder)
    connection = open_warehouse(folder / "warehouse.duckdb")

    def work() -> int:
        runs = run_sources(place, connection, csv_sources(sample), quiet=True)
        connection.close()
        bad = [run for run in runs if run.outcome not in ("loaded", "unchanged")]
        if bad:
            message = f"{bad[0].source}: {bad[0].outcome}: {bad[0].error}"
            raise RuntimeError(message)
        return sum(run.rows_loaded for run in runs)

    return work


def plain_duckdb(exports: str, data: str) -> Callable[[], int]:
    """Read the same files into tables with declared types; nothing is checked."""
    sample = city()
    connection = duckdb.connect(f"{data}/plain.duckdb")

    def work() -> int:
        rows = 0
        for source in csv_sources(sample):
            files = [str(path) for path in files_of(Path(exports), source)]
            rows += _load(connection, source, files)
        connection.close()
        return rows

    return work


def _load(
    connection: duckdb.DuckDBPyConnection, source: TableFileSource, files: list[str]
) -> int:
    mapping = source.mapping
    types = ", ".join(f"'{name}': 'TIMESTAMP'" for name in _TIMES[mapping.table])
    connection.execute(
        f"""CREATE TABLE "{source.id}" AS SELECT * FROM read_csv(
            $files, delim = ';', header = true, skip = {mapping.header_row - 1},
            encoding = 'latin-1', nullstr = ['', '-'], types = {{{types}}},
            timestampformat = '{_FORMATS[mapping.table]}', ignore_errors = true)""",  # noqa: S608 - of our own city file
        {"files": files},
    )
    counted = connection.execute(f'SELECT count(*) FROM "{source.id}"').fetchone()  # noqa: S608
    return int(counted[0]) if counted else 0
