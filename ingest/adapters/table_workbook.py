"""XLSX and ODS: the cells of one sheet as texts, as a CSV would have them."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ingest.adapters.raw_table import (
    Header,
    RawTable,
    check_header,
    finish,
    joined_names,
    positioned,
)
from ingest.adapters.workbook_guard import refuse_giants
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import TableMapping

_EXACT: Final = 2.0**53  # above, a float no longer counts one by one
_Cell = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(
    name: str, content: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> RawTable:
    """Read the wanted columns of one sheet; no other column leaves this function."""
    rows = _sheet(name, content, mapping)
    first = mapping.header_row - 1
    end = first + mapping.header_rows
    if len(rows) < end:
        message = f"{name} ends before its header (row {mapping.header_row}) does"
        raise DeliveryRefused(message)
    header = Header(joined_names(rows[first:end]), wanted)
    check_header(name, header, mapping.ignored_columns)
    records = [
        [number, header.width, *(_text(row[i], mapping.decimal) for i in header.kept)]
        for number, row in enumerate(rows[end:], end + 1)
        if any(cell != "" for cell in row)
    ]
    frame = pl.DataFrame(records, schema=positioned(header), orient="row")
    return finish(name, frame, header, mapping, is_closed=True)


def _sheet(name: str, content: bytes, mapping: TableMapping) -> list[list[_Cell]]:
    refuse_giants(name, content)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            wanted = mapping.sheet or workbook.sheet_names[0]
            if wanted not in workbook.sheet_names:
                message = (
                    f"{name} has no sheet {wanted!r}, only"
                    f" {', '.join(workbook.sheet_names)}; set sheet in the mapping"
                )
                raise SourceChanged(message)
            return workbook.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    except PasswordError as error:
        message = f"{name} is locked with a password; have it delivered without one"
        raise DeliveryRefused(message) from error
    except (CalamineError, IndexError, ValueError) as error:
        message = (
            f"{name} cannot be read as a workbook; it may be cut off or of another"
            " format. Open it, save it again as XLSX and hand it in once more"
        )
        raise DeliveryRefused(message) from error


def _text(cell: _Cell, decimal: str) -> str:
    """Write a cell as a CSV of the same source would have it; times in ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _EXACT
        return str(int(cell)) if whole else repr(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    return str(cell)
