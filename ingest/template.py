"""Tables for offices to fill in by hand: what their columns are called and hold.

A source with `mapping = { table = "tickets", template = true }` reads them back: the
mapping is the template itself, so nobody has to write one.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from ingest.city import City, Office, Service
from ingest.errors import UnknownTable
from ingest.mappings import Column, Covers, TableMapping
from ingest.privacy import KEY_COLUMNS
from ingest.warehouse import columns_of, schema_of

FOLDER: Final = Path(__file__).parent / "templates"
SHEET: Final = "Daten"
TABLES: Final = tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))

_TIMES: Final = (
    *("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y"),
    # What programs write; a workbook's own times come like that, too.
    *("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
)


@dataclass(frozen=True)
class TemplateColumn:
    """One column, as the office sees it."""

    name: str  # in the warehouse
    label: str
    help: str
    dtype: pl.DataType
    is_required: bool
    words: Mapping[str, str]  # what may be chosen -> ours; empty: anything of the type
    between: tuple[int, int] | None
    examples: Sequence[Any]

    @property
    def header(self) -> str:
        return f"{self.label} *" if self.is_required else self.label

    @property
    def expected(self) -> str:
        """Say in German what a cell may hold."""
        if self.words:
            return f"eines von: {', '.join(self.words)}"
        if self.between is not None:
            return f"eine ganze Zahl von {self.between[0]} bis {self.between[1]}"
        return expected_of(self.dtype)


@dataclass(frozen=True)
class Template:
    """One table to fill in."""

    table: str
    title: str
    about: str
    covers: Covers
    columns: Sequence[TemplateColumn]


def template_of(table: str, city: City) -> Template:
    """Return a table's template in the words of a city."""
    if table not in TABLES:
        message = f"there is no template for {table!r}, only for {', '.join(TABLES)}"
        raise UnknownTable(message)
    said = _read(table)
    chosen = {"office": _labels(city.offices), "service": _labels(city.services)}
    columns = [
        _column(table, name, column, chosen.get(name, {}))
        for name, column in said["columns"].items()
    ]
    covers = Covers(period=said["covers"])
    return Template(table, said["title"], said["about"], covers, columns)


def with_columns(mapping: TableMapping, city: City) -> TableMapping:
    """Return the mapping that reads a filled-in template; any other one as it is."""
    if not mapping.template:
        return mapping
    template = template_of(mapping.table, city)
    own: dict[str, Any] = {
        "columns": {column.name: _reading(column, city) for column in template.columns},
        "sheet": mapping.sheet or SHEET,
    }
    if "covers" not in mapping.model_fields_set:
        own["covers"] = template.covers
    return mapping.model_copy(update=own)


def expected_of(dtype: pl.DataType) -> str:
    """Say in German what a value of a type looks like."""
    if isinstance(dtype, pl.Datetime):
        return "Datum und Uhrzeit wie 05.10.2026 08:12"
    if dtype == pl.Date:
        return "ein Datum wie 05.10.2026"
    if dtype.is_integer():
        return "eine ganze Zahl ab 0"
    if dtype.is_float():
        return "eine Zahl ab 0"
    return "ja oder nein" if dtype == pl.Boolean else "ein Text"


def _column(
    table: str, name: str, said: Mapping[str, Any], chosen: Mapping[str, str]
) -> TemplateColumn:
    words = said.get("words", {}) or chosen
    # Where the city has to say the words, the example is one of them.
    example = next(iter(chosen), "")
    between = said.get("between")
    return TemplateColumn(
        name=name,
        label=said["label"],
        help=said["help"],
        dtype=schema_of(table)[name],
        is_required=columns_of(table)[name].is_required,
        words=words,
        between=(between[0], between[1]) if between else None,
        examples=[example] * len(said["examples"]) if chosen else said["examples"],
    )


def _reading(column: TemplateColumn, city: City) -> Column:
    values: dict[str, str | None] | None = None
    if column.dtype == pl.String and column.words:
        values = {**column.words, **_ids(column.name, city)}
    is_time = column.dtype.is_temporal()
    return Column(
        column=column.header,
        values=values,
        format=_TIMES if is_time else None,
        key=column.name in KEY_COLUMNS,
    )


def _labels(named: Iterable[Office | Service]) -> dict[str, str]:
    """Give each its German name, with its id where two have the same."""
    offered = list(named)
    times = Counter(one.name.de for one in offered)
    return {
        one.name.de if times[one.name.de] == 1 else f"{one.name.de} ({one.id})": one.id
        for one in offered
    }


def _ids(name: str, city: City) -> dict[str, str]:
    """Ids may be filled in as well: programs do."""
    named: Mapping[str, Sequence[Office | Service]] = {
        "office": city.offices,
        "service": city.services,
    }
    return {one.id: one.id for one in named.get(name, ())}


@cache
def _read(table: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{table}.toml").read_text(encoding="utf-8"))
