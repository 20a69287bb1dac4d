"""The building permits as a workbook: the cases, and the stops of their clocks."""

from collections.abc import Iterable, Iterator
from io import BytesIO

import xlsxwriter

from data.simulator.case_plan import CaseOffice
from data.simulator.case_rows import (
    CHANNELS,
    EPOCH,
    fee,
    file_number,
    german_number,
    is_completed,
    local_time,
    outcome,
    personal,
)
from data.simulator.cases import DAY, NEVER, Case
from data.simulator.people import CLERKS

_COLUMNS = (
    "Aktenzeichen", "Verfahrensart", "Eingangsweg", "Eingang", "Vollständig",
    "Entscheidung", "Abschluss", "Ergebnis", "Erneuter Antrag", "Antragsteller",
    "Bauort", "Sachbearbeitung", "Gebühr",
)  # fmt: skip
_STOP_COLUMNS = ("Aktenzeichen", "Von", "Bis", "Wartet auf")

_Cell = str | int  # a number is a day as spreadsheets count them


def workbook(
    office: CaseOffice, cases: list[Case], earlier: list[Case], year: int, cut: int
) -> bytes:
    """Return the cases received in a year and the stops that began in it.

    `earlier` are all cases received until the end of the year, these included.
    """
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    # Else the file would carry the moment of its making, and never be the same twice.
    book.set_properties({"title": "Bauanträge", "created": EPOCH.replace(year=2024)})
    title = book.add_format({"bold": True, "font_size": 14})
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet = book.add_worksheet("Verfahren")
    sheet.merge_range(
        0, 0, 0, len(_COLUMNS) - 1, "Stadt Musterstadt, Bauordnung", title
    )
    sheet.write_string(1, 0, f"Verfahren mit Eingang im Jahr {year}")
    sheet.write_row(3, 0, _COLUMNS, bold)
    _write(sheet, 4, (_case_cells(office, case, cut) for case in cases), day)
    last = len(cases) + 4
    sheet.write_string(last, 0, f"Summe: {len(cases)} Verfahren", bold)
    fees = german_number(sum(fee(case) for case in cases))
    sheet.write_string(last, len(_COLUMNS) - 1, fees, bold)
    sheet.set_column(0, len(_COLUMNS) - 1, 18)
    sheet.freeze_panes(4, 1)
    stops = book.add_worksheet("Unterbrechungen")
    stops.write_row(0, 0, _STOP_COLUMNS, bold)
    _write(stops, 1, _stops(office, earlier, year, cut), day)
    stops.set_column(0, len(_STOP_COLUMNS) - 1, 18)
    book.close()
    return buffer.getvalue()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    first: int,
    rows: Iterable[Iterable[_Cell]],
    day: xlsxwriter.format.Format,
) -> None:
    for number, row in enumerate(rows, start=first):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, column, value, day)
            else:
                sheet.write_string(number, column, value)


def _case_cells(office: CaseOffice, case: Case, cut: int) -> Iterator[_Cell]:
    complete = case.complete if is_completed(case) else NEVER
    yield file_number(office, case)
    yield office.procedures[case.procedure].words
    yield CHANNELS[case.channel]
    for at in (case.received, complete, case.decided, case.closed):
        yield _serial(at) if at < cut else "-"
    yield outcome(office, case) if case.decided < cut else "-"
    yield "ja" if case.is_repeat else "nein"
    name, _, address = personal(case)
    yield from (name, address, CLERKS[case.person % len(CLERKS)])
    yield german_number(fee(case))


def _stops(
    office: CaseOffice, cases: list[Case], year: int, cut: int
) -> Iterator[tuple[_Cell, ...]]:
    for case in cases:
        for begun, ended, holder in case.pauses:
            is_known = begun < min(cut, case.decided)
            if is_known and local_time(begun).year == year:
                end = min(ended, case.decided)
                until = _serial(end) if end < cut else ""
                yield file_number(office, case), _serial(begun), until, holder


def _serial(at: int) -> int:
    return at // DAY + 25_569
