"""The monthly ticket files: bytes, dirt, late entries and corrected editions."""

import re
from collections import Counter
from datetime import datetime

import pytest

from data.simulator.server import aware
from data.simulator.systems import Systems

COLUMNS = [
    "Vorgangsnummer", "Amt", "Dienstleistung", "Kundenart", "Termin gebucht am",
    "Termin", "Ankunft", "Aufruf", "Bedienbeginn", "Bedienende", "Status", "Personen",
    "Name", "Sachbearbeitung", "Platz",
]  # fmt: skip
SETTLED = "/aufrufsystem/buergeraemter/vorgaenge-2025-09.csv"
QUARTER = [
    f"/aufrufsystem/{system}/vorgaenge-2025-{month}.csv"
    for system in ("buergeraemter", "fachaemter")
    for month in ("07", "08", "09")
]


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001 - local time of the city


def rows(answer):
    lines = answer.body.decode("cp1252").split("\r\n")
    return [dict(zip(COLUMNS, line.split(";"), strict=True)) for line in lines[6:-2]]


def test_a_file_is_windows_1252_with_crlf_and_headings_above_the_table(get):
    answer = get(SETTLED)
    assert answer.media_type == "text/csv; charset=windows-1252"
    lines = answer.body.split(b"\r\n")
    assert lines[0] == b"Stadt Musterstadt - Aufrufsystem"
    assert lines[1] == b"Vorgangsliste B\xfcrger\xe4mter"
    assert lines[2] == b"Zeitraum: 01.09.2025 bis 30.09.2025"
    assert lines[3] == b"Erstellt am: 01.10.2025 05:00 Uhr"
    assert lines[4] == b""
    assert lines[5].decode("cp1252").split(";") == COLUMNS
    assert lines[-1] == b""
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode("utf-8")


def test_the_last_row_totals_the_rows_and_the_persons(get):
    answer = get(SETTLED)
    total = answer.body.decode("cp1252").split("\r\n")[-2].split(";")
    table = rows(answer)
    assert total[0] == f"Summe: {len(table)} Vorgänge"
    assert int(total[11]) == sum(int(row["Personen"]) for row in table)
    assert len(total) == len(COLUMNS)


def test_times_are_german_and_a_dash_is_missing(get):
    pattern = re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d|-")
    table = rows(get(SETTLED))
    for row in table:
        for column in COLUMNS[4:10]:
            assert pattern.fullmatch(row[column]), row
        assert (row["Kundenart"] == "Spontan") == (row["Termin"] == "-")
        assert (row["Status"] == "bedient") == (row["Bedienende"] != "-")
    assert {row["Status"] for row in table} == {
        "bedient",
        "nicht erschienen",
        "gegangen",
    }


def test_the_files_carry_personal_data_for_the_ingest_to_drop(get):
    table = rows(get(SETTLED))
    assert all(", " in row["Name"] for row in table)
    assert all(row["Sachbearbeitung"].split()[0] in {"Frau", "Herr"} for row in table)
    assert len({row["Name"] for row in table}) > 1000


def test_a_year_holds_every_kind_of_dirt_but_little_of_each(get):
    table = []
    for month in range(1, 13):
        path = f"/aufrufsystem/buergeraemter/vorgaenge-2025-{month:02}.csv"
        table += get(path).body.decode("cp1252").split("\r\n")[6:-2]
    sent = Counter(table)
    # A dictionary for each of 200 000 rows would take long.
    cells = [row.split(";")[5:8] for row in table]

    def sortable(text):
        return text[6:10] + text[3:5] + text[:2] + text[10:]

    twice = sum(n - 1 for n in sent.values())
    empty = sum(called == "00.00.0000 00:00:00" for _, _, called in cells)
    future = sum(called[6:10] == "2035" for _, _, called in cells)
    early = sum(
        due == "-"
        and called[:3] not in ("-", "00.")
        and sortable(called) < sortable(arrived)
        for due, arrived, called in cells
    )
    for number in (twice, empty, future, early):
        assert 3 <= number <= 0.002 * len(table)
    assert max(sent.values()) == 2


def test_ticket_numbers_are_used_once(get):
    different = {tuple(row.items()) for row in rows(get(SETTLED))}
    numbers = Counter(dict(row)["Vorgangsnummer"] for row in different)
    assert max(numbers.values()) == 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(get):
    again = Systems(115).answer(SETTLED, {}, aware(at(2026, 11, 19, 10, 15)))
    other = Systems(7).answer(SETTLED, {}, aware(at(2026, 11, 19, 10, 15)))
    assert again == get(SETTLED)
    assert other.body != again.body


def test_a_settled_quarter_is_the_same_a_day_and_a_year_later(get):
    for path in QUARTER:
        before = get(path, at(2026, 11, 19, 10, 15))
        assert before.status == 200
        assert get(path, at(2026, 11, 20, 10, 15)) == before
        assert get(path, at(2027, 11, 19, 10, 15)) == before


def test_each_night_adds_the_day_before(get):
    path = "/aufrufsystem/buergeraemter/vorgaenge-2026-11.csv"
    night = rows(get(path, at(2026, 11, 19, 4, 59)))
    morning = rows(get(path, at(2026, 11, 19, 5, 0)))
    assert max(row["Vorgangsnummer"][1:9] for row in night) == "20261117"
    assert max(row["Vorgangsnummer"][1:9] for row in morning) == "20261118"
    assert [row for row in morning if row["Vorgangsnummer"][1:9] != "20261118"] == night


def test_a_weekend_changes_nothing(get):
    path = "/aufrufsystem/buergeraemter/vorgaenge-2026-11.csv"
    saturday = get(path, at(2026, 11, 21, 9))
    assert get(path, at(2026, 11, 22, 9)) == saturday
    assert get(path, at(2026, 11, 23, 9)) == saturday
    assert get(path, at(2026, 11, 24, 9)) != saturday


@pytest.mark.parametrize(
    "path",
    [
        "/aufrufsystem/buergeraemter/vorgaenge-2026-12.csv",
        "/aufrufsystem/buergeraemter/vorgaenge-2024-03.csv",
        "/aufrufsystem/buergeraemter/vorgaenge-2026-13.csv",
        "/aufrufsystem/rathaus/vorgaenge-2026-10.csv",
    ],
)
def test_what_does_not_exist_is_404(get, path):
    assert get(path).status == 404


def test_a_month_without_an_opening_day_so_far_has_no_file(get):
    path = "/aufrufsystem/buergeraemter/vorgaenge-2026-08.csv"
    assert get(path, at(2026, 8, 3, 9)).status == 404  # Saturday and Sunday are over
    assert get(path, at(2026, 8, 4, 9)).status == 200


def test_an_incomplete_month_is_corrected_on_a_certain_day(get):
    path = "/aufrufsystem/fachaemter/vorgaenge-2026-08.csv"
    first = rows(get(path, at(2026, 9, 17, 23, 59)))
    corrected = rows(get(path, at(2026, 9, 18, 0, 0)))
    assert max(row["Vorgangsnummer"][1:9] for row in first) == "20260820"
    assert max(row["Vorgangsnummer"][1:9] for row in corrected) == "20260831"
    until_then = [row for row in corrected if row["Vorgangsnummer"][1:9] <= "20260820"]
    assert until_then == first


def test_a_clock_that_went_fast_is_corrected_later(get):
    path = "/aufrufsystem/buergeraemter/vorgaenge-2026-09.csv"
    wrong = rows(get(path, at(2026, 10, 8, 9)))
    right = rows(get(path, at(2026, 10, 12, 9)))
    right_by_number = {row["Vorgangsnummer"]: row for row in right}
    days = Counter(
        row["Vorgangsnummer"][1:9]
        for row in wrong
        if right_by_number[row["Vorgangsnummer"]] != row
    )
    assert set(days) == {"20260907", "20260908"}
    sample = next(
        row for row in wrong
        if row["Vorgangsnummer"][1:9] == "20260907" and row["Status"] == "bedient"
    )  # fmt: skip
    fixed = right_by_number[sample["Vorgangsnummer"]]
    read = "%d.%m.%Y %H:%M:%S"
    ahead = datetime.strptime(sample["Bedienbeginn"], read) - datetime.strptime(  # noqa: DTZ007
        fixed["Bedienbeginn"], read
    )
    assert ahead.total_seconds() == 12 * 60


def test_tickets_entered_late_appear_on_the_twelfth_of_the_next_month(get):
    path = "/aufrufsystem/buergeraemter/vorgaenge-2026-10.csv"
    before = {tuple(row.items()) for row in rows(get(path, at(2026, 11, 11, 9)))}
    after = {tuple(row.items()) for row in rows(get(path, at(2026, 11, 12, 9)))}
    assert before < after
    assert 0.001 < len(after - before) / len(after) < 0.01
