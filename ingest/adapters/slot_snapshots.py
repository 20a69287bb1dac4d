"""Wide snapshots of a booking page: one look a row, one column per slot, CSV or tar."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Final

import polars as pl

from ingest.adapters import columns, german_formats, places, spans
from ingest.adapters.base import REFUSED, Download, Parsed, Pseudonym
from ingest.adapters.raw_table import RawTable, tidy_name
from ingest.adapters.table_csv import read_csv
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.event_mappings import SlotMapping
from ingest.mappings import Column, TableMapping
from ingest.sources import SlotSnapshotsSource, Source

_TABLE: Final = "slot_offers"
_FIRST: Final = "first_free_at"
_FIELDS: Final = ("office", "service", "observed_at")
_GZIP: Final = b"\x1f\x8b"
_LARGEST: Final = 500_000_000  # bytes of all files of an archive
_MOST_FILES: Final = 1_000
_DAMAGED: Final = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError)
downloads = places.downloads
handed_in = places.handed_in


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read every look; one that is missing stays missing, no offer is no row lost."""
    if not isinstance(source, SlotSnapshotsSource):
        message = f"{source.id} is no slot_snapshots source"
        raise SourceChanged(message)
    mapping = source.mapping
    reading = columns.Reading(timezone=city.info.timezone, pseudonym=pseudonym)
    found, before = list[columns.Filled](), 0
    for name, content in _files(download, mapping.files):
        looks = _Looks(name, content, mapping, reading)
        found.append(looks.read(before))
        before += looks.lines
    rows = pl.concat([one.rows for one in found])
    refused = pl.concat([one.refused for one in found])
    return Parsed(
        table=_TABLE,
        rows=rows,
        refused=refused.sort("row_number"),
        rows_read=rows.height + refused.height,
        covers=spans.covers_of(download, rows, source, city, mapping.covers),
    )


@dataclass
class _Looks:
    """One CSV file."""

    name: str
    content: bytes
    mapping: SlotMapping
    reading: columns.Reading
    lines: int = 0

    def read(self, before: int) -> columns.Filled:
        """Read its looks; row numbers go on from the file before it."""
        try:
            return self._read(before)
        except pl.exceptions.PolarsError as error:
            message = (
                f"{self.name} cannot be read as the mapping says"
                f" ({type(error).__name__}); check its formats"
            )
            raise DeliveryRefused(message) from error

    def _read(self, before: int) -> columns.Filled:
        self.lines = self.content.count(b"\n") + 1
        slots = self._slots()
        raw = self._raw(slots)
        unclear = self._unclear(raw.rows, slots)
        looks = raw.rows.with_columns(self._first_free(slots).alias(_FIRST))
        filled = columns.fill(
            looks.filter(~unclear),
            _TABLE,
            {**self._mapped(), _FIRST: Column(column=_FIRST)},
            self.reading,
        )
        refused = [raw.broken, self._as_refused(looks.filter(unclear)), filled.refused]
        return columns.Filled(
            filled.rows.with_columns(pl.col("row_number") + before),
            pl.concat(refused).with_columns(pl.col("row_number") + before),
        )

    def _mapped(self) -> dict[str, Column]:
        mapped = {name: getattr(self.mapping, name) for name in _FIELDS}
        return {name: column for name, column in mapped.items() if column is not None}

    def _slots(self) -> pl.DataFrame:
        """Give the columns that are slots, by time; others must be known."""
        header = self.content[: self.content.find(b"\n") + 1 or None]
        texts = header.decode(self.mapping.encoding, "replace")
        names = [
            tidy_name(name.strip('"')) for name in texts.split(self.mapping.delimiter)
        ]
        utc, _ = german_formats.moments(
            pl.Series(names, dtype=pl.String),
            (self.mapping.slot_format,),
            self.mapping.timezone or self.reading.timezone,
        )
        slots = pl.DataFrame({"name": names, "at": utc})
        return slots.drop_nulls("at").sort("at")

    def _raw(self, slots: pl.DataFrame) -> RawTable:
        wanted = [*columns.used_columns(self._mapped()), *slots["name"]]
        table = TableMapping(
            table=_TABLE,
            columns=self._mapped(),
            encoding=self.mapping.encoding,
            delimiter=self.mapping.delimiter,
            ignored_columns=self.mapping.ignored_columns,
        )
        return read_csv(self.name, self.content, table, wanted)

    def _first_free(self, slots: pl.DataFrame) -> pl.Expr:
        """Give the first slot that a look offers; null where it offers none."""
        free = [
            pl.when(pl.col(name).is_in(self.mapping.free)).then(
                pl.lit(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
            )
            for name, at in slots.iter_rows()
        ]
        return pl.coalesce(*free, pl.lit(None, pl.String))

    def _unclear(self, rows: pl.DataFrame, slots: pl.DataFrame) -> pl.Series:
        """Say which looks have a cell that means neither free nor taken."""
        known = [*self.mapping.free, *self.mapping.taken]
        cells = [~pl.col(name).is_in(known) for name in slots["name"]]
        return rows.select(
            pl.any_horizontal(pl.repeat(False, pl.len()), *cells).alias("unclear")
        )["unclear"]

    def _as_refused(self, rows: pl.DataFrame) -> pl.DataFrame:
        shown = columns.as_json(rows, self._mapped(), self.reading.pseudonym)
        return rows.select(
            "row_number",
            field=pl.lit(_FIRST),
            reason=pl.lit("unknown_category"),
            row_json=pl.lit(shown),
        ).match_to_schema(REFUSED)


def _files(download: Download, wanted: str) -> list[tuple[str, bytes]]:
    """Give the CSV files of an archive, or the file itself."""
    content = download.read()
    if not content.strip():
        message = f"{download.name} is empty; nothing was loaded"
        raise DeliveryRefused(message)
    if not content.startswith(_GZIP) and b"ustar" not in content[:512]:
        return [(download.name, content)]
    try:
        files = list(_members(download.name, content, wanted))
    except _DAMAGED as error:
        message = (
            f"{download.name} is no complete archive: it was cut off, or is of another"
            " format. Have it delivered again as .csv or .tar.gz"
        )
        raise DeliveryRefused(message) from error
    if not files:
        message = f"{download.name} holds no file named {wanted}"
        raise SourceChanged(message)
    return files


def _members(name: str, content: bytes, wanted: str) -> Iterator[tuple[str, bytes]]:
    """Unpack in memory: a member's name never leads to the disk."""
    packed = content.startswith(_GZIP)
    plain = _unpacked(name, content) if packed else content
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        whole = 0
        for count, member in enumerate(archive, start=1):
            whole += member.size  # a sparse file says more than it holds
            if whole > _LARGEST or count > _MOST_FILES:
                raise _too_much(name)
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and fnmatch(PurePosixPath(member.name).name, wanted):
                yield f"{name}, {member.name}", file.read()


def _unpacked(name: str, content: bytes) -> bytes:
    """Unpack to the end, where the check sum stands that finds damaged bytes."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        plain = file.read(_LARGEST + 1)
        if len(plain) > _LARGEST:
            raise _too_much(name)
    return plain


def _too_much(name: str) -> DeliveryRefused:
    message = (
        f"{name} would unpack to more than {_LARGEST // 10**6} MB or {_MOST_FILES}"
        " files; have it delivered in smaller parts"
    )
    return DeliveryRefused(message)
