"""A big CSV piece by piece, so that it is never in memory as a whole."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from ingest.adapters.base import Download
from ingest.adapters.table_csv import Sheet, first_sheet
from ingest.adapters.text_encoding import as_utf8
from ingest.errors import SourceUnavailable
from ingest.mappings import TableMapping

PIECE_BYTES: Final = 16_000_000  # some 150 000 visits


def pieces(
    download: Download, mapping: TableMapping, wanted: Sequence[str]
) -> Iterator[tuple[Sheet, bool]]:
    """Yield what stands below the header, cut between rows, and which is the last."""
    sheet, line, carried = None, 1, b""
    for block, is_last in _blocks(download):
        first_line = line + carried.count(b"\n")
        text = carried + as_utf8(download.name, block, mapping.encoding, first_line)
        if b"\n" not in text:
            text = text.replace(b"\r", b"\n")
        if sheet is None:
            sheet = first_sheet(download.name, text, mapping, wanted)
        else:
            sheet = replace(sheet, body=text, first_line=line)
        body = sheet.body
        end = len(body) if is_last else sheet.end_of_last_row()
        if end < len(body):
            sheet = replace(sheet, body=body[:end])
        yield sheet, is_last
        line, carried = sheet.first_line + sheet.lines, body[end:]


def _blocks(download: Download) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks of whole lines, and which is the last."""
    try:
        with _opened(download) as file:
            block = file.read(PIECE_BYTES) + file.readline()
            while block:
                following = file.read(PIECE_BYTES) + file.readline()
                yield block, not following
                block = following
    except OSError as error:
        message = f"{download.name} cannot be read: {error.strerror}"
        raise SourceUnavailable(message) from error


def _opened(download: Download) -> IO[bytes]:
    if isinstance(download.content, Path):
        return download.content.open("rb")
    return io.BytesIO(download.content)
