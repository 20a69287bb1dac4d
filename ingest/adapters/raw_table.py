"""A table as it came: texts under the names of its header, nothing read into them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.adapters.base import REFUSED
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import TableMapping

_MOST_NAMED: Final = 30  # columns of a header; nobody reads ten thousand names


@dataclass(frozen=True)
class RawTable:
    rows: pl.DataFrame  # the wanted columns, and row_number as in the file
    broken: pl.DataFrame  # REFUSED: rows that are no rows of this table
    is_closed: bool = True  # False: nothing says that the last row is complete


@dataclass(frozen=True)
class Header:
    """The names in the order of the file, and which of the columns are read."""

    names: Sequence[str]  # "" where a column has no name
    wanted: Sequence[str]

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def kept(self) -> list[int]:
        """Positions of the wanted columns, and of those without a name."""
        return [
            index
            for index, name in enumerate(self.names)
            if not name or name in self.wanted
        ]


def positioned(header: Header) -> pl.Schema:
    """Type rows before their columns are named: texts, named by their position."""
    texts = {str(index): pl.String for index in header.kept}
    return pl.Schema({"row_number": pl.Int64, "fields": pl.Int64, **texts})


def tidy_name(name: object) -> str:
    """Read a header cell: line breaks and runs of blanks are one blank."""
    return " ".join(str("" if name is None else name).replace("\ufeff", "").split())


def joined_names(rows: Sequence[Sequence[object]]) -> list[str]:
    """Join the rows of a header; a name that spans columns stands above all of them."""
    width = max((len(row) for row in rows), default=0)
    cells = [[tidy_name(cell) for cell in row] for row in rows]
    cells = [row + [""] * (width - len(row)) for row in cells]
    spread = [_spread(row) for row in cells[:-1]] + cells[-1:]
    return [
        " ".join(dict.fromkeys(row[column] for row in spread if row[column]))
        if any(row[column] for row in cells)
        else ""
        for column in range(width)
    ]


def _spread(row: Sequence[str]) -> list[str]:
    last, filled = "", list[str]()
    for cell in row:
        last = cell or last
        filled.append(last)
    return filled


def check_header(name: str, header: Header, ignored: Iterable[str]) -> None:
    """Refuse a header that is not the one the mapping was written for."""
    columns = [column for column in header.names if column]
    known = {*header.wanted, *ignored}
    unknown = [column for column in columns if column not in known]
    missing = [column for column in header.wanted if column not in columns]
    if missing and len(missing) == len(header.wanted):
        # Most likely a file without a header: its first row is people's, so not said.
        message = (
            f"{name}: none of the {len(columns)} columns of the header is one of"
            f" {_quoted(missing)}. Is there a header at all? If it stands in another"
            " row, set header_row"
        )
        raise SourceChanged(message)
    if missing:
        message = (
            f"{name}: the column {_quoted(missing)} is missing; the header is"
            f" {_said(columns, columns, unknown) or 'empty'}. If the source renamed it,"
            " change the mapping; if the header stands in another row, set header_row"
        )
        raise SourceChanged(message)
    if unknown:
        message = (
            f"{name}: the column {_said(unknown, columns, unknown)} is not known."
            " Map it, or name it in ignored_columns; nothing of this delivery was"
            " loaded"
        )
        raise SourceChanged(message)
    twice = [column for column in header.wanted if columns.count(column) > 1]
    if twice:
        message = (
            f"{name}: the column {_quoted(twice)} stands in the header more than once,"
            " so nobody can say which one is meant"
        )
        raise SourceChanged(message)


def _said(names: Sequence[str], columns: Sequence[str], unknown: Sequence[str]) -> str:
    """Quote names; where a row may have run into the header, only those we know.

    What nobody expected may be people's data; then it mostly has a date or a number.
    """
    if not any(character.isdigit() for name in unknown for character in name):
        return _quoted(names)
    return _listed(
        [
            f"no. {columns.index(name) + 1}" if name in unknown else f'"{name}"'
            for name in names
        ]
    )


def finish(
    name: str,
    rows: pl.DataFrame,
    header: Header,
    mapping: TableMapping,
    *,
    is_closed: bool,
) -> RawTable:
    """Name the columns, drop the totals, set rows of another shape apart.

    `rows` are positioned().
    """
    nameless = [str(i) for i in header.kept if not header.names[i]]
    filled = [column for column in nameless if (rows[column] != "").any()]
    if filled:
        message = (
            f"{name}: column {int(filled[0]) + 1} has values, but the header has no"
            " name for it; the values may have slipped. Nothing was loaded"
        )
        raise SourceChanged(message)
    named = rows.drop(nameless).rename(
        {str(i): header.names[i] for i in header.kept if header.names[i]}
    )
    kept = named.filter(~is_total(mapping))
    has_shape = pl.col("fields") == header.width
    broken = kept.filter(~has_shape).sort("row_number")
    last = kept["row_number"].max()
    if not is_closed and broken.height and broken["row_number"].max() == last:
        raise cut_off(name)
    return RawTable(
        kept.filter(has_shape).drop("fields"),
        _broken(broken, header.width),
        is_closed,
    )


def is_total(mapping: TableMapping) -> pl.Expr:
    """Say which rows sum up others."""
    totals = [
        pl.col(tidy_name(column)).str.contains(pattern).fill_null(value=False)
        for column, pattern in mapping.total_rows.items()
    ]
    return pl.any_horizontal(pl.lit(value=False), *totals)


def cut_off(name: str) -> DeliveryRefused:
    message = (
        f"{name} ends in the middle of a row: it was cut off, or is still being"
        " written. Nothing of it was loaded; have it delivered again"
    )
    return DeliveryRefused(message)


def _broken(rows: pl.DataFrame, expected: int) -> pl.DataFrame:
    """Refuse rows with more or fewer fields than the header.

    Which value belongs to which column is unknown, so none of them is kept.
    """
    shape = pl.struct("fields", expected=pl.lit(expected))
    return rows.select(
        "row_number",
        field=pl.lit(None, pl.String),
        reason=pl.lit("broken_row"),
        row_json=shape.struct.json_encode(),
    ).match_to_schema(REFUSED)


def _quoted(names: Iterable[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return _listed(quoted)


def _listed(names: Sequence[str]) -> str:
    left = len(names) - _MOST_NAMED
    more = [f"and {left} more"] if left > 0 else []
    return ", ".join([*names[:_MOST_NAMED], *more])
