"""Workbooks are small files that can unpack to giants: they are measured first."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from ingest.errors import DeliveryRefused

_LARGEST: Final = 500_000_000  # bytes when unpacked
_MOST_CELLS: Final = 30_000_000  # from A1 to the last cell; readers keep room for all
_PIECE: Final = 1 << 20
_LONGEST_TAG: Final = 4096

# What zipfile raises about damaged archives, besides what it means to raise.
_DAMAGED: Final = (
    zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, OSError,
    RuntimeError, EOFError, struct.error, zlib.error,
)  # fmt: skip
_XLSX_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_XLSX_CELL: Final = re.compile(rb"""\sr=["']([A-Z]{1,3})(\d{1,7})["']""")
_ODS_TAG: Final = re.compile(rb"<table:(table-row|(?:covered-)?table-cell)\b([^>]*)>")
_ODS_REPEATED: Final = re.compile(rb'number-(?:rows|columns)-repeated="(\d{1,9})"')


def refuse_giants(name: str, content: bytes) -> None:
    """Raise DeliveryRefused for what is no workbook, or one beyond all measure."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > _LARGEST:
                message = (
                    f"{name} would fill {unpacked // 10**6} MB when unpacked, more than"
                    f" {_LARGEST // 10**6} MB; have it delivered as CSV"
                )
                raise DeliveryRefused(message)
            cells = max((rows * width for rows, width in _corners(archive)), default=0)
    except _DAMAGED as error:
        message = (
            f"{name} is no complete workbook: it was cut off, is still being written,"
            " or is of another format. Have it delivered again as XLSX or ODS"
        )
        raise DeliveryRefused(message) from error
    if cells > _MOST_CELLS:
        message = (
            f"{name} reaches over {cells} cells, most of them empty; a single one may"
            " lie far out. Delete what is right of and below the table, and save again"
        )
        raise DeliveryRefused(message)


def _corners(archive: zipfile.ZipFile) -> Iterator[tuple[int, int]]:
    """Yield row and column of the last cell of each sheet."""
    for member in archive.namelist():
        if _XLSX_SHEET.fullmatch(member):
            yield _xlsx_corner(archive, member)
        elif member == "content.xml":
            yield _ods_corner(archive, member)


def _xlsx_corner(archive: zipfile.ZipFile, member: str) -> tuple[int, int]:
    rows, letters = 0, b""
    for found in _tags(archive, member, _XLSX_CELL):
        column, row = found.groups()
        rows = max(rows, int(row))
        letters = max(letters, column, key=lambda name: (len(name), name))
    width = 0
    for letter in letters:
        width = width * 26 + letter - ord("A") + 1
    return rows, width


def _ods_corner(archive: zipfile.ZipFile, member: str) -> tuple[int, int]:
    """Count on through repeated rows and cells; empty ones count before filled ones."""
    row = column = rows = width = 0
    for found in _tags(archive, member, _ODS_TAG):
        kind, attributes = found.groups()
        repeated = _ODS_REPEATED.search(attributes)
        count = int(repeated[1]) if repeated else 1
        if kind == b"table-row":
            row, column = row + count, 0
            continue
        column += count
        if b"office:value-type" in attributes:
            rows, width = max(rows, row), max(width, column)
    return rows, width


def _tags(
    archive: zipfile.ZipFile, member: str, tag: re.Pattern[bytes]
) -> Iterator[re.Match[bytes]]:
    """Find tags in a member that is unpacked piece by piece."""
    with archive.open(member) as file:
        text = b""
        while piece := file.read(_PIECE):
            text += piece
            end = text.rfind(b">") + 1
            yield from tag.finditer(text, 0, end)
            text = text[max(end, len(text) - _LONGEST_TAG) :]
