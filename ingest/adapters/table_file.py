"""Tables with a header: CSV, XLSX, ODS, Parquet and JSON objects, by column mapping."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from ingest.adapters import columns, places, spans
from ingest.adapters.base import REFUSED, Download, Http, Parsed, Pseudonym, Seen, Span
from ingest.adapters.calls import CALLS, intervals
from ingest.adapters.queue_states import with_states
from ingest.adapters.raw_table import (
    Header,
    RawTable,
    check_header,
    cut_off,
    is_total,
    tidy_name,
)
from ingest.adapters.table_csv import read_csv
from ingest.adapters.table_json import read_json_objects
from ingest.adapters.table_workbook import read_workbook
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import Column, TableMapping
from ingest.sources import Source, TableFileSource
from ingest.template import with_columns

Reader = Callable[[str, bytes, TableMapping, Sequence[str]], RawTable]

_SUFFIXES: Final = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".ods": "ods",
    ".parquet": "parquet", ".json": "json_objects",
}  # fmt: skip
handed_in = places.handed_in


def downloads(
    source: Source,
    city: City,
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield what lies in the folder, at the address, or at the address per period."""
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
    elif isinstance(source, TableFileSource) and source.periods is not None:
        yield from places.from_periods(source, source.periods, city, http, seen, now)
    else:
        yield places.from_address(source.url, http, seen, now)


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read a table; raise IngestError where it is not the one that was expected."""
    content = download.read()
    if not content.strip():
        message = f"{download.name} is empty; nothing was loaded"
        raise DeliveryRefused(message)
    with readable(download):
        table = Table.of(download, source, city, pseudonym)
        raw = _READERS[table.file_format](
            download.name, content, table.mapping, table.wanted
        )
        parsed = table.parsed(raw)
        covers = table.covers(parsed.rows)
    return replace(parsed, covers=covers)


@contextmanager
def readable(download: Download) -> Iterator[None]:
    """Put into words what Polars says about a mapping that does not fit."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, re.error) as error:
        message = (
            f"{download.name} cannot be read as the mapping says"
            f" ({type(error).__name__}); check its formats and patterns"
        )
        raise DeliveryRefused(message) from error


@dataclass(frozen=True)
class Table:
    """One delivery of a table, and how its rows are read."""

    download: Download
    source: TableFileSource
    mapping: TableMapping
    mapped: Mapping[str, Column]
    city: City
    pseudonym: Pseudonym

    @classmethod
    def of(
        cls, download: Download, source: Source, city: City, pseudonym: Pseudonym
    ) -> "Table":
        if not isinstance(source, TableFileSource):
            message = f"{source.id} is no table_file source"
            raise SourceChanged(message)
        mapping = with_columns(source.mapping, city)
        return cls(download, source, mapping, _tidy(mapping.columns), city, pseudonym)

    @staticmethod
    def format_of(name: str, mapping: TableMapping) -> str:
        suffix = PurePosixPath(urlsplit(name).path).suffix.lower()
        found = mapping.file_format or _SUFFIXES.get(suffix)
        if found is None:
            message = (
                f"{name} does not end in one of {', '.join(_SUFFIXES)}; set file_format"
                " in the mapping"
            )
            raise SourceChanged(message)
        return found

    @property
    def file_format(self) -> str:
        return self.format_of(self.download.name, self.mapping)

    @property
    def wanted(self) -> list[str]:
        totals = [tidy_name(name) for name in self.mapping.total_rows]
        return list(dict.fromkeys([*columns.used_columns(self.mapped), *totals]))

    def parsed(self, raw: RawTable) -> Parsed:
        """Type what was read; what it covers is for all of it to say."""
        mapping = self.mapping
        reading = columns.Reading(
            timezone=self.city.info.timezone,
            pseudonym=self.pseudonym,
            decimal=mapping.decimal,
            missing=mapping.missing,
            has_serials=self.file_format in ("xlsx", "ods"),
        )
        schema = CALLS if mapping.calls else None
        filled = columns.fill(raw.rows, mapping.table, self.mapped, reading, schema)
        rows, refused = filled.rows, pl.concat([raw.broken, filled.refused])
        rows_read = rows.height + refused.height
        if mapping.calls is not None:
            counted = intervals(rows, mapping.calls)
            rows, refused = counted.rows, pl.concat([refused, counted.refused])
        if mapping.table == "queue_samples" and "observed_at" in rows.columns:
            rows = with_states(rows, self.city)
        if not raw.is_closed and _is_last_refused(raw.rows, filled.refused):
            raise cut_off(self.download.name)
        refused = refused.sort("row_number")
        return Parsed(mapping.table, rows, refused, rows_read, covers=None)

    def covers(self, rows: pl.DataFrame) -> Span | None:
        covers = self.mapping.covers
        return spans.covers_of(self.download, rows, self.source, self.city, covers)


def _tidy(mapped: Mapping[str, Column]) -> dict[str, Column]:
    """Write the mapping's column names as those of the header are written."""
    return {
        name: column
        if column.column is None
        else column.model_copy(
            update={
                "column": tuple(tidy_name(part) for part in columns.origins(column))
            }
        )
        for name, column in mapped.items()
    }


def _is_last_refused(raw: pl.DataFrame, refused: pl.DataFrame) -> bool:
    """Say whether a last line without a line break could not even be read."""
    return refused.height > 0 and raw["row_number"].max() in refused["row_number"]


def _read_parquet(
    name: str, content: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> RawTable:
    """Read the wanted columns only; what has a type keeps it until it is a text."""
    try:
        # By pyarrow, since Polars panics where a file is damaged in the middle.
        file = parquet.ParquetFile(io.BytesIO(content))
        names = file.schema_arrow.names
        header = Header([tidy_name(column) for column in names], wanted)
        check_header(name, header, mapping.ignored_columns)
        found = pl.from_arrow(file.read([names[index] for index in header.kept]))
        rows = found if isinstance(found, pl.DataFrame) else found.to_frame()
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"{name} is no complete Parquet file; have it delivered again"
        raise DeliveryRefused(message) from error
    texts = rows.select(
        row_number=pl.int_range(2, rows.height + 2),  # as if a header were row 1
        **{
            tidy_name(column): _as_text(column, dtype, mapping.decimal)
            for column, dtype in rows.schema.items()
        },
    )
    return RawTable(texts.filter(~is_total(mapping)), REFUSED.to_frame())


def _as_text(column: str, dtype: pl.DataType, decimal: str) -> pl.Expr:
    text = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return text.dt.strftime("iso")
    if dtype.is_float() or dtype.is_decimal():
        return text.cast(pl.String).str.replace(".", decimal, literal=True)
    return text.cast(pl.String)


_READERS: Final[Mapping[str, Reader]] = {
    "csv": read_csv,
    "xlsx": read_workbook,
    "ods": read_workbook,
    "parquet": _read_parquet,
    "json_objects": read_json_objects,
}
