"""CSV: bytes to texts, after the encoding and the shape of every row were checked."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.adapters.raw_table import (
    Header,
    RawTable,
    check_header,
    cut_off,
    finish,
    joined_names,
    positioned,
    tidy_name,
)
from ingest.adapters.text_encoding import as_utf8
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import TableMapping

_NO_SEPARATOR: Final = "\x1f"  # stands in no text: whole lines are read
_BLANKS: Final = " \t\r\ufeff"


def read_csv(
    name: str, content: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> RawTable:
    """Read the wanted columns; refuse what is not the table that was expected."""
    if len(mapping.delimiter) != 1:
        message = f"the mapping's delimiter {mapping.delimiter!r} is not one character"
        raise SourceChanged(message)
    text = as_utf8(name, content, mapping.encoding)
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    names, body, first_line = _header(name, text, mapping)
    header = Header(names, wanted)
    check_header(name, header, mapping.ignored_columns)
    sheet = _Sheet(name, body, header, mapping.delimiter, first_line)
    rows = sheet.read_regular() if sheet.is_regular() else sheet.read_carefully()
    return finish(name, rows, header, mapping, is_closed=body.endswith(b"\n"))


def _header(
    name: str, text: bytes, mapping: TableMapping
) -> tuple[list[str], bytes, int]:
    """Give the header's names, what follows it, and the line where that begins.

    Where the mapping gives the names, a first row that says the same is a header.
    """
    if mapping.names:
        return _named(text, mapping)
    start, line = 0, 1
    while line < mapping.header_row:
        start = text.find(b"\n", start) + 1
        line += 1
        if not start:
            break
    is_there = bool(start) or mapping.header_row == 1
    records = list[list[str]]()
    while is_there and len(records) < mapping.header_rows:
        end, lines = _end_of_record(text, start)
        is_there = end > start
        records.append(_cells(text[start:end], mapping))
        start, line = end, line + lines
    if not is_there:
        message = f"{name} ends before its header (row {mapping.header_row}) does"
        raise DeliveryRefused(message)
    return joined_names(records), text[start:], line


def _named(text: bytes, mapping: TableMapping) -> tuple[list[str], bytes, int]:
    end, lines = _end_of_record(text, 0)
    first = [tidy_name(cell) for cell in _cells(text[:end], mapping)]
    names = [tidy_name(name) for name in mapping.names]
    if {*first} & {*names} - {""}:  # a header, be it the one of today or not
        return first, text[end:], 1 + lines
    return names, text, 1


def _cells(record: bytes, mapping: TableMapping) -> list[str]:
    text = io.StringIO(record.decode().strip("\r\n"))
    try:
        return next(csv.reader(text, delimiter=mapping.delimiter), [])
    except csv.Error as error:
        message = "the header holds a line break outside quotes; is the file damaged?"
        raise DeliveryRefused(message) from error


def _end_of_record(text: bytes, start: int) -> tuple[int, int]:
    """Say where a record ends, and in how many lines; 0: it does not end."""
    end, quotes, lines = start, 1, 0
    while quotes % 2:  # a quoted name may hold line breaks
        end = text.find(b"\n", end) + 1
        lines += 1
        quotes = text.count(b'"', start, end)
        if not end:
            break
    return end, lines


@dataclass(frozen=True)
class _Sheet:
    """What stands below the header."""

    name: str
    body: bytes
    header: Header
    delimiter: str
    first_line: int

    def is_regular(self) -> bool:
        """Say whether every line is one row with as many fields as the header."""
        line = pl.col("line")
        outside = line.str.replace_all('"[^"]*"', "") if b'"' in self.body else line
        delimiters = outside.str.count_matches(self.delimiter, literal=True)
        fits = (delimiters == self.header.width - 1) & ~outside.str.contains(
            '"', literal=True
        )
        return bool(self._lines().select((fits | self._is_blank()).all()).item())

    def read_regular(self) -> pl.DataFrame:
        width = self.header.width
        try:
            rows = pl.read_csv(
                self.body,
                has_header=False,
                separator=self.delimiter,
                columns=self.header.kept,
                schema={str(index): pl.String for index in range(width)},
                missing_columns="insert",
                empty_string_is_null=False,
                raise_if_empty=False,
            )
        except pl.exceptions.PolarsError:  # quotation marks inside a field
            return self.read_carefully()
        numbers = pl.int_range(self.first_line, self.first_line + rows.height)
        lines = self._lines().select(blank=self._is_blank())["blank"]
        return rows.with_columns(
            row_number=numbers, fields=pl.lit(width, pl.Int64)
        ).filter(~lines)

    def read_carefully(self) -> pl.DataFrame:
        """Read row by row: line breaks inside quotes, too many or too few fields."""
        records = [
            [line, fields, *(record[index] for index in self.header.kept)]
            for line, fields, record in self._records()
        ]
        return pl.DataFrame(records, schema=positioned(self.header), orient="row")

    def _records(self) -> Iterator[tuple[int, int, list[str]]]:
        """Yield first line, number of fields, and the fields, filled up to the width.

        More fields than the header has are no fault as long as they are empty.
        """
        width = self.header.width
        text = io.StringIO(self.body.decode(), newline="")
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        line = self.first_line
        try:
            for record in reader:
                if any(field.strip(_BLANKS) for field in record):
                    count = len(record) if any(record[width:]) else width
                    fields = min(len(record), count)
                    yield line, fields, (record + [""] * width)[:width]
                line = self.first_line + reader.line_num
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise cut_off(self.name) from error
            message = f"{self.name} cannot be read as CSV in line {line}: {error}"
            raise DeliveryRefused(message) from error

    def _lines(self) -> pl.DataFrame:
        return pl.read_csv(
            self.body,
            has_header=False,
            separator=_NO_SEPARATOR,
            quote_char=None,
            schema={"line": pl.String},
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            raise_if_empty=False,
        )

    def _is_blank(self) -> pl.Expr:
        return pl.col("line").str.strip_chars(_BLANKS + self.delimiter) == ""
