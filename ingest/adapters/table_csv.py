"""CSV: bytes to texts, after the encoding and the shape of every row were checked."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
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
from ingest.errors import DeliveryRefused
from ingest.mappings import TableMapping

_NO_SEPARATOR: Final = "\x1f"  # stands in hardly a text: whole lines are read
_BLANKS: Final = " \t\r\ufeff"
_LONE_RETURN: Final = re.compile(rb"\r(?!\n)")


def read_csv(
    name: str, content: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> RawTable:
    """Read the wanted columns; refuse what is not the table that was expected."""
    text = as_utf8(name, content, mapping.encoding)
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    sheet = first_sheet(name, text, mapping, wanted)
    closed = sheet.body.endswith(b"\n")
    return finish(name, sheet.read(), sheet.header, mapping, is_closed=closed)


def first_sheet(
    name: str, text: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> "Sheet":
    """Read the header, and refuse one that is not the one that was expected."""
    names, body, first_line = _header(name, text, mapping)
    header = Header(names, wanted)
    check_header(name, header, mapping.ignored_columns)
    return Sheet(name, body, header, mapping.delimiter, first_line)


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


def _count(text: bytes, sign: bytes) -> int:
    """Count a sign that is frequent; then comparing all bytes is four times as fast."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(sign)))


@dataclass(frozen=True)
class Sheet:
    """What stands below the header, or a piece of it that begins with a row."""

    name: str
    body: bytes
    header: Header
    delimiter: str
    first_line: int

    @cached_property
    def lines(self) -> int:
        """Count lines as the reader does that counts most: by any line break."""
        if b"\r" not in self.body:
            return self._feeds
        return self._feeds + sum(1 for _ in _LONE_RETURN.finditer(self.body))

    @cached_property
    def _feeds(self) -> int:
        return _count(self.body, b"\n")

    def read(self) -> pl.DataFrame:
        rows = self._read_plain()
        if rows is None and self._blank_where_regular is not None:
            rows = self._read_regular(self._blank_where_regular)
        return self._read_carefully() if rows is None else rows

    def end_of_last_row(self) -> int:
        """Say where its last whole row ends: the next may go on beyond this piece."""
        if b'"' not in self.body or self._blank_where_regular is not None:
            return len(self.body)
        read, end = 0, 0

        def lines() -> Iterator[str]:
            nonlocal read
            for line in io.StringIO(self.body.decode(), newline=""):
                read += len(line.encode())
                yield line

        reader = csv.reader(lines(), delimiter=self.delimiter, strict=True)
        line = self.first_line
        try:
            for _ in reader:
                end, line = read, self.first_line + reader.line_num
        except csv.Error as error:
            if "unexpected end" not in str(error):
                raise self._no_csv(line, error) from error
        return end

    def _read_plain(self) -> pl.DataFrame | None:
        """Read quickly what has no quotation marks, and the right shape at first sight.

        None: it has not. No line has too many fields, or Polars would raise; so none
        has too few, or there would not be as many delimiters as there are.
        """
        width = self.header.width
        lines = self._feeds + (not self.body.endswith(b"\n"))
        delimiters = _count(self.body, self.delimiter.encode())
        if b'"' in self.body or delimiters != lines * (width - 1):
            return None
        try:
            rows = self._texts(range(width))
        except pl.exceptions.PolarsError:
            return None
        blank = [pl.col(name).str.strip_chars(_BLANKS) == "" for name in rows.columns]
        if rows.select(blank[0].any()).item():  # a row without anything is none
            return self._numbered(rows, rows.select(pl.all_horizontal(blank))["0"])
        return self._numbered(rows, None)

    @cached_property
    def _blank_where_regular(self) -> pl.Series | None:
        """Say which lines are blank; None: not every line is one row of the width."""
        if _NO_SEPARATOR.encode() in self.body:  # it would end the line unseen
            return None
        line = pl.col("line")
        outside = line.str.replace_all('"[^"]*"', "") if b'"' in self.body else line
        delimiters = outside.str.count_matches(self.delimiter, literal=True)
        fits = (delimiters == self.header.width - 1) & ~outside.str.contains(
            '"', literal=True
        )
        is_blank = line.str.strip_chars(_BLANKS + self.delimiter) == ""
        found = self._lines().select(fits=fits, blank=is_blank)
        is_regular = found.select((pl.col("fits") | pl.col("blank")).all()).item()
        return found["blank"] if is_regular else None

    def _read_regular(self, blank: pl.Series) -> pl.DataFrame | None:
        try:
            return self._numbered(self._texts(self.header.kept), blank)
        except pl.exceptions.PolarsError:  # quotation marks inside a field
            return None

    def _texts(self, columns: Sequence[int]) -> pl.DataFrame:
        return pl.read_csv(
            self.body,
            has_header=False,
            separator=self.delimiter,
            columns=columns,
            schema={str(index): pl.String for index in range(self.header.width)},
            missing_columns="insert",
            empty_string_is_null=False,
            raise_if_empty=False,
        )

    def _numbered(self, rows: pl.DataFrame, blank: pl.Series | None) -> pl.DataFrame:
        numbers = pl.int_range(self.first_line, self.first_line + rows.height)
        width = pl.lit(self.header.width, pl.Int64)
        kept = [str(index) for index in self.header.kept]
        numbered = rows.select(
            numbers.alias("row_number"), width.alias("fields"), *kept
        )
        return numbered if blank is None else numbered.filter(~blank)

    def _read_carefully(self) -> pl.DataFrame:
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
            raise self._no_csv(line, error) from error

    def _no_csv(self, line: int, error: csv.Error) -> DeliveryRefused:
        message = f"{self.name} cannot be read as CSV in line {line}: {error}"
        return DeliveryRefused(message)

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
