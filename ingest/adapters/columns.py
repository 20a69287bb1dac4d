"""From the texts of a source to typed rows of a table, as the column mapping says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.adapters import german_formats
from ingest.adapters.base import REFUSED, Pseudonym
from ingest.errors import SourceChanged
from ingest.mappings import Column
from ingest.warehouse import schema_of

_YES_NO: Final = {
    **dict.fromkeys(("1", "ja", "j", "true", "wahr", "yes", "y"), "true"),
    **dict.fromkeys(("0", "nein", "n", "false", "falsch", "no"), "false"),
}
Explain = Callable[[], pl.Series]  # why values could not be read

_UNITS: Final = ("seconds", "minutes", "hours", "days")
_BLANK: Final = " \t\r\n\u00a0\u202f\ufeff"


@dataclass(frozen=True)
class Reading:
    """How a source writes."""

    timezone: str
    pseudonym: Pseudonym
    decimal: str = "."
    missing: tuple[str, ...] = ("",)
    has_serials: bool = False  # spreadsheets: days since 1899 where a time is due


@dataclass(frozen=True)
class Filled:
    rows: pl.DataFrame  # the table's columns and row_number
    refused: pl.DataFrame  # REFUSED


def used_columns(columns: Mapping[str, Column]) -> list[str]:
    """Name the source's columns that a mapping reads, each once."""
    names = [name for column in columns.values() for name in origins(column)]
    return list(dict.fromkeys(names))


def origins(column: Column) -> tuple[str, ...]:
    if column.column is None:
        return ()
    return (column.column,) if isinstance(column.column, str) else column.column


def fill(
    raw: pl.DataFrame,
    table: str,
    columns: Mapping[str, Column],
    reading: Reading,
    schema: Mapping[str, pl.DataType] | None = None,
) -> Filled:
    """Type every row of `raw` (texts and row_number); refuse those that do not fit.

    `schema` is given where rows are not yet those of the table.
    """
    schema = schema_of(table) if schema is None else schema
    unknown = [name for name in columns if name not in schema]
    if unknown:
        message = (
            f"the mapping fills {', '.join(unknown)}, but the table {table} has only"
            f" {', '.join(schema)}"
        )
        raise SourceChanged(message)
    values = {"row_number": raw["row_number"]}
    reasons: dict[str, pl.Series] = {}
    for name, column in columns.items():
        cell = _Cell(name, schema[name], column, reading)
        values[name], reasons[name] = cell.read(raw)
    return _split(raw, values, reasons, columns, reading)


def texts_of(
    raw: pl.DataFrame, column: Column, missing: Sequence[str] = ()
) -> pl.Series:
    """Join a mapping's columns with a space; null where one of them is missing."""
    parts = [
        pl.col(name).cast(pl.Int64, strict=False).add(column.plus[name]).cast(pl.String)
        if name in column.plus
        else pl.col(name).cast(pl.String).str.strip_chars(_BLANK)
        for name in origins(column)
    ]
    if missing and len(parts) > 1:
        parts = [pl.when(~part.is_in(missing)).then(part) for part in parts]
    text = parts[0] if len(parts) == 1 else pl.concat_str(parts, separator=" ")
    return raw.select(text.alias("text"))["text"]


@dataclass(frozen=True)
class _Cell:
    """One column of the table, and how its values come about."""

    name: str
    dtype: pl.DataType
    column: Column
    reading: Reading

    def read(self, raw: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Give the values, and a reason where a text could not be read."""
        if self.column.value is not None:
            value = pl.Series([self.column.value]).cast(self.dtype)
            return value.new_from_index(0, raw.height), _no_reasons(raw.height)
        if not self._reads_as_it_stands:
            return self._read_stripped(raw)
        (name,) = origins(self.column)
        texts = raw[name].cast(pl.String)
        values, _ = self._typed(texts)
        if not values.has_nulls():
            return values, _no_reasons(raw.height)
        left = texts.set(values.is_not_null(), None).to_frame()
        stripped, reasons = self._read_stripped(left)
        return values.fill_null(stripped), reasons

    @property
    def _reads_as_it_stands(self) -> bool:
        """Say whether what can be read as it stands need not be stripped of blanks.

        Stripped, a moment would be read as the same one, and not as a word for nothing.
        """
        column, formats = self.column, self._formats()
        if self.dtype != pl.Datetime("us", "UTC") or len(formats) != 1:
            return False
        if column.values or column.plus or column.scale or len(origins(column)) != 1:
            return False
        words = (*self.reading.missing, *column.missing)
        return not german_formats.say_a_moment(words, formats)

    def _read_stripped(self, raw: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        missing = () if self.column.values else self.reading.missing
        texts, is_unknown = self._translate(texts_of(raw, self.column, missing))
        values, explain = self._typed(texts)
        unread = values.is_null() & texts.is_not_null()
        # Most columns of most files read well; nothing is explained for them.
        reasons = (
            explain().set(~unread, None) if unread.any() else _no_reasons(len(texts))
        )
        if is_unknown is not None and is_unknown.any():
            reasons = reasons.set(is_unknown, "unknown_category")
        return self._scaled(values), reasons

    def _translate(self, texts: pl.Series) -> tuple[pl.Series, pl.Series | None]:
        """Put our words for theirs, null for what means nothing."""
        missing = texts.is_in([*self.reading.missing, *self.column.missing])
        if self.column.values is None:
            return texts.set(missing, None), None
        theirs = list(self.column.values)
        ours = list(self.column.values.values())
        filled = texts.fill_null("")
        is_listed = filled.is_in(theirs)
        rest = None if self.dtype == pl.String else texts.set(missing, None)
        translated = filled.replace_strict(
            theirs, ours, default=rest, return_dtype=pl.String
        )
        if self.dtype != pl.String:
            return translated, None
        return translated, ~(is_listed | missing.fill_null(value=True))

    def _typed(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        kinds: dict[pl.DataType, Callable[[pl.Series], tuple[pl.Series, Explain]]] = {
            pl.Datetime("us", "UTC"): self._moments,
            pl.Date(): self._dates,
            pl.Float64(): self._floats,
            pl.Int32(): self._integers,
            pl.Int64(): self._integers,
            pl.Boolean(): self._booleans,
            pl.String(): self._words,
        }
        return kinds[self.dtype](texts)

    def _moments(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        zone = self.column.timezone or self.reading.timezone
        utc, naive = german_formats.moments(texts, self._formats(), zone)

        def explain() -> pl.Series:
            folded = utc.is_null() & naive.is_not_null()
            return (
                _codes(utc.is_null(), "unreadable_time")
                .set(folded, "ambiguous_time")
                .set(german_formats.skipped_by_clocks(naive, zone), "nonexistent_time")
            )

        return utc, explain

    def _dates(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        zone = self.column.timezone or self.reading.timezone
        days = german_formats.dates(texts, self._formats(), zone)
        return days, lambda: _codes(days.is_null(), "unreadable_time")

    def _formats(self) -> tuple[str, ...]:
        given = self.column.format or ()
        formats = (given,) if isinstance(given, str) else given
        if not self.reading.has_serials:
            return formats
        return (*formats, *german_formats.ISO, german_formats.SERIAL)

    def _floats(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        if self.column.format is None:
            values = german_formats.numbers(texts, self.reading.decimal)
            return values, lambda: _codes(values.is_null(), "unreadable_number")
        form = str(self.column.format)
        if form not in german_formats.DURATION_FORMS:
            message = (
                f"the mapping reads {self.name} by {form!r}; a duration is read by one"
                f" of {', '.join(german_formats.DURATION_FORMS)}"
            )
            raise SourceChanged(message)
        unit = next((unit for unit in _UNITS if unit in self.name), "minutes")
        values = german_formats.durations(texts, form, unit)
        return values, lambda: _codes(values.is_null(), "unreadable_duration")

    def _integers(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        values = german_formats.integers(texts, self.reading.decimal)
        values = values.cast(self.dtype, strict=False)
        return values, lambda: _codes(values.is_null(), "unreadable_number")

    def _booleans(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        words = texts.str.to_lowercase().replace_strict(
            _YES_NO, default=None, return_dtype=pl.String
        )
        return words == "true", lambda: _codes(words.is_null(), "unknown_category")

    def _words(self, texts: pl.Series) -> tuple[pl.Series, Explain]:
        values = self.reading.pseudonym(texts) if self.column.key else texts
        return values, lambda: _codes(values.is_null(), "unknown_category")

    def _scaled(self, values: pl.Series) -> pl.Series:
        if self.column.scale is None:
            return values
        return (values * self.column.scale).cast(self.dtype)


def _no_reasons(height: int) -> pl.Series:
    return pl.Series("reason", [None], pl.String).new_from_index(0, height)


def _codes(wrong: pl.Series, code: str) -> pl.Series:
    return pl.select(pl.when(wrong).then(pl.lit(code)).alias("reason"))["reason"]


def _split(
    raw: pl.DataFrame,
    values: Mapping[str, pl.Series],
    reasons: Mapping[str, pl.Series],
    columns: Mapping[str, Column],
    reading: Reading,
) -> Filled:
    """Keep the rows without a reason; of the others keep the first reason."""
    rows = pl.DataFrame(dict(values))
    troubled = {name: codes for name, codes in reasons.items() if not _clean(codes)}
    if not troubled:
        return Filled(rows, REFUSED.to_frame())
    codes = pl.DataFrame(troubled)
    found = codes.select(
        reason=pl.coalesce(pl.all()),
        field=pl.coalesce(
            pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in troubled
        ),
    )
    wrong = found["reason"].is_not_null()
    refused = found.filter(wrong).with_columns(
        raw["row_number"].filter(wrong),
        as_json(raw.filter(wrong), columns, reading.pseudonym),
    )
    return Filled(rows.filter(~wrong), refused.select(list(REFUSED)))


def as_json(
    raw: pl.DataFrame, columns: Mapping[str, Column], pseudonym: Pseudonym
) -> pl.Series:
    """Write rows for quarantine: only what the mapping uses, and keys hashed."""
    keys = {
        name for column in columns.values() if column.key for name in origins(column)
    }
    shown = raw.select(
        pseudonym(raw[name].cast(pl.String))
        if name in keys
        else pl.col(name).cast(pl.String)
        for name in used_columns(columns)
    )
    return shown.select(pl.struct(pl.all()).struct.json_encode().alias("row_json"))[
        "row_json"
    ]


def _clean(codes: pl.Series) -> bool:
    return codes.null_count() == len(codes)
