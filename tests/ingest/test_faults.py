"""What really happens to a data folder: kills, full disks, lying servers, clocks."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import ingest
from ingest.adapters import csv_pieces, table_csv, table_parts
from ingest.archive import rebuild
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse, read_frame, read_rows
from tests.ingest.conftest import HEADER

ROOT = Path(ingest.__file__).parents[1]
KILLS = int(os.environ.get("AMTSPULS_KILLS", "5"))  # 50 by hand: some minutes
FILES_A_ROUND = 8
SMALL = 10_000  # bytes of a part, so that a file of 300 000 has thirty

# A process of its own, as a city would have it: `what` says what befalls it.
CHILD = """
import json, resource, sys
from datetime import datetime
from pathlib import Path
from ingest.adapters import csv_pieces, table_parts
from ingest.city import City
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse

folder, document, now, largest, part = Path(sys.argv[1]), *sys.argv[2:]
if int(part):
    table_parts.BIG_BYTES = csv_pieces.PIECE_BYTES = int(part)
city = City.model_validate(json.loads(document))
connection = open_warehouse(folder / "warehouse.duckdb")
if int(largest):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
print("ready", flush=True)
runs = run_source(
    connection, city, city.sources[0], data_dir=folder,
    now=datetime.fromisoformat(now),
)
print(json.dumps([[run.outcome, run.error] for run in runs]), flush=True)
"""


@pytest.fixture
def child(folder, visits, now):
    """Start a run in a process of its own; it says "ready" before it begins."""
    running = []

    def start(largest=0, part_bytes=0):
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", CHILD, str(folder), document(visits())),
                *(now.isoformat(), str(largest), str(part_bytes)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def document(source):
    return json.dumps(
        {
            "city": {
                "id": "teststadt",
                "name": "Teststadt",
                "ars": "069990000000",
                "state": "HE",
                "timezone": "Europe/Berlin",
                "contact": {"name": "Rathaus"},
                "publisher": "Stadt Teststadt",
                "licence": "dl-de/zero-2.0",
            },
            "office": [{"id": "meldeamt", "name": {"de": "Meldeamt", "en": "A"}}],
            "source": [source],
            "publish": {"cells": []},
        }
    )


def test_kills_at_random_moments_lose_nothing_and_leave_nothing_half(
    child, put, day_csv, folder, warehouse, run, visits
):
    warehouse.close()
    chance = random.Random(4711)  # noqa: S311 - no secret
    known, interrupted = set(), 0
    for number in range(KILLS):
        first = date(2025, 1, 1) + timedelta(days=number * FILES_A_ROUND)
        for day in range(FILES_A_ROUND):
            shown = first + timedelta(days=day)
            put(f"{shown}.csv", day_csv(f"{shown:%d.%m.%Y}", visits=100, wait=number))
        if number:  # the first day of the last round, corrected
            shown = first - timedelta(days=FILES_A_ROUND)
            put(f"neu-{shown}.csv", day_csv(f"{shown:%d.%m.%Y}", visits=90, wait=60))
        process = child()
        time.sleep(chance.uniform(0, 0.3))
        interrupted += process.poll() is None
        process.kill()
        process.wait()
        known = whole_deliveries(folder, known)
    assert interrupted  # else the moments were badly chosen

    connection = open_warehouse(folder / "warehouse.duckdb")
    run(visits(), connection)
    rows = read_rows(connection, "tickets")
    corrected = KILLS - 1
    assert rows.height == 100 * (KILLS * FILES_A_ROUND - corrected) + 90 * corrected
    assert list((folder / "archive" / "visits").glob(".unfinished/*")) == []
    anew = open_warehouse(folder / "anew.duckdb")
    rebuild(anew, folder / "archive")
    again = read_rows(anew, "tickets")
    order = ["delivery_id", "arrived_at", "ticket_key"]
    assert again.sort(order).equals(rows.sort(order))
    connection.close()
    anew.close()


def whole_deliveries(folder, known):
    """Look into what a kill left: every delivery is whole, and none is lost."""
    connection = open_warehouse(folder / "warehouse.duckdb")
    counted = read_frame(
        connection,
        "SELECT d.delivery_id, d.rows_loaded, count(t.delivery_id) AS rows,"
        " (SELECT count(*) FROM runs r WHERE r.delivery_id = d.delivery_id) AS runs"
        " FROM deliveries d LEFT JOIN tickets t USING (delivery_id) GROUP BY ALL",
    )
    strays = read_frame(
        connection,
        "SELECT count(*) AS n FROM tickets"
        " WHERE delivery_id NOT IN (SELECT delivery_id FROM deliveries)",
    )
    connection.close()
    assert counted["rows"].to_list() == counted["rows_loaded"].to_list()
    assert counted["runs"].to_list() == [1] * counted.height
    assert strays["n"].item() == 0
    found = set(counted["delivery_id"])
    assert known <= found
    return found


@pytest.fixture
def run(make_city, folder, warehouse, now):
    """Run a source in this process and return what came of it."""

    def run(source, connection=None, files=()):
        city = make_city(source)
        return run_source(
            *(connection or warehouse, city, city.source(source["id"])),
            data_dir=folder,
            now=now,
            files=files,
        )

    return run


@pytest.mark.parametrize("largest", [4_000, 40_000, 150_000])
def test_a_full_disk_leaves_the_warehouse_as_it_was(
    largest, child, put, day_csv, folder, warehouse
):
    warehouse.close()
    put("a.csv", day_csv("26.10.2026"))
    assert outcomes(child()) == ["loaded"]
    days = [day_csv(f"{day:02}.09.2026", visits=150) for day in range(1, 31)]
    head, *_ = days[0].splitlines()
    put("b.csv", "\n".join([head, *(day.partition("\n")[2] for day in days)]))
    # No file may grow beyond this: archive, log of the warehouse, warehouse.
    assert outcomes(child(largest)) == ["failed"]
    connection = open_warehouse(folder / "warehouse.duckdb")
    assert read_rows(connection, "tickets").height == 12
    assert read_frame(connection, "FROM deliveries").height == 1
    connection.close()
    assert outcomes(child()) == ["loaded"]
    connection = open_warehouse(folder / "warehouse.duckdb")
    assert read_rows(connection, "tickets").height == 12 + 30 * 150
    connection.close()
    assert list((folder / "archive" / "visits").glob(".unfinished/*")) == []


@pytest.fixture
def big(put, day_csv):
    """Put a month of visits into the inbox, too big to be read at once."""

    def big(name="big.csv", days=range(1, 31), wait=10):
        months = [
            day_csv(f"{day:02}.09.2026", visits=180, wait=wait).partition("\n")
            for day in days
        ]
        return put(
            name, "\n".join([HEADER, *(rows.strip() for _, _, rows in months), ""])
        )

    return big


def test_kills_during_a_load_in_parts_leave_no_half_delivery(
    child, big, put, day_csv, folder, warehouse
):
    warehouse.close()
    put("a.csv", day_csv("01.09.2026"))
    assert outcomes(child(part_bytes=SMALL)) == ["loaded"]
    big()
    began = time.monotonic()
    chance = random.Random(4712)  # noqa: S311 - no secret
    seen, half_way, longest = set(), 0, 0.5
    for _ in range(KILLS * 2):
        process = child(part_bytes=SMALL)
        time.sleep(chance.uniform(0, longest))
        process.kill()
        process.wait()
        half_way += any((folder / "archive" / "visits").glob(".parts/*"))
        connection = open_warehouse(folder / "warehouse.duckdb")
        seen.add(read_rows(connection, "tickets").height)
        connection.close()
        whole_deliveries(folder, set())
        longest *= 1.2
    assert seen <= {12, 30 * 180}
    assert half_way, time.monotonic() - began  # else the moments were badly chosen
    outcomes(child(part_bytes=SMALL))
    connection = open_warehouse(folder / "warehouse.duckdb")
    assert read_rows(connection, "tickets").height == 30 * 180
    connection.close()
    left = [*(folder / "archive" / "visits").glob(".*/*")]
    assert left == []


@pytest.mark.parametrize("largest", [2_000, 8_000, 60_000])
def test_a_disk_that_fills_while_parts_are_written_leaves_the_warehouse_as_it_was(
    largest, child, big, put, day_csv, folder, warehouse
):
    warehouse.close()
    put("a.csv", day_csv("01.09.2026"))
    assert outcomes(child()) == ["loaded"]
    big()
    assert outcomes(child(largest, part_bytes=SMALL)) == ["failed"]
    connection = open_warehouse(folder / "warehouse.duckdb")
    assert read_rows(connection, "tickets").height == 12
    connection.close()
    assert [*(folder / "archive" / "visits").glob(".*/*")] == []
    assert outcomes(child(part_bytes=SMALL)) == ["loaded"]


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("size", [20_000, 10**9])
def test_a_file_that_changes_while_it_is_read_is_not_loaded(
    size, by_hand, big, folder, visits, run, warehouse, monkeypatch
):
    monkeypatch.setattr(table_parts, "BIG_BYTES", size)
    monkeypatch.setattr(csv_pieces, "PIECE_BYTES", 20_000)
    path = big()
    text = path.read_text()
    real = csv_pieces.as_utf8

    def appended(*arguments):
        path.write_text(text + "meldeamt;01.09.2026 12:00;")
        return real(*arguments)

    monkeypatch.setattr(csv_pieces, "as_utf8", appended)
    monkeypatch.setattr(table_csv, "as_utf8", appended)
    (one,) = run(visits(), files=[path] if by_hand else ())
    assert one.outcome in ("failed", "refused")
    assert "still being written" in one.error or "cut off" in one.error
    assert read_rows(warehouse, "tickets").is_empty()


def outcomes(process):
    said, _ = process.communicate()
    runs = json.loads(said)
    assert all("is the disk full" in why for what, why in runs if what == "failed")
    return [outcome for outcome, _ in runs if outcome != "unchanged"]


def changed(how, csv):
    """Return what a system sends after somebody changed something."""
    head, *rows = csv.splitlines()
    match how:
        case "shrinks to a tenth":
            return "\n".join([head, *rows[: len(rows) // 10]]) + "\n"
        case "a renamed column":
            return csv.replace("Aufruf;", "Aufgerufen;")
        case "a new column":
            return "\n".join(f"{line};Erika" for line in [head, *rows]) + "\n"
        case "a new category":
            return csv.replace("meldeamt;", "Bürgerservice;")
        case "is cut in the middle":
            return csv[: len(csv) // 2]
        case "columns slip":
            return "\n".join([head, *(f";{row[:-5]}" for row in rows)]) + "\n"
        case "a sign-in page":
            return "<!DOCTYPE html><html><body>Anmeldung</body></html>"
    return ""


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("shrinks to a tenth", "it has 10 rows, what it would replace has 100"),
        ("a renamed column", 'the column "Aufruf" is missing'),
        ("a new column", 'the column "Erika" is not known'),
        ("a new category", "100 of 100 rows are wrong (unknown_office 100)"),
        ("is cut in the middle", "it was cut off"),
        ("columns slip", "no row of this delivery says when it was"),
        ("a sign-in page", "web page (HTML)"),
        ("nothing at all", "is empty"),
    ],
)
def test_what_was_good_stays_when_what_comes_is_not(
    how, why, web, visits, day_csv, run, warehouse
):
    source = visits(url=f"{web.url}/a.csv", private_host=True)
    csv = day_csv("26.10.2026", visits=100)
    web.says("/a.csv", csv)
    assert [one.outcome for one in run(source)] == ["loaded"]
    before = read_rows(warehouse, "tickets")
    web.says("/a.csv", changed(how, csv))
    (refused,) = run(source)
    assert refused.outcome == "refused"
    assert why in refused.error
    assert "Erika" not in str(refused) or how == "a new column"  # a name of a column
    assert read_rows(warehouse, "tickets").equals(before)
    # The next delivery in order is taken as if nothing had been.
    web.says("/a.csv", day_csv("26.10.2026", visits=100, wait=20))
    assert [one.outcome for one in run(source)] == ["loaded"]


@pytest.mark.parametrize("share", [0.3, 0.885, 1.5])
def test_a_server_that_lies_about_the_length_gives_nothing(
    share, web, visits, day_csv, run, warehouse
):
    body = day_csv("26.10.2026", visits=50).encode()

    def lie(request):
        request.send_response(200)
        request.send_header("Content-Length", str(int(len(body) * share)))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    web.answers["/a.csv"] = lie
    (bad,) = run(visits(url=f"{web.url}/a.csv", private_host=True))
    assert bad.outcome in ("failed", "refused")
    assert read_rows(warehouse, "tickets").is_empty()


def night(day, *times):
    """Return a day of visits, and some at night, when the clocks change."""
    lines = [
        f"meldeamt;{day} {at};{day} {at};{day} 05:00;N{number}"
        for number, at in enumerate(times)
    ]
    return tuple(lines)


@pytest.mark.parametrize(
    ("day", "at", "reason", "first", "end"),
    [
        # 2 o'clock comes twice: the day has 25 hours.
        ("25.10.2026", "02:30", "ambiguous_time", (10, 24, 22), (10, 25, 23)),
        # 2 o'clock never comes: the day has 23 hours.
        ("29.03.2026", "02:30", "nonexistent_time", (3, 28, 23), (3, 29, 22)),
    ],
)
def test_when_clocks_change_only_the_hour_in_doubt_is_refused(
    day, at, reason, first, end, put, visits, day_csv, run, warehouse
):
    put("a.csv", day_csv(day, extra=night(day, at, "01:59", "03:00")))
    (done,) = run(visits(checks={"max_refused_share": 0.1}))
    assert (done.rows_loaded, done.rows_quarantined) == (14, 1)
    refused = read_frame(warehouse, "SELECT reason, row_number FROM quarantine")
    assert refused.rows() == [(reason, 14)]
    (delivery,) = read_frame(warehouse, "FROM deliveries").to_dicts()
    assert delivery["covers_from"] == datetime(2026, *first, tzinfo=UTC)
    assert delivery["covers_to"] == datetime(2026, *end, tzinfo=UTC)
    waited = read_rows(warehouse, "tickets").select(
        waited=pl.col("called_at") - pl.col("arrived_at")
    )
    # Nobody waited an hour more or less because a clock was moved.
    assert set(waited["waited"]) == {timedelta(minutes=10), timedelta(0)}
