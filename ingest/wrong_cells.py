"""Which cells of a table are wrong, in words for the clerk who filled it in.

The place, what is expected, and how the value looks: never what it says, since a name
may stand where an office should. Who has the file open sees the value itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from ingest.adapters.columns import origins
from ingest.checks import Checked
from ingest.city import City
from ingest.mappings import Column, TableMapping
from ingest.parts import CheckedParts
from ingest.privacy import KEY_COLUMNS
from ingest.rules import CATEGORIES, RULES
from ingest.sources import Source, TableFileSource
from ingest.template import expected_of, with_columns
from ingest.warehouse import schema_of

MOST: Final = 20  # named; whoever has more will mend the first and try again

_WRONG_WORDS: Final = ("unknown_category", "unknown_office", "unknown_service")
_WRONG_FORM: Final = ("missing_value", "unreadable_time", "unreadable_number")
_MOST_WORDS: Final = 12


@dataclass(frozen=True)
class WrongCell:
    """A refused row of a table, and the cell that is to blame."""

    sheet: str | None
    row: int  # as in the file, header included
    column: str | None  # as in the header; None: the row as a whole
    value: str | None  # as it stands in quarantine; None: not about one value
    reason: str  # code of a rule
    expected: str | None

    def in_words(self) -> str:
        """Say it in German: sheet, row, column: value, what is expected."""
        place = [f"Zeile {self.row}"]
        if self.sheet is not None:
            place.insert(0, f"Blatt {self.sheet}")
        if self.column is not None:
            place.append(f"Spalte {self.column}")
        said = [RULES[self.reason].text.de]
        if self.value is not None:
            said.insert(0, f"„{self.value}“" if self.value else "(leer)")
        if self.expected is not None:
            said.append(f"erwartet: {self.expected}")
        return f"{', '.join(place)}: {', '.join(said)}"


def wrong_cells(
    checked: Checked | CheckedParts, source: Source, city: City
) -> tuple[WrongCell, ...]:
    """Name the first wrong cells of a table; other sources have none."""
    if not isinstance(source, TableFileSource):
        return ()
    if source.mapping.calls is not None:
        return ()  # its rows are calls: their fields are no columns of the table
    place = _Place(with_columns(source.mapping, city), city)
    first = checked.scan_refused().head(MOST).collect()
    return tuple(place.cell(row) for row in first.iter_rows(named=True))


@dataclass(frozen=True)
class _Place:
    mapping: TableMapping
    city: City

    def cell(self, refused: Mapping[str, Any]) -> WrongCell:
        name = refused["field"]
        column = self.mapping.columns.get(name) if name else None
        return WrongCell(
            sheet=self.mapping.sheet,
            row=refused["row_number"],
            column=_header(column),
            value=self._value(name, column, json.loads(refused["row_json"])),
            reason=refused["reason"],
            expected=self._expected(name, column, refused["reason"]),
        )

    def _value(
        self, name: str | None, column: Column | None, row: Mapping[str, Any]
    ) -> str | None:
        """Read the value out of the masked row: by their name of it, or by ours."""
        if name is None or name in KEY_COLUMNS:
            return None
        if row.get(name) is not None:
            return self._shown(name, row[name])
        parts = (row.get(part) for part in _origins(column))
        return " ".join(str(part) for part in parts if part)

    def _shown(self, name: str, value: object) -> str:
        dtype = schema_of(self.mapping.table)[name]
        text = str(value)
        if not isinstance(dtype, pl.Datetime):
            return text
        try:
            moment = datetime.fromisoformat(text).astimezone(self.city.timezone)
        except ValueError:  # how a text looks that is no time, or is a day of birth
            return text
        return f"{moment:%d.%m.%Y %H:%M}"

    def _expected(
        self, name: str | None, column: Column | None, reason: str
    ) -> str | None:
        if name is None:
            return None
        dtype = schema_of(self.mapping.table)[name]
        words = self._words(name, column)
        if reason in _WRONG_WORDS or (reason == "missing_value" and words):
            return f"eines von {', '.join(words)}" if words else None
        return expected_of(dtype) if reason in _WRONG_FORM else None

    def _words(self, name: str, column: Column | None) -> list[str]:
        if column is not None and column.values is not None:
            ours = list(column.values.values())
            # An id beside the name of the same thing need not be said.
            words = [
                word
                for word, meant in column.values.items()
                if word != meant or ours.count(meant) == 1
            ]
        elif name == "office":
            words = [office.id for office in self.city.offices]
        elif name == "service":
            words = [service.id for service in self.city.services]
        else:
            words = list(CATEGORIES.get(self.mapping.table, {}).get(name, ()))
        more = ["…"] if len(words) > _MOST_WORDS else []
        return words[:_MOST_WORDS] + more


def _header(column: Column | None) -> str | None:
    return " + ".join(_origins(column)) or None


def _origins(column: Column | None) -> tuple[str, ...]:
    return () if column is None else origins(column)
