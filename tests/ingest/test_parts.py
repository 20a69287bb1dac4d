"""A big delivery is read in parts: the same comes of it as if it were read at once."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from ingest import parts
from ingest.adapters import csv_pieces, table_parts
from ingest.archive import rebuild
from ingest.delivery import run_source
from ingest.errors import IngestError
from ingest.warehouse import open_warehouse, read_frame, read_rows
from tests.ingest.conftest import HEADER

BIG, PIECE = 4_000, 1_000  # bytes: a file of a hundred visits has some parts


@pytest.fixture
def load(make_city, folder, now, monkeypatch):
    """Load a file into a warehouse of its own; in parts, or as a whole."""

    def load(source: dict[str, Any], file, name: str, *, in_parts: bool):
        monkeypatch.setattr(table_parts, "BIG_BYTES", BIG if in_parts else 10**9)
        monkeypatch.setattr(csv_pieces, "PIECE_BYTES", PIECE)
        connection = open_warehouse(folder / name / "warehouse.duckdb")
        monkeypatch.setenv("AMTSPULS_KEY", "the same for both")
        city = make_city(source)
        runs = run_source(
            *(connection, city, city.source(source["id"])),
            data_dir=folder / name,
            now=now,
            files=[file],
        )
        return runs[-1], connection

    return load


@pytest.fixture
def both(load) -> Callable[..., tuple[Any, duckdb.DuckDBPyConnection]]:
    """Load a file both ways, and demand that nothing of it differs."""
    opened = []

    def both(source, file):
        whole, once = load(source, file, "whole", in_parts=False)
        split, other = load(source, file, "parts", in_parts=True)
        opened.extend([once, other])
        same(whole, split, once, other)
        return split, other

    yield both
    for connection in opened:
        connection.close()


def same(whole, split, once, other):
    told = ("outcome", "error", "rows_read", "rows_loaded", "rows_quarantined")
    for name in (*told, "wrong_cells", "bytes_read"):
        assert getattr(split, name) == getattr(whole, name), name
    for table in ("tickets", "cases", "quarantine", "warnings", "deliveries"):
        # Parts are inserted side by side: their rows are there in any order.
        rows, expected = (
            sorted(read_frame(connection, f"FROM {table}").rows(), key=str)
            for connection in (other, once)
        )
        assert rows == expected, table


def visits_of(count, *, first=date(2026, 9, 1), a_day=40, day="%d.%m.%Y"):
    """Return rows of visits, forty a day, one every ten minutes."""
    rows = []
    for number in range(count):
        shown = f"{first + timedelta(days=number // a_day):{day}}"
        minute = 480 + number % a_day * 10
        times = (minute, minute + 5, minute + 12)
        moments = (f"{shown} {m // 60:02}:{m % 60:02}" for m in times)
        rows.append(";".join(["meldeamt", *moments, f"A{number % a_day:03}"]))
    return rows


def write(folder, lines, *, ending="\n", encoding="utf-8", name="big.csv"):
    path = folder / "in" / name
    path.write_bytes((ending.join([HEADER, *lines]) + ending).encode(encoding))
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_whatever_its_line_ends_and_encoding(ending, encoding, both, folder, visits):
    lines = [line.replace("A0", "Ä0") for line in visits_of(400)]
    source = visits()
    source["mapping"]["encoding"] = encoding
    run, _ = both(source, write(folder, lines, ending=ending, encoding=encoding))
    assert (run.outcome, run.rows_loaded) == ("loaded", 400)


def test_rows_that_break_rules_are_refused_with_the_lines_where_they_stand(
    both, folder, visits
):
    lines = visits_of(400)
    lines[7] = lines[7].replace("meldeamt", "Erika Musterfrau")
    lines[150] = lines[150].replace(":", "-")
    lines[222] = lines[222] + ";more"
    lines[301] = ";;;;"
    lines[399] = lines[399].replace("2026", "2036", 1)
    run, warehouse = both(
        visits(checks={"max_refused_share": 0.5}), write(folder, lines)
    )
    refused = read_frame(
        warehouse, "SELECT row_number, reason FROM quarantine ORDER BY ALL"
    )
    assert refused.rows() == [
        (9, "unknown_office"),
        (152, "unreadable_time"),
        (224, "broken_row"),
        (401, "future_time"),
    ]
    assert (run.rows_read, run.rows_loaded) == (399, 395)


def test_a_visit_that_stands_in_two_parts_counts_once(both, folder, visits):
    lines = visits_of(200)
    lines += [lines[3], lines[3], lines[77].replace("meldeamt", "bauamt")]
    lines += [lines[5].replace("08:50", "08:51"), ""]
    run, warehouse = both(
        visits(checks={"max_refused_share": 0.5}), write(folder, lines)
    )
    refused = read_frame(
        warehouse, "SELECT row_number, reason FROM quarantine ORDER BY ALL"
    )
    assert refused.rows() == [
        (7, "repeated_key"),  # its last row counts
        (202, "duplicate"),
        (203, "duplicate"),
    ]
    assert run.rows_loaded == 201


def test_visits_without_a_number_are_told_apart_by_all_that_is_known(
    both, folder, visits
):
    source = visits()
    del source["mapping"]["columns"]["ticket_key"]
    source["mapping"]["ignored_columns"] = ["Nummer"]
    lines = visits_of(300)
    run, _ = both(source, write(folder, [*lines, lines[0], lines[1]]))
    assert (run.rows_loaded, run.rows_quarantined) == (300, 2)


def test_what_is_only_warned_of_is_counted_over_all_parts(both, folder, visits):
    source = visits(checks={"max_wait_minutes": 4, "warn": ["implausible_wait"]})
    run, warehouse = both(source, write(folder, visits_of(300)))
    assert run.rows_loaded == 300
    warned = read_frame(warehouse, "SELECT reason, rows FROM warnings")
    assert warned.rows() == [("implausible_wait", 300)]


def cases_source(visits, **checks):
    source = visits(checks={"max_refused_share": 0.9, **checks})
    source["mapping"] = {
        "table": "cases",
        "ignored_columns": ["Ende"],
        "columns": {
            "office": {"column": "Amt"},
            "received_at": {"column": "Ankunft", "format": "%d.%m.%Y %H:%M"},
            "decided_at": {"column": "Aufruf", "format": "%d.%m.%Y %H:%M"},
            "case_key": {"column": "Nummer", "key": True},
        },
    }
    return source


@pytest.mark.parametrize(
    ("first_counts", "left_out"), [(True, "seen_before"), (False, "repeated_key")]
)
def test_of_a_case_in_many_parts_the_first_or_the_last_row_counts(
    first_counts, left_out, both, folder, visits
):
    source = cases_source(visits, first_counts=first_counts)
    run, warehouse = both(source, write(folder, visits_of(400)))
    assert (run.rows_loaded, run.rows_quarantined) == (40, 360)
    reasons = read_frame(warehouse, "SELECT DISTINCT reason FROM quarantine")
    assert reasons.rows() == [(left_out,)]
    day = date(2026, 9, 1) if first_counts else date(2026, 9, 10)
    assert set(read_rows(warehouse, "cases")["received_at"].dt.date()) == {day}


@pytest.mark.parametrize("seed", range(8))
def test_with_quotes_line_breaks_and_blank_lines_anywhere(seed, both, folder, visits):
    chance = random.Random(seed)  # noqa: S311 - repeatable
    lines = visits_of(200)
    for number, line in enumerate(lines):
        office, *times, key = line.split(";")
        breaks = [f"{key}\n", f'"{key}\n"', f'"{key}\r"', f'"{key}\r\n"', f'"\r{key}"']
        wild = chance.choice([key, f'"{key}"', f'"a;{key}"', f'"a""{key}"', *breaks])
        if chance.random() < 0.3:
            lines[number] = ";".join([f'"{office}"', *times, wild])
    both(visits(checks={"max_refused_share": 1}), write(folder, lines))


@pytest.mark.parametrize("size", range(900, 1100, 7))
def test_a_cell_with_line_breaks_lies_across_the_edge_of_a_piece(
    size, both, folder, visits, monkeypatch
):
    lines = visits_of(100)
    lines[15:20] = [line[:-4] + f'"{line[-4:]}\n\n\n\nB"' for line in lines[15:20]]
    path = write(folder, lines)
    path.write_text(path.read_text().replace("A050", "A" * (size - 897)))
    run, _ = both(visits(), path)
    assert run.rows_loaded == 100


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text[:-9], "it was cut off"),
        (lambda text: text.replace("A0", 'A"0', 1), ""),
        (lambda text: text.replace(";A039\n", ';"A039\n', 1), "cut off"),
        (lambda text: text.replace("A012", "A\0" + "12", 1), "zero bytes"),
        (lambda text: text.replace("Aufruf;", "Aufgerufen;"), "is missing"),
        (lambda text: text.replace(":", "-"), "no row of this delivery says when"),
        (lambda text: text.replace("meldeamt", "hundeamt"), "unknown_office 200"),
    ],
)
def test_what_is_wrong_as_a_whole_is_refused_as_a_whole(
    damage, why, both, folder, visits
):
    path = write(folder, visits_of(200))
    path.write_text(damage(path.read_text()))
    run, warehouse = both(visits(), path)
    assert run.outcome == ("refused" if why else "loaded")
    assert why in (run.error or "")
    assert not why or read_rows(warehouse, "tickets").is_empty()


def test_a_wrong_byte_is_told_by_its_line(both, folder, visits):
    path = write(folder, visits_of(200))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[150] = lines[150].replace(b"A", b"\xc4")
    path.write_bytes(b"".join(lines))
    run, _ = both(visits(), path)
    assert "0xC4 in line 151" in run.error


def test_the_span_is_that_of_all_parts_and_what_lies_outside_is_refused(
    both, folder, visits
):
    lines = visits_of(200)
    lines[190] = lines[190].replace("05.09.2026", "05.09.1971")
    source = visits(checks={"max_refused_share": 0.5, "not_before": "2000-01-01"})
    _, warehouse = both(source, write(folder, lines))
    (delivery,) = read_frame(warehouse, "FROM deliveries").to_dicts()
    assert f"{delivery['covers_from']:%d.%m. %H}" == "31.08. 22"
    assert f"{delivery['covers_to']:%d.%m. %H}" == "05.09. 22"


def test_a_file_that_says_its_day_may_hold_no_other(both, folder, visits):
    source = visits(checks={"max_refused_share": 1})
    source["mapping"]["covers"] = {"by": "file_name", "pattern": r"(?P<from>\d{8})"}
    run, warehouse = both(source, write(folder, visits_of(200), name="20260902.csv"))
    assert (run.rows_loaded, run.rows_quarantined) == (40, 160)
    assert read_frame(warehouse, "SELECT DISTINCT reason FROM quarantine").rows() == [
        ("outside_span",)
    ]


def test_nothing_is_left_of_the_parts_and_the_archive_has_all_of_it(
    load, folder, visits, warehouse
):
    lines = [*visits_of(300), *visits_of(2)]
    run, loaded = load(visits(), write(folder, lines), "a", in_parts=True)
    archive = folder / "a" / "archive"
    assert run.outcome == "loaded"
    assert not (archive / "visits" / ".parts").exists()
    assert rebuild(warehouse, archive) == 1
    order = ["arrived_at", "ticket_key"]
    again = read_rows(warehouse, "tickets").sort(order)
    assert again.equals(read_rows(loaded, "tickets").sort(order))
    refused = read_frame(warehouse, "SELECT * FROM quarantine")
    assert refused.equals(read_frame(loaded, "SELECT * FROM quarantine"))
    loaded.close()


@pytest.mark.parametrize("lost", ["*.000001.parquet", "*.quarantine.parquet"])
def test_a_file_that_the_archive_has_lost_is_missed(
    lost, load, folder, visits, warehouse
):
    lines = [*visits_of(300), *visits_of(2)]
    _, loaded = load(visits(), write(folder, lines), "a", in_parts=True)
    loaded.close()
    archive = folder / "a" / "archive"
    (file,) = archive.rglob(lost)
    file.unlink()
    with pytest.raises(IngestError, match="is a file lost"):
        rebuild(warehouse, archive)
    assert read_frame(warehouse, "FROM tickets").is_empty()
    assert read_frame(warehouse, "FROM deliveries").is_empty()


def test_no_text_of_a_part_reaches_the_disk_before_it_is_checked(
    load, folder, visits, monkeypatch
):
    written = []

    def spy(rows, path):
        # Without compression, so that whatever stands in it can be read.
        rows.sink_parquet(path, compression="uncompressed")
        written.append(path.read_bytes())

    monkeypatch.setattr(parts, "write_parquet", spy)
    lines = visits_of(200)
    lines[20] = lines[20].replace("meldeamt", "Erika Mustermann")
    lines[30] = lines[30].replace(":", "Gabler")
    _, loaded = load(
        visits(checks={"max_refused_share": 1}),
        write(folder, lines),
        "a",
        in_parts=True,
    )
    loaded.close()
    assert len(written) > 4
    everything = b"".join(written)
    assert b"meldeamt" in everything
    for word in (b"Erika", b"Gabler", b"A020", b"A039"):
        assert word not in everything
