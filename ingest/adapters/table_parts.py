"""Which tables are read in parts, and how: big CSV files, a piece after the other."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from ingest.adapters.base import Download, Parsed
from ingest.adapters.csv_pieces import pieces
from ingest.adapters.raw_table import finish
from ingest.adapters.table_csv import Sheet
from ingest.adapters.table_file import Table, readable
from ingest.adapters.text_encoding import is_a_line_one_everywhere
from ingest.sources import Source, TableFileSource

BIG_BYTES: Final = 32_000_000  # below, one part is all there is

# Whether a display stands still, or was closed all day, is seen in all of its rows.
_OF_DISPLAYS: Final = ("queue_samples", "queue_hours")


def is_big(download: Download, source: Source) -> bool:
    """Say whether a delivery is read in parts; rows that others decide on are not."""
    if not isinstance(source, TableFileSource) or _size(download) < BIG_BYTES:
        return False
    mapping, checks = source.mapping, source.checks
    return (
        Table.format_of(download.name, mapping) == "csv"
        and mapping.table not in _OF_DISPLAYS
        and mapping.calls is None
        and not checks.closed
        and is_a_line_one_everywhere(mapping.encoding)
    )


def parts(table: Table) -> Iterator[Callable[[], Parsed]]:
    """Yield how to read each part; what they cover together is not yet known."""
    with readable(table.download):
        for sheet, is_last in pieces(table.download, table.mapping, table.wanted):
            yield partial(_parsed, table, sheet, is_last)


def _parsed(table: Table, sheet: Sheet, is_last: bool) -> Parsed:
    closed = not is_last or sheet.body.endswith(b"\n")
    with readable(table.download):
        raw = finish(
            *(sheet.name, sheet.read(), sheet.header, table.mapping), is_closed=closed
        )
        return table.parsed(raw)


def _size(download: Download) -> int:
    if isinstance(download.content, Path):
        return download.content.stat().st_size
    return len(download.content)
