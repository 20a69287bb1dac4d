"""The case files: bytes of the CSV, cells of the workbook, and what is known when."""

import csv
import io
from datetime import date, datetime

import python_calamine

from data.simulator.case_rows import german_number
from data.simulator.server import aware
from data.simulator.systems import Systems

HOUSING = "/fachverfahren/wohngeld/vorgaenge-2025-Q3.csv"
PERMITS = "/fachverfahren/bauordnung/bauantraege-2025.xlsx"


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001 - local time of the city


def rows(answer):
    text = io.StringIO(answer.body.decode("cp1252"), newline="")
    return list(csv.DictReader(text, delimiter=";", strict=True))


def workbook(answer):
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.body))


def sheet(answer, name):
    return workbook(answer).get_sheet_by_name(name).to_python()


def test_numbers_are_written_as_germans_do():
    assert german_number(1234567.5) == "1.234.567,50"
    assert german_number(12) == "12,00"


def test_a_quarter_holds_what_was_received_in_it(get):
    received = [
        datetime.strptime(row["Eingang"], "%d.%m.%Y %H:%M").date()  # noqa: DTZ007
        for row in rows(get(HOUSING))
    ]
    assert date(2025, 7, 1) <= min(received) < date(2025, 7, 3)
    assert date(2025, 9, 29) < max(received) <= date(2025, 9, 30)
    assert 1200 < len(received) < 1800


def test_the_csv_is_windows_1252_and_free_text_may_hold_the_separator(get):
    answer = get(HOUSING)
    assert b"Vollst\xe4ndig" in answer.body
    assert b"Geb\xfchr" in answer.body.split(b"\r\n")[0]
    table = rows(answer)
    assert any(";" in row["Bemerkung"] for row in table)
    assert all("," in row["Gebühr"] for row in table)
    assert {row["Erneuter Antrag"] for row in table} == {"ja", "nein"}


def test_an_open_case_has_neither_decision_nor_outcome(get):
    table = rows(get("/fachverfahren/wohngeld/vorgaenge-2026-Q4.csv"))
    still_open = [row for row in table if row["Entschieden"] == "-"]
    assert 100 < len(still_open) < len(table)
    for row in still_open:
        assert row["Ergebnis"] == row["Abgeschlossen"] == row["Medienbruchfrei"] == "-"


def test_nothing_is_known_that_has_not_happened_yet(get):
    def day(text):
        return text[6:10] + text[3:5] + text[:2]

    table = rows(get("/fachverfahren/wohngeld/vorgaenge-2026-Q4.csv"))
    for column in ("Eingang", "Vollständig", "Entschieden", "Abgeschlossen"):
        known = [day(row[column]) for row in table if row[column] != "-"]
        # One slip of the finger in three thousand rows is ten years ahead.
        assert max(known if len(known) < 3 else sorted(known)[:-1]) <= "20261118"


def test_a_row_changes_only_when_something_happens_to_the_case(get):
    path = "/fachverfahren/auslaenderbehoerde/vorgaenge-2026-Q3.csv"
    before = {
        row["Vorgangsnummer"]: row for row in rows(get(path, at(2026, 11, 17, 9)))
    }
    after = {row["Vorgangsnummer"]: row for row in rows(get(path, at(2026, 11, 18, 9)))}
    assert before.keys() == after.keys()
    changed = [number for number in before if before[number] != after[number]]
    assert 5 < len(changed) < 200
    for number in changed:
        for column, value in before[number].items():
            assert value in {"-", after[number][column]}


def test_a_quarter_in_which_all_is_decided_stays_the_same(get):
    path = "/fachverfahren/einwohnermeldeamt/vorgaenge-2025-Q3.csv"
    before = get(path, at(2026, 11, 18, 9))
    assert before.status == 200
    assert get(path, at(2026, 11, 19, 9)) == before
    assert get(path, at(2027, 6, 1, 9)) == before


def test_what_is_asked_late_about_an_early_moment_is_what_was_said_then():
    early, late = Systems(115), Systems(115)
    moment = aware(at(2026, 5, 10, 9))
    then = early.answer(PERMITS, {}, moment)
    late.answer(PERMITS, {}, aware(at(2026, 11, 19, 9)))
    assert late.answer(PERMITS, {}, moment) == then


def test_the_workbook_has_headings_a_table_a_total_and_the_stops(get):
    answer = get(PERMITS)
    assert workbook(answer).sheet_names == ["Verfahren", "Unterbrechungen"]
    table = sheet(answer, "Verfahren")
    assert table[0][0] == "Stadt Musterstadt, Bauordnung"
    assert table[3][:5] == [
        "Aktenzeichen", "Verfahrensart", "Eingangsweg", "Eingang", "Vollständig",
    ]  # fmt: skip
    assert table[-1][0] == f"Summe: {len(table) - 5} Verfahren"
    fees = sum(
        round(float(row[-1].replace(".", "").replace(",", ".")) * 100)
        for row in table[4:-1]
    )
    assert table[-1][-1] == german_number(fees / 100)


def test_dates_in_the_workbook_are_serial_numbers(get):
    table = sheet(get(PERMITS), "Verfahren")[4:-1]
    assert all(isinstance(row[3], date) and row[3].year == 2025 for row in table)
    assert all(isinstance(row[5], date) or row[5] == "-" for row in table)


def test_a_year_s_stops_are_those_that_began_in_it_also_of_older_cases(get):
    answer = get("/fachverfahren/bauordnung/bauantraege-2026.xlsx")
    earlier = get("/fachverfahren/bauordnung/bauantraege-2025.xlsx")
    numbers = {row[0] for row in sheet(answer, "Verfahren")[4:-1]}
    older = {row[0] for row in sheet(earlier, "Verfahren")[4:-1]}
    stops = sheet(answer, "Unterbrechungen")[1:]
    assert {row[1].year for row in stops} == {2026}
    assert {row[0] for row in stops} <= numbers | older
    assert {row[0] for row in stops} & older
    assert {row[3] for row in stops} == {"Antragsteller", "Dritte"}
    assert any(row[2] == "" for row in stops)
    assert all(row[2] == "" or row[1] <= row[2] for row in stops)


def test_a_workbook_made_again_has_the_same_bytes(get):
    again = Systems(115).answer(PERMITS, {}, aware(at(2026, 11, 19, 10, 15)))
    assert again.body == get(PERMITS).body


def test_offices_and_periods_without_a_file_are_404(get):
    for path in (
        "/fachverfahren/bauordnung/vorgaenge-2025.csv",
        "/fachverfahren/servicecenter/vorgaenge-2025-Q1.csv",
        "/fachverfahren/wohngeld/vorgaenge-2025.csv",
        "/fachverfahren/wohngeld/vorgaenge-2022-Q1.csv",
        "/fachverfahren/wohngeld/vorgaenge-2027-Q1.csv",
        "/fachverfahren/bauordnung/bauantraege-2022.xlsx",
    ):
        assert get(path).status == 404, path
