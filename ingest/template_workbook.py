"""The workbook of a template: an empty table, examples, and the rules in its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

from ingest.errors import IngestError
from ingest.rules import ORDERS
from ingest.template import SHEET, Template, TemplateColumn

EXAMPLES: Final = "Beispiele"
EXPLANATIONS: Final = "Erklärungen"
LISTS: Final = "Listen"

_LAST_ROW: Final = 100_000  # as far down as cells have rules
_FIRST_DAY: Final = date(1990, 1, 1)
_LAST_DAY: Final = date(2100, 1, 1)
_LONGEST_TITLE: Final = 32  # of the notes beside a cell, as Excel allows
_LONGEST_NOTE: Final = 255
_NARROWEST: Final = 14
_INTRODUCTION: Final = (
    (
        f"Ausgefüllt wird das Blatt „{SHEET}“: eine Zeile je Eintrag, unter"
        " der Überschrift. Spalten mit * müssen gefüllt sein, die anderen dürfen leer"
        " bleiben. Leer heißt „nicht bekannt“, 0 heißt „keine“."
    ),
    (
        "Spalten dürfen nicht umbenannt, gelöscht oder ergänzt werden: Eine Tabelle mit"
        " unbekannten Spalten wird als Ganzes abgewiesen, damit nichts Persönliches"
        " hineingerät."
    ),
    (
        "Wer in eine Zelle klickt, sieht, was hineingehört. Was nicht passt, meldet die"
        " Tabelle, spätestens das Einlesen mit Blatt, Zeile und Spalte."
    ),
)


def write_workbook(template: Template, path: Path) -> None:
    """Write a template as XLSX; raise IngestError where that cannot be."""
    # Written beside it and renamed, so that no half workbook is ever found.
    draft = path.with_name(f".{path.name}.part")
    try:
        with xlsxwriter.Workbook(draft, {"in_memory": True}) as workbook:
            workbook.set_properties({"title": template.title, "language": "de-DE"})
            _Writer(workbook, template).write()
        draft.replace(path)
    except (xlsxwriter.exceptions.FileCreateError, OSError) as error:
        message = f"{path} cannot be written; is there such a folder, and room in it?"
        raise IngestError(message) from error
    finally:
        draft.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Writer:
    workbook: Any  # xlsxwriter ships no types
    template: Template

    def write(self) -> None:
        sheets = {
            name: self.workbook.add_worksheet(name)
            for name in (SHEET, EXAMPLES, EXPLANATIONS, LISTS)
        }
        lists = self._write_lists(sheets[LISTS])
        self._write_header(sheets[SHEET])
        for index, column in enumerate(self.template.columns):
            rule = _validation(column, lists.get(column.name))
            sheets[SHEET].data_validation(1, index, _LAST_ROW, index, rule)
        self._mark_wrong_orders(sheets[SHEET])
        self._write_header(sheets[EXAMPLES])
        self._write_examples(sheets[EXAMPLES])
        self._write_explanations(sheets[EXPLANATIONS])
        sheets[SHEET].activate()

    def _write_header(self, sheet: Any) -> None:  # noqa: ANN401
        required = {"bold": True, "font_color": "#ffffff", "bg_color": "#2044aa"}
        optional = {"bold": True, "font_color": "#1a1a1a", "bg_color": "#d7dff4"}
        for index, column in enumerate(self.template.columns):
            colours = required if column.is_required else optional
            head = self.workbook.add_format({**colours, "border": 1, "text_wrap": True})
            width = max(_NARROWEST, len(column.header) + 3)
            sheet.set_column(index, index, width, self._format(column))
            sheet.write_string(0, index, column.header, head)
        sheet.set_row(0, 32)
        sheet.freeze_panes(1, 0)

    def _format(self, column: TemplateColumn) -> Any:  # noqa: ANN401
        if isinstance(column.dtype, pl.Datetime):
            return self.workbook.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        if column.dtype == pl.Date:
            return self.workbook.add_format({"num_format": "dd.mm.yyyy"})
        # Numbers of tickets and files keep their leading zeros as texts only.
        is_text = column.dtype == pl.String
        return self.workbook.add_format({"num_format": "@" if is_text else "General"})

    def _write_lists(self, sheet: Any) -> dict[str, str]:  # noqa: ANN401
        """Write what may be chosen, a column each; return where it stands."""
        ranges: dict[str, str] = {}
        bold = self.workbook.add_format({"bold": True})
        choices = [column for column in self.template.columns if column.words]
        for index, column in enumerate(choices):
            sheet.set_column(index, index, 40)
            sheet.write_string(0, index, column.label, bold)
            sheet.write_column(1, index, list(column.words))
            letter = xlsxwriter.utility.xl_col_to_name(index)
            last = len(column.words) + 1
            ranges[column.name] = f"={LISTS}!${letter}$2:${letter}${last}"
        sheet.protect()
        return ranges

    def _mark_wrong_orders(self, sheet: Any) -> None:  # noqa: ANN401
        """Colour what lies before that which it must follow."""
        places = {column.name: i for i, column in enumerate(self.template.columns)}
        red = self.workbook.add_format({"bg_color": "#f8c8c4", "font_color": "#7a0c04"})
        for earlier, later, _ in ORDERS.get(self.template.table, ()):
            if earlier not in places or later not in places:
                continue
            first, second = (
                xlsxwriter.utility.xl_rowcol_to_cell(1, places[name], col_abs=True)
                for name in (earlier, later)
            )
            rule = f'=AND({first}<>"",{second}<>"",{second}<{first})'
            place = places[later]
            sheet.conditional_format(
                *(1, place, _LAST_ROW, place),
                {"type": "formula", "criteria": rule, "format": red},
            )

    def _write_examples(self, sheet: Any) -> None:  # noqa: ANN401
        for index, column in enumerate(self.template.columns):
            shown = self._format(column)
            for row, value in enumerate(column.examples, 1):
                if isinstance(value, date | datetime):
                    sheet.write_datetime(row, index, value, shown)
                elif value != "":
                    sheet.write(row, index, value, shown)

    def _write_explanations(self, sheet: Any) -> None:  # noqa: ANN401
        wrapped = self.workbook.add_format({"text_wrap": True, "valign": "top"})
        bold = self.workbook.add_format({"bold": True, "valign": "top"})
        big = self.workbook.add_format({"bold": True, "font_size": 16})
        for index, width in enumerate((24, 10, 60, 60)):
            sheet.set_column(index, index, width)
        sheet.write_string(0, 0, self.template.title, big)
        row = 1
        for text in (self.template.about, *_INTRODUCTION):
            sheet.merge_range(row, 0, row, 3, text, wrapped)
            sheet.set_row(row, 34)
            row += 1
        sheet.write_row(
            row + 1, 0, ["Spalte", "Pflicht", "Bedeutung", "Erwartet"], bold
        )
        for line, column in enumerate(self.template.columns, row + 2):
            sheet.write_string(line, 0, column.label, bold)
            cells = (
                "ja" if column.is_required else "nein",
                column.help,
                column.expected,
            )
            for place, text in enumerate(cells, 1):
                sheet.write_string(line, place, text, wrapped)


def _validation(column: TemplateColumn, chosen_from: str | None) -> Mapping[str, Any]:
    """Give the rule of a column's cells, and what is said beside them."""
    note = f"{column.help} Erwartet: {column.expected}"
    return {
        **_criteria(column, chosen_from),
        "ignore_blank": True,
        "input_title": column.header[:_LONGEST_TITLE],
        "input_message": _cut(note),
        "error_title": "Das passt nicht"[:_LONGEST_TITLE],
        "error_message": _cut(f"Erwartet: {column.expected}"),
    }


def _criteria(column: TemplateColumn, chosen_from: str | None) -> Mapping[str, Any]:
    if chosen_from is not None:
        return {"validate": "list", "source": chosen_from}
    if column.dtype.is_temporal():
        days: Sequence[date] = (_FIRST_DAY, _LAST_DAY)
        return {
            "validate": "date",
            "criteria": "between",
            "minimum": days[0],
            "maximum": days[1],
        }
    if column.between is not None:
        lowest, highest = column.between
        return {
            "validate": "integer",
            "criteria": "between",
            "minimum": lowest,
            "maximum": highest,
        }
    if column.dtype.is_numeric():
        kind = "integer" if column.dtype.is_integer() else "decimal"
        return {"validate": kind, "criteria": ">=", "value": 0}
    return {"validate": "any"}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NOTE else f"{text[: _LONGEST_NOTE - 1]}…"
