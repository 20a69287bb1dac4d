# ruff: noqa: DTZ001 - what a source writes has no zone
import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta

import pytest
import xlsxwriter
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from ingest.errors import DeliveryRefused, SourceChanged

CASES = {
    "table": "cases",
    "sheet": "Verfahren",
    "header_row": 2,
    "total_rows": {"Aktenzeichen": "^Summe"},
    "ignored_columns": ["Antragsteller"],
    "columns": {
        "case_key": {"column": "Aktenzeichen", "key": True},
        "office": {"value": "ema"},
        "received_at": {"column": "Eingang", "format": "%d.%m.%Y"},
        "decided_at": {"column": ["Tag", "Uhrzeit"], "format": "%d.%m.%Y %H:%M"},
    },
}
HOURS = {
    "table": "queue_hours",
    "columns": {
        "office": {"value": "ema"},
        "hour_at": {"column": "Stunde"},
        "customers": {"column": "Kunden"},
        "mean_wait_minutes": {"column": "Wartezeit", "format": "mm:ss"},
        "mean_walk_minutes": {"column": "Weg"},
    },
}


def xlsx(rows, sheet="Verfahren", formats=None):
    """Write a workbook whose second sheet is the one that is meant."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet("Deckblatt").write(0, 0, "Hinweise")
    page = book.add_worksheet(sheet)
    made = {name: book.add_format({"num_format": name}) for name in formats or ()}
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            value, style = cell if isinstance(cell, tuple) else (cell, None)
            if isinstance(value, (datetime, date, time, timedelta)):
                page.write_datetime(y, x, value, made[style])
            elif value is not None:
                page.write(y, x, value, made.get(style))
    book.close()
    return buffer.getvalue()


def ods(rows, sheet="Verfahren"):
    document = OpenDocumentSpreadsheet()
    table = Table(name=sheet)
    for row in rows:
        line = TableRow()
        for cell in row:
            line.addElement(ods_cell(cell))
        table.addElement(line)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


def ods_cell(value):
    if isinstance(value, datetime):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        text = f"PT{minutes // 60:02}H{minutes % 60:02}M{seconds:02}S"
        return TableCell(valuetype="time", timevalue=text)
    if isinstance(value, (int, float)):
        return TableCell(valuetype="float", value=value)
    cell = TableCell(valuetype="string")
    cell.addElement(P(text=value or ""))
    return cell


CASE_ROWS = [
    ["Verfahren der Bauordnung"],
    ["Aktenzeichen", "Antragsteller", "Eingang", "Tag", "Uhrzeit"],
    [4711.0, "Frau Öztürk", (datetime(2026, 3, 14), "dd.mm.yyyy"),
     (datetime(2026, 4, 1), "dd.mm.yyyy"), (time(10, 20), "hh:mm")],
    ["B-2", "Herr Ü", 46095, "01.04.2026", "10:20"],
    [None, None, None, None, None],
    ["B-3", "Herr Ä", "14.03.2026", None, None],
    ["Summe", None, 3, None, None],
]  # fmt: skip
MARCH_14 = datetime(2026, 3, 13, 23, tzinfo=UTC)
APRIL_1 = datetime(2026, 4, 1, 8, 20, tzinfo=UTC)


def test_dates_as_dates_as_serials_and_as_texts_are_the_same_dates(table_source, read):
    content = xlsx(CASE_ROWS, formats=["dd.mm.yyyy", "hh:mm"])
    parsed = read(table_source(CASES), content, "bau.xlsx")
    assert parsed.rows.select(
        "row_number", "case_key", "received_at", "decided_at"
    ).rows() == [
        (3, "#4711", MARCH_14, APRIL_1),
        (4, "#B-2", MARCH_14, APRIL_1),
        (6, "#B-3", MARCH_14, None),
    ]
    assert parsed.refused.is_empty()


def test_serial_days_with_fractions_are_times(table_source, read):
    rows = [
        ["Stunde", "Kunden", "Wartezeit", "Weg"],
        [46095 + 10 / 24, 5, "12:30", 0.5],
    ]
    source = table_source({**HOURS, "sheet": "Verfahren"})
    assert read(source, xlsx(rows), "h.xlsx").rows.rows() == [
        (2, "ema", datetime(2026, 3, 14, 9, tzinfo=UTC), 5, 12.5, 0.5)
    ]


def test_the_first_sheet_is_read_where_none_is_named(table_source, read):
    with pytest.raises(SourceChanged, match="columns of the header"):
        read(table_source(HOURS), xlsx([]), "h.xlsx")


def test_cells_that_are_durations_keep_their_length(table_source, read):
    rows = [
        ["Stunde", "Kunden", "Wartezeit", "Weg"],
        ["2026-03-14 10:00", 5, (timedelta(minutes=12, seconds=30), "[mm]:ss"), "1,5"],
        ["2026-03-14 11:00", 0, (timedelta(hours=25, minutes=1), "[hh]:mm:ss"), "-"],
    ]
    source = table_source({**HOURS, "sheet": "Verfahren"})
    content = xlsx(rows, formats=["[mm]:ss", "[hh]:mm:ss"])
    parsed = read(source, content, "h.xlsx").rows
    assert parsed["mean_wait_minutes"].to_list() == [12.5, 1501.0]
    assert parsed["mean_walk_minutes"].to_list() == [1.5, None]


def test_ods_says_the_same_as_xlsx(table_source, read):
    rows = [
        ["Stunde", "Kunden", "Wartezeit", "Weg"],
        [datetime(2026, 3, 14, 10), 5, timedelta(minutes=12, seconds=30), 1.5],
        ["2026-03-14 11:00", "1.000", "07:30", "2,5"],
    ]
    parsed = read(table_source(HOURS), ods(rows), "h.ods")
    assert parsed.rows.rows() == [
        (2, "ema", datetime(2026, 3, 14, 9, tzinfo=UTC), 5, 12.5, 1.5),
        (3, "ema", datetime(2026, 3, 14, 10, tzinfo=UTC), 1000, 7.5, 2.5),
    ]
    assert parsed.refused.is_empty()


def test_an_error_cell_refuses_its_row_only(table_source, read):
    rows = [
        ["Stunde", "Kunden", "Wartezeit", "Weg"],
        ["2026-03-14 10:00", "#NAME?", "12:30", 1],
        ["2026-03-14 11:00", 3, "12:30", 1],
    ]
    parsed = read(table_source(HOURS), ods(rows), "h.ods")
    assert parsed.rows["row_number"].to_list() == [3]
    assert parsed.refused.select("row_number", "field", "reason").rows() == [
        (2, "customers", "unreadable_number")
    ]


def test_a_workbook_cut_off_is_refused(table_source, read):
    whole = xlsx(CASE_ROWS, formats=["dd.mm.yyyy", "hh:mm"])
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        with pytest.raises(DeliveryRefused):
            read(table_source(CASES), whole[:length], "bau.xlsx")


def test_a_missing_sheet_is_named_beside_those_that_are_there(table_source, read):
    content = xlsx(CASE_ROWS, "Tabelle 1", formats=["dd.mm.yyyy", "hh:mm"])
    with pytest.raises(
        SourceChanged, match="no sheet 'Verfahren', only Deckblatt, Tab"
    ):
        read(table_source(CASES), content, "bau.xlsx")


def test_a_workbook_that_unpacks_to_a_giant_is_refused(table_source, read):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 100_000_000)
    with pytest.raises(DeliveryRefused, match="600 MB when unpacked"):
        read(table_source(CASES), buffer.getvalue(), "bau.xlsx")


def test_a_single_cell_far_out_is_refused_before_room_is_made_for_all(
    table_source, read
):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("Verfahren")
    page.write(0, 0, "Stunde")
    page.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(DeliveryRefused, match=r"reaches over 17179869184 cells"):
        read(table_source(HOURS), buffer.getvalue(), "h.xlsx")


def test_a_cell_repeated_for_ever_is_refused(table_source, read):
    document = OpenDocumentSpreadsheet()
    table = Table(name="Verfahren")
    line = TableRow(numberrowsrepeated=1_000_000)
    line.addElement(TableCell(valuetype="float", value=1, numbercolumnsrepeated=1_000))
    table.addElement(line)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    with pytest.raises(DeliveryRefused, match=r"reaches over 1000000000 cells"):
        read(table_source(HOURS), buffer.getvalue(), "h.ods")


def test_empty_rows_down_to_the_end_of_the_sheet_are_no_giant(table_source, read):
    rows = [
        ["Stunde", "Kunden", "Wartezeit", "Weg"],
        ["2026-03-14 11:00", 5, "07:30", 1],
    ]
    buffer = io.BytesIO(ods(rows))
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    empty = (
        b'<table:table-row table:number-rows-repeated="1048574"><table:table-cell'
        b' table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    members["content.xml"] = members["content.xml"].replace(b"</table:table>", empty)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert read(table_source(HOURS), buffer.getvalue(), "h.ods").rows.height == 1


def test_a_workbook_without_its_header_row_is_refused(table_source, read):
    source = table_source({**CASES, "header_row": 40})
    content = xlsx(CASE_ROWS, formats=["dd.mm.yyyy", "hh:mm"])
    with pytest.raises(DeliveryRefused, match="ends before its header"):
        read(source, content, "bau.xlsx")
